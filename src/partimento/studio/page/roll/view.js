/** Where things are on the roll: ticks and pitches to pixels and back, scrolling and zooming. */

export const KEYS = 44, RULER = 30; // pixels of the keyboard at the left, and of the bar numbers above
const WIDEST = 400, NARROWEST = 1.5; // pixels of a quarter
const MARGIN = 7; // semitones above the highest note and below the lowest

export class View {
  constructor() {
    Object.assign(this, { left: 0, top: 0, width: 0, height: 0, ratio: 1, row: 11, quarterWidth: 34, quarter: 480, low: 36, high: 96, end: 0 });
  }

  /** Takes the measures of a song. A new piece is shown from its beginning, all of its pitches if they fit. */
  take(song, isNew) {
    this.quarter = song.quarter;
    this.end = song.end;
    const [low, high] = song.pitchRange;
    const highBefore = this.high;
    this.low = Math.max(0, Math.min(isNew ? 127 : this.low, low - MARGIN));
    this.high = Math.min(127, Math.max(isNew ? 0 : this.high, high + MARGIN));
    while (this.high - this.low < 30) {
      this.low = Math.max(0, this.low - 1);
      this.high = Math.min(127, this.high + 1);
    }
    if (!isNew) this.top += (this.high - highBefore) * this.row; // what was in sight stays there
    else {
      this.row = Math.max(5, Math.min(14, Math.floor((this.height || 480) / this.rows)));
      this.left = 0;
      this.top = Math.max(0, (this.rows * this.row - this.height) / 2);
    }
    this.settle();
  }

  get rows() {
    return this.high - this.low + 1;
  }

  get scale() {
    return this.quarterWidth / this.quarter;
  }

  pixelOf(tick) {
    return tick * this.scale;
  }

  tickOf(pixel) {
    return pixel / this.scale;
  }

  /** The tick and pitch under a point of the canvas. */
  placeOf(x, y) {
    const pitch = this.high - Math.floor((y - RULER + this.top) / this.row);
    return { tick: Math.max(0, this.tickOf(x - KEYS + this.left)), pitch: Math.max(0, Math.min(127, pitch)) };
  }

  /** The place of a tick on the canvas. */
  xOf(tick) {
    return KEYS + this.pixelOf(tick) - this.left;
  }

  yOf(pitch) {
    return (this.high - pitch) * this.row;
  }

  /** The box of a note, before scrolling. */
  boxOf(song, note) {
    const x = this.pixelOf(song.onset[note]);
    const width = Math.max(1.5, this.pixelOf(song.duration[note]) - (this.quarterWidth > 10 ? 1 : 0));
    return [x, this.yOf(song.pitch[note]) + 0.5, width, Math.max(1, this.row - 1)];
  }

  resize(width, height, ratio) {
    Object.assign(this, { width: Math.max(1, width - KEYS), height: Math.max(1, height - RULER), ratio });
    this.settle();
  }

  scroll(right, down) {
    this.left += right;
    this.top += down;
    this.settle();
  }

  zoom(factor, x = KEYS + this.width / 2) {
    const tick = this.tickOf(x - KEYS + this.left);
    this.quarterWidth = Math.max(NARROWEST, Math.min(WIDEST, this.quarterWidth * factor));
    this.left = this.pixelOf(tick) - (x - KEYS);
    this.settle();
  }

  zoomRows(factor) {
    const middle = (this.top + this.height / 2) / this.row;
    this.row = Math.max(3, Math.min(28, this.row * factor));
    this.top = middle * this.row - this.height / 2;
    this.settle();
  }

  /** Everything of the piece in the width there is. */
  fit() {
    this.quarterWidth = Math.max(NARROWEST, Math.min(WIDEST, (this.width - 12) / Math.max(1, this.end / this.quarter)));
    this.left = 0;
    this.settle();
  }

  /** Brings a stretch into sight, with some of what is before it. */
  show(tick, until = tick) {
    const [from, to] = [this.pixelOf(tick), this.pixelOf(until)];
    if (from < this.left || to > this.left + this.width) this.left = from - Math.min(60, this.width / 6);
    this.settle();
  }

  showPitch(pitch) {
    const y = this.yOf(pitch);
    if (y < this.top) this.top = y - this.row;
    if (y + this.row > this.top + this.height) this.top = y + 2 * this.row - this.height;
    this.settle();
  }

  settle() {
    this.left = Math.max(0, Math.min(this.left, this.pixelOf(this.end) - this.width * 0.6));
    this.top = Math.max(0, Math.min(this.top, this.rows * this.row - this.height));
  }
}
