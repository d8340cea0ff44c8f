/** Sheets over the page: opening, saving, keys. Each is a modal dialog of the browser, so focus and Escape are its. */

import { exportAs, exportProject, openBlank, openFile, openSample, openScore } from "../lib/actions.js";
import { SHORTCUTS } from "../lib/shortcuts.js";
import { app, change, useApp } from "../lib/store.js";
import { plural } from "../music/names.js";
import { html, useEffect, useRef } from "../vendor/preact-htm.js";
import { Icon } from "./icons.js";

const close = () => change({ dialog: null });

function Sheet({ title, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    dialog.current.showModal();
    return () => document.querySelector(".roll")?.focus({ preventScroll: true });
  }, []);
  const outside = (event) => event.target === dialog.current && app.score && close();
  return html`<dialog class="sheet-dialog" ref=${dialog} autofocus tabindex="-1" aria-label=${title} onCancel=${(event) => (app.score ? close() : event.preventDefault())} onClick=${outside}>
    <header><h2>${title}</h2>${app.score && html`<button class="icon" aria-label="Close" onClick=${close}><${Icon} name="close" /></button>`}</header>
    ${children}
  </dialog>`;
}

export function Dialogs() {
  const { dialog } = useApp();
  const found = { open: OpenSheet, export: ExportSheet, help: HelpSheet }[dialog];
  return found ? html`<${found} />` : null;
}

function OpenSheet() {
  const { studio, score } = useApp();
  const picked = (event) => event.target.files[0] && openFile(event.target.files[0]);
  const others = studio.scores.filter((one) => one.score !== score?.score).reverse();
  return html`<${Sheet} title="Open">
    <label class="drop"><input type="file" class="unseen" accept=${studio.words.suffixes.read.join(",")} onChange=${picked} />
      <b>Drop a score anywhere</b><span>or choose a file: MIDI, MusicXML, MEI, Humdrum, ABC</span></label>
    <h3>Begin with</h3>
    <ul class="choices">
      ${studio.samples.map(({ name, title }) => html`<li><button onClick=${() => openSample(name)}>${title}<small>a sample piece</small></button></li>`)}
      <li><button onClick=${() => openBlank({ title: "New piece" })}>An empty score<small>4/4, C major</small></button></li>
      <li><button onClick=${newPiece}>A new piece by the model<small>under your rules</small></button></li>
    </ul>
    ${others.length > 0 && html`<h3>In this project</h3><ul class="choices">
      ${others.slice(0, 12).map((one) => html`<li><button onClick=${() => openScore(one.score)}>${one.title || "Untitled"}<small>${plural(one.bars, "bar")}, ${plural(one.acts, "act")}</small></button></li>`)}
    </ul>`}
    <p class="faint small">Kept in ${studio.project}. Nothing leaves this machine.</p>
  <//>`;
}

async function newPiece() {
  if (!app.score) await openBlank({ title: "New piece" });
  change({ dialog: null, panel: true, task: null, ask: { ...app.ask, kind: "new" } });
}

const FORMATS = [
  ["Notes", [["mid", "MIDI"], ["musicxml", "MusicXML"], ["mei", "MEI"], ["krn", "Humdrum"], ["abc", "ABC"]]],
  ["Page", [["pdf", "PDF"], ["svg", "SVG"], ["png", "PNG"]]],
  ["Sound", [["wav", "WAV"], ["flac", "FLAC"], ["ogg", "Ogg"], ["mp3", "MP3"]]],
];

function ExportSheet() {
  const { shown } = useApp();
  return html`<${Sheet} title=${shown ? `Save version ${shown}` : "Save and export"}>
    <p>Work is saved as you do it. Take it elsewhere as:</p>
    ${FORMATS.map(([name, list]) => html`<h3>${name}</h3><div class="formats">${list.map(([suffix, label]) => html`<button onClick=${() => exportAs(suffix)}>${label}</button>`)}</div>`)}
    <h3>Everything</h3>
    <div class="formats"><button onClick=${exportProject}>Project folder (zip)</button></div>
    <p class="faint small">Each file says how it was made.</p>
  <//>`;
}

const SIGNS = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Delete: "Del" };

function HelpSheet() {
  const groups = [...new Set(SHORTCUTS.map((one) => one.group))];
  const keys = (one) => one.keys.map((name, at) => html`${at ? " or " : ""}<kbd>${name.replace(/[A-Z][a-z]+[A-Z]?\w*$/, (word) => SIGNS[word] ?? word)}</kbd>`);
  return html`<${Sheet} title="Keys">
    <div class="keys">
      ${groups.map((group) => html`<section><h3>${group}</h3><dl>
        ${SHORTCUTS.filter((one) => one.group === group && one.help).map((one) => html`<div><dt>${keys(one)}</dt><dd>${one.help}</dd></div>`)}
      </dl></section>`)}
      <section><h3>Pointer</h3><dl>
        <div><dt>drag over bar numbers</dt><dd>mark bars; Shift and click: up to here</dd></div>
        <div><dt>double click</dt><dd>add a note</dd></div>
        <div><dt>drag a note, or its end</dt><dd>move, or stretch</dd></div>
        <div><dt>drag over the empty roll</dt><dd>select</dd></div>
        <div><dt>wheel, with Ctrl, with Alt</dt><dd>scroll, zoom time, zoom pitch</dd></div>
      </dl></section>
    </div>
    <p><button class="link" onClick=${() => change({ dialog: null, step: 1 })}>Show the three steps again</button></p>
  <//>`;
}
