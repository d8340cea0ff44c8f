/** Plays a song: notes are handed to the synth shortly before they sound, so that edits and loops take effect at once. */

import { Synth } from "./synth.js";

const AHEAD = 0.2, EVERY = 50; // seconds planned ahead; milliseconds between two looks
const START = 0.06; // seconds from a call to the first sound

export class Player {
  constructor() {
    this.synth = new Synth();
    this.song = null;
    this.rate = 1;
    this.loop = null; // [first, last] ticks
    this.isMetronome = false;
    this.playing = false;
    this.stretches = []; // {audio, song}: at this time of the clock sounds this second of the song
    this.onEnd = () => {};
    this.silent = () => false; // whether a track is not heard
  }

  /** The tick that sounds now. */
  get tick() {
    if (!this.playing || !this.stretches.length) return this.from ?? 0;
    const now = this.synth.now - (this.synth.context.outputLatency || 0);
    const stretch = this.stretches.findLast((one) => one.audio <= now) ?? this.stretches[0];
    const seconds = stretch.song + Math.max(0, now - stretch.audio) * this.rate;
    return Math.max(this.from, this.song.tickAt(seconds)) || 0;
  }

  async play(song, from, until = null) {
    this.stop();
    const call = (this.call = Symbol("call"));
    await this.synth.ready();
    if (this.call !== call) return; // stopped, or played again, while loading
    Object.assign(this, { song, from, until, playing: true });
    this.stretches = [{ audio: this.synth.now + START, song: song.secondsAt(from) }];
    this.seek(from);
    this.levels();
    this.timer = setInterval(() => this.plan(), EVERY);
    this.plan();
  }

  stop() {
    this.call = null;
    if (!this.playing) return;
    this.from = this.tick;
    this.playing = false;
    clearInterval(this.timer);
    this.synth.stop();
  }

  /** Another song in place of this one, from where it is: it was edited, or went on being written. */
  update(song) {
    const planned = this.planned;
    this.song = song;
    if (this.playing) this.seek(planned);
  }

  levels() {
    this.song?.tracks.forEach((_, track) => this.synth.level(track, this.silent(track) ? 0 : 1));
  }

  setRate(rate) {
    const tick = this.tick;
    this.rate = rate;
    if (this.playing) this.play(this.song, tick, this.until);
  }

  seek(tick) {
    this.planned = tick;
    this.next = this.song.placeOf(tick);
    this.beat = this.song.beats.findIndex((one) => one >= tick);
    this.pedals = pedalsOf(this.song);
  }

  /** Hands over all that begins before the horizon; at the end of a loop it goes on from its beginning. */
  plan() {
    const { song, synth } = this;
    const stretch = this.stretches.at(-1);
    const horizon = stretch.song + (synth.now + AHEAD - stretch.audio) * this.rate;
    const looped = this.loop && this.loop[1] > this.loop[0] && stretch.song < song.secondsAt(this.loop[1]) - 1e-6;
    const end = looped ? this.loop[1] : (this.until ?? song.end);
    const to = Math.min(song.tickAt(horizon), end);
    const at = (tick) => stretch.audio + (song.secondsAt(tick) - stretch.song) / this.rate;
    for (; this.next < song.count && song.onset[song.order[this.next]] < to; this.next++) this.hand(song.order[this.next], at);
    for (; this.beat >= 0 && this.beat < song.beats.length && song.beats[this.beat] < to; this.beat++) {
      if (this.isMetronome) synth.click(at(song.beats[this.beat]), song.bars.tick.includes(song.beats[this.beat]));
    }
    this.planned = Math.max(this.planned, to);
    if (song.tickAt(horizon) < end) return;
    if (looped) {
      this.stretches.push({ audio: at(end), song: song.secondsAt(this.loop[0]) });
      this.from = this.loop[0];
      this.seek(this.loop[0]);
      this.plan();
    } else if (synth.now > at(end) + 0.3) {
      this.stop();
      this.onEnd();
    }
  }

  hand(note, at) {
    const { song } = this;
    const track = song.tracks[song.track[note]] ?? { program: 0, is_drum: false };
    const end = heldBy(this.pedals.get(song.track[note]), song.onset[note] + song.duration[note]);
    const when = at(song.onset[note]);
    const one = { program: track.program, isDrum: track.is_drum, pitch: song.pitch[note], velocity: song.velocity[note] };
    this.synth.play({ ...one, track: song.track[note] }, when, at(end) - when);
  }

  /** A note alone, to hear what is under the pointer. */
  async taste(track, pitch, velocity = 80, length = 0.35) {
    await this.synth.ready();
    this.synth.play({ program: track?.program ?? 0, isDrum: track?.is_drum ?? false, pitch, velocity, track: "taste" }, this.synth.now, length);
  }
}

function pedalsOf(song) {
  const pedals = new Map();
  for (const [onset, duration, track] of song.pedals) {
    if (!pedals.has(track)) pedals.set(track, []);
    pedals.get(track).push([onset, onset + duration]);
  }
  return pedals;
}

/** Where a note ends that is let go while the pedal is down. */
function heldBy(pedals, end) {
  const pedal = pedals?.find(([down, up]) => down <= end && end < up);
  return pedal ? pedal[1] : end;
}
