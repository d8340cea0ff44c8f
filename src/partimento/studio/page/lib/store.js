/** What the page shows, in one object; whoever shows a part of it is called when it changes. */

import { useEffect, useReducer } from "../vendor/preact-htm.js";

export const app = {
  studio: null, // what GET /studio says
  score: null, // the open score, as the server sums it up
  song: null, // its current state in full
  shown: 0, // 0: the score; else the number of the candidate that is seen and heard
  marks: null, // [first, last] numbers of marked bars
  cursor: { tick: 0, pitch: 67 }, // where keys add notes, and where playing begins
  selection: new Set(), // numbers of notes
  locked: new Set(), // notes that tasks leave as they are
  track: null, // the track that is edited; null is all of them
  muted: new Set(),
  soloed: new Set(),
  grid: 4, // lines to a quarter
  playing: false,
  loop: false,
  metronome: false,
  rate: 1,
  ask: { kind: "fill" }, // what is asked of the model
  task: null, // {name, kind, bars, status, candidates, ranking, error}
  failure: null, // {message, bar, relax}: what cannot be met, and where
  bits: null, // bits of each note, while expectation is shown
  view: "both", // roll, page or both
  panel: false,
  dialog: null,
  step: null, // of the first visit: 1, 2, 3
  notice: null, // {text, wrong}
  recording: false,
};

const listeners = new Set();
let isDue = false;

/** Changes the state; listeners run once, after all changes of this turn. */
export function change(patch) {
  Object.assign(app, patch);
  if (isDue) return;
  isDue = true;
  queueMicrotask(() => {
    isDue = false;
    for (const one of listeners) one();
  });
}

export function listen(one) {
  listeners.add(one);
  return () => listeners.delete(one);
}

/** The state in a component, which is drawn again when it changes. */
export function useApp() {
  const [, again] = useReducer((count) => count + 1, 0);
  useEffect(() => listen(again), []);
  return app;
}

/** The song that is seen and heard: the score, or a candidate. */
export function shownSong() {
  return (app.shown && app.task?.candidates.get(app.shown)?.song) || app.song;
}
