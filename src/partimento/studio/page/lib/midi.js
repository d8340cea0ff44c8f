/** A MIDI keyboard: what is played is heard, and while recording it becomes notes of the score. */

import { edit, notify, pause, play, player } from "./actions.js";
import { snap } from "./editing.js";
import { app, change } from "./store.js";

const NOTE_OFF = 0x80, NOTE_ON = 0x90;
let access = null;
const down = new Map(); // pitch: {end, tick, velocity}
let taken = [];

/** Asks for the MIDI inputs, once. Raises an Error where the browser has none. */
async function listenToInputs() {
  if (access) return;
  if (!navigator.requestMIDIAccess) throw new Error("This browser has no Web MIDI. Chromium, Edge, Opera and Firefox have it.");
  access = await navigator.requestMIDIAccess();
  const attach = () => {
    for (const input of access.inputs.values()) input.onmidimessage = (message) => heard(message.data);
  };
  access.onstatechange = attach;
  attach();
}

/** Begins to record, or ends it: what was played is one act, which can be undone. */
export async function record() {
  if (app.recording) return finish();
  try {
    await listenToInputs();
  } catch (error) {
    return notify(error.message, true);
  }
  if (!access.inputs.size) return notify("No MIDI keyboard is connected.", true);
  taken = [];
  change({ recording: true });
  notify("Recording. R ends it.");
  return play();
}

function finish() {
  for (const pitch of [...down.keys()]) heard([NOTE_OFF, pitch, 0]);
  pause();
  change({ recording: false });
  if (!taken.length) return notify("Nothing was played.");
  const track = app.track ?? 0;
  const notes = taken.map(([from, until, pitch, velocity]) => [from, Math.max(1, until - from), pitch, velocity, track]);
  notify(`Recorded ${notes.length} notes. Q puts them onto the grid.`);
  return edit([{ edit: "add", notes }], notes.map(([onset, , pitch]) => `${onset}/${pitch}/${track}`));
}

/** A message of a keyboard: three bytes. */
export async function heard([status, pitch, velocity]) {
  const kind = status & 0xf0;
  if (kind === NOTE_ON && velocity > 0) {
    await player.synth.ready();
    const of = app.song?.tracks[app.track ?? 0] ?? { program: 0, is_drum: false };
    const end = player.synth.play({ program: of.program, isDrum: of.is_drum, pitch, velocity, track: "keyboard" }, player.synth.now);
    down.set(pitch, { end, velocity, tick: Math.round(player.tick) });
  } else if (kind === NOTE_OFF || kind === NOTE_ON) {
    const held = down.get(pitch);
    if (!held) return;
    down.delete(pitch);
    held.end(player.synth.now);
    if (app.recording) taken.push([held.tick, Math.round(player.tick), pitch, held.velocity]);
    else change({ cursor: { tick: snap(app.cursor.tick), pitch } });
  }
}
