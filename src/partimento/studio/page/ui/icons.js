/** Icons as paths of a 20 by 20 square, drawn with lines. */

import { html } from "../vendor/preact-htm.js";

const PATHS = {
  play: "M6 4l10 6-10 6z",
  pause: "M6.500 4v12M13.500 4v12",
  start: "M5 4v12M15 4l-8 6 8 6z",
  loop: "M4 9a5 5 0 0 1 5-4h6M13 2l3 3-3 3M16 11a5 5 0 0 1-5 4H5M7 18l-3-3 3-3",
  metronome: "M7 3h6l3 14H4zM10 13l5-8",
  undo: "M7 4L3 8l4 4M3 8h8a5 5 0 0 1 0 10H8",
  redo: "M13 4l4 4-4 4M17 8H9a5 5 0 0 0 0 10h3",
  help: "M7.500 7.500a2.500 2.500 0 1 1 3.500 2.300c-.7.4-1 .9-1 1.700M10 15v.1",
  close: "M5 5l10 10M15 5L5 15",
  export: "M10 3v9M6.500 8.500L10 12l3.500-3.500M4 16h12",
  open: "M3 6h5l2 2h7v8H3z",
  write: "M4 16l1-4L14 3l3 3-9 9zM12 5l3 3",
  up: "M10 16V4M5 9l5-5 5 5",
  down: "M10 4v12M5 11l5 5 5-5",
  shorter: "M17 10H4M8 6l-4 4 4 4",
  longer: "M3 10h13M12 6l4 4-4 4",
  lock: "M5 9h10v8H5zM7 9V6a3 3 0 0 1 6 0v3",
  grid: "M3 7h14M3 13h14M7 3v14M13 3v14",
  bin: "M4 6h12M8 6V4h4v2M6 6l1 11h6l1-11",
  record: "M10 5a5 5 0 1 1-.01 0z",
  eye: "M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5zM10 8a2 2 0 1 1-.01 0z",
  more: "M5 10v.1M10 10v.1M15 10v.1",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  tracks: "M3 5h14M3 10h14M3 15h14",
};

export function Icon({ name }) {
  return html`<svg class=${`icon-${name}`} viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" fill="none" stroke="currentColor"
    stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"><path d=${PATHS[name]} /></svg>`;
}
