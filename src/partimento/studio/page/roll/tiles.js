/** Stretches of the roll drawn once and kept: rows, lines and notes of 512 pixels of time each. */

import { isBlackKey } from "../music/names.js";
import { bitsColour, palette, trackColour } from "./colours.js";

const WIDTH = 512; // pixels of the page
const KEPT_PIXELS = 24e6; // of all tiles that are kept
const LEVELS = 8; // of opacity, for velocity

export class Tiles {
  constructor() {
    this.kept = new Map();
    this.look = "";
  }

  /** Draws the visible stretch. `look` is all that a tile shows but its place: where it changes, tiles are drawn anew. */
  draw(context, view, look, scene) {
    if (look !== this.look) {
      this.kept.clear();
      this.look = look;
    }
    const first = Math.max(0, Math.floor(view.left / WIDTH));
    const count = Math.ceil((view.left + view.width) / WIDTH) - first;
    for (let at = first; at < first + count; at++) {
      const tile = this.tile(at, view, scene);
      context.drawImage(tile, Math.round((at * WIDTH - view.left) * view.ratio), Math.round(-view.top * view.ratio));
    }
  }

  tile(at, view, scene) {
    let tile = this.kept.get(at);
    if (tile) this.kept.delete(at); // to the end: the one that was not used longest goes first
    else tile = paint(at, view, scene);
    this.kept.set(at, tile);
    const most = Math.max(5, Math.floor(KEPT_PIXELS / (tile.width * tile.height)));
    if (this.kept.size > most) this.kept.delete(this.kept.keys().next().value);
    return tile;
  }
}

function paint(at, view, scene) {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH * view.ratio;
  canvas.height = Math.max(1, Math.round(view.rows * view.row * view.ratio));
  const context = canvas.getContext("2d");
  context.scale(view.ratio, view.ratio);
  const from = at * WIDTH;
  context.translate(-from, 0);
  paintRows(context, from, view);
  paintLines(context, from, view, scene.song);
  paintNotes(context, from, view, scene);
  return canvas;
}

function paintRows(context, from, view) {
  const colours = palette();
  context.fillStyle = colours.paper;
  context.fillRect(from, 0, WIDTH, view.rows * view.row);
  for (let pitch = view.low; pitch <= view.high; pitch++) {
    const y = view.yOf(pitch);
    if (isBlackKey(pitch)) {
      context.fillStyle = colours.row;
      context.fillRect(from, y, WIDTH, view.row);
    }
    if (pitch % 12 === 0) {
      context.fillStyle = colours.beat;
      context.fillRect(from, y + view.row - 0.5, WIDTH, 0.5);
    }
  }
}

function paintLines(context, from, view, song) {
  const colours = palette();
  const height = view.rows * view.row;
  const between = (ticks) => ticks.filter((tick) => view.pixelOf(tick) >= from - 1 && view.pixelOf(tick) < from + WIDTH);
  if (view.quarterWidth >= 14) {
    context.fillStyle = colours.beat;
    for (const tick of between(song.beats)) context.fillRect(view.pixelOf(tick), 0, 0.5, height);
  }
  const every = Math.max(1, Math.ceil(6 / Math.max(0.01, view.quarterWidth * 3))); // bars too narrow to be told apart
  context.fillStyle = colours.line;
  for (const tick of between(song.bars.tick.filter((_, row) => row % every === 0))) context.fillRect(view.pixelOf(tick), 0, 1, height);
}

/** Notes by colour and opacity, so that the canvas changes neither more often than it must. */
function paintNotes(context, from, view, scene) {
  const { song, bits, track, silent } = scene;
  const colours = palette();
  const groups = new Map();
  for (const note of song.between(view.tickOf(from) - 1, view.tickOf(from + WIDTH) + 1)) {
    const level = Math.round((song.velocity[note] / 127) * (LEVELS - 1));
    const colour = bits ? bitsColour(bits[note]) : song.fresh[note] ? colours.accent : trackColour(song.track[note]);
    const isBehind = silent.has(song.track[note]) || (track !== null && song.track[note] !== track);
    const name = `${colour}|${bits ? LEVELS - 1 : level}|${isBehind}`;
    if (!groups.has(name)) groups.set(name, { colour, alpha: ((bits ? 1 : 0.42 + (0.58 * level) / (LEVELS - 1))) * (isBehind ? 0.3 : 1), notes: [] });
    groups.get(name).notes.push(note);
  }
  const isRound = view.row >= 6 && groups.size < 500;
  for (const { colour, alpha, notes } of groups.values()) {
    context.fillStyle = colour;
    context.globalAlpha = alpha;
    context.beginPath();
    for (const note of notes) {
      const [x, y, width, height] = view.boxOf(song, note);
      if (isRound && width > 4) context.roundRect(x, y, width, height, Math.min(3, height / 2.5));
      else context.rect(x, y, width, height);
    }
    context.fill();
  }
  context.globalAlpha = 1;
}
