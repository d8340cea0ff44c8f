"""What can be counted in one piece: the figures by which generated music is laid beside human music. It knows no corpus.

Drums are left out of all that speaks of pitch. A figure that a piece does not have (the groove of a single bar) is not a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

import numpy as np
import numpy.typing as npt

from partimento.piece import Array, Piece

STEPS_IN_A_QUARTER = 4  # onsets are compared on sixteenths
GRAM = 8  # notes that make a repeated figure: two beats of a chorale, a bar of a tune
RHYTHM_GRID = 12  # lines a quarter on which rhythms are equal: sixteenths and triplets
MOST_BARS = 1 << 20  # past this, which only a broken file claims, bars are not counted one by one
SCALE = np.array([0, 2, 4, 5, 7, 9, 11])  # of the major key; the natural minor one has the notes of its parallel major

Ints = npt.NDArray[np.int64]
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Statistics:
    """The figures of one piece.

    - `pitch_class_entropy`, bits, 0..3.58: of the pitch classes of the notes (Wu and Yang 2020, section 4.2).
    - `scale_consistency`, 0..1: the largest share of the notes that one major or natural minor scale holds (Mogren 2016,
      section 4.1; MusPy: Dong et al. 2020, section 5).
    - `groove_consistency`, 0..1: 1 less the mean distance of neighbouring bars, the share of sixteenths in which one bar
      has an onset and the other has none (Wu and Yang 2020, section 4.2). Neighbours of different lengths are not compared.
    - `notes_per_bar`: notes, drums too, over bars up to the end of the last note, a bar begun counting as its part.
    - `polyphony`: the mean number of pitches that sound where any does, drums left out (MusPy: Dong et al. 2020, section 5).
    - `repetition`, 0..1: the share of the runs of eight notes of a track that occurred before in the piece, in any
      transposition, with the same rhythm.
    - `loops`, 0..1: the share of the bars with onsets that repeat the bar before them exactly.
    - `ending`: how many times as long as the mean note the longest of the last onset is; real endings linger.
    - `bars`: the length in bars.
    """

    pitch_class_entropy: float
    scale_consistency: float
    groove_consistency: float
    notes_per_bar: float
    polyphony: float
    repetition: float
    loops: float
    ending: float
    bars: float

    def to_json(self) -> dict[str, float | None]:
        """Each figure by its name; null for what is not a number."""
        return {name: value if value == value else None for name, value in asdict(self).items()}


NAMES = tuple(field.name for field in fields(Statistics))


def statistics(piece: Piece) -> Statistics:
    """The figures of a piece; of one without notes they are not numbers, but for 0 bars."""
    tuned = _tuned(piece)
    pitch_class = np.bincount(tuned["pitch"] % 12, minlength=12)
    bars = float(bars_at(piece, np.array([piece.end_tick]))[0])
    return Statistics(
        pitch_class_entropy=_entropy_bits(pitch_class),
        scale_consistency=_scale_consistency(pitch_class),
        groove_consistency=_groove_consistency(piece),
        notes_per_bar=len(piece) / bars if bars else np.nan,
        polyphony=_polyphony(tuned),
        repetition=_repetition(tuned, piece.ticks_per_quarter),
        loops=_loops(piece),
        ending=_ending(tuned),
        bars=bars,
    )


def table(pieces: Iterable[Piece]) -> npt.NDArray[np.float64]:
    """The figures of many pieces [P, len(NAMES)]."""
    rows = [list(asdict(statistics(piece)).values()) for piece in pieces]
    return np.array(rows, np.float64).reshape(len(rows), len(NAMES))


def bars_at(piece: Piece, ticks: Array) -> npt.NDArray[np.float64]:
    """Where each tick lies, in bars from the start: 2.5 is the middle of the third bar. A change of meter begins a bar."""
    start, length, before = _meters(piece)
    row = np.searchsorted(start, ticks, side="right") - 1
    place: npt.NDArray[np.float64] = before[row] + (ticks - start[row]) / length[row]
    return place


def grams(notes: Array, ticks_per_quarter: int, size: int = GRAM) -> tuple[npt.NDArray[np.uint64], Ints]:
    """A hash of every run of `size` notes of one track, and the index of its first note.

    A run is known by its intervals and by the times between its onsets in twelfths of a quarter, so in any transposition.
    `notes` are in a piece's order.
    """
    count = len(notes) - size + 1
    if count < 1:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    onset = (notes["onset"].astype(np.int64) * (2 * RHYTHM_GRID) + ticks_per_quarter) // (2 * ticks_per_quarter)
    interval, time = (np.diff(column.astype(np.int64)).astype(np.uint64) for column in (notes["pitch"], onset))
    mixed = (interval + np.uint64(128) | time << np.uint64(8)) * _MULTIPLIER
    mixed ^= mixed >> np.uint64(32)
    value = np.zeros(count, np.uint64)
    for place in range(size - 1):
        value = (value ^ mixed[place : place + count]) * _MULTIPLIER
        value ^= value >> np.uint64(29)
    one_track = np.flatnonzero(notes["track"][size - 1 :] == notes["track"][:count])
    return value[one_track], one_track


def _tuned(piece: Piece) -> Array:
    drums = np.array([track.is_drum for track in piece.tracks], bool)
    return piece.notes[~drums[piece.notes["track"]]] if drums.any() else piece.notes


def _entropy_bits(counts: Ints) -> float:
    if not counts.sum():
        return np.nan
    share = counts[counts > 0] / counts.sum()
    return abs(float(share @ np.log2(share)))


def _scale_consistency(pitch_class: Ints) -> float:
    total = int(pitch_class.sum())
    return float(pitch_class[(SCALE + np.arange(12)[:, None]) % 12].sum(axis=1).max() / total) if total else np.nan


def _groove_consistency(piece: Piece) -> float:
    """Onsets on the steps of their bars, each step once; bars from that of the first onset to that in which the piece ends."""
    if not len(piece):
        return np.nan
    start, length, before = _meters(piece)
    last = int(np.ceil(bars_at(piece, np.array([piece.end_tick]))[0])) - 1
    onset = np.unique(piece.notes["onset"])
    row = np.searchsorted(start, onset, side="right") - 1
    steps = np.maximum(1, np.round(length * STEPS_IN_A_QUARTER / piece.ticks_per_quarter).astype(np.int64))
    whole, part = np.divmod((onset - start[row]) / length[row], 1)
    step = np.round(part * steps[row]).astype(np.int64)
    bar = (before[row] + whole).astype(np.int64) + step // steps[row]
    key = np.unique(bar << 32 | step % steps[row])
    bar = key >> 32
    first, count = int(bar[0]), max(last, int(bar[-1])) - int(bar[0]) + 1
    if count > MOST_BARS:
        return np.nan
    onsets = np.bincount(bar - first, minlength=count)
    again = np.bincount(bar[np.isin(key + (1 << 32), key)] - first, minlength=count)  # steps that the next bar has too
    size = steps[np.searchsorted(before, first + np.arange(count), side="right") - 1]
    distance = (onsets[:-1] + onsets[1:] - 2 * again[:-1]) / size[:-1]
    alike = size[1:] == size[:-1]
    return float(1 - distance[alike].mean()) if alike.any() else np.nan


def _polyphony(tuned: Array) -> float:
    """Time that each pitch sounds, over the time that any does."""
    if not len(tuned):
        return np.nan
    start, length = tuned["onset"].astype(np.int64), tuned["duration"].astype(np.int64)
    apart = tuned["pitch"].astype(np.int64) << 32  # pitches one after another on one line of time
    return _covered(start + apart, length) / _covered(start, length)


def _covered(start: Ints, length: Ints) -> int:
    """The ticks that lie in at least one of the stretches."""
    order = np.argsort(start, kind="stable")
    start, end = start[order], (start + length)[order]
    reach = np.maximum.accumulate(end)
    return int(np.maximum(0, end - np.maximum(start, np.append(start[:1], reach[:-1]))).sum())


def _repetition(tuned: Array, ticks_per_quarter: int) -> float:
    hashes, _ = grams(tuned, ticks_per_quarter)
    return 1 - len(np.unique(hashes)) / len(hashes) if len(hashes) else np.nan


def _loops(piece: Piece) -> float:
    """Bars are known by a sum of hashes over their notes: place in the bar, pitch, track."""
    if not len(piece):
        return np.nan
    notes = piece.notes[np.argsort(piece.notes["onset"], kind="stable")]
    bar, part = np.divmod(bars_at(piece, notes["onset"]), 1)
    place = np.round(part * 4 * RHYTHM_GRID).astype(np.uint64)
    value = (place << np.uint64(24) | notes["pitch"].astype(np.uint64) << np.uint64(16) | notes["track"]) * _MULTIPLIER
    value ^= value >> np.uint64(32)
    first = np.flatnonzero(np.diff(bar, prepend=-1))
    whole = np.add.reduceat(value * _MULTIPLIER, first)
    return float(((np.diff(whole) == 0) & (np.diff(bar[first]) == 1)).sum() / len(first))


def _ending(tuned: Array) -> float:
    if not len(tuned):
        return np.nan
    return float(tuned["duration"][tuned["onset"] == tuned["onset"].max()].max() / tuned["duration"].mean())


def _meters(piece: Piece) -> tuple[Ints, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """For each meter in force: where it starts, the ticks in a bar, and the bars before it (4/4 where none is stated)."""
    start = piece.meters["tick"].astype(np.int64)
    upper, lower = piece.meters["numerator"].astype(np.float64), piece.meters["denominator"].astype(np.float64)
    if not len(start) or start[0] > 0:
        start, upper, lower = np.insert(start, 0, 0), np.insert(upper, 0, 4), np.insert(lower, 0, 4)
    last = np.append(start[1:] > start[:-1], True)  # of several at one tick
    start, upper, lower = start[last], upper[last], lower[last]
    length = 4.0 * piece.ticks_per_quarter * upper / lower
    return start, length, np.append(0.0, np.cumsum(np.ceil(np.diff(start) / length[:-1])))
