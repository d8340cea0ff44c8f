/** The roll in the page: the canvases, the chord lane above, the bar of what is selected, and words for a screen reader. */

import { expectation } from "./expected.js";
import { ChordLane } from "./chordlane.js";
import { SelectionBar } from "./selection.js";
import * as editing from "../lib/editing.js";
import { goTo, notify, player } from "../lib/actions.js";
import { app, change, listen, shownSong, useApp } from "../lib/store.js";
import { lengthName, pitchName, placeName, plural, trackName } from "../music/names.js";
import { palette } from "../roll/colours.js";
import { listenToPointer } from "../roll/gestures.js";
import { Roll } from "../roll/roll.js";
import { KEYS, RULER } from "../roll/view.js";
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";

const MARGINS = [KEYS, RULER];
const AGAIN = 400; // milliseconds between two taps that are one double tap
let transient = { box: null, moved: null, hover: null };
let dragged = null;
let tapped = { at: 0 };

/** What the roll shows. */
function scene() {
  const song = shownSong();
  const tick = player.playing ? player.tick : app.cursor.tick;
  const lit = new Set(player.playing && song ? song.between(tick, tick + 1) : []);
  const silent = new Set(song?.tracks.map((_, track) => track).filter((track) => player.silent(track)));
  return {
    song, tick, lit, silent, ...transient, name: app.score?.score, margins: MARGINS, paper: palette().paper, playing: app.playing,
    marks: app.marks, loop: app.loop, failure: app.failure, cursor: app.cursor, track: app.track, bits: app.shown ? null : app.bits,
    selection: app.shown ? EMPTY : app.selection, locked: app.shown ? EMPTY : app.locked, region: app.shown ? app.task?.span : null,
    hasFocus: document.activeElement?.classList.contains("roll"), step: editing.step(),
    look: [palette().paper, app.track, [...silent], app.bits ? `bits${app.bits.length}` : ""].join(),
  };
}
const EMPTY = new Set();

/** What gestures do. */
const does = {
  isEditable: (note) => !app.shown && (app.track === null || shownSong().track[note] === app.track),
  isSelected: (note) => app.selection.has(note),
  isAgain: (place) => {
    const isTwice = performance.now() - tapped.at < AGAIN && tapped.pitch === place.pitch;
    tapped = { at: performance.now(), pitch: place.pitch };
    return isTwice;
  },
  select: editing.select,
  add: (place) => (app.shown ? notify("Keep this candidate first, or go back to the score, to edit.") : editing.addAt(place)),
  goTo: (tick) => goTo(editing.snap(tick)),
  point: ({ tick, pitch }) => change({ selection: new Set(), cursor: { tick: editing.snap(tick), pitch } }),
  taste: (pitch, note = null) => {
    const song = shownSong();
    const track = song.tracks[note === null ? (app.track ?? 0) : song.track[note]];
    player.taste(track, pitch, note === null ? 80 : song.velocity[note]).catch(() => {});
  },
  mark: (from, to) => editing.mark(numbersOf([from, to]), false),
  marked: () => innerWidth >= 1000 && change({ panel: true }),
  markBar: (tick) => editing.mark(numbersOf([tick, tick])),
  markTo: (tick) => editing.mark(numbersOf([app.marks ? app.song.spanOf(app.marks)[0] : app.cursor.tick, tick])),
  box: (box) => (transient.box = box),
  choose(from, to, more) {
    const { song } = app;
    const ticks = [from.tick, to.tick].sort((a, b) => a - b);
    const pitches = [from.pitch, to.pitch].sort((a, b) => a - b);
    const inside = [...song.between(...ticks)].filter((note) => song.pitch[note] >= pitches[0] && song.pitch[note] <= pitches[1] && does.isEditable(note));
    transient.box = null;
    editing.select(inside, more);
  },
  drag(kind, ticks, semitones) {
    const { song } = app;
    const by = Math.round(ticks / editing.step()) * editing.step();
    dragged = { kind, ticks: by, semitones: kind === "move" ? semitones : 0 };
    transient.moved = [...app.selection].map((note) => [
      song.onset[note] + (kind === "move" ? by : 0),
      Math.max(1, song.duration[note] + (kind === "stretch" ? by : 0)),
      song.pitch[note] + dragged.semitones,
    ]);
  },
  drop(isCancelled) {
    const what = dragged;
    dragged = transient.moved = transient.box = null;
    if (!what || isCancelled) return;
    if (what.kind === "stretch" && what.ticks) editing.stretch(what.ticks);
    else if (what.kind === "move") editing.move(what.ticks, what.semitones);
  },
  hover(note, x, y) {
    if (transient.hover === note) return;
    transient.hover = note;
    const { left, top } = globalThis.studioRoll.host.getBoundingClientRect();
    expectation.hover(note, left + x, top + y);
  },
};

function numbersOf(ticks) {
  const { bars, end } = app.song;
  return ticks.map((tick) => bars.number[app.song.barAt(Math.min(tick, end - 1))] ?? 1);
}

/** In words, what is under the cursor or selected. */
function spoken() {
  const { song, selection, cursor } = app;
  if (!song) return "";
  if (selection.size === 1) {
    const [note] = selection;
    const length = lengthName(song.duration[note] / song.quarter);
    const track = trackName(song.tracks[song.track[note]], song.track[note]);
    return `${pitchName(song.pitch[note])}, ${length}, ${placeName(song, song.onset[note])}, velocity ${song.velocity[note]}, ${track}`;
  }
  if (selection.size) return `${plural(selection.size, "note")} selected`;
  return `Cursor at ${pitchName(cursor.pitch)}, ${placeName(song, cursor.tick)}`;
}

export function RollPane() {
  useApp();
  const host = useRef(null);
  const [roll, setRoll] = useState(null);
  useEffect(() => {
    const made = new Roll(host.current, scene);
    listenToPointer(made, does);
    const draw = () => made.draw();
    const zoom = ({ detail }) => {
      if (detail === null) made.view.fit();
      else made.view.zoom(detail, app.playing ? undefined : made.view.xOf(app.cursor.tick));
      draw();
    };
    const dark = matchMedia("(prefers-color-scheme: dark)");
    document.addEventListener("zoom", zoom);
    dark.addEventListener("change", draw);
    const forget = listen(() => sync(made));
    host.current.addEventListener("focus", draw);
    host.current.addEventListener("blur", draw);
    setRoll(made);
    globalThis.studioRoll = made; // for tests and measurements
    return () => {
      forget();
      document.removeEventListener("zoom", zoom);
      dark.removeEventListener("change", draw);
      made.close();
    };
  }, []);
  return html`
    <section class="rollpane" aria-label="Piano roll">
      <${ChordLane} roll=${roll} />
      <div class="roll" ref=${host} tabindex="0" role="application" aria-label="Notes. Tab goes from note to note, arrows move, question mark lists all keys" aria-describedby="spoken"></div>
      <${SelectionBar} />
      <p id="spoken" class="unseen" role="status" aria-live="polite">${spoken()}</p>
    </section>
  `;
}

let before = {};

/** After a change: what was moved to comes into sight. */
function sync(roll) {
  const { cursor, shown, task, playing } = app;
  if (playing && !before.playing) roll.isFollowing = true;
  if (shown && shown !== before.shown && task?.span && roll.view.quarter && shownSong()) {
    roll.draw(true);
    roll.view.show(...task.span);
  } else if (cursor !== before.cursor && !playing && roll.song) {
    roll.view.show(cursor.tick);
    if (cursor.pitch !== before.cursor?.pitch) roll.view.showPitch(cursor.pitch);
  }
  before = { cursor, shown, playing };
  roll.draw();
}
