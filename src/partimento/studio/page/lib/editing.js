/** Edits of what is selected, or of what is under the cursor: by keys, by the bar of buttons, by dragging. */

import { edit, notify, player } from "./actions.js";
import { app, change } from "./store.js";

let copied = null; // bars that were copied: [first, last]
const VELOCITY = 80;

export const step = () => Math.max(1, Math.round(app.song.quarter / app.grid));
const chosen = () => [...app.selection];
const keysAfter = (ticks, semitones) =>
  chosen().map((note) => `${app.song.onset[note] + ticks}/${app.song.pitch[note] + semitones}/${app.song.track[note]}`);

export function snap(tick) {
  const { bars } = app.song;
  const start = bars.tick[app.song.barAt(tick)] ?? 0;
  return start + Math.round((tick - start) / step()) * step();
}

export function move(ticks, semitones) {
  const { song } = app;
  const notes = chosen();
  const within = notes.every((note) => song.onset[note] + ticks >= 0 && song.pitch[note] + semitones >= 0 && song.pitch[note] + semitones <= 127);
  if (!notes.length || !within || (!ticks && !semitones)) return undefined;
  if (semitones) player.taste(song.tracks[song.track[notes[0]]], song.pitch[notes[0]] + semitones).catch(() => {});
  return edit([{ edit: "move", notes, ticks, semitones }], keysAfter(ticks, semitones));
}

export function stretch(ticks) {
  const notes = chosen();
  const shortest = Math.min(...notes.map((note) => app.song.duration[note]));
  if (!notes.length || shortest + ticks < 1) return undefined;
  return edit([{ edit: "stretch", notes, ticks, from: "end" }]);
}

export function loudness(by) {
  if (app.selection.size) return edit([{ edit: "velocity", notes: chosen(), by }]);
  return undefined;
}

export function erase() {
  if (app.selection.size) return edit([{ edit: "delete", notes: chosen() }], []);
  return undefined;
}

/** Adds a note where the cursor is, and goes on to where it ends. */
export function addAtCursor() {
  const { tick, pitch } = app.cursor;
  const length = step();
  const track = trackToWrite();
  const done = edit([{ edit: "add", notes: [[tick, length, pitch, VELOCITY, track]] }], [`${tick}/${pitch}/${track}`]);
  player.taste(app.song.tracks[track], pitch).catch(() => {});
  change({ cursor: { tick: tick + length, pitch } });
  return done;
}

export function addAt({ tick, pitch }) {
  const { song } = app;
  const bar = song.bars.tick[song.barAt(tick)] ?? 0;
  const onset = bar + Math.floor((tick - bar) / step()) * step();
  const track = trackToWrite();
  player.taste(song.tracks[track], pitch).catch(() => {});
  return edit([{ edit: "add", notes: [[onset, Math.max(step(), song.quarter / 2), pitch, VELOCITY, track]] }], [`${onset}/${pitch}/${track}`]);
}

const trackToWrite = () => app.track ?? app.song.track[chosen()[0]] ?? 0;

export function transpose(semitones) {
  if (app.selection.size) return move(0, semitones);
  const where = app.marks ? { bars: app.marks } : {};
  return edit([{ edit: "transpose", semitones, ...where, ...(app.track === null ? {} : { tracks: [app.track] }) }]);
}

/** What is selected, else what is marked, else all, to the nearest line of the grid. */
export function quantise() {
  const where = app.selection.size ? { notes: chosen() } : app.marks ? { bars: app.marks } : {};
  return edit([{ edit: "quantise", lines_per_quarter: app.grid, ...where }]);
}

export function copyBars() {
  if (!app.marks) return notify("Mark bars first: drag over the bar numbers, or press B.");
  copied = app.marks;
  return notify(`Copied ${copied[0] === copied[1] ? `bar ${copied[0]}` : `bars ${copied[0]} to ${copied[1]}`}. Ctrl+V puts them where the cursor is.`);
}

export function pasteBars() {
  if (!copied) return notify("Copy bars first with Ctrl+C.");
  const to = app.song.bars.number[app.song.barAt(app.cursor.tick)];
  const atEnd = app.cursor.tick >= app.song.end;
  return putBars(copied, atEnd ? to + 1 : to);
}

/** The marked bars once more, behind themselves. */
export function doubleBars() {
  if (!app.marks) return notify("Mark bars first: drag over the bar numbers, or press B.");
  return putBars(app.marks, app.marks[1] + 1);
}

function putBars(bars, to) {
  const tracks = app.track === null ? {} : { tracks: [app.track] };
  change({ marks: [to, to + bars[1] - bars[0]] });
  return edit([{ edit: "copy_bars", bars, to, ...tracks }], []);
}

export function select(notes, more = false) {
  const next = new Set(more ? app.selection : []);
  for (const note of notes) {
    if (more && next.has(note)) next.delete(note);
    else next.add(note);
  }
  change({ selection: next });
}

export function selectAll() {
  const { song } = app;
  const span = app.marks ? song.spanOf(app.marks) : [-Infinity, Infinity];
  const inside = (note) => song.onset[note] >= span[0] && song.onset[note] < span[1] && (app.track === null || song.track[note] === app.track);
  select(song.order.filter(inside));
}

/** The next note in time, or the one before; from the cursor where none is selected. */
export function selectNext(way) {
  const { song } = app;
  if (!song.count) return;
  const isMine = (at) => app.track === null || song.track[song.order[at]] === app.track;
  const isSelected = (note) => app.selection.has(note);
  const selected = way > 0 ? song.order.findLastIndex(isSelected) : song.order.findIndex(isSelected);
  const here = song.placeOf(app.cursor.tick);
  let place = selected >= 0 ? selected + way : way > 0 ? here : here - 1;
  while (place >= 0 && place < song.count && !isMine(place)) place += way;
  if (place < 0 || place >= song.count) return;
  const note = song.order[place];
  change({ selection: new Set([note]), cursor: { tick: song.onset[note], pitch: song.pitch[note] } });
  player.taste(song.tracks[song.track[note]], song.pitch[note], song.velocity[note]).catch(() => {});
}

/** Locks what is selected; unlocks it where all of it is locked. */
export function lock() {
  if (!app.selection.size) return notify("Select notes to lock: they stay, whatever the model writes.");
  const next = new Set(app.locked);
  const isOn = chosen().every((note) => next.has(note));
  for (const note of chosen()) isOn ? next.delete(note) : next.add(note);
  change({ locked: next });
  return undefined;
}

/** Marks bars, or takes marks away with null; the panel of the model opens with the first. */
export function mark(bars, isDone = true) {
  const first = bars && !app.marks && isDone;
  change({ marks: bars && [Math.min(...bars), Math.max(...bars)], ...(first && innerWidth >= 1000 ? { panel: true } : {}) });
}

/** Marks the bar of the cursor; again, or further on, it takes more bars in. */
export function markMore(way) {
  const number = app.song.bars.number[app.song.barAt(app.cursor.tick)];
  if (number === undefined) return;
  if (!app.marks) return mark([number, number]);
  const [first, last] = app.marks;
  const most = app.song.bars.number.at(-1);
  if (way > 0) mark([first, Math.min(most, last + 1)]);
  else if (last > first) mark([first, last - 1]);
  else mark(null);
}
