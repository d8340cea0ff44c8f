/** What cannot be met: at which bar, and what to relax. */

import { goTo } from "../lib/actions.js";
import { app, change, useApp } from "../lib/store.js";
import { relax } from "../lib/tasks.js";
import { html } from "../vendor/preact-htm.js";

const NAMES = { key: "the key", chords: "the chords", ranges: "the range", polyphony: "notes at once", end_on_tonic: "the end on the tonic", no_parallel_fifths: "parallel fifths", locked: "locked notes" };

export function Failure() {
  const { failure, song } = useApp();
  if (!failure) return null;
  const goThere = () => goTo(song.spanOf([failure.bar, failure.bar])[0]);
  const options = (failure.relax ?? []).filter((one) => one in app.ask || one in (app.ask.conditions ?? {}));
  return html`
    <div class="failure" role="alert">
      <p>${failure.bar != null && html`<button class="link" onClick=${goThere}>Bar ${failure.bar}</button>${": "}`}${failure.message}</p>
      <p class="failure-buttons">
        ${options.map((one) => html`<button class="tiny-wide" onClick=${() => relax(one)}>Without ${NAMES[one] ?? one}</button>`)}
        <button class="link" onClick=${() => change({ failure: null })}>Close</button>
      </p>
    </div>
  `;
}
