"""Features of the next slot of a chorale from its own past, grown slot by slot.

A slot is four symbols in the order in which they are drawn: soprano, bass, alto, tenor; 0..45 are the MIDI pitches 36..81, 46 is
the rest. All features of slot t are functions of the slots before it and of t; those of a voice, of the voices drawn before
it in slot t as well.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from partimento.encodings.slots import FIRST_PITCH, SYMBOLS, TOP_DOWN

REST, NONE = SYMBOLS - 1, SYMBOLS  # `NONE` marks what is not known
BASS = 1
INTERVALS = 28  # -13..13 semitones (clipped), and "no interval"
CONTEXTS = 12  # kinds of context counted
SPANS, USES = 3, 4  # of the past over which a pitch class's share is counted; figures of the use of a pitch
AGO = (2, 4, 8, 16)  # slots: how far `Trail` looks back for changes
FURTHER = (12, 24, 32, 48, 64)  # and, beside these, for symbols
LAGS = (4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96)  # slots: how far `Meter` looks back, for bars of any kind
LATEST = 2047  # the last slot that differs from later ones: whole numbers of 16 bits end there
PHRASE_END = 6  # slots that the soprano holds

Symbols = npt.NDArray[np.int16]
Slot = Sequence[int]
Floats = npt.NDArray[np.float64]

# Krumhansl and Kessler (1982), probe-tone profiles of major and minor
_MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
_MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
_PROFILES = np.stack([np.roll(q - q.mean(), i) / np.linalg.norm(q - q.mean()) for q in (_MAJOR, _MINOR) for i in range(12)])
_OTHERS = [[other for other in TOP_DOWN if other != voice] for voice in range(4)]  # highest first
_HELD = np.searchsorted([2, 3, 4, 5, 8], np.arange(32), side="right").tolist()  # buckets of ages
_PITCH_CLASS = np.arange(REST) % 12


def symbols_of(events: npt.NDArray[Any]) -> Symbols:
    """From ids of the encoding `slots` [T, 4] to symbols; zeros, which stand after the end of a piece, become rests."""
    ids = np.asarray(events).astype(np.int16)
    return np.where(ids < FIRST_PITCH, REST, ids - FIRST_PITCH).astype(np.int16)


class Growing:
    """Grows by `push`; a copy goes its own way."""

    def copy(self) -> Self:
        return copy.deepcopy(self)


class Lines(Growing):
    """Of each voice its `last` symbol, the one `before` its last change, the one `earlier`, and its `age`: the slots since that
    change (1..31; 0 at the start). And the `key`: the tonic (pitch class of the symbol) and mode (0 major, 1 minor) that fit
    best the pitch classes of the past, which fades with 64 slots; (-1, -1) at the start."""

    def __init__(self) -> None:
        self.length = 0
        self.last, self.before, self.earlier, self.age = [NONE] * 4, [NONE] * 4, [NONE] * 4, [0] * 4
        self.key = (-1, -1)
        self._fading = np.zeros(12)

    def push(self, slot: Slot) -> None:
        for v, symbol in enumerate(slot):
            if symbol == self.last[v]:
                self.age[v] = min(self.age[v] + 1, 31)
            else:
                if self.length:
                    self.earlier[v], self.before[v] = self.before[v], self.last[v]
                self.last[v], self.age[v] = symbol, 1
        self._fading *= np.exp(-1 / 64)
        for symbol in slot:
            if symbol < REST:
                self._fading[symbol % 12] += 1
        mode, tonic = divmod(int(np.argmax(_PROFILES @ self._fading)), 12)
        self.key = tonic, mode
        self.length += 1

    def contexts(self, voice: int, slot: Slot) -> list[int]:
        """The `CONTEXTS` contexts that a voice stands in once those before it in `slot` are drawn, hashed; all are relative to the
        voice's last pitch or to the key."""
        last, before, (tonic, mode) = self.last, self.before, self.key
        own, others, held = last[voice], _OTHERS[voice], [_HELD[age] for age in self.age]
        chord = tuple(_relative(slot[u] if u < voice else last[u], own) for u in others)  # as far as it is drawn
        last_chord = tuple(_relative(last[u], own) for u in others)
        chord_before = tuple(_relative(before[u], own) for u in TOP_DOWN)
        step, step_before = _relative(own, before[voice]), _relative(before[voice], self.earlier[voice])
        moved = tuple(slot[u] != last[u] for u in range(voice))
        degree, bass = _degree(own, tonic), _degree(last[BASS], tonic)
        degrees = tuple(_degree(slot[u], tonic) for u in range(voice))
        since = held[voice] if self.length else 0
        mode += 1  # no number is negative: the hashes of -1 and -2 are the same
        bodies: tuple[tuple[object, ...], ...] = (
            (chord, since),
            (chord, since, step),
            (chord[0], chord[-1], since, step),
            (step, step_before, since, moved),
            (chord, last_chord, since),
            (mode, degree, since, degrees, bass),
            (mode, degree, step, step_before, since),
            (chord, since, chord_before),
            (since, _folded(chord), last_chord[-1]),
            (moved, tuple(held)),
            (since, _folded(chord + chord_before)),
            (mode, degree, since, degrees, bass, _degree(before[BASS], tonic), _degree(last[0], tonic), step),
        )
        place = self.length % 4
        return [hash((kind, voice, place, body)) for kind, body in enumerate(bodies)]

    def interval(self, voice: int, symbol: int) -> int:
        """From the voice's last pitch to a symbol, 0..`INTERVALS` - 1."""
        other = self.last[voice]
        return INTERVALS - 1 if symbol >= REST or other >= REST else min(max(symbol - other, -13), 13) + 13


class Trail(Growing):
    """Of a piece's last slots: the symbols `AGO` and `FURTHER` slots ago and the changes of each voice in the last `AGO` slots;
    `since` holds the slots since all voices had held for 7, and those since the start, up to 127."""

    def __init__(self) -> None:
        self.since = [127, 0]
        self._slots, self._moves = [[NONE] * 4] * FURTHER[-1], [[0] * 4] * AGO[-1]
        self._is_empty = True

    def push(self, slot: Slot, age: Sequence[int]) -> None:
        """A slot, and the ages after it (`Lines`)."""
        moves = [0 if self._is_empty else int(symbol != old) for symbol, old in zip(slot, self._slots[-1], strict=True)]
        self._slots, self._moves = [*self._slots[1:], list(slot)], [*self._moves[1:], moves]
        self._is_empty = False
        self.since = [0 if min(age) >= 7 else min(self.since[0] + 1, 127), min(self.since[1] + 1, 127)]

    def symbols(self) -> list[int]:
        """[(AGO + FURTHER) x 4]."""
        return [symbol for k in AGO + FURTHER for symbol in self._slots[-k]]

    def moves(self) -> list[int]:
        """[AGO x 4]."""
        return [sum(of_voice) for k in AGO for of_voice in zip(*self._moves[-k:], strict=True)]


class Meter(Growing):
    """Of a piece's bars and phrases, which nobody states: how many voices changed `LAGS` slots ago and whether the bass did, the
    slots since the start, those since the last end of a phrase, and the lengths of the two phrases before."""

    def __init__(self) -> None:
        self._changes: list[tuple[int, int]] = []  # of all voices, of the bass
        self._last: list[int] = []
        self._ends = [0, 0, 0]  # the latest first

    def push(self, slot: Slot, age: Sequence[int]) -> None:
        """A slot, and the ages after it (`Lines`)."""
        changed = [symbol != old for symbol, old in zip(slot, self._last, strict=True)] if self._last else [True] * 4
        self._changes.append((sum(changed), int(changed[BASS])))
        self._last = list(slot)
        if age[0] == PHRASE_END:
            self._ends = [len(self._changes), *self._ends[:2]]

    def features(self) -> list[int]:
        """[2 x LAGS + 4]; changes are -1 before the start, times at most `LATEST`."""
        t, (end, before, earlier) = len(self._changes), self._ends
        times = (t, t - end, end - before, before - earlier)
        changes = [self._changes[-lag] if lag <= t else (-1, -1) for lag in LAGS]
        return [number for pair in zip(*changes, strict=True) for number in pair] + [min(time, LATEST) for time in times]


class Uses(Growing):
    """How pitches were used so far."""

    def __init__(self) -> None:
        self._last: list[int] | None = None
        self._shares = np.zeros((12, SPANS))
        self._used, self._moves, self._pairs = np.zeros((4, 47)), np.zeros((4, 47, 47)), np.zeros((4, 4, 47, 47))
        self._chords: dict[tuple[int, ...], Floats] = {}

    def push(self, slot: Slot) -> None:
        slot = list(slot)
        self._shares *= np.exp([-1 / 16, -1 / 64, 0.0])
        for symbol in slot:
            if symbol < REST:
                self._shares[symbol % 12] += 1
        moved = [v for v in range(4) if self._last is None or slot[v] != self._last[v]]
        for v in moved:
            self._used[v, slot[v]] += 1
            if self._last is not None:
                self._moves[v, self._last[v], slot[v]] += 1
        for v in range(1, 4) if moved else ():
            for u in range(v):
                self._pairs[u, v, slot[u], slot[v]] += 1
            self._chords.setdefault(tuple(slot[:v]), np.zeros(47))[slot[v]] += 1
        self._last = slot

    def class_shares(self) -> Floats:
        """The share of each pitch class [12, SPANS]: fading with 16 slots, with 64, not at all."""
        shares: Floats = self._shares / (self._shares.sum(0) + 1e-3) * 4
        return shares

    def of(self, voice: int, slot: Slot) -> Floats:
        """Of each pitch [46, USES]: the voice's own use of it; that after the voice's last pitch; that together with each of the
        voices just drawn (their mean), and with all of them at once."""
        found = np.zeros((REST, USES))
        found[:, 0] = self._used[voice, :REST] / (self._used[voice].sum() + 2) * 4
        if self._last is None:
            return found
        after = self._moves[voice, self._last[voice]]
        found[:, 1] = after[:REST] / (after.sum() + 1)
        if voice:
            beside = self._pairs[np.arange(voice), voice, np.array(slot[:voice])]
            found[:, 2] = (beside / (beside.sum(1, keepdims=True) + 1)).mean(0)[:REST]
            chord = self._chords.get(tuple(slot[:voice]))
            if chord is not None:
                found[:, 3] = chord[:REST] / (chord.sum() + 1)
        return found


def intervals(symbol: npt.NDArray[Any], other: npt.NDArray[Any] | int) -> npt.NDArray[np.int64]:
    """As `Lines.interval`, of many symbols [N] at once."""
    return np.where((symbol >= REST) | (other >= REST), INTERVALS - 1, (symbol - other).clip(-13, 13) + 13)


def _relative(symbol: int, other: int) -> int:
    """The step from one to the other, 5..95; 0 where one of them is no pitch."""
    return 0 if symbol >= REST or other >= REST else symbol - other + 50


def _degree(symbol: int, tonic: int) -> int:
    return 12 if symbol >= REST else (symbol - tonic) % 12


def _folded(steps: tuple[int, ...]) -> tuple[int, ...]:
    """Steps within an octave."""
    return tuple(12 if step == 0 else step % 12 for step in steps)
