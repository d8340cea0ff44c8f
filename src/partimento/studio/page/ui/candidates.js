/** The candidates as cards: drawn as they are written, each to be heard, kept, or asked for more of its kind. */

import { app, useApp } from "../lib/store.js";
import { keep, listen, moreLike, showCandidate } from "../lib/tasks.js";
import { barsName, plural, trackName } from "../music/names.js";
import { html, useEffect, useRef } from "../vendor/preact-htm.js";
import { Icon } from "./icons.js";
import { paintOverview } from "./transport.js";

export function Candidates({ task }) {
  useApp();
  const places = new Map(task.ranking.map((number, place) => [number, place]));
  const all = [...task.candidates.values()].sort((a, b) => (places.get(a.number) ?? a.number) - (places.get(b.number) ?? b.number));

  if (!all.length && task.status === "waiting") return html`<p class="panel-words" role="status">Waiting for the model …</p>`;
  return html`
    <ol class="candidates" aria-label="Versions" aria-busy=${task.status === "writing"}>
      ${all.map((one) => html`<${Card} key=${one.number} one=${one} task=${task} place=${places.get(one.number)} />`)}
    </ol>
    ${app.shown > 0 && html`<button class="link back" onClick=${() => showCandidate(0)}>Back to the score as it is (0)</button>`}
  `;
}

function Card({ one, task, place }) {
  const { shown, playing } = useApp();
  const isShown = shown === one.number;
  const isPlaying = playing && isShown;
  const name = `Version ${one.number}`;
  const share = one.whole ? 1 : progress(one, task);
  return html`
    <li class=${`card ${isShown ? "is-shown" : ""} ${one.failed ? "is-failed" : ""}`} aria-current=${isShown ? "true" : null}>
      <div class="card-top">
        <button class="icon card-play" aria-label=${isPlaying ? `Pause ${name}` : `Listen to ${name}`} title=${`Listen (${one.number})`} disabled=${!one.rows.length && !one.whole} onClick=${() => listen(one.number)}>
          <${Icon} name=${isPlaying ? "pause" : "play"} /></button>
        <button class="card-picture" aria-label=${`Show ${name}`} onClick=${() => showCandidate(one.number)}>
          <${Picture} one=${one} task=${task} />
          ${share < 1 && task.status === "writing" && html`<i class="progress" style=${{ width: `${share * 100}%` }}></i>`}
        </button>
        <span class="card-number">${one.number}${place === 0 ? html`<small>best</small>` : ""}</span>
      </div>
      <p class="card-facts">${facts(one, task)}</p>
      ${copies(one.whole)}
      ${isShown && one.whole && html`<${Choices} one=${one} task=${task} />`}
    </li>
  `;
}

function progress(one, task) {
  const [from, to] = task.span ?? [0, 1];
  return Math.max(0, Math.min(1, (one.until - from) / Math.max(1, to - from)));
}

function facts(one, task) {
  if (one.failed) return `${one.failed.bar != null ? `Bar ${one.failed.bar}: ` : ""}${one.failed.message}`;
  if (!one.whole) return one.rows.length ? `${plural(one.rows.length, "note")} …` : task.status === "stopped" ? "stopped" : "waiting …";
  const { new_notes: count, bits_per_note: bits, rules } = one.whole;
  const broken = Object.entries(rules ?? {}).filter(([, times]) => times > 0);
  const held = Object.keys(rules ?? {}).length - broken.length;
  const told = [plural(count, "note")];
  if (bits != null) told.push(`${bits.toFixed(1)} bits a note`);
  if (held) told.push(`${plural(held, "rule")} held`);
  if (broken.length) told.push(broken.map(([name, times]) => `${name} broken ${times}×`).join(", "));
  return told.join(" · ");
}

function copies(whole) {
  if (!whole) return null;
  const { copied } = whole;
  if (!copied) return null;
  const run = copied.runs?.[0];
  if (!run || !copied.share) return html`<p class="card-facts">Nothing copied.</p>`;
  const where = `${run.known}${run.known_bars ? `, ${barsName([].concat(run.known_bars).length > 1 ? run.known_bars : [run.known_bars, run.known_bars])}` : ""}`;
  return html`<p class="card-facts is-copied" title=${where}>${Math.round(copied.share * 100)}% as in ${where} (${run.notes} notes)</p>`;
}

function Choices({ one, task }) {
  const { marks, track, song } = useApp();
  const part = {};
  if (marks && String(marks) !== String(task.bars)) part.bars = marks;
  if (track !== null) part.tracks = [track];
  const words = [part.bars && barsName(part.bars), part.tracks && trackName(one.song.tracks[track] ?? song.tracks[track], track)].filter(Boolean).join(", ");
  return html`
    <div class="card-buttons">
      <button class="primary" onClick=${() => keep(one.number)} title="Keep (Enter)">Keep</button>
      ${words && html`<button onClick=${() => keep(one.number, part)}>Keep ${words}</button>`}
      <button onClick=${() => moreLike(one.number)} title="More like this one (Shift+Enter)">More like this</button>
    </div>
    ${!words && html`<p class="ask-help">To keep a part, mark bars or choose a track.</p>`}
  `;
}

function Picture({ one, task }) {
  const canvas = useRef(null);
  useEffect(() => {
    const context = canvas.current.getContext("2d");
    const [from, to] = task.span ?? [0, one.song.end];
    context.clearRect(0, 0, canvas.current.width, canvas.current.height);
    context.drawImage(paintOverview(one.song, canvas.current, { from, to: Math.max(to, from + 1) }), 0, 0);
  }, [one.song]);
  return html`<canvas ref=${canvas} width="400" height="72"></canvas>`;
}
