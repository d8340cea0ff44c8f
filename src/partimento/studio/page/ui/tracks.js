/** Tracks: choosing one, its instrument, mute and solo. */

import { edit, toggleTrack } from "../lib/actions.js";
import { app, change, shownSong, useApp } from "../lib/store.js";
import { trackName } from "../music/names.js";
import { html } from "../vendor/preact-htm.js";
import { Icon } from "./icons.js";

export function Tracks() {
  const { track: chosen, muted, soloed, studio, shown } = useApp();
  const song = shownSong();
  if (!song) return null;
  const choose = (track) => change({ track: app.track === track ? null : track });
  return html`
    <section class="tracks" aria-label="Tracks">
      ${song.tracks.map(
        (track, at) => html`
          <div class=${`track ${chosen === at ? "is-chosen" : ""}`} style=${{ "--own": `var(--track-${at % 8})` }} key=${at}>
            <button class="track-name" aria-pressed=${chosen === at} title="Work on this track alone" onClick=${() => choose(at)}><i></i><span>${trackName(track, at)}</span></button>
            <label class="track-instrument"><span class="unseen">Instrument of ${trackName(track, at)}</span>
              ${track.is_drum
                ? html`<span class="faint">Drums</span>`
                : html`<select disabled=${shown > 0} value=${track.program} onChange=${(event) => edit([{ edit: "track", track: at, program: Number(event.target.value) }])}>
                    ${(studio?.words.instruments ?? []).map((name, program) => html`<option value=${program} selected=${program === track.program}>${name}</option>`)}
                  </select>`}
            </label>
            <span class="track-buttons">
              <button class="tiny" aria-pressed=${muted.has(at)} aria-label=${`Mute ${trackName(track, at)}`} title="Mute" onClick=${() => toggleTrack("muted", at)}>M</button>
              <button class="tiny" aria-pressed=${soloed.has(at)} aria-label=${`Hear ${trackName(track, at)} alone`} title="Solo" onClick=${() => toggleTrack("soloed", at)}>S</button>
            </span>
          </div>
        `,
      )}
      ${!shown && html`<button class="quiet add" onClick=${() => edit([{ edit: "add_track", program: 0, name: "" }])}><${Icon} name="plus" />track</button>`}
    </section>
  `;
}
