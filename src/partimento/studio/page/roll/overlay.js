/** What lies over the tiles and changes all the time: ruler, keyboard, marks, selection, what sounds, the playhead. */

import { isBlackKey, pitchName } from "../music/names.js";
import { palette, trackColour } from "./colours.js";
import { KEYS, RULER } from "./view.js";

/** Draws it all. `scene` has the song, what is marked, selected, locked, hovered and dragged, and the tick that sounds. */
export function drawOverlay(context, view, scene) {
  context.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
  context.clearRect(0, 0, view.width + KEYS, view.height + RULER);
  context.save();
  context.beginPath();
  context.rect(KEYS, RULER, view.width, view.height);
  context.clip();
  drawMarks(context, view, scene);
  drawNotes(context, view, scene);
  if (scene.box) drawBox(context, scene.box);
  drawCursor(context, view, scene);
  context.restore();
  drawRuler(context, view, scene);
  drawKeys(context, view, scene);
}

function drawMarks(context, view, { song, marks, loop, failure, region }) {
  const colours = palette();
  const fill = (span, colour, alpha) => {
    context.globalAlpha = alpha;
    context.fillStyle = colour;
    context.fillRect(view.xOf(span[0]), RULER, view.pixelOf(span[1] - span[0]), view.height);
    context.globalAlpha = 1;
  };
  if (marks) fill(song.spanOf(marks), colours.mark, loop ? 0.22 : 0.16);
  if (region) fill(region, colours["accent-soft"], 0.35);
  if (failure?.bar != null) fill(song.spanOf([failure.bar, failure.bar]), colours.wrong, 0.18);
}

function outline(context, view, song, note, grow, radius = 3) {
  const [x, y, width, height] = view.boxOf(song, note);
  context.beginPath();
  context.roundRect(x + KEYS - view.left - grow, y + RULER - view.top - grow, width + 2 * grow, height + 2 * grow, radius);
}

function drawNotes(context, view, { song, selection, locked, hover, lit, moved }) {
  const colours = palette();
  for (const note of lit) {
    outline(context, view, song, note, 1.5);
    context.fillStyle = song.fresh[note] ? colours.accent : trackColour(song.track[note]);
    context.fill();
    context.strokeStyle = colours.ink;
    context.lineWidth = 1;
    context.stroke();
  }
  context.lineWidth = 1.5;
  context.strokeStyle = colours.ink;
  for (const note of selection) {
    if (note >= song.count) continue;
    outline(context, view, song, note, 1);
    context.stroke();
  }
  for (const note of locked) {
    if (note >= song.count) continue;
    const [x, y, , height] = view.boxOf(song, note);
    context.fillStyle = colours.ink;
    context.fillRect(x + KEYS - view.left, y + RULER - view.top, 3, height);
  }
  if (hover != null && hover < song.count && !selection.has(hover)) {
    outline(context, view, song, hover, 1);
    context.globalAlpha = 0.5;
    context.stroke();
    context.globalAlpha = 1;
  }
  if (!moved) return;
  context.fillStyle = colours.ink;
  context.globalAlpha = 0.45;
  for (const [onset, duration, pitch] of moved) {
    context.beginPath();
    context.roundRect(view.xOf(onset), view.yOf(pitch) + RULER - view.top, Math.max(3, view.pixelOf(duration) - 1), view.row - 1, 3);
    context.fill();
  }
  context.globalAlpha = 1;
}

function drawBox(context, [x, y, width, height]) {
  const colours = palette();
  context.fillStyle = colours.mark;
  context.strokeStyle = colours.ink;
  context.globalAlpha = 0.18;
  context.fillRect(x, y, width, height);
  context.globalAlpha = 0.6;
  context.lineWidth = 1;
  context.strokeRect(x + 0.5, y + 0.5, width, height);
  context.globalAlpha = 1;
}

function drawCursor(context, view, { cursor, playing, tick, hasFocus, step }) {
  const colours = palette();
  const x = view.xOf(playing ? tick : cursor.tick);
  context.fillStyle = colours.accent;
  context.fillRect(x - 0.75, RULER, 1.5, view.height);
  if (playing || !hasFocus) return;
  context.globalAlpha = 0.35;
  context.fillRect(x, view.yOf(cursor.pitch) + RULER - view.top, Math.max(4, view.pixelOf(step)), view.row);
  context.globalAlpha = 1;
}

function drawRuler(context, view, { song, marks, failure, cursor, playing, tick }) {
  const colours = palette();
  context.fillStyle = colours.paper;
  context.fillRect(KEYS, 0, view.width, RULER);
  context.fillStyle = colours.line;
  context.fillRect(KEYS, RULER - 1, view.width, 1);
  if (marks) {
    const [from, to] = song.spanOf(marks).map((one) => view.xOf(one));
    context.fillStyle = colours.mark;
    context.globalAlpha = 0.55;
    context.fillRect(Math.max(KEYS, from), RULER - 5, to - Math.max(KEYS, from), 4);
    context.globalAlpha = 1;
  }
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  let free = KEYS;
  for (let row = song.barAt(view.tickOf(view.left)); row < song.bars.number.length; row++) {
    const x = view.xOf(song.bars.tick[row]);
    if (x > view.width + KEYS) break;
    if (x < free - 1) continue;
    const number = song.bars.number[row];
    const isWrong = failure?.bar === number;
    context.fillStyle = colours.line;
    context.fillRect(x, RULER - 9, 1, 9);
    context.fillStyle = isWrong ? colours.wrong : colours.faint;
    context.fillText(isWrong ? `${number} ⚠` : number, x + 5, RULER / 2 - 1);
    free = x + 26;
  }
  const x = view.xOf(playing ? tick : cursor.tick);
  if (x < KEYS - 1) return;
  context.fillStyle = colours.accent;
  context.beginPath();
  context.moveTo(x - 5, RULER - 9);
  context.lineTo(x + 5, RULER - 9);
  context.lineTo(x, RULER - 1);
  context.fill();
}

function drawKeys(context, view, { lit, song, cursor, hasFocus }) {
  const colours = palette();
  const sounding = new Set([...lit].map((note) => song.pitch[note]));
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, KEYS, view.height + RULER);
  context.save();
  context.beginPath();
  context.rect(0, RULER, KEYS, view.height);
  context.clip();
  context.font = `${Math.min(10, view.row)}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (let pitch = view.low; pitch <= view.high; pitch++) {
    const y = view.yOf(pitch) + RULER - view.top;
    if (y < RULER - view.row || y > view.height + RULER) continue;
    const isCursor = hasFocus && pitch === cursor.pitch;
    context.fillStyle = sounding.has(pitch) || isCursor ? colours.accent : isBlackKey(pitch) ? colours.faint : colours.row;
    context.globalAlpha = sounding.has(pitch) || isCursor ? 0.8 : isBlackKey(pitch) ? 0.35 : 0.6;
    context.fillRect(0, y + 0.5, isBlackKey(pitch) ? KEYS * 0.6 : KEYS - 2, view.row - 1);
    context.globalAlpha = 1;
    if (pitch % 12 !== 0 && !isCursor) continue;
    context.fillStyle = colours.ink;
    context.fillText(pitchName(pitch), KEYS - 5, y + view.row / 2 + 0.5);
  }
  context.restore();
  context.textAlign = "left";
  context.fillStyle = colours.line;
  context.fillRect(KEYS - 1, 0, 1, view.height + RULER);
}
