"""The features of a slot before it is drawn, as one row of numbers: from a piece's own past, and from the memory of the training
pieces. `network.py` reads the columns named here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from partimento.benchmarks.chorale.memory import TUNES, Counted, Memory, Tunes, counts_of
from partimento.benchmarks.chorale.own_repeats import Repeats
from partimento.benchmarks.chorale.past import (
    AGO,
    CONTEXTS,
    FURTHER,
    INTERVALS,
    LAGS,
    NONE,
    REST,
    SPANS,
    USES,
    Growing,
    Lines,
    Meter,
    Slot,
    Symbols,
    Trail,
    Uses,
)
from partimento.benchmarks.chorale.places import VOTES, Places

Row = npt.NDArray[np.float16]  # holds all features exactly, but for shares and uses


def _columns(*sizes: int) -> list[slice]:
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]


# of a slot: symbols that move with a transposition (last, before, earlier, some slots ago, own matches, tunes); slots since each
# voice's change, place in 16 slots, lengths of own matches and of tunes; tonic (-1 unknown) and mode; shares of pitch classes;
# changes of each voice lately; slots since all held, and since the start; bars and phrases; then the features of each voice
_PER_VOICE = (REST * USES, (CONTEXTS + VOTES) * INTERVALS, CONTEXTS)
_BARS = 2 * len(LAGS) + 4
_SYMBOLS = (4, 4, 4, 4 * len(AGO + FURTHER), 12, 4 * TUNES)
_SIZES = (*_SYMBOLS, 4, 1, 3, TUNES, 2, 12 * SPANS, 4 * len(AGO), 2, _BARS, 4 * sum(_PER_VOICE))
_SLICES = _columns(*_SIZES)
LAST, BEFORE, EARLIER, AGO_SYMBOLS, OWN, TUNE, AGE, PLACE, OWN_LENGTH, TUNE_LENGTH, KEY, CLASS_SHARES, LATELY, SINCE, *_ = _SLICES
BARS, VOICES = _SLICES[-2:]
PITCHES, SMALL = slice(LAST.start, TUNE.stop), slice(AGE.start, TUNE_LENGTH.stop)
# of a voice: uses of each pitch, shares of what followed each context and of the votes of places, how often contexts were met
USE, SHARE, SEEN = _columns(*_PER_VOICE)
OF_VOICE = SEEN.stop
WIDTH = VOICES.stop


class FeatureExtractor(Growing):
    """Of one growing piece. `left_out` is the training piece that its memory leaves out: itself."""

    def __init__(self, memory: Memory, left_out: int = -1, itself: Symbols | None = None) -> None:
        self.lines, self.repeats, self.uses, self.tunes = Lines(), Repeats(), Uses(), Tunes(memory, left_out)
        self.trail, self.meter, self.places = Trail(), Meter(), Places(self.tunes)
        self.counted = Counted(memory, None if itself is None else counts_of(itself))
        self._met: dict[tuple[int, ...], list[int]] = {}  # in this slot, by the voice and those drawn before it

    def push(self, slot: Slot) -> None:
        contexts = [self._contexts(voice, slot) for voice in range(4)]
        self.counted.push(contexts, [self.lines.interval(voice, symbol) for voice, symbol in enumerate(slot)])
        for part in (self.lines, self.repeats, self.uses, self.tunes):
            part.push(slot)
        self.trail.push(slot, self.lines.age)
        self.meter.push(slot, self.lines.age)
        self.places.push(slot)
        self._met.clear()

    def slot(self) -> Row:
        """The features of the next slot, [WIDTH], without those of its voices."""
        lines, row = self.lines, np.zeros(WIDTH, np.float16)
        row[LAST], row[BEFORE], row[AGE], row[PLACE], row[KEY] = lines.last, lines.before, lines.age, lines.length % 16, lines.key
        row[EARLIER], row[AGO_SYMBOLS] = lines.earlier, self.trail.symbols()
        row[LATELY], row[SINCE] = self.trail.moves(), self.trail.since
        row[OWN], row[OWN_LENGTH] = self.repeats.found()
        row[TUNE], row[TUNE_LENGTH] = self.tunes.found()
        row[BARS] = self.meter.features()
        row[CLASS_SHARES] = self.uses.class_shares().reshape(-1)
        return row

    def voices(self, slot: Slot, which: Sequence[int] = range(4)) -> Row:
        """The features of some voices once those before each in `slot` are drawn, [voices, OF_VOICE]."""
        contexts = [self._contexts(voice, slot) for voice in which]
        shares, seen = self.counted.shares([context for of_voice in contexts for context in of_voice])
        uses = [self.uses.of(voice, slot).reshape(-1) for voice in which]
        votes = [self.places.votes(voice, slot).reshape(-1) for voice in which]
        count = len(which)
        return np.concatenate([uses, shares.reshape(count, -1), votes, seen.reshape(count, -1)], 1).astype(np.float16)

    def _contexts(self, voice: int, slot: Slot) -> list[int]:
        name = voice, *slot[:voice]
        if name not in self._met:
            self._met[name] = self.lines.contexts(voice, slot)
        return self._met[name]


def rows_of(piece: Symbols, extractor: FeatureExtractor) -> Row:
    """The features of each slot of a piece, [T, WIDTH], by a new extractor."""
    rows = np.zeros((len(piece), WIDTH), np.float16)
    for row, slot in zip(rows, piece.tolist(), strict=True):
        row[:] = extractor.slot()
        row[VOICES] = extractor.voices(slot).reshape(-1)
        extractor.push(slot)
    return rows


def moved(rows: Row, semitones: int) -> Row:
    """The features of a piece [T, WIDTH] if it were higher, from those as it is: nothing new has to be looked up."""
    if not semitones:
        return rows
    rows, before = rows.copy(), rows
    pitch = before[:, PITCHES]
    higher = pitch + semitones
    rows[:, PITCHES] = np.where(pitch < REST, np.where((higher < 0) | (higher >= REST), NONE, higher), pitch)
    tonic = before[:, KEY.start]
    rows[:, KEY.start] = np.where(tonic < 0, -1, (tonic + semitones) % 12)
    shares = before[:, CLASS_SHARES].reshape(-1, 12, SPANS)
    rows[:, CLASS_SHARES] = np.roll(shares, semitones, 1).reshape(len(rows), -1)
    uses = before[:, VOICES].reshape(-1, 4, OF_VOICE)[..., USE].reshape(-1, 4, REST, USES)
    higher_uses = np.zeros_like(uses)
    low, high = max(0, semitones), min(REST, REST + semitones)
    higher_uses[:, :, low:high] = uses[:, :, low - semitones : high - semitones]
    rows[:, VOICES].reshape(-1, 4, OF_VOICE)[..., USE] = higher_uses.reshape(len(rows), 4, -1)
    return rows
