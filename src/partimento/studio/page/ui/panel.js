/** The panel of the model: what to write, under which rules; and what it wrote. */

import { change, useApp } from "../lib/store.js";
import { wanted, startTask, stopTask } from "../lib/tasks.js";
import { barsName } from "../music/names.js";
import { html, useEffect, useState } from "../vendor/preact-htm.js";
import { AskForm, KIND_NAMES } from "./ask.js";
import { Candidates } from "./candidates.js";
import { Failure } from "./failure.js";
import { Icon } from "./icons.js";

export function Panel() {
  const { panel, task, ask, studio, song } = useApp();
  const [isOpen, setOpen] = useState(true);
  useEffect(() => setOpen(!task), [task?.began]);
  if (!panel || !song) return null;
  const isAtWork = task && ["waiting", "writing"].includes(task.status);
  return html`
    <aside class="panel" id="panel" aria-label="Write with the model">
      <header class="panel-head">
        <h2>${task && !isOpen ? KIND_NAMES[task.kind] ?? "More like this" : "Write"}</h2>
        ${task && !isOpen && html`<span class="faint">${summary(task)}</span>`}
        <button class="icon" aria-label="Close" title="Close (W)" onClick=${() => change({ panel: false })}><${Icon} name="close" /></button>
      </header>
      ${!studio.model && !studio.model_loading
        ? html`<p class="panel-words">${studio.model_missing || "There is no model."}</p>`
        : isOpen
          ? html`<${AskForm} />
              <div class="panel-foot"><button class="primary wide-button" onClick=${startTask}>Write ${ask.count ?? 3} ${(ask.count ?? 3) === 1 ? "version" : "versions"}</button></div>`
          : html`<div class="panel-again">
              ${isAtWork
                ? html`<button class="wide-button" onClick=${stopTask}>Stop</button>`
                : html`<button class="wide-button" onClick=${startTask}>Write again</button>`}
              <button class="wide-button" onClick=${() => setOpen(true)}>Change</button>
            </div>`}
      <${Failure} />
      ${task && html`<${Candidates} task=${task} />`}
    </aside>
  `;
}

function summary(task) {
  const asked = task.told ? task : wanted();
  return [asked.bars && barsName(asked.bars), task.seconds && `${task.seconds.toFixed(1)} s`].filter(Boolean).join(" · ");
}

