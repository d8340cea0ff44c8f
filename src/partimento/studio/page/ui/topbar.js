/** The bar above: which score is open, undo and redo, what is seen, and where to go from here. */

import { edit, toggleBits, walk } from "../lib/actions.js";
import { change, useApp } from "../lib/store.js";
import { plural } from "../music/names.js";
import { html } from "../vendor/preact-htm.js";
import { Icon } from "./icons.js";

export function TopBar() {
  const { score, view, bits, panel, dialog } = useApp();
  const button = (label, icon, run, more = {}) => html`<button class="icon" title=${label} aria-label=${label} onClick=${run} ...${more}><${Icon} name=${icon} /></button>`;
  const rename = (event) => {
    const title = event.target.value.trim();
    if (title !== score.title) edit([{ edit: "about", title }]);
  };
  return html`
    <header class="topbar">
      <button class="brand" onClick=${() => change({ dialog: "open" })} aria-label="Open a score" title="Open a score (O)">
        <img src="/page/icon.svg" width="26" height="26" alt="" /><span>Partimento</span>
      </button>
      ${score &&
      html`<div class="title">
          <input class="title-name" aria-label="Title" key=${score.title} defaultValue=${score.title} placeholder="Untitled" onChange=${rename} onKeyDown=${(event) => event.key === "Enter" && event.target.blur()} />
          <span class="title-facts">${[score.composer, score.key, score.meter, plural(score.bars, "bar")].filter(Boolean).join(" · ")}</span>
        </div>
        <div class="group">
          ${button("Undo (Ctrl+Z)", "undo", () => walk("undo"), { disabled: !score.can_undo })}
          ${button("Redo (Ctrl+Shift+Z)", "redo", () => walk("redo"), { disabled: !score.can_redo })}
        </div>
        <div class="group segmented views" role="group" aria-label="What is seen">
          ${["roll", "both", "page"].map((one) => html`<button aria-pressed=${view === one} onClick=${() => change({ view: one })}>${{ roll: "Roll", both: "Both", page: "Page" }[one]}</button>`)}
        </div>
        ${button("What the model expects (E)", "eye", toggleBits, { "aria-pressed": Boolean(bits) })}`}
      <div class="group right">
        ${button("Open (O)", "open", () => change({ dialog: "open" }))}
        ${score && button("Save and export (Ctrl+S)", "export", () => change({ dialog: "export" }))}
        ${button("Keys and help (?)", "help", () => change({ dialog: dialog === "help" ? null : "help" }))}
        ${score && html`<button class="primary write" aria-expanded=${panel} aria-controls="panel" onClick=${() => change({ panel: !panel })}><${Icon} name="write" />Write</button>`}
      </div>
    </header>
  `;
}
