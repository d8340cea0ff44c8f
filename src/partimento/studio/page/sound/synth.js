/** Notes of a SoundFont through Web Audio: for each region a sample player, its envelope, a filter and a place in the room. */

import { SoundFont } from "./soundfont.js";

const seconds = (timecents) => 2 ** (timecents / 1200);
const FADE = 0.03; // seconds, of what is stopped
const LOUDNESS = 1.2; // of one note; what is too much is held by the limiter

export class Synth {
  constructor() {
    this.context = null;
    this.font = null;
    this.buses = new Map();
    this.voices = new Set();
    this.loading = null;
  }

  /** Ready to play: to be called after a key or a click, as browsers ask. */
  async ready() {
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: "interactive" });
      const limiter = new DynamicsCompressorNode(this.context, { threshold: -8, ratio: 8, attack: 0.003, release: 0.2 });
      this.out = new GainNode(this.context, { gain: LOUDNESS });
      this.out.connect(limiter).connect(this.context.destination);
    }
    this.loading ??= this.load();
    await Promise.all([this.loading, this.context.state === "suspended" ? this.context.resume() : null]);
  }

  async load() {
    const answer = await fetch("/page/soundfont.sf2");
    if (!answer.ok) throw new Error((await answer.json()).error.message);
    this.font = new SoundFont(await answer.arrayBuffer());
  }

  get now() {
    return this.context?.currentTime ?? 0;
  }

  bus(name) {
    if (!this.buses.has(name)) {
      const bus = new GainNode(this.context);
      bus.connect(this.out);
      this.buses.set(name, bus);
    }
    return this.buses.get(name);
  }

  /** Loudness of a track: 0 is silent. */
  level(name, gain) {
    if (this.context) this.bus(name).gain.setTargetAtTime(gain, this.now, 0.01);
  }

  /** Plays a note from `when`, for `length` seconds; without a length until the returned function is called. */
  play({ program = 0, isDrum = false, pitch, velocity, track = 0 }, when, length = null) {
    const bank = isDrum ? 128 : 0;
    const regions = this.font.notesOf(bank, program, pitch, Math.max(1, velocity));
    const voices = regions.map((region) => this.voice(region, pitch, velocity, Math.max(when, this.now), this.bus(track)));
    const end = (at) => voices.forEach((voice) => voice.end(at));
    if (length !== null) end(Math.max(when, this.now) + Math.max(0.02, length));
    return end;
  }

  voice(region, pitch, velocity, when, bus) {
    const header = this.font.headers[region.sample];
    const root = region.of(58) >= 0 ? region.of(58) : header.key;
    const source = new AudioBufferSourceNode(this.context, { buffer: this.font.bufferOf(this.context, header) });
    const cents = (pitch - root) * region.of(56) + region.of(51) * 100 + region.of(52) + header.cents;
    source.playbackRate.value = 2 ** (cents / 1200);
    if (region.of(54) & 1) {
      source.loop = true;
      source.loopStart = (header.loopStart + region.of(2) + region.of(45) * 32768 - header.start) / header.rate;
      source.loopEnd = (header.loopEnd + region.of(3) + region.of(50) * 32768 - header.start) / header.rate;
    }
    const level = (velocity / 127) ** 2 * 10 ** ((-0.4 * region.of(48)) / 200);
    const envelope = this.envelope(region, level, when);
    const gate = new GainNode(this.context);
    source.connect(envelope).connect(gate);
    let last = gate;
    if (region.of(8) < 13500) {
      last = last.connect(new BiquadFilterNode(this.context, { type: "lowpass", frequency: 8.176 * seconds(region.of(8)), Q: 0 }));
    }
    if (region.of(17)) last = last.connect(new StereoPannerNode(this.context, { pan: Math.max(-1, Math.min(1, region.of(17) / 500)) }));
    last.connect(bus);
    source.start(when, Math.max(0, region.of(0)) / header.rate);
    const voice = { source, gate, end: (at) => release(voice, at, Math.min(4, Math.max(0.06, seconds(region.of(38))))) };
    this.voices.add(voice);
    source.onended = () => {
      this.voices.delete(voice);
      last.disconnect();
    };
    return voice;
  }

  /** Delay, attack, hold, decay: loudness falls by 100 dB in the time of decay, down to sustain. */
  envelope(region, level, when) {
    const node = new GainNode(this.context, { gain: 0 });
    const begin = when + (region.of(33) > -12000 ? seconds(region.of(33)) : 0);
    const attack = seconds(region.of(34));
    const held = begin + attack + (region.of(35) > -12000 ? seconds(region.of(35)) : 0);
    const down = Math.min(1000, Math.max(0, region.of(37)));
    node.gain.setValueAtTime(0, when);
    node.gain.setValueAtTime(0, begin);
    node.gain.linearRampToValueAtTime(level, begin + attack);
    node.gain.setValueAtTime(level, held);
    if (down > 0) {
      const decay = Math.max(0.005, seconds(region.of(36)) * (down / 1000));
      node.gain.exponentialRampToValueAtTime(Math.max(1e-5, level * 10 ** (-down / 200)), held + decay);
    }
    return node;
  }

  /** A click of the metronome. */
  click(when, isFirst) {
    const oscillator = new OscillatorNode(this.context, { frequency: isFirst ? 1760 : 1175 });
    const gain = new GainNode(this.context, { gain: 0.5 });
    gain.gain.setValueAtTime(0.5, when);
    gain.gain.exponentialRampToValueAtTime(0.001, when + 0.06);
    oscillator.connect(gain).connect(this.bus("metronome"));
    oscillator.start(when);
    oscillator.stop(when + 0.07);
    const voice = { source: oscillator, gate: gain };
    this.voices.add(voice);
    oscillator.onended = () => this.voices.delete(voice);
  }

  /** Silence, also of what is planned. */
  stop() {
    for (const { source, gate } of this.voices) {
      gate.gain.cancelScheduledValues(this.now);
      gate.gain.setTargetAtTime(0, this.now, FADE / 3);
      source.stop(this.now + FADE);
    }
    this.voices.clear();
  }
}

function release({ source, gate }, at, length) {
  gate.gain.setValueAtTime(1, at);
  gate.gain.exponentialRampToValueAtTime(0.0005, at + length);
  source.stop(at + length);
}
