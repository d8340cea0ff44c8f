/** The page of the studio: puts its parts together, and opens what was open last. */

import { loadStudio, notify, openFile, refresh, show, tried } from "./lib/actions.js";
import * as api from "./lib/api.js";
import { onKey } from "./lib/shortcuts.js";
import { app, change, useApp } from "./lib/store.js";
import { Dialogs } from "./ui/dialogs.js";
import { Expected } from "./ui/expected.js";
import { Pages } from "./ui/pages.js";
import { Panel } from "./ui/panel.js";
import { RollPane } from "./ui/rollpane.js";
import { TopBar } from "./ui/topbar.js";
import { Tracks } from "./ui/tracks.js";
import { Transport } from "./ui/transport.js";
import { isFirstVisit, Welcome, welcome } from "./ui/welcome.js";
import { html, render } from "./vendor/preact-htm.js";

const AGAIN = 1500; // milliseconds between two looks for a model that is loading

function Studio() {
  const { studio, score, view, panel, notice, song } = useApp();
  if (!studio) return html`<p class="loading">${notice?.text ?? "Opening the studio …"}</p>`;
  return html`
    <${TopBar} />
    <main class=${`stage view-${view} ${panel ? "has-panel" : ""}`}>
      ${score && song && html`
        <${Tracks} />
        ${view !== "page" && html`<${RollPane} />`}
        ${view !== "roll" && html`<${Pages} />`}
        <${Panel} />`}
    </main>
    <${Transport} />
    <${Expected} />
    <${Welcome} />
    <${Dialogs} />
    <div class="notices" role="status" aria-live="polite">${notice && html`<p class=${notice.wrong ? "is-wrong" : ""}>${notice.text}</p>`}</div>
  `;
}

async function begin() {
  if (innerWidth < 800) change({ view: "roll" });
  const studio = await loadStudio();
  const wanted = localStorage.getItem("score");
  const score = studio.scores.find((one) => one.score === wanted) ?? studio.scores.at(-1);
  if (score) await show(score);
  else if (isFirstVisit()) await welcome();
  else change({ dialog: "open" });
  document.documentElement.dataset.ready = "yes"; // for tests and measurements
  follow();
  waitForModel();
}

async function waitForModel() {
  while (app.studio.model_loading) {
    await new Promise((done) => setTimeout(done, AGAIN));
    await tried(loadStudio);
  }
}

/** What other tabs and other programs do to the score is shown here too. */
async function follow() {
  for (;;) {
    try {
      for await (const { event, data } of api.events("GET", `/events?after=${app.studio.seq}`)) {
        if (data.seq !== undefined) app.studio.seq = data.seq;
        if (event === "act" && data.score === app.score?.score && data.to) later(data.to);
      }
    } catch {
      notify("The studio does not answer. Is it still running in the terminal?", true);
    }
    await new Promise((done) => setTimeout(done, 2 * AGAIN));
  }
}

let due = null;

/** An act of this tab is shown by its answer; what is still unknown after a while was another's. */
function later(state) {
  clearTimeout(due);
  due = setTimeout(() => state !== app.score.state && refresh(), 600);
}

/** After a click by pointer a button gives the focus back, so that Space plays and does not press it once more. */
function letButtonsGo() {
  addEventListener("click", ({ detail, target }) => {
    const button = detail > 0 && target.closest?.("button");
    if (button && !button.closest("dialog")) button.blur();
  });
}

function listenToDrops() {
  const isFile = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!isFile(event)) return;
    event.preventDefault();
    document.body.classList.add("is-dropping");
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && document.body.classList.remove("is-dropping"));
  addEventListener("drop", (event) => {
    document.body.classList.remove("is-dropping");
    if (!isFile(event)) return;
    event.preventDefault();
    openFile(event.dataTransfer.files[0]);
  });
}

render(html`<${Studio} />`, document.getElementById("app"));
document.querySelector("#app > .loading:not(:only-child)")?.remove();
addEventListener("keydown", onKey);
letButtonsGo();
listenToDrops();
tried(begin);
