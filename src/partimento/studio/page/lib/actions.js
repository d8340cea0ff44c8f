/** What a person can do with scores: open, edit, undo, listen. Each asks the server, and then shows what became of it. */

import { Song } from "../music/song.js";
import { Player } from "../sound/player.js";
import * as api from "./api.js";
import { app, change, shownSong } from "./store.js";

export const player = new Player();
const NOTICE = 6000; // milliseconds
let timer = null;

player.onEnd = () => change({ playing: false });
player.silent = (track) => app.muted.has(track) || (app.soloed.size > 0 && !app.soloed.has(track));

export function notify(text, wrong = false) {
  clearTimeout(timer);
  change({ notice: { text, wrong } });
  timer = setTimeout(() => change({ notice: null }), wrong ? 2 * NOTICE : NOTICE);
}

/** Does something that may be refused; the refusal is shown. */
export async function tried(doing) {
  try {
    return await doing();
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    if (!(error instanceof api.Refused)) console.warn(error);
    const text = error.status === 401 ? "This tab belongs to an earlier start of the studio. Open the address that the terminal shows." : error.message;
    notify(text, true);
    return undefined;
  }
}

export async function loadStudio() {
  const studio = await api.get("/studio");
  change({ studio });
  return studio;
}

/** Shows a score: its notes at once, all else as it comes. */
export async function show(score, { selection = [], isNew = true } = {}) {
  const song = new Song(await api.get(`/scores/${score.score}/notes?state=${score.state}`));
  if (isNew) {
    player.stop();
    player.from = 0;
    const kept = { marks: null, muted: new Set(), soloed: new Set(), track: null, task: null, failure: null, locked: new Set() };
    change({ ...kept, playing: false, shown: 0, cursor: { tick: 0, pitch: middleOf(song) } });
    localStorage.setItem("score", score.score);
  }
  const locked = app.song ? song.find([...app.locked].map((note) => app.song.keyOf(note))) : new Set();
  change({ score, song, bits: null, selection: song.find(selection), locked, shown: 0 });
  if (app.playing) player.update(song);
  document.title = `${score.title || "Untitled"} – Partimento studio`;
  return song;
}

function middleOf(song) {
  const [low, high] = song.pitchRange;
  return Math.round((low + high) / 2);
}

async function opened(score) {
  await show(score);
  change({ dialog: null });
  const repairs = Object.entries(score.repairs ?? {});
  if (repairs.length) notify(`Opened, with repairs: ${repairs.map(([what, count]) => `${what} (${count})`).join(", ")}`);
  await loadStudio();
}

export const openFile = (file) =>
  tried(async () => {
    const limit = app.studio?.limits.upload_bytes ?? Infinity;
    if (file.size > limit) return notify(`${file.name} has ${file.size} bytes; the limit is ${limit}`, true);
    notify(`Opening ${file.name} …`);
    const score = await api.upload(`/scores?name=${encodeURIComponent(file.name)}`, file);
    change({ notice: null });
    return opened(score);
  });

export const openSample = (name) => tried(async () => opened(await api.post(`/samples/${name}`)));
export const openBlank = (wanted) => tried(async () => opened(await api.post("/scores/blank", wanted)));
export const openScore = (name) => tried(async () => opened(await api.get(`/scores/${name}`)));

/** Shows the score as the server has it now. */
export const refresh = (options) => tried(async () => show(await api.get(`/scores/${app.score.score}`), { isNew: false, ...options }));

/** One act. `select` are keys of the notes that are selected afterwards; by default those that are now. */
export function edit(edits, select = null) {
  if (app.shown) return notify("This is a candidate. Keep it first, or go back to the score, to edit.", true);
  const selection = select ?? [...app.selection].map((note) => app.song.keyOf(note));
  return (edit.last = (edit.last ?? Promise.resolve()).then(() =>
    tried(async () => {
      const score = await api.post(`/scores/${app.score.score}/edit`, { base: app.score.state, edits });
      await show(score, { selection, isNew: false });
      return score;
    }),
  ));
}

export const walk = (way) =>
  tried(async () => {
    if (!app.score?.[way === "undo" ? "can_undo" : "can_redo"]) return;
    const selection = [...app.selection].map((note) => app.song.keyOf(note));
    await show(await api.post(`/scores/${app.score.score}/${way}`), { selection, isNew: false });
  });

export const exportAs = (suffix, page) =>
  tried(async () => {
    const place = app.shown ? `/tasks/${app.task.name}/candidates/${app.shown}` : `/scores/${app.score.score}`;
    notify(`Making ${suffix} …`);
    notify(`Saved ${await api.download(`${place}/export/${suffix}${page ? `?page=${page}` : ""}`)}`);
  });

export const exportProject = () => tried(async () => notify(`Saved ${await api.download("/project.zip")}`));

/** Plays or pauses; a loop goes over the marked bars, or all. */
export const playOrPause = () => (app.playing ? pause() : play());

export function pause() {
  player.stop();
  const tick = player.from ?? app.cursor.tick;
  change({ playing: false, cursor: { ...app.cursor, tick: Math.max(0, Math.round(tick)) } });
}

export const play = (from = null, until = null) =>
  tried(async () => {
    const song = shownSong();
    if (!song) return;
    setLoop();
    const [first, last] = player.loop ?? [0, song.end];
    let tick = from ?? app.cursor.tick;
    if (tick >= last - 1 || (player.loop && tick < first)) tick = first;
    change({ playing: true });
    try {
      await player.play(song, tick, until);
    } catch (error) {
      change({ playing: false });
      throw error;
    }
  });

function setLoop() {
  const song = shownSong();
  player.loop = app.loop && song ? (app.marks ? song.spanOf(app.marks) : [0, song.end]) : null;
}

/** Takes loop, metronome, speed and silence over to what plays. */
export function tellPlayer(patch) {
  change(patch);
  setLoop();
  player.isMetronome = app.metronome;
  if (player.rate !== app.rate) player.setRate(app.rate);
  player.levels();
}

export function toggleTrack(set, track) {
  const next = new Set(app[set]);
  if (!next.delete(track)) next.add(track);
  tellPlayer({ [set]: next });
}

export function goTo(tick) {
  const song = shownSong();
  const to = Math.max(0, Math.min(Math.round(tick), song?.end ?? 0));
  change({ cursor: { ...app.cursor, tick: to } });
  if (app.playing) play(to);
}

export const toggleBits = () =>
  tried(async () => {
    if (app.bits) return change({ bits: null });
    if (app.shown) return notify("Keep this candidate to see what the model expects of it.");
    notify("Reading the score with the model …");
    const told = await api.get(`/scores/${app.score.score}/surprise?state=${app.score.state}`);
    change({ bits: told.bits, notice: null });
    notify(`${told.bits_per_note.toFixed(2)} bits a note. Dark notes are those that the model did not expect.`);
  });
