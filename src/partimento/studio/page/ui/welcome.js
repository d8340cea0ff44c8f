/** The first visit in three steps, over a sample piece: listen, mark, ask. */

import { openSample, play } from "../lib/actions.js";
import { mark } from "../lib/editing.js";
import { app, change, useApp } from "../lib/store.js";
import { startTask } from "../lib/tasks.js";
import { html, useEffect } from "../vendor/preact-htm.js";

const SEEN = "seen-steps";
export const isFirstVisit = () => !localStorage.getItem(SEEN);

const STEPS = [
  { title: "Listen", text: "This is a minuet, as notes and as a page. Space plays it.", action: "Play", run: () => play(0), target: ".play" },
  { title: "Mark", text: "Drag over the bar numbers to mark what should be written anew. Here are bars 5 to 8.", action: "Mark bars 5–8", run: () => mark([5, 8]), target: ".roll" },
  { title: "Ask", text: "The model writes three versions of the marked bars. Listen to each, keep one, or none.", action: "Write three versions", run: startTask, target: "#panel .primary" },
];

/** Opens the sample on which the steps are shown. */
export async function welcome() {
  await openSample("minuet");
  change({ step: 1, ask: { kind: "fill" } });
}

export function Welcome() {
  const { step, panel, studio } = useApp();
  const found = step && STEPS[step - 1];
  useEffect(() => {
    const target = found && document.querySelector(found.target);
    target?.classList.add("is-hinted");
    return () => target?.classList.remove("is-hinted");
  }, [step, panel]);
  if (!found) return null;
  const end = () => {
    localStorage.setItem(SEEN, "yes");
    change({ step: null });
  };
  const next = () => (step < STEPS.length ? change({ step: step + 1, panel: step + 1 === STEPS.length || app.panel }) : end());
  const act = async () => {
    found.run();
    next();
  };
  const cannot = step === 3 && !studio.model && !studio.model_loading;
  return html`
    <div class="welcome" role="dialog" aria-label=${`Step ${step} of 3: ${found.title}`}>
      <p class="welcome-step">${STEPS.map((_, at) => html`<i class=${at < step ? "is-on" : ""}></i>`)}<span class="unseen">Step ${step} of 3</span></p>
      <h2>${found.title}</h2>
      <p>${cannot ? studio.model_missing : found.text}</p>
      <p class="welcome-buttons">
        ${!cannot && html`<button class="primary" onClick=${act}>${found.action}</button>`}
        <button class="link" onClick=${next}>${step < 3 ? "Next" : "Done"}</button>
        ${step < 3 && html`<button class="link" onClick=${end}>Skip</button>`}
      </p>
    </div>
  `;
}
