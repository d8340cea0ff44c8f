/** What can be done with the selected notes, for pointer and touch. */

import * as editing from "../lib/editing.js";
import { app, change, useApp } from "../lib/store.js";
import { lengthName, pitchName, plural } from "../music/names.js";
import { edit } from "../lib/actions.js";
import { html } from "../vendor/preact-htm.js";
import { Icon } from "./icons.js";

export function SelectionBar() {
  const { selection, song, locked, shown } = useApp();
  if (!selection.size || shown || !song) return null;
  const notes = [...selection].filter((note) => note < song.count);
  if (!notes.length) return null;
  const mean = Math.round(notes.reduce((sum, note) => sum + song.velocity[note], 0) / notes.length);
  const isLocked = notes.every((note) => locked.has(note));
  const name = notes.length === 1 ? `${pitchName(song.pitch[notes[0]])} · ${lengthName(song.duration[notes[0]] / song.quarter)}` : plural(notes.length, "note");
  const button = (label, icon, run, isOn) => html`<button class="icon" title=${label} aria-label=${label} aria-pressed=${isOn} onClick=${run}><${Icon} name=${icon} /></button>`;
  return html`
    <div class="selection" role="toolbar" aria-label="Selected notes">
      <span class="selection-name">${name}</span>
      ${button("Up a semitone", "up", () => editing.move(0, 1))}
      ${button("Down a semitone", "down", () => editing.move(0, -1))}
      ${button("Shorter", "shorter", () => editing.stretch(-editing.step()))}
      ${button("Longer", "longer", () => editing.stretch(editing.step()))}
      <label class="velocity" title="Velocity"><span class="unseen">Velocity</span>
        <input type="range" min="1" max="127" value=${mean} onChange=${(event) => edit([{ edit: "velocity", notes, to: Number(event.target.value) }])} />
      </label>
      ${button(isLocked ? "Unlock" : "Lock: the model leaves these notes", "lock", editing.lock, isLocked)}
      ${button("Onto the grid", "grid", editing.quantise)}
      ${button("Delete", "bin", editing.erase)}
      ${button("Let go", "close", () => change({ selection: new Set() }))}
    </div>
  `;
}
