/** A state of a score for the page: notes as columns, sorted for looking up; ticks, seconds, bars. */

const COLUMNS = ["onset", "duration", "pitch", "velocity", "track"];

export class Song {
  constructor(told, fresh = []) {
    this.state = told.state ?? "";
    this.quarter = told.ticks_per_quarter;
    this.count = told.notes.onset.length;
    for (const name of COLUMNS) this[name] = Int32Array.from(told.notes[name]);
    this.tracks = told.tracks;
    this.tempos = told.tempos.length ? told.tempos : [[0, 120]];
    this.meters = told.meters;
    this.chords = told.chords ?? [];
    this.pedals = told.pedals ?? [];
    this.bars = told.bars;
    this.beats = told.beats;
    this.about = told.about ?? {};
    this.fresh = new Uint8Array(this.count); // 1: written by the model, and not kept yet
    for (const one of fresh) this.fresh[one] = 1;
    this.order = Uint32Array.from({ length: this.count }, (_, note) => note);
    this.order.sort((a, b) => this.onset[a] - this.onset[b] || this.pitch[a] - this.pitch[b]);
    this.longest = this.duration.reduce((most, one) => Math.max(most, one), 0);
    this.end = Math.max(told.end_tick ?? 0, this.bars.tick.at(-1) ?? 0);
    this.secondsOfTempos = secondsOf(this.tempos, this.quarter);
  }

  /** What a candidate holds so far: notes that stay, and those written since. */
  static preview(base, told, rows) {
    const factor = told.ticks_per_quarter / base.quarter;
    const stay = told.stands.map((note) => COLUMNS.map((name) => base[name][note]));
    for (const row of stay) [row[0], row[1]] = [row[0] * factor, row[1] * factor];
    const all = [...stay, ...rows];
    const notes = Object.fromEntries(COLUMNS.map((name, at) => [name, all.map((row) => row[at])]));
    const scaled = (list) => list.map(([tick, ...rest]) => [tick * factor, ...rest]);
    const end = Math.max(base.end * factor, told.span?.[1] ?? 0, ...rows.slice(-50).map((row) => row[0] + row[1]));
    const known = {
      ticks_per_quarter: told.ticks_per_quarter, notes, end_tick: end, about: base.about,
      tracks: told.tracks.length ? told.tracks : tracksOf(rows),
      tempos: scaled(base.tempos), meters: scaled(base.meters), chords: scaled(base.chords),
      ...gridTo(base, factor, end),
    };
    return new Song(known, Array.from(rows, (_, at) => stay.length + at));
  }

  /** Numbers of notes that sound between two ticks, by onset. */
  *between(first, last) {
    for (let at = this.placeOf(first - this.longest); at < this.count; at++) {
      const note = this.order[at];
      if (this.onset[note] >= last) return;
      if (this.onset[note] + this.duration[note] > first) yield note;
    }
  }

  /** The place in `order` of the first note that begins at a tick or later. */
  placeOf(tick) {
    let [low, high] = [0, this.count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.onset[this.order[middle]] < tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The row of the bar of a tick. */
  barAt(tick) {
    return Math.max(0, Math.min(this.bars.number.length - 1, last(this.bars.tick, tick)));
  }

  rowOf(number) {
    const row = this.bars.number.indexOf(number);
    return row < 0 ? (number < (this.bars.number[0] ?? 1) ? 0 : this.bars.number.length - 1) : row;
  }

  /** First and last tick of bars from one number to another. */
  spanOf([first, last]) {
    return [this.bars.tick[this.rowOf(first)] ?? 0, this.bars.tick[this.rowOf(last) + 1] ?? this.end];
  }

  beatAt(tick) {
    const row = this.barAt(tick);
    return last(this.beats, tick) - last(this.beats, this.bars.tick[row] ?? 0) + 1;
  }

  secondsAt(tick) {
    const row = Math.max(0, last(this.tempos, tick, (one) => one[0]));
    return this.secondsOfTempos[row] + ((tick - this.tempos[row][0]) / this.quarter) * (60 / this.tempos[row][1]);
  }

  tickAt(seconds) {
    const row = Math.max(0, last(this.secondsOfTempos, seconds));
    return this.tempos[row][0] + (seconds - this.secondsOfTempos[row]) * (this.tempos[row][1] / 60) * this.quarter;
  }

  get pitchRange() {
    if (!this.count) return [48, 84];
    const low = this.pitch.reduce((least, one) => Math.min(least, one), 127);
    return [low, this.pitch.reduce((most, one) => Math.max(most, one), 0)];
  }

  /** What tells a note apart when numbers change. */
  keyOf(note) {
    return `${this.onset[note]}/${this.pitch[note]}/${this.track[note]}`;
  }

  /** The numbers of notes with these keys. */
  find(keys) {
    const wanted = new Set(keys);
    return new Set(this.order.filter((note) => wanted.has(this.keyOf(note))));
  }
}

/** The last place of a sorted list whose value is not after `value`; -1 where all are. */
export function last(list, value, of = (one) => one) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(list[middle]) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function secondsOf(tempos, quarter) {
  const seconds = [(tempos[0][0] / quarter) * (60 / tempos[0][1])];
  for (let at = 1; at < tempos.length; at++) {
    const ticks = tempos[at][0] - tempos[at - 1][0];
    seconds.push(seconds[at - 1] + (ticks / quarter) * (60 / tempos[at - 1][1]));
  }
  return seconds;
}

/** Bars and beats up to a tick, going on as the last bar does. */
function gridTo(base, factor, end) {
  const tick = base.bars.tick.map((one) => one * factor);
  const number = [...base.bars.number];
  const beats = base.beats.map((one) => one * factor);
  const [, upper, lower] = base.meters.at(-1) ?? [0, 4, 4];
  const beat = (4 * base.quarter * factor) / lower;
  if (!tick.length) tick.push(0);
  while (tick.at(-1) < end && number.length < 20_000) {
    for (let at = 0; at < upper; at++) beats.push(tick.at(-1) + at * beat);
    number.push((number.at(-1) ?? 0) + 1);
    tick.push(tick.at(-1) + upper * beat);
  }
  return { bars: { tick, number }, beats };
}

function tracksOf(rows) {
  const count = Math.max(1, ...rows.map((row) => row[4] + 1));
  return Array.from({ length: count }, () => ({ program: 0, is_drum: false, name: "", instrument: "", notes: 0 }));
}
