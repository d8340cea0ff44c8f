/** Tasks of the model: asked, followed as their notes come, listened to, kept. */

import { Song } from "../music/song.js";
import { pause, play, player, notify, show, tried } from "./actions.js";
import * as api from "./api.js";
import { app, change, shownSong } from "./store.js";

const ADDS = ["accompany", "harmonise", "melody", "bass"]; // kinds that add a part, and take no notes away
let reader = null;

/** What is asked, in the words of the API: empty options are left out. */
export function wanted() {
  const { ask, marks, track, locked } = app;
  const asked = Object.fromEntries(Object.entries(ask).filter(([, value]) => value !== "" && value !== null && value !== false));
  const conditions = Object.fromEntries(Object.entries(ask.conditions ?? {}).filter(([, value]) => value !== ""));
  const tasks = { ...asked, conditions };
  if (ask.kind === "new") {
    for (const name of ["keep", "bars"]) delete tasks[name];
    return tasks;
  }
  for (const name of ["meter", "tempo_qpm", "instruments"]) delete tasks[name];
  if (ask.kind !== "vary") delete tasks.keep;
  if (ask.kind !== "continue") {
    delete tasks.length;
    if (marks) tasks.bars = marks;
  }
  if (!ADDS.includes(ask.kind)) {
    if (track !== null) tasks.tracks = [track];
    if (locked.size && ask.kind !== "continue") tasks.locked = [...locked];
  }
  return tasks;
}

export function stopTask() {
  reader?.abort();
  reader = null;
  if (app.task && ["waiting", "writing"].includes(app.task.status)) change({ task: { ...app.task, status: "stopped" } });
}

export const startTask = () => {
  const asked = wanted();
  return follow(asked.kind === "new" ? "/tasks/new" : `/scores/${app.score?.score}/tasks`, asked);
};

export const moreLike = (number) => follow(`/tasks/${app.task.name}/candidates/${number}/more`, { count: app.task.count });

/** Reads the stream of a task to its end. */
async function follow(path, asked) {
  stopTask();
  if (app.shown) showCandidate(0);
  const own = (reader = new AbortController());
  const task = { name: "", kind: asked.kind ?? app.task?.kind, count: 3, status: "waiting", candidates: new Map(), ranking: [], error: null, began: performance.now() };
  change({ task, failure: null, panel: true, selection: new Set() });
  try {
    for await (const { event, data } of api.events("POST", path, asked, own.signal)) {
      if (own !== reader) return;
      await HANDLERS[event]?.(task, data);
    }
  } catch (error) {
    if (error.name === "AbortError" || own !== reader) return;
    fail(task, { message: error.message, bar: error.bar, relax: error.relax });
  }
  if (own === reader) reader = null;
}

const HANDLERS = {
  async accepted(task, told) {
    Object.assign(task, { name: told.task, kind: told.kind, count: told.count, bars: told.bars, span: told.span, seed: told.seed, told });
    if (told.score !== app.score?.score) {
      const score = await api.get(`/scores/${told.score}`);
      await show(score);
    }
    for (let number = 1; number <= told.count; number++) {
      task.candidates.set(number, { number, rows: [], song: Song.preview(app.song, told, []), until: told.span?.[0] ?? 0, whole: null });
    }
    update(task, "writing");
    if (!app.shown) showCandidate(1);
  },

  notes(task, { candidate, until_tick, rows }) {
    const one = task.candidates.get(candidate);
    if (!one) return;
    task.first ??= performance.now() - task.began;
    one.rows.push(...rows);
    one.until = Math.max(one.until, until_tick ?? 0);
    grow(task, one);
  },

  again(task, { candidates }) {
    for (const number of candidates) {
      const one = task.candidates.get(number);
      Object.assign(one, { rows: [], until: task.span?.[0] ?? 0 });
      grow(task, one);
    }
  },

  async candidate(task, told) {
    const one = task.candidates.get(told.candidate);
    Object.assign(one, { whole: told, failed: null });
    const state = await api.get(`/tasks/${task.name}/candidates/${told.candidate}/notes`);
    one.song = new Song(state, state.new);
    heard(told.candidate, one.song);
    update(task, task.status);
  },

  failed(task, told) {
    task.candidates.get(told.candidate).failed = told;
    change({ failure: told });
    update(task, task.status);
  },

  done(task, { ranking, seconds }) {
    Object.assign(task, { ranking, seconds });
    update(task, "done");
    notify(ranking.length ? `${ranking.length} written in ${seconds.toFixed(1)} s. Listen with 1, 2, 3; keep with Enter.` : "Nothing was written.");
    if (ranking.length && !app.playing && !task.candidates.get(app.shown)?.whole) showCandidate(ranking[0]);
  },

  error: fail,
};

function fail(task, error) {
  task.error = error;
  change({ failure: error, shown: 0 });
  update(task, "failed");
}

/** A candidate with notes that came: its song is made anew once a frame at most. */
function grow(task, one) {
  if (one.isGrowing || one.whole) return;
  one.isGrowing = true;
  requestAnimationFrame(() => {
    one.isGrowing = false;
    if (one.whole) return;
    one.song = Song.preview(app.song, task.told, one.rows);
    heard(one.number, one.song);
    update(task, task.status);
  });
}

function heard(number, song) {
  if (app.playing && app.shown === number) player.update(song);
}

function update(task, status) {
  task.status = status;
  if (app.task === null || app.task.began === task.began) change({ task });
}

/** Shows a candidate in the roll and on the page; 0 is the score as it is. */
export function showCandidate(number) {
  if (number && !app.task?.candidates.has(number)) return;
  change({ shown: number, bits: null, selection: new Set() });
  if (app.playing) player.update(shownSong());
}

/** Plays a candidate from a beat before what is new in it, or stops. */
export function listen(number) {
  if (app.playing && app.shown === number) return pause();
  showCandidate(number);
  const song = shownSong();
  const start = app.task?.span?.[0] ?? 0;
  const tick = app.loop && app.marks ? null : Math.max(0, start - song.quarter);
  if (tick !== null) change({ cursor: { ...app.cursor, tick } });
  return play(tick);
}

/** The score becomes the candidate, or takes some of its bars or tracks. */
export const keep = (number = app.shown, part = {}) =>
  tried(async () => {
    if (!app.task?.candidates.get(number)?.whole) return notify("It is not finished yet.");
    const score = await api.post(`/tasks/${app.task.name}/candidates/${number}/keep`, part);
    const wasPlaying = app.playing;
    await show(score, { isNew: false });
    const isPart = part.bars || part.tracks;
    change({ shown: 0, failure: null, panel: isPart ? app.panel : false, task: isPart ? app.task : null, locked: new Set() });
    if (wasPlaying) player.update(app.song);
    notify(isPart ? "Kept that part." : "Kept. Ctrl+Z takes it back.");
  });

/** Leaves out an option that cannot be met, and asks again. */
export function relax(option) {
  const ask = { ...app.ask };
  if (option in (ask.conditions ?? {})) ask.conditions = { ...ask.conditions, [option]: "" };
  delete ask[option];
  if (option === "key") delete ask.scale;
  change({ ask, failure: null });
  return startTask();
}
