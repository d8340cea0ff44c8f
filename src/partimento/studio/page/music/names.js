/** Words for what a musician reads: pitches, lengths, places. */

const FLAT = ["C", "D♭", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];

export function pitchName(pitch) {
  return `${FLAT[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}

export function isBlackKey(pitch) {
  return [1, 3, 6, 8, 10].includes(pitch % 12);
}

const LENGTHS = [[4, "whole"], [3, "dotted half"], [2, "half"], [1.5, "dotted quarter"], [1, "quarter"], [0.75, "dotted eighth"],
  [0.5, "eighth"], [1 / 3, "triplet eighth"], [0.25, "sixteenth"], [0.125, "thirty-second"]];

export function lengthName(quarters) {
  const found = LENGTHS.find(([length]) => Math.abs(length - quarters) < 0.02);
  return found ? found[1] : `${quarters.toFixed(2)} quarters`;
}

export function placeName(song, tick) {
  return song.bars.number.length ? `bar ${song.bars.number[song.barAt(tick)]}, beat ${song.beatAt(tick)}` : "the beginning";
}

export function trackName(track, at) {
  return track.name || track.instrument || `Track ${at + 1}`;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function plural(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

export function barsName([first, last]) {
  return first === last ? `bar ${first}` : `bars ${first}–${last}`;
}
