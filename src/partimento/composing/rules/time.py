"""Rules of time: meter, tempo, bars, how many notes at once, whose rhythm."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from partimento.composing.rules.pitch import ALL, Bass, Chords
from partimento.composing.rules.rule import Option, Rule, Setting, limit, number, truth
from partimento.encodings.cursor import Note
from partimento.encodings.texture import Bools, Ints, Texture, of_classes
from partimento.errors import InvalidOption
from partimento.instruments import DRUMS
from partimento.theory import PITCH_CLASS_NAMES, parse_scale

MAX_BARS = 10_000
NUMERATORS, DENOMINATORS = 128, 8  # of meters: powers of two up to 128
SLOWEST, FASTEST = 16.0, 640.0  # quarters a minute that can be stated


def _meter(value: Any) -> tuple[int, int] | None:
    """Of a text such as "3/4", or of two numbers."""
    if not value:
        return None
    parts = value.strip().split("/") if isinstance(value, str) else list(value)
    if len(parts) != 2 or not all(isinstance(part, int) or str(part).isdecimal() for part in parts):
        raise InvalidOption(f"the meter {value} is none; write 4/4, 3/4, 6/8")
    upper, lower = map(int, parts)
    if not 1 <= upper <= NUMERATORS or lower not in [1 << n for n in range(DENOMINATORS)]:
        raise InvalidOption(f"the meter {upper}/{lower} cannot be; write 4/4, 3/4, 6/8")
    return upper, lower


class Meter(Rule):
    """The music is in this meter: it is stated before the first note (`preamble.py`), or that of the given notes."""

    options = (Option("meter", "The meter: 3/4.", _meter, unset=None),)
    examples = ({"meter": "6/8"}, {"meter": "7/8", "bars": 4}, {"meter": "12/4", "bars": 2})

    @classmethod
    def made(cls, at: Setting) -> Self | None:
        meter = at.here.numerator, at.here.denominator
        if at.asked["meter"] not in (None, meter):
            raise InvalidOption(f"the given notes are in {meter[0]}/{meter[1]}; go on in that meter")
        return None


def _tempo(value: Any) -> float | None:
    if value is None:
        return None
    if not SLOWEST <= float(value) <= FASTEST:
        raise InvalidOption(f"a tempo of {value} quarters a minute; it must be 16..640")
    return float(value) if isinstance(value, str) else value


class Tempo(Rule):
    """The tempo is stated before the first note (`preamble.py`)."""

    options = (Option("tempo_qpm", "Quarters a minute.", _tempo, unset=None, kind=float, flag="tempo"),)
    examples = ({"tempo_qpm": 90},)

    @classmethod
    def made(cls, at: Setting) -> Self | None:
        if at.place is not None and (at.asked["bars"] or at.asked["tempo_qpm"]):
            raise InvalidOption("the bars and the tempo of a task are those of its piece; leave them out")
        return None


def _bars(value: Any) -> int:
    bars = number(value)
    if not 1 <= bars <= MAX_BARS:
        raise InvalidOption(f"bars is {bars}; it must be 1 to {MAX_BARS}; leave it out for as many as come")
    return bars


@dataclass(frozen=True)
class Bars(Rule):
    """The piece ends on the bar line `end_tick`: a note of the last bar, which begins at `last_bar_tick`, ends there, none later;
    or all that sounds is held until then. The last note begins at `latest_tick` or before (None: any tick), so that it lasts.

    With a `tonic` (a pitch class) the lowest of the pitched notes that end there is one. A new piece begins at `begin_tick` (None:
    when it likes), and no silence in it is longer than a bar.
    """

    last_bar_tick: int
    end_tick: int
    tonic: int | None = None
    latest_tick: int | None = None
    begin_tick: int | None = None
    is_rhythm: bool = False  # it says when the last note begins

    drums_too = True
    options = (
        Option("bars", "So many new bars, ending on a bar line, however many notes.", _bars, unset=0, kind=int),
        Option("end_on_tonic", "The last bar ends over the tonic of --key.", truth, unset=False, kind=bool),
    )
    examples = ({"bars": 3}, {"bars": 2, "key": "Eb major", "end_on_tonic": True})

    @classmethod
    def check(cls, asked: Mapping[str, Any]) -> None:
        if asked["end_on_tonic"] and not asked["key"]:
            raise InvalidOption("to end on the tonic, a key is needed")

    @classmethod
    def made(cls, at: Setting) -> Self | None:
        if at.asked["end_on_tonic"] and not at.asked["bars"] and at.place is None:
            raise InvalidOption("to end on the tonic, a number of bars is needed, or a task")
        if at.end is None:
            return None
        tonic = parse_scale(at.asked["key"])[0] if at.asked["end_on_tonic"] else None
        if tonic is not None:
            cls._check_tonic(at, tonic, at.end)
        if not at.filled:
            return cls(at.end - at.bar, at.end, tonic)
        rhythm = at.rule(Rhythm)
        if rhythm is not None:  # it says itself when notes begin
            return cls(at.end - at.bar, at.end, tonic, max(cls._closing_onsets(at, rhythm, tonic)), is_rhythm=True)
        return cls(at.end - at.bar, at.end, tonic, at.end - at.beat, at.start if at.asked["bars"] else None)

    @staticmethod
    def _check_tonic(at: Setting, tonic: int, end: int) -> None:
        """Raises `InvalidOption` where nothing can end on it."""
        if not at.pitched:
            raise InvalidOption("drums alone cannot end on a tonic; ask for another instrument too")
        chords, rhythm = at.rule(Chords), at.rule(Rhythm)
        if not (at.usable & (chords.masks[-1] if chords is not None else 0xFFF)) >> tonic & 1:
            raise InvalidOption(f"the last chord, or the ranges, have no {PITCH_CLASS_NAMES[tonic]} to end on; change one of them")
        if rhythm is None:
            return
        if not Bars._closing_onsets(at, rhythm, tonic):
            raise InvalidOption(
                f"no note of the rhythm that ends with the last bar can be a {PITCH_CLASS_NAMES[tonic]} over its chords; "
                "change one of them"
            )

    @staticmethod
    def _closing_onsets(at: Setting, rhythm: Rhythm, tonic: int | None) -> list[int]:
        """Where notes of the rhythm begin that end with the last bar, over chords that have the tonic."""
        end, chords, wanted = at.end or 0, at.rule(Chords), ALL if tonic is None else 1 << tonic
        notes = zip(rhythm.onset_ticks, rhythm.end_ticks, strict=True)
        closing = [onset for onset, stop in notes if stop == end and onset >= end - at.bar]
        return [one for one in closing if (chords.over(one, end) if chords is not None else ALL) & at.usable & wanted]

    def _closing(self, here: Texture) -> list[Note]:
        closing = [note for note in here.sounding if note.end == self.end_tick]
        return closing if self.tonic is None else [note for note in closing if note.program != DRUMS]

    def is_met(self, here: Texture) -> bool:
        """A note of the last bar closes; or all that sounds is held to the end, so that there may be no room for another."""
        held = all(note.end == self.end_tick for note in here.sounding)
        return (here.last_onset >= self.last_bar_tick or held) and bool(self._closing(here))

    @property
    def latest(self) -> int:
        """The last tick at which a note may begin."""
        return self.end_tick - 1 if self.latest_tick is None else self.latest_tick

    def onsets(self, here: Texture, ticks: Ints) -> Bools:
        return np.asarray(ticks < self.end_tick if self.is_rhythm else ticks <= self.latest)

    def deadline(self, here: Texture) -> int | None:
        if self.is_met(here):
            return None
        if self.begin_tick is None:
            return self.latest
        if here.last_onset < self.begin_tick:
            return self.begin_tick
        silent = max((note.end for note in here.sounding), default=here.last_onset)
        return min(self.latest, silent + self.end_tick - self.last_bar_tick)

    def _is_last_chance(self, here: Texture, onset: int) -> bool:
        return onset >= self.latest and not self.is_met(here)

    def pitches(self, here: Texture, onset: int) -> Bools:
        if self.tonic is None or not self._is_last_chance(here, onset):
            return np.ones(128, bool)
        return np.asarray(of_classes(1 << self.tonic))

    def playable(self, here: Texture, onset: int) -> Bools:
        free = self.tonic is None or not self._is_last_chance(here, onset)
        return np.asarray((np.array(here.players) != DRUMS) | free)[:, None]

    def ends(self, here: Texture, onset: int, pitch: int, ends: Ints) -> Bools:
        allowed = ends <= self.end_tick
        if not self.is_rhythm:  # what sounds at the last onset sounds to the end, so that there is room for it
            allowed &= (ends <= self.latest) | (ends == self.end_tick)
        if self.tonic is not None and pitch % 12 != self.tonic:
            lowest = min((note.pitch for note in self._closing(here)), default=128)
            if pitch < lowest:
                allowed &= ends != self.end_tick
        return allowed

    def may_end(self, here: Texture) -> bool:
        return self.is_met(here)


@dataclass(frozen=True)
class Polyphony(Rule):
    """At most `most` pitched notes sound at once."""

    most: int

    options = (Option("polyphony", "At most so many notes at once.", limit, unset=0, kind=int),)
    examples = ({"polyphony": 2}, {"polyphony": 1, "bars": 4})

    @classmethod
    def made(cls, at: Setting) -> Self | None:
        return cls(at.asked["polyphony"]) if at.asked["polyphony"] else None

    def onsets(self, here: Texture, ticks: Ints) -> Bools:
        ends = np.array([note.end for note in here.pitched(here.tick)], np.int64)
        return np.asarray((ends[None] > ticks[:, None]).sum(1) < self.most)


def _rhythm(value: Any) -> tuple[tuple[float, float], ...]:
    """Onsets and durations in quarters, of such pairs, or of a score: those of its highest voice where several begin together."""
    if isinstance(value, (str, os.PathLike)):
        return _rhythm_of(Path(value)) if str(value) else ()
    pairs = tuple((float(onset), float(duration)) for onset, duration in value)
    if any(not (onset >= 0 and duration > 0) for onset, duration in pairs):
        raise InvalidOption("a rhythm has onsets from 0 on and durations above 0")
    return pairs


def _rhythm_of(path: Path) -> tuple[tuple[float, float], ...]:
    from partimento.formats import read  # here, since it takes a while to load

    piece = read(path)
    highest: dict[int, tuple[int, int]] = {}
    for onset, duration, pitch, _, track in piece.notes.tolist():
        if not piece.tracks[track].is_drum:
            highest[onset] = max(highest.get(onset, (-1, 0)), (pitch, duration))
    grid = piece.ticks_per_quarter
    return tuple((onset / grid, duration / grid) for onset, (_, duration) in sorted(highest.items()))


@dataclass(frozen=True)
class Rhythm(Rule):
    """Notes begin at all of these onsets and nowhere else, and end at the tick given for each; several may begin at one.

    With `limited` polyphony, several only where they end before the next onset, so that there always is room for that one.
    """

    onset_ticks: tuple[int, ...]
    end_ticks: tuple[int, ...]
    limited: bool = False

    drums_too = True
    options = (
        Option(
            "rhythm",
            "A score whose onsets and durations the new notes take.",
            _rhythm,
            unset=(),
            kind=Path,
            flag="rhythm_of",
        ),
    )
    examples = ({"rhythm": ((0, 1), (1, 0.5), (1.5, 0.5), (2, 2), (7, 9))},)

    @classmethod
    def made(cls, at: Setting) -> Self | None:
        if not at.asked["rhythm"]:
            return None
        ends: dict[int, int] = {}
        for onset, duration in at.asked["rhythm"]:
            first, last = round(onset * at.here.ticks_per_quarter), round((onset + duration) * at.here.ticks_per_quarter)
            ends[at.start + first] = max(ends.get(at.start + first, 0), at.start + max(last, first + 1))
        if at.place is not None:  # what of it falls into the region
            first, last = at.place.start_tick, at.place.end_tick
            ends = {onset: min(end, last) for onset, end in ends.items() if first <= onset < last}
        onsets = sorted(ends)
        cls._check(at, onsets, ends)
        return cls(tuple(onsets), tuple(ends[onset] for onset in onsets), limited=bool(at.asked["polyphony"]))

    @staticmethod
    def _check(at: Setting, onsets: list[int], ends: Mapping[int, int]) -> None:
        """Raises `InvalidOption` where bars, bass, polyphony or chords leave no such notes."""
        bars, most, bass, chords = at.asked["bars"], at.asked["polyphony"], at.rule(Bass), at.rule(Chords)
        if at.end is not None and (max(ends.values()) != at.end or onsets[-1] < at.end - at.bar):
            raise InvalidOption(
                f"the rhythm does not end with bar {bars}; leave the number of bars out, or give another rhythm"
                if bars
                else "the rhythm does not end where the task does; give another one, or leave the tonic at the end out"
            )
        if bass is not None and not {tick for tick in bass.start_ticks if tick <= onsets[-1]} <= set(onsets):
            raise InvalidOption("the rhythm has no note where a bass note must begin; leave one of them out")
        if bass is not None and any(onset < tick < ends[onset] for onset in onsets for tick in bass.start_ticks):
            raise InvalidOption("the rhythm holds a note where a bass note must begin; leave one of them out")
        for onset in onsets:
            sounding = sum(before <= onset < ends[before] for before in onsets)
            if most and sounding > most:
                raise InvalidOption(f"the rhythm has {sounding} notes at once; the polyphony is {most}")
            if chords is not None and not chords.over(onset, ends[onset]) & at.usable:
                raise InvalidOption(
                    "a note of the rhythm is held over chords that have no note in common; give another rhythm or other chords"
                )

    def _next(self, here: Texture) -> int:
        """Which onset comes after that of the last note."""
        return int(np.searchsorted(self.onset_ticks, here.last_onset, side="right"))

    def onsets(self, here: Texture, ticks: Ints) -> Bools:
        number = self._next(here)
        allowed = np.isin(ticks, self.onset_ticks[number : number + 1])
        if number > 0 and self.onset_ticks[number - 1] == here.last_onset:
            overlaps = number < len(self.onset_ticks) and self.end_ticks[number - 1] > self.onset_ticks[number]
            allowed |= (ticks == here.last_onset) & (not (self.limited and overlaps))
        return allowed

    def deadline(self, here: Texture) -> int | None:
        number = self._next(here)
        return self.onset_ticks[number] if number < len(self.onset_ticks) else None

    def ends(self, here: Texture, onset: int, pitch: int, ends: Ints) -> Bools:
        number = int(np.searchsorted(self.onset_ticks, onset))
        return np.asarray(ends == self.end_ticks[number])

    def may_end(self, here: Texture) -> bool:
        return self._next(here) == len(self.onset_ticks)
