/** The chord lane above the bars: a cell for each bar, typed into as a musician writes; found chords are offered. */

import { edit, tried } from "../lib/actions.js";
import * as api from "../lib/api.js";
import { app, change, shownSong, useApp } from "../lib/store.js";
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";

/** Chord symbols of a bar, in order, as they are typed. */
function chordsOf(chords, from, to) {
  return chords.filter(([tick]) => tick >= from && tick < to).map(([, symbol]) => symbol);
}

/** Symbols spread over a bar, each on a beat. */
function spread(symbols, song, row) {
  const [from, to] = [song.bars.tick[row], song.bars.tick[row + 1]];
  const beats = song.beats.filter((tick) => tick >= from && tick < to);
  return symbols.map((symbol, at) => [beats[Math.floor((at * beats.length) / symbols.length)] ?? from, symbol]);
}

async function write(row, text) {
  const { song } = app;
  const number = song.bars.number[row];
  const symbols = text.trim().split(/[\s,|]+/).filter(Boolean);
  if (symbols.join(" ") === chordsOf(song.chords, song.bars.tick[row], song.bars.tick[row + 1]).join(" ")) return true;
  return edit([{ edit: "chords", bars: [number, number], chords: spread(symbols, song, row) }]);
}

/** Writes the chords that are found into the lane: of the marked bars, or of all. */
export const takeFound = (found) => {
  const { song, marks } = app;
  const span = marks ? song.spanOf(marks) : [0, Infinity];
  const chords = found.filter(([tick]) => tick >= span[0] && tick < span[1]);
  return edit([{ edit: "chords", chords, ...(marks ? { bars: marks } : {}) }]);
};

export function ChordLane({ roll }) {
  useApp();
  const song = shownSong();
  const strip = useRef(null);
  const [range, setRange] = useState([0, 0]);
  const [open, setOpen] = useState(null);
  const [found, setFound] = useState([]);
  const scale = roll?.view.scale;
  useEffect(() => {
    if (!roll) return undefined;
    const moved = (view) => {
      if (strip.current) strip.current.style.transform = `translateX(${-view.left}px)`;
      const rows = [roll.song.barAt(view.tickOf(view.left)), roll.song.barAt(view.tickOf(view.left + view.width))];
      setRange((was) => (was[0] === rows[0] && was[1] === rows[1] && was[2] === view.scale ? was : [...rows, view.scale]));
    };
    roll.listeners.add(moved);
    return () => roll.listeners.delete(moved);
  }, [roll]);
  useEffect(() => {
    const here = () => setOpen(app.song.barAt(app.cursor.tick));
    document.addEventListener("chord", here);
    return () => document.removeEventListener("chord", here);
  }, []);
  useEffect(() => {
    setFound([]);
    if (!app.score || app.shown || !song?.count) return undefined;
    const { score, state } = app.score;
    const later = setTimeout(() => tried(async () => {
      const told = await api.get(`/scores/${score}/chords`);
      if (app.score.state === state) setFound(told.found);
    }), 300);
    return () => clearTimeout(later);
  }, [app.score?.state, app.shown]);
  if (!song || !roll) return html`<div class="chordlane"></div>`;

  const cells = [];
  const width = scale * (song.bars.tick[1] - song.bars.tick[0] || 1);
  const every = Math.max(1, Math.ceil(34 / width));
  for (let row = range[0]; row <= Math.min(range[1], song.bars.number.length - 1); row++) {
    if (every > 1 && row !== open && row % every) continue;
    cells.push(html`<${Cell} key=${row} row=${row} song=${song} found=${found} scale=${scale} isOpen=${open === row} setOpen=${setOpen} />`);
  }
  const isEmpty = !song.chords.length && found.length > 0 && !app.shown;
  return html`
    <div class="chordlane" role="group" aria-label="Chords above the bars">
      <span class="chordlane-name">chords</span>
      <div class="chordlane-view"><div class="chordlane-strip" ref=${strip}>${cells}</div></div>
      ${isEmpty && html`<button class="quiet tiny-wide take" title="Write the chords that were found into the lane" onClick=${() => takeFound(found)}>Use these</button>`}
    </div>
  `;
}

function Cell({ row, song, found, scale, isOpen, setOpen }) {
  const [from, to] = [song.bars.tick[row], song.bars.tick[row + 1]];
  const number = song.bars.number[row];
  const written = chordsOf(song.chords, from, to);
  const offered = song.chords.length ? [] : chordsOf(found, from, to).slice(0, 2);
  const place = { left: `${from * scale}px`, width: `${Math.max(30, (to - from) * scale - 2)}px` };
  if (isOpen) {
    const close = (event, next) => {
      if (event.target.isDone) return;
      event.target.isDone = true;
      setOpen(next);
      if (next !== null) change({ cursor: { ...app.cursor, tick: song.bars.tick[next] } }); // so that it is in sight
      write(row, event.target.value).then((isWritten) => isWritten || setOpen(row));
    };
    const key = (event) => {
      event.stopPropagation();
      if (event.key === "Enter" || event.key === "Tab") {
        event.preventDefault();
        close(event, event.shiftKey ? Math.max(0, row - 1) : Math.min(song.bars.number.length - 1, row + 1));
      } else if (event.key === "Escape") {
        event.target.isDone = true;
        setOpen(null);
        document.querySelector(".roll").focus();
      }
    };
    return html`<input class="chord-input" style=${place} aria-label=${`Chords of bar ${number}`} defaultValue=${written.join(" ")}
      placeholder=${offered.join(" ")} spellcheck="false" autocomplete="off" ref=${(input) => input && document.activeElement !== input && input.focus()}
      onKeyDown=${key} onBlur=${(event) => close(event, null)} />`;
  }
  const click = () => {
    if (app.shown) return;
    change({ cursor: { ...app.cursor, tick: from } });
    setOpen(row);
  };
  const text = (written.length ? written : offered).join(" ");
  const label = `Bar ${number}: ${written.join(" ") || (offered.length ? `no chord written; found ${offered.join(" ")}` : "no chord")}`;
  return html`<button class=${`chord ${written.length ? "" : "is-found"}`} style=${place} aria-label=${label} tabindex="-1" onClick=${click}>${text || "·"}</button>`;
}
