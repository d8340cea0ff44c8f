/** The colours of the roll, taken from the style sheet, so that light and dark are told in one place. */

const NAMES = ["paper", "row", "line", "beat", "ink", "faint", "accent", "accent-soft", "mark", "wrong"];
const TRACKS = 8, BITS = 6;
export const MOST_BITS = 12; // the darkest shade of surprise

let colours = null;

export function palette() {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue(`--${name}`).trim();
    colours = Object.fromEntries(NAMES.map((name) => [name, read(name)]));
    colours.tracks = Array.from({ length: TRACKS }, (_, at) => read(`track-${at}`));
    colours.bits = Array.from({ length: BITS }, (_, at) => read(`bits-${at}`));
  }
  return colours;
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (colours = null));

export function trackColour(track) {
  return palette().tracks[track % TRACKS];
}

export function bitsColour(bits) {
  const { bits: shades, line } = palette();
  return bits == null ? line : shades[Math.min(BITS - 1, Math.floor((bits / MOST_BITS) * BITS))];
}
