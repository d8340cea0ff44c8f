/** The engraved pages: SVG of the server, lit and scrolled while it plays; a click on a note goes to it. */

import { goTo, player, tried } from "../lib/actions.js";
import * as api from "../lib/api.js";
import { app, listen, useApp } from "../lib/store.js";
import { last } from "../music/song.js";
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";

const WAIT = 250; // milliseconds of rest before a page is engraved again
const NEAR = "1200px"; // pages further off are not laid out yet

/** The pages of what is shown. */
export function Pages() {
  const { score, shown, task, song } = useApp();
  const [told, setTold] = useState(null);
  const [isWaiting, setWaiting] = useState(false);
  const whole = shown ? task?.candidates.get(shown)?.whole : null;
  const state = shown ? whole?.state : score?.state;
  useEffect(() => {
    if (!state) return undefined;
    setWaiting(true);
    const own = new AbortController();
    const path = shown ? `/tasks/${task.name}/candidates/${shown}/page` : `/scores/${score.score}/page?state=${state}`;
    const timer = setTimeout(() => tried(async () => {
      try {
        const pages = await api.get(path, { signal: own.signal });
        setTold({ ...pages, fresh: whole?.new ?? [] });
      } finally {
        if (!own.signal.aborted) setWaiting(false);
      }
    }), told ? WAIT : 0);
    return () => {
      clearTimeout(timer);
      own.abort();
    };
  }, [state]);
  if (!score) return null;
  const words = !song?.count ? "The page is empty. Add notes to the roll, or let the model write." : isWaiting ? "Engraving …" : "";
  return html`
    <section class=${`pages ${isWaiting ? "is-waiting" : ""}`} aria-label="Engraved page" tabindex="0">
      ${words && html`<p class="pages-words" role="status">${words}</p>`}
      ${told && html`<${Sheets} told=${told} />`}
    </section>
  `;
}

function Sheets({ told }) {
  const host = useRef(null);
  useEffect(() => lay(host.current, told), [told]);
  return html`<div class="sheets" ref=${host}></div>`;
}

/** Lays out the pages as they come near, and lights what sounds. */
function lay(host, told) {
  const lights = new Lights(host, told.onsets);
  const near = new IntersectionObserver(
    (entries) => entries.filter((one) => one.isIntersecting).forEach(({ target }) => fill(target)),
    { root: host.parentElement, rootMargin: NEAR },
  );
  const fill = (sheet) => {
    if (sheet.firstChild) return;
    const svg = new DOMParser().parseFromString(told.pages[Number(sheet.dataset.page)], "image/svg+xml").documentElement;
    sheet.append(document.importNode(svg, true));
    near.unobserve(sheet);
  };
  const sheets = told.pages.map((text, at) => {
    const sheet = document.createElement("div");
    const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(text) ?? [0, 21, 29.7];
    sheet.className = "sheet";
    sheet.dataset.page = at;
    sheet.style.aspectRatio = `${width} / ${height}`;
    sheet.setAttribute("role", "img");
    sheet.setAttribute("aria-label", `Page ${at + 1} of ${told.pages.length}`);
    near.observe(sheet);
    return sheet;
  });
  host.replaceChildren(...sheets);
  const pageOf = new Map();
  told.pages.forEach((text, at) => {
    for (const [, id] of text.matchAll(/<g id="([^"]+)" class="note/g)) pageOf.set(id, at);
    for (const [, id] of text.matchAll(/class="note[^"]*" id="([^"]+)"/g)) pageOf.set(id, at);
  });
  lights.reach = (id) => {
    const at = pageOf.get(id);
    if (at !== undefined) fill(sheets[at]);
    return document.getElementById(id);
  };
  const click = ({ target }) => {
    const id = target.closest?.("g.note")?.id;
    const found = id && told.onsets.find(([, ids]) => ids.includes(id));
    if (found) goTo(found[0]);
  };
  host.addEventListener("click", click);
  const forget = listen(() => lights.changed());
  lights.changed();
  return () => {
    near.disconnect();
    lights.stop();
    forget();
    host.removeEventListener("click", click);
  };
}

class Lights {
  constructor(host, onsets) {
    Object.assign(this, { host, onsets, lit: [], place: -2, frame: null });
  }

  changed() {
    if (player.playing || app.playing) this.frame ??= requestAnimationFrame(() => this.step());
    else if (app.cursor !== this.cursor) this.light(app.cursor.tick);
    this.cursor = app.cursor;
  }

  step() {
    this.frame = null;
    if (!app.playing) return this.light(app.cursor.tick);
    if (player.playing) this.light(player.tick);
    this.frame = requestAnimationFrame(() => this.step());
    return undefined;
  }

  light(tick) {
    const place = last(this.onsets, tick, (one) => one[0]);
    if (place === this.place) return;
    this.place = place;
    for (const one of this.lit) one.classList.remove("is-lit");
    this.lit = (this.onsets[place]?.[1] ?? []).map((id) => this.reach(id)).filter(Boolean);
    for (const one of this.lit) one.classList.add("is-lit");
    if (this.lit.length) this.bring(this.lit[0]);
  }

  /** Scrolls where what is lit is out of sight, so that its system stands in the upper third. */
  bring(element) {
    const pane = this.host.parentElement;
    const [box, of] = [element.getBoundingClientRect(), pane.getBoundingClientRect()];
    if (!of.height || (box.top > of.top + 40 && box.bottom < of.bottom - 60)) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    pane.scrollBy({ top: box.top - of.top - of.height / 4, behavior: calm ? "auto" : "smooth" });
  }

  stop() {
    cancelAnimationFrame(this.frame);
  }
}
