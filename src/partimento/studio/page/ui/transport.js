/** The bar below: play, loop, metronome, tempo, speed, where it is, and the whole piece at a glance. */

import { edit, goTo, playOrPause, player, tellPlayer } from "../lib/actions.js";
import { record } from "../lib/midi.js";
import { GRIDS } from "../lib/shortcuts.js";
import { app, change, shownSong, useApp } from "../lib/store.js";
import { clock } from "../music/names.js";
import { palette, trackColour } from "../roll/colours.js";
import { html, useEffect, useRef } from "../vendor/preact-htm.js";
import { Icon } from "./icons.js";

const RATES = [0.5, 0.75, 1, 1.25, 1.5];
const GRID_NAMES = { 1: "¼", 2: "⅛", 3: "⅛ triplet", 4: "1/16", 6: "1/16 triplet", 8: "1/32" };

export function Transport() {
  const { playing, loop, metronome, rate, score, grid, recording, marks } = useApp();
  const song = shownSong();
  if (!score || !song) return html`<footer class="transport"></footer>`;
  const button = (label, icon, run, more = {}) => html`<button class="icon" title=${label} aria-label=${label} onClick=${run} ...${more}><${Icon} name=${icon} /></button>`;
  const tempo = (event) => {
    const qpm = Number(event.target.value);
    if (qpm >= 4 && qpm <= 1000) edit([{ edit: "tempo", qpm }]);
  };
  return html`
    <footer class="transport">
      <div class="group">
        ${button("To the beginning (Home)", "start", () => goTo(0))}
        <button class="play" aria-label=${playing ? "Pause" : "Play"} title=${playing ? "Pause (Space)" : "Play (Space)"} onClick=${playOrPause}><${Icon} name=${playing ? "pause" : "play"} /></button>
        ${button(marks ? "Loop the marked bars (L)" : "Loop (L)", "loop", () => tellPlayer({ loop: !loop }), { "aria-pressed": loop })}
        ${button("Metronome (K)", "metronome", () => tellPlayer({ metronome: !metronome }), { "aria-pressed": metronome })}
        ${navigator.requestMIDIAccess && button(recording ? "End recording (R)" : "Record from a MIDI keyboard (R)", "record", record, { "aria-pressed": recording, class: "icon wide" })}
      </div>
      <${Clock} />
      <${Overview} />
      <label class="field wide" title="Tempo of the score, in quarters a minute">♩ = <input type="number" min="4" max="1000" step="1" aria-label="Tempo in quarters a minute" key=${song.tempos[0][1]} defaultValue=${Math.round(song.tempos[0][1] * 10) / 10} onChange=${tempo} /></label>
      <label class="field wide" title="Speed of listening; the score stays as it is"><select aria-label="Speed" value=${rate} onChange=${(event) => tellPlayer({ rate: Number(event.target.value) })}>${RATES.map((one) => html`<option value=${one} selected=${one === rate}>${Math.round(one * 100)}%</option>`)}</select>
      </label>
      <label class="field wide" title="Grid of editing (G)"><select aria-label="Grid" value=${grid} onChange=${(event) => change({ grid: Number(event.target.value) })}>${GRIDS.map((one) => html`<option value=${one} selected=${one === grid}>${GRID_NAMES[one]}</option>`)}</select>
      </label>
      <div class="group wide">
        ${button("Zoom out (-)", "minus", () => document.dispatchEvent(new CustomEvent("zoom", { detail: 0.8 })))}
        ${button("Zoom in (+)", "plus", () => document.dispatchEvent(new CustomEvent("zoom", { detail: 1.25 })))}
      </div>
    </footer>
  `;
}

/** Runs `draw` in each frame while it plays, and once after each change. */
function useFrames(draw, keys) {
  useEffect(() => {
    let frame = null;
    const again = () => {
      draw();
      frame = app.playing ? requestAnimationFrame(again) : null;
    };
    again();
    return () => cancelAnimationFrame(frame);
  }, keys);
}

function Clock() {
  const { playing, cursor } = useApp();
  const song = shownSong();
  const text = useRef(null);
  useFrames(() => {
    const tick = player.playing ? player.tick : cursor.tick;
    const bar = song.bars.number[song.barAt(tick)] ?? 1;
    const told = `${bar}.${Math.max(1, song.beatAt(tick))}  ${clock(song.secondsAt(tick))}`;
    if (text.current && text.current.textContent !== told) text.current.textContent = told;
  }, [playing, cursor, song]);
  return html`<output class="clock" aria-label="Bar and beat, minutes and seconds" aria-live="off" ref=${text}></output>`;
}

/** The whole piece in a strip; a click goes there. */
function Overview() {
  const { playing, cursor, marks, score } = useApp();
  const song = shownSong();
  const canvas = useRef(null);
  const picture = useRef(null);
  useEffect(() => {
    picture.current = paintOverview(song, canvas.current);
  }, [song, score.state]);
  useFrames(() => {
    const { current } = canvas;
    const context = current?.getContext("2d");
    if (!context || !picture.current) return;
    const { width, height } = current;
    const colours = palette();
    context.clearRect(0, 0, width, height);
    context.drawImage(picture.current, 0, 0);
    const x = (tick) => (tick / Math.max(1, song.end)) * width;
    if (marks) {
      const [from, to] = song.spanOf(marks).map(x);
      context.globalAlpha = 0.3;
      context.fillStyle = colours.mark;
      context.fillRect(from, 0, to - from, height);
      context.globalAlpha = 1;
    }
    context.fillStyle = colours.accent;
    context.fillRect(x(player.playing ? player.tick : cursor.tick) - 1, 0, 2, height);
  }, [playing, cursor, song, marks]);
  const go = (event) => {
    const box = canvas.current.getBoundingClientRect();
    goTo(((event.clientX - box.left) / box.width) * song.end);
  };
  return html`<canvas class="overview" ref=${canvas} width="520" height="56" role="img" aria-label="The whole piece" onPointerDown=${go}></canvas>`;
}

export function paintOverview(song, canvas, { from = 0, to = song.end } = {}) {
  const picture = document.createElement("canvas");
  Object.assign(picture, { width: canvas.width, height: canvas.height });
  const context = picture.getContext("2d");
  const [low, high] = song.pitchRange;
  const row = canvas.height / Math.max(12, high - low + 3);
  const scale = canvas.width / Math.max(1, to - from);
  for (const note of song.between(from, to)) {
    context.fillStyle = song.fresh[note] ? palette().accent : trackColour(song.track[note]);
    context.fillRect((song.onset[note] - from) * scale, (high + 1 - song.pitch[note]) * row, Math.max(1, song.duration[note] * scale - 0.5), Math.max(1.5, row * 0.9));
  }
  return picture;
}
