/** What is asked of the model: kind, bars, tracks, chords, key; the rest folded away. */

import { app, change, useApp } from "../lib/store.js";
import { plural, trackName } from "../music/names.js";
import { html } from "../vendor/preact-htm.js";
import { mark } from "../lib/editing.js";

export const KIND_NAMES = {
  continue: "Continue", fill: "Fill", vary: "Vary", accompany: "Accompany",
  harmonise: "Harmonise", melody: "Melody", bass: "Bass", new: "New piece",
};
const TONICS = ["C", "C#", "Db", "D", "Eb", "E", "F", "F#", "Gb", "G", "Ab", "A", "Bb", "B"];
const ADDS = ["accompany", "harmonise", "melody", "bass"];
const HOW_FREE = [[0.8, "close to what is usual"], [1, "as the model learnt"], [1.15, "freer"]];

const set = (name, value) => change({ ask: { ...app.ask, [name]: value } });
const setCondition = (name, value) => set("conditions", { ...(app.ask.conditions ?? {}), [name]: value });

function Choice({ label, value, options, none, onChange, help }) {
  return html`<label class="ask-field" title=${help}><span>${label}</span>
    <select aria-label=${label} value=${value ?? ""} onChange=${(event) => onChange(event.target.value)}>
      ${none && html`<option value="" selected=${!value}>${none}</option>`}
      ${options.map(([one, text]) => html`<option value=${one} selected=${String(one) === String(value)}>${text}</option>`)}
    </select></label>`;
}

function Text({ label, name, placeholder, help, type = "text", ...more }) {
  const change_ = (event) => set(name, type === "number" ? (event.target.value === "" ? null : Number(event.target.value)) : event.target.value);
  return html`<label class="ask-field" title=${help}><span>${label}</span>
    <input type=${type} value=${app.ask[name] ?? ""} placeholder=${placeholder} spellcheck="false" autocomplete="off" onInput=${change_} ...${more} /></label>`;
}

const Check = ({ label, name, help }) => html`<label class="ask-check" title=${help}><input type="checkbox" checked=${Boolean(app.ask[name])} onChange=${(event) => set(name, event.target.checked)} /> ${label}</label>`;

export function AskForm() {
  const { ask, studio, song, track, locked } = useApp();
  const kinds = Object.keys(KIND_NAMES).filter((kind) => kind in studio.words.kinds);
  const canDoTasks = studio.model?.completes_tasks ?? true;
  const help = studio.words.options;
  const hasLane = song.chords.length > 0;
  return html`
    <form class="ask" onSubmit=${(event) => event.preventDefault()}>
      <div class="kinds" role="radiogroup" aria-label="What to write">
        ${kinds.map((kind) => html`<button type="button" role="radio" aria-checked=${ask.kind === kind} disabled=${!canDoTasks && !["continue", "new"].includes(kind)}
          onClick=${() => set("kind", kind)}>${KIND_NAMES[kind]}</button>`)}
      </div>
      <p class="ask-help">${sentence(studio.words.kinds[ask.kind])}</p>
      ${where()}
      ${locked.size > 0 && ["fill", "vary"].includes(ask.kind) && html`<p class="ask-help">${plural(locked.size, "note")} locked. <button type="button" class="link" onClick=${() => change({ locked: new Set() })}>Unlock</button></p>`}
      <div class="ask-pair">
        <${Text} label="Chords" name="chords" placeholder=${ask.kind === "new" ? "C G/B Am G" : "free, or one a bar: C G/B Am G"} help=${help.chords} />
        ${hasLane && ask.kind !== "new" && html`<button type="button" class="tiny-wide" aria-pressed=${ask.chords === "lane"} onClick=${() => set("chords", ask.chords === "lane" ? "" : "lane")} title="Follow the chords above the bars">Lane</button>`}
      </div>
      <div class="ask-pair">
        <${Choice} label="Key" value=${ask.key} none="free" options=${TONICS.map((one) => [one, one])} help=${help.key}
          onChange=${(key) => change({ ask: { ...ask, key, scale: key ? ask.scale || "major" : "" } })} />
        <${Choice} label="Scale" value=${ask.scale} none="free" options=${studio.words.scales.map((one) => [one, one])}
          onChange=${(scale) => change({ ask: { ...ask, scale, key: scale ? ask.key || "C" : "" } })} />
      </div>
      <${Style} />
      <details class="ask-more">
        <summary>More rules</summary>
        ${ask.kind === "new" && html`<div class="ask-pair"><${Text} label="Meter" name="meter" placeholder="4/4" /><${Text} label="Tempo" name="tempo_qpm" type="number" min="4" max="1000" placeholder="120" /></div>
          <${Text} label="Instruments" name="instruments" placeholder="free, or: piano, cello" help=${help.instruments} />`}
        <div class="ask-pair"><${Text} label="Range" name="ranges" placeholder="C3-C6" help=${help.ranges} /><${Text} label="Notes at once" name="polyphony" type="number" min="0" max="32" placeholder="free" help=${help.polyphony} /></div>
        <${Check} label="End on the tonic" name="end_on_tonic" help=${help.end_on_tonic} />
        <${Check} label="No parallel fifths" name="no_parallel_fifths" help=${help.no_parallel_fifths} />
        <div class="ask-pair">
          <${Choice} label="How free" value=${ask.temperature ?? 1} options=${HOW_FREE} onChange=${(value) => set("temperature", Number(value))} />
          <${Choice} label="Versions" value=${ask.count ?? 3} options=${[1, 2, 3, 4, 6, 8].map((one) => [one, one])} onChange=${(value) => set("count", Number(value))} />
        </div>
        <${Text} label="Seed" name="seed" type="number" min="0" placeholder="a new one each time" help="The same seed gives the same versions" />
      </details>
    </form>
  `;

  function where() {
    const { marks } = app;
    if (ask.kind === "new" || ask.kind === "continue") return html`<${Text} label="Bars to write" name="length" type="number" min="1" max="256" placeholder="8" />`;
    const [first, last] = [song.bars.number[0] ?? 1, song.bars.number.at(-1) ?? 1];
    const of = (place) => (event) => {
      const number = Math.max(first, Math.min(last, Math.round(Number(event.target.value)) || first));
      const bars = [...(marks ?? [first, last])];
      bars[place] = number;
      mark(bars, false);
    };
    return html`
      <div class="ask-where">
        <span>${marks ? "Bars" : "All bars"}</span>
        <input type="number" aria-label="First bar" min=${first} max=${last} key=${`first ${marks}`} defaultValue=${marks?.[0] ?? first} onChange=${of(0)} />
        <span aria-hidden="true">–</span>
        <input type="number" aria-label="Last bar" min=${first} max=${last} key=${`last ${marks}`} defaultValue=${marks?.[1] ?? last} onChange=${of(1)} />
        ${marks && html`<button type="button" class="link" onClick=${() => mark(null)}>all</button>`}
      </div>
      ${!marks && html`<p class="ask-help">Drag over the bar numbers to mark some.</p>`}
      ${ADDS.includes(ask.kind) ? null : html`<${Choice} label="Tracks" value=${track ?? ""} none="all" options=${song.tracks.map((one, at) => [at, trackName(one, at)])}
        onChange=${(value) => change({ track: value === "" ? null : Number(value) })} />`}
      ${ask.kind === "vary" && html`<label class="ask-field"><span>Keep ${Math.round((ask.keep ?? 0.5) * 100)}% of the notes</span>
        <input type="range" min="0.1" max="0.9" step="0.1" value=${ask.keep ?? 0.5} onInput=${(event) => set("keep", Number(event.target.value))} /></label>`}
    `;
  }
}

/** Composer, genre and the like: what the model can be asked for. */
function Style() {
  const { ask, studio } = useApp();
  const known = Object.entries(studio.model?.conditions ?? {}).filter(([name, values]) => name !== "key" && Array.isArray(values) && values.length);
  if (!known.length) return null;
  return html`<div class="ask-pair">
    ${known.map(([name, values]) => html`<${Choice} label=${name[0].toUpperCase() + name.slice(1)} value=${ask.conditions?.[name]} none="any" options=${values.map((one) => [one, one])} onChange=${(value) => setCondition(name, value)} />`)}
  </div>`;
}

function sentence(text = "") {
  return `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}.`;
}

