/** Every key of the studio, in one list: the help sheet shows it, and the tests press them. */

import { exportAs, goTo, notify, pause, playOrPause, tellPlayer, toggleBits, toggleTrack, walk } from "./actions.js";
import * as editing from "./editing.js";
import { record } from "./midi.js";
import { app, change, shownSong } from "./store.js";
import { keep, listen, moreLike, showCandidate, startTask, stopTask } from "./tasks.js";

const LISTEN = "Listen", MARK = "Mark and ask", EDIT = "Edit", SEE = "See";
const bar = (way) => {
  const song = shownSong();
  goTo(song.bars.tick[Math.max(0, song.barAt(app.cursor.tick) + way)] ?? song.end);
};
const cursor = (ticks, semitones) => {
  const { tick, pitch } = app.cursor;
  const to = { tick: Math.max(0, tick + ticks), pitch: Math.max(0, Math.min(127, pitch + semitones)) };
  change({ cursor: to });
};
/** Arrows move what is selected; without a selection, the cursor. */
const arrow = (ticks, semitones) => () => {
  const size = ticks * editing.step();
  if (app.selection.size) editing.move(size, semitones);
  else cursor(size, semitones);
};
const ofTrack = (set) => () => (app.track === null ? notify("Choose a track first, with Alt and its number.") : toggleTrack(set, app.track));

const one = (keys, help, group, run, options = {}) => ({ keys, help, group, run, ...options });

export const SHORTCUTS = [
  one(["Space"], "play or pause", LISTEN, playOrPause),
  one(["Home"], "to the beginning", LISTEN, () => goTo(0)),
  one(["End"], "to the end", LISTEN, () => goTo(shownSong().end)),
  one(["PageUp"], "a bar back", LISTEN, () => bar(-1)),
  one(["PageDown"], "a bar on", LISTEN, () => bar(1)),
  one(["L"], "loop the marked bars, or all", LISTEN, () => tellPlayer({ loop: !app.loop })),
  one(["K"], "metronome", LISTEN, () => tellPlayer({ metronome: !app.metronome })),
  one(["M"], "mute the chosen track", LISTEN, ofTrack("muted")),
  one(["S"], "hear the chosen track alone", LISTEN, ofTrack("soloed")),
  one(["R"], "record from a MIDI keyboard", LISTEN, () => record()),

  one(["B"], "mark the bar of the cursor; again: one more", MARK, () => editing.markMore(1)),
  one(["Shift+B"], "one bar less", MARK, () => editing.markMore(-1)),
  one(["W"], "open or close the panel of the model", MARK, () => change({ panel: !app.panel })),
  one(["Ctrl+Enter"], "write", MARK, startTask, { everywhere: true }),
  one(["1"], "listen to version 1 (2, 3 … alike)", MARK, () => listen(1)),
  one(["2"], "", MARK, () => listen(2)),
  one(["3"], "", MARK, () => listen(3)),
  one(["0"], "back to the score as it is", MARK, () => showCandidate(0)),
  one(["Enter"], "keep the version that is shown; else add a note at the cursor", MARK, () => (app.shown ? keep() : editing.addAtCursor())),
  one(["Shift+Enter"], "more like this one", MARK, () => app.shown && moreLike(app.shown)),
  one(["X"], "lock the selected notes", MARK, editing.lock),
  one(["C"], "write the chord of this bar", MARK, () => document.dispatchEvent(new CustomEvent("chord"))),

  one(["Tab"], "the next note (on the roll)", EDIT, () => editing.selectNext(1), { onRoll: true }),
  one(["Shift+Tab"], "the note before (on the roll)", EDIT, () => editing.selectNext(-1), { onRoll: true }),
  one(["ArrowLeft"], "earlier by a step: the selected notes, or the cursor", EDIT, arrow(-1, 0)),
  one(["ArrowRight"], "later by a step", EDIT, arrow(1, 0)),
  one(["ArrowUp"], "up a semitone", EDIT, arrow(0, 1)),
  one(["ArrowDown"], "down a semitone", EDIT, arrow(0, -1)),
  one(["Shift+ArrowUp"], "up an octave", EDIT, arrow(0, 12)),
  one(["Shift+ArrowDown"], "down an octave", EDIT, arrow(0, -12)),
  one(["Shift+ArrowRight"], "longer by a step", EDIT, () => editing.stretch(editing.step())),
  one(["Shift+ArrowLeft"], "shorter by a step", EDIT, () => editing.stretch(-editing.step())),
  one(["Alt+ArrowUp"], "louder", EDIT, () => editing.loudness(8)),
  one(["Alt+ArrowDown"], "softer", EDIT, () => editing.loudness(-8)),
  one(["Delete", "Backspace"], "delete", EDIT, editing.erase),
  one(["Ctrl+A"], "select all, or all in the marked bars", EDIT, editing.selectAll),
  one(["Ctrl+C"], "copy the marked bars", EDIT, editing.copyBars),
  one(["Ctrl+V"], "put them where the cursor is", EDIT, editing.pasteBars),
  one(["Ctrl+D"], "the marked bars once more, behind themselves", EDIT, editing.doubleBars),
  one(["Q"], "onto the grid: what is selected, marked, or all", EDIT, editing.quantise),
  one(["G"], "another grid", EDIT, () => change({ grid: GRIDS[(GRIDS.indexOf(app.grid) + 1) % GRIDS.length] })),
  one(["Ctrl+Z"], "undo", EDIT, () => walk("undo")),
  one(["Ctrl+Shift+Z", "Ctrl+Y"], "redo", EDIT, () => walk("redo")),

  one(["+", "="], "zoom in", SEE, () => zoom(1.25)),
  one(["-"], "zoom out", SEE, () => zoom(0.8)),
  one(["F"], "all of the piece in sight", SEE, () => zoom(null)),
  one(["V"], "roll, page, or both", SEE, () => change({ view: VIEWS[(VIEWS.indexOf(app.view) + 1) % VIEWS.length] })),
  one(["E"], "what the model expects", SEE, toggleBits),
  one(["O"], "open a score", SEE, () => change({ dialog: "open" })),
  one(["Ctrl+S"], "save and export", SEE, () => change({ dialog: "export" }), { everywhere: true }),
  one(["Ctrl+Shift+S"], "save as MIDI at once", SEE, () => exportAs("mid"), { everywhere: true }),
  one(["?"], "this sheet", SEE, () => change({ dialog: "help" })),
  one(["Escape"], "let go: of the selection, the candidate, the marks", SEE, letGo),
];
for (let track = 1; track <= 9; track++) {
  const choose = () => track <= app.song.tracks.length && change({ track: app.track === track - 1 ? null : track - 1 });
  SHORTCUTS.push(one([`Alt+${track}`], track === 1 ? "choose track 1 (2 … 9 alike)" : "", EDIT, choose));
}

export const GRIDS = [1, 2, 3, 4, 6, 8];
export const VIEWS = ["both", "roll", "page"];

const zoom = (factor) => document.dispatchEvent(new CustomEvent("zoom", { detail: factor }));

function letGo() {
  if (app.recording) return record();
  if (app.selection.size) return change({ selection: new Set() });
  if (app.task?.status === "writing" || app.task?.status === "waiting") return stopTask();
  if (app.shown) return showCandidate(0);
  if (app.failure) return change({ failure: null });
  if (app.playing) return pause();
  return editing.mark(null);
}

const BY_KEYS = new Map(SHORTCUTS.flatMap((shortcut) => shortcut.keys.map((keys) => [keys, shortcut])));
const TYPING = "input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable]";
const PRESSING = "button, a, summary, [role=menuitem], input[type=checkbox]"; // where Space and Enter press

/** The keys of an event, as the list has them. */
export function keysOf(event) {
  const name = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const key = event.altKey && /^Digit\d$/.test(event.code) ? event.code.at(-1) : name;
  const isSign = key.length === 1 && !/[A-Z0-9]/.test(key); // Shift is a part of how signs are typed
  const parts = [(event.ctrlKey || event.metaKey) && "Ctrl", event.altKey && "Alt", event.shiftKey && !isSign && "Shift", key];
  return parts.filter(Boolean).join("+");
}

export function onKey(event) {
  const keys = keysOf(event);
  const shortcut = BY_KEYS.get(keys);
  if (!shortcut || app.dialog || !app.song) return;
  const target = event.target;
  if (target.matches?.(TYPING) && !shortcut.everywhere) return;
  if (["Space", "Enter"].includes(keys) && target.matches?.(PRESSING)) return;
  if (shortcut.onRoll && !target.matches?.(".roll")) return;
  if (["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].includes(event.key) && target.matches?.("input[type=range], [role=tab]")) return;
  event.preventDefault();
  shortcut.run();
}
