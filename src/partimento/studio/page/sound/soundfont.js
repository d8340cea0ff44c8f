/** A SoundFont 2 file in memory: its presets, and the samples that a note of a preset plays. After the SoundFont 2.04 specification. */

const KEY_RANGE = 43, VELOCITY_RANGE = 44, INSTRUMENT = 41, SAMPLE = 53;
const ONLY_INSTRUMENT = new Set([0, 1, 2, 3, 4, 12, 45, 46, 47, 50, 54, 57, 58]); // not to be added to by presets (8.5)
const DEFAULTS = { 8: 13500, 33: -12000, 34: -12000, 35: -12000, 36: -12000, 38: -12000, 56: 100, 58: -1 };

export class SoundFont {
  /** `bytes` is an ArrayBuffer. Raises an Error for what is no SoundFont. */
  constructor(bytes) {
    this.view = new DataView(bytes);
    if (this.tag(0) !== "RIFF" || this.tag(8) !== "sfbk") throw new Error("not a SoundFont");
    this.chunks = {};
    this.collect(12, bytes.byteLength);
    const { at, size } = this.chunks.smpl;
    this.samples = new Int16Array(bytes.slice(at, at + size - (size % 2)));
    this.headers = this.readHeaders();
    this.presets = this.readPresets();
    this.regions = new Map();
    this.buffers = new Map();
  }

  tag(at) {
    return String.fromCharCode(...new Uint8Array(this.view.buffer, at, 4));
  }

  collect(at, end) {
    while (at + 8 <= end) {
      const [name, size] = [this.tag(at), this.view.getUint32(at + 4, true)];
      if (name === "LIST") this.collect(at + 12, at + 8 + size);
      else this.chunks[name] = { at: at + 8, size };
      at += 8 + size + (size % 2);
    }
  }

  readHeaders() {
    const { at, size } = this.chunks.shdr;
    return Array.from({ length: size / 46 }, (_, row) => {
      const here = at + row * 46 + 20;
      const [start, end, loopStart, loopEnd, rate] = [0, 4, 8, 12, 16].map((place) => this.view.getUint32(here + place, true));
      return { start, end, loopStart, loopEnd, rate, key: this.view.getUint8(here + 20), cents: this.view.getInt8(here + 21) };
    });
  }

  readPresets() {
    const { at, size } = this.chunks.phdr;
    const presets = new Map();
    for (let row = 0; row < size / 38 - 1; row++) {
      const here = at + row * 38 + 20;
      const [program, bank, first] = [0, 2, 4].map((place) => this.view.getUint16(here + place, true));
      const next = this.view.getUint16(here + 38 + 4, true);
      presets.set(`${bank}/${program}`, [first, next]);
    }
    return presets;
  }

  /** The zones of a preset or an instrument: maps of generators; those of a global zone are in all. */
  zones(bags, generators, first, last, target) {
    const { at } = this.chunks[bags];
    const zones = [];
    let common = {};
    for (let bag = first; bag < last; bag++) {
      const [from, to] = [0, 4].map((more) => this.view.getUint16(at + bag * 4 + more, true));
      const zone = { ...common };
      for (let one = from; one < to; one++) {
        const here = this.chunks[generators].at + one * 4;
        const kind = this.view.getUint16(here, true);
        const range = [this.view.getUint8(here + 2), this.view.getUint8(here + 3)];
        zone[kind] = kind === KEY_RANGE || kind === VELOCITY_RANGE ? range : this.view.getInt16(here + 2, true);
      }
      if (zone[target] === undefined) {
        if (bag === first) common = zone;
      } else zones.push(zone);
    }
    return zones;
  }

  /** All regions of a preset: generators of its instruments, with the preset's added. */
  regionsOf(bank, program) {
    const name = [`${bank}/${program}`, `${bank}/0`, `0/${program}`, "0/0"].find((one) => this.presets.has(one));
    if (!this.regions.has(name)) {
      const regions = [];
      for (const outer of this.zones("pbag", "pgen", ...this.presets.get(name), INSTRUMENT)) {
        const here = this.chunks.inst.at + outer[INSTRUMENT] * 22 + 20;
        const bags = [this.view.getUint16(here, true), this.view.getUint16(here + 22, true)];
        for (const inner of this.zones("ibag", "igen", ...bags, SAMPLE)) regions.push(combined(outer, inner));
      }
      this.regions.set(name, regions);
    }
    return this.regions.get(name);
  }

  /** The regions that a note plays. */
  notesOf(bank, program, pitch, velocity) {
    return this.regionsOf(bank, program).filter(
      ({ keys, velocities }) => keys[0] <= pitch && pitch <= keys[1] && velocities[0] <= velocity && velocity <= velocities[1],
    );
  }

  /** The sample of a region as an AudioBuffer, made when it is first needed. */
  bufferOf(context, header) {
    if (!this.buffers.has(header)) {
      const data = this.samples.subarray(header.start, header.end);
      const buffer = context.createBuffer(1, Math.max(1, data.length), header.rate || 44100);
      const channel = buffer.getChannelData(0);
      for (let at = 0; at < data.length; at++) channel[at] = data[at] / 32768;
      this.buffers.set(header, buffer);
    }
    return this.buffers.get(header);
  }
}

function combined(outer, inner) {
  const values = { ...DEFAULTS, ...inner };
  for (const [kind, value] of Object.entries(outer)) {
    const number = Number(kind);
    if (number === KEY_RANGE || number === VELOCITY_RANGE || number === INSTRUMENT || ONLY_INSTRUMENT.has(number)) continue;
    values[kind] = (values[kind] ?? 0) + value;
  }
  const both = (kind) => {
    const [a, b] = [outer[kind] ?? [0, 127], inner[kind] ?? [0, 127]];
    return [Math.max(a[0], b[0]), Math.min(a[1], b[1])];
  };
  return { keys: both(KEY_RANGE), velocities: both(VELOCITY_RANGE), sample: inner[SAMPLE], of: (kind) => values[kind] ?? 0 };
}
