"""All that is said of a slot before it is drawn, as one row of numbers: by a piece's own past, and by the memory of the training
pieces. It knows no network; `network.py` reads the columns named here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from partimento.models.chorale.memory import TUNES, Counted, Memory, Tunes, counts_of
from partimento.models.chorale.past import (
    CONTEXTS,
    HEARD,
    INTERVALS,
    NONE,
    REST,
    USES,
    Growing,
    Lines,
    Repeats,
    Slot,
    Symbols,
    Uses,
)

Row = npt.NDArray[np.float16]  # holds all that is said here exactly, but for shares and uses


def _columns(*sizes: int) -> list[slice]:
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]


# of a slot: symbols that move with a transposition (last, before, own matches, tunes); slots since each voice's change, place in 16
# slots, lengths of own matches and of tunes; tonic (-1 unknown) and mode; pitch classes heard; then what is said of each voice
LAST, BEFORE, OWN, TUNE, AGE, PLACE, OWN_LENGTH, TUNE_LENGTH, KEY, HEARD_CLASSES, VOICES = _columns(
    4, 4, 12, 4 * TUNES, 4, 1, 3, TUNES, 2, 12 * HEARD, 4 * (REST * USES + CONTEXTS * INTERVALS + CONTEXTS)
)
PITCHES, SMALL = slice(LAST.start, TUNE.stop), slice(AGE.start, TUNE_LENGTH.stop)
# of a voice: uses of each pitch, shares of what followed each context, how often it was met
USE, SHARE, SEEN = _columns(REST * USES, CONTEXTS * INTERVALS, CONTEXTS)
OF_VOICE = SEEN.stop
WIDTH = VOICES.stop
KEPT = 150_000  # slots whose rows are kept for the next time: 0.7 GB


class Listener(Growing):
    """Hears one piece. `left_out` is a training piece that it is not reminded of: itself."""

    def __init__(self, memory: Memory, left_out: int = -1, itself: Symbols | None = None) -> None:
        self.lines, self.repeats, self.uses, self.tunes = Lines(), Repeats(), Uses(), Tunes(memory, left_out)
        self.counted = Counted(memory, None if itself is None else counts_of(itself))
        self._met: dict[tuple[int, ...], list[int]] = {}  # in this slot, by the voice and those drawn before it

    def push(self, slot: Slot) -> None:
        contexts = [self._contexts(voice, slot) for voice in range(4)]
        self.counted.push(contexts, [self.lines.interval(voice, symbol) for voice, symbol in enumerate(slot)])
        for part in (self.lines, self.repeats, self.uses, self.tunes):
            part.push(slot)
        self._met.clear()

    def slot(self) -> Row:
        """What is said before the slot, [WIDTH], nothing yet of its voices."""
        lines, row = self.lines, np.zeros(WIDTH, np.float16)
        row[LAST], row[BEFORE], row[AGE], row[PLACE], row[KEY] = lines.last, lines.before, lines.age, lines.length % 16, lines.key
        row[OWN], row[OWN_LENGTH] = self.repeats.found()
        row[TUNE], row[TUNE_LENGTH] = self.tunes.found()
        row[HEARD_CLASSES] = self.uses.heard().reshape(-1)
        return row

    def voices(self, slot: Slot, which: Sequence[int] = range(4)) -> Row:
        """What is said of some voices once those before each in `slot` are drawn, [voices, OF_VOICE]."""
        contexts = [self._contexts(voice, slot) for voice in which]
        shares, seen = self.counted.shares([context for of_voice in contexts for context in of_voice])
        uses = [self.uses.of(voice, slot).reshape(-1) for voice in which]
        count = len(which)
        return np.concatenate([uses, shares.reshape(count, -1), seen.reshape(count, -1)], 1).astype(np.float16)

    def _contexts(self, voice: int, slot: Slot) -> list[int]:
        name = voice, *slot[:voice]
        if name not in self._met:
            self._met[name] = self.lines.contexts(voice, slot)
        return self._met[name]


class Library:
    """Rows of whole pieces by a memory; those of the last `KEPT` slots are kept."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._rows: OrderedDict[tuple[int, bytes], Row] = OrderedDict()
        self._kept = 0

    def rows(self, piece: Symbols, left_out: int = -1) -> Row:
        """What is said of each slot of a piece, [T, WIDTH]."""
        name = left_out, piece.tobytes()
        if name not in self._rows:
            self._rows[name] = rows_of(piece, Listener(self.memory, left_out, piece if left_out >= 0 else None))
            self._kept += len(piece)
            while self._kept > KEPT and len(self._rows) > 1:
                self._kept -= len(self._rows.popitem(last=False)[1])
        return self._rows[name]


@lru_cache(maxsize=1)  # runs of other seeds, and models of these, remember the same pieces
def library(slots: bytes, lengths: tuple[int, ...], remember: bool) -> Library:
    """That of the training pieces whose symbols, int16 [T, 4] end to end, are `slots`."""
    joined = np.frombuffer(slots, np.int16).reshape(-1, 4)
    return Library(Memory(np.split(joined, np.cumsum(lengths)[:-1]) if lengths else [], remember))


def rows_of(piece: Symbols, listener: Listener) -> Row:
    """What is said of each slot of a piece, [T, WIDTH], by a listener that has heard nothing yet."""
    rows = np.zeros((len(piece), WIDTH), np.float16)
    for row, slot in zip(rows, piece.tolist(), strict=True):
        row[:] = listener.slot()
        row[VOICES] = listener.voices(slot).reshape(-1)
        listener.push(slot)
    return rows


def moved(rows: Row, semitones: int) -> Row:
    """What would be said of a piece [T, WIDTH] if it were higher: nothing new has to be looked up."""
    if not semitones:
        return rows
    rows, before = rows.copy(), rows
    pitch = before[:, PITCHES]
    higher = pitch + semitones
    rows[:, PITCHES] = np.where(pitch < REST, np.where((higher < 0) | (higher >= REST), NONE, higher), pitch)
    tonic = before[:, KEY.start]
    rows[:, KEY.start] = np.where(tonic < 0, -1, (tonic + semitones) % 12)
    heard = before[:, HEARD_CLASSES].reshape(-1, 12, HEARD)
    rows[:, HEARD_CLASSES] = np.roll(heard, semitones, 1).reshape(len(rows), -1)
    uses = before[:, VOICES].reshape(-1, 4, OF_VOICE)[..., USE].reshape(-1, 4, REST, USES)
    higher_uses = np.zeros_like(uses)
    low, high = max(0, semitones), min(REST, REST + semitones)
    higher_uses[:, :, low:high] = uses[:, :, low - semitones : high - semitones]
    rows[:, VOICES].reshape(-1, 4, OF_VOICE)[..., USE] = higher_uses.reshape(len(rows), 4, -1)
    return rows
