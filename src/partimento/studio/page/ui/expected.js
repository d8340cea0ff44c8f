/** What the model expected where a note begins: shown beside the pointer, while expectation is on. */

import * as api from "../lib/api.js";
import { app, listen } from "../lib/store.js";
import { pitchName } from "../music/names.js";
import { html, useEffect, useState } from "../vendor/preact-htm.js";

const WAIT = 120; // milliseconds that a pointer rests
let tell = () => {};
let timer = null;

export const expectation = {
  hover(note, x, y) {
    clearTimeout(timer);
    if (note === null || !app.bits) return tell(null);
    timer = setTimeout(() => ask(note, x, y), WAIT);
  },
};

async function ask(note, x, y) {
  const { score, bits } = app;
  try {
    const told = await api.get(`/scores/${score.score}/expected/${note}?state=${score.state}`);
    if (app.bits === bits) tell({ ...told, x, y, played: app.song.pitch[note] });
  } catch (error) {
    if (app.bits === bits) tell({ note, x, y, bits: bits[note], pitches: [], played: app.song.pitch[note], message: error.message });
  }
}

export function Expected() {
  const [told, setTold] = useState(null);
  useEffect(() => {
    tell = setTold;
    return listen(() => !app.bits && setTold(null));
  }, []);
  if (!told) return null;
  const place = { left: `${Math.min(told.x + 14, innerWidth - 240)}px`, top: `${Math.min(told.y + 14, innerHeight - 210)}px` };
  return html`
    <div class="expected" role="status" style=${place}>
      <p><b>${pitchName(told.played)}</b> ${told.bits == null ? "cannot be judged" : `costs ${told.bits.toFixed(1)} bits`}</p>
      ${told.message && html`<p>${told.message}</p>`}
      ${told.pitches.slice(0, 6).map(
        ([pitch, share]) => html`<p class=${pitch === told.played ? "is-played" : ""}>
          <span>${pitchName(pitch)}</span><i style=${{ width: `${Math.round(share * 100)}px` }}></i><small>${Math.round(share * 100)}%</small>
        </p>`,
      )}
    </div>
  `;
}
