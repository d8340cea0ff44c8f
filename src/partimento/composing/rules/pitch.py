"""Rules of pitch: key, instruments, ranges, chords, bass line, parallel fifths."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from partimento.chord_symbols import parse_chord, parse_chord_symbol
from partimento.composing.rules.rule import Option, Rule, Setting, limit, number, truth, words
from partimento.encodings.texture import Bools, Ints, Texture, of_classes
from partimento.errors import InvalidOption
from partimento.instruments import DRUMS, NAMES, parse_instrument
from partimento.theory import PITCH_CLASS_NAMES, SCALES, parse_pitch, parse_scale, pitch_class_set

FIFTH = 7
ALL = 0xFFF
PIANO = 21, 108  # where the notes over a bass line lie, unless ranges say otherwise


def _key(value: Any) -> str:
    if value:
        parse_scale(value)
    return str(value)


@dataclass(frozen=True)
class Key(Rule):
    """Every pitch class is in the 12-bit `mask`."""

    mask: int

    options = (Option("key", 'All notes in this key or scale: "G major", "A minor", "D dorian", "C pentatonic".', _key),)
    examples = ({"key": "A minor"}, {"key": "D dorian"})

    @classmethod
    def made(cls, at: Setting) -> Self | None:
        if not at.asked["key"]:
            return None
        tonic, scale = parse_scale(at.asked["key"])
        made = cls(pitch_class_set(tonic, SCALES[scale]))
        at.limit(made)
        return made

    def pitches(self, here: Texture, onset: int) -> Bools:
        return np.asarray(of_classes(self.mask))


def _programs(value: Any) -> tuple[int, ...]:
    """Programs of a text such as "violin,cello,drums", or of names and numbers."""
    names = [name for name in value.split(",") if name.strip()] if isinstance(value, str) else value
    programs = tuple(parse_instrument(name) if isinstance(name, str) else number(name) for name in names)
    if any(not 0 <= program <= DRUMS for program in programs):
        raise InvalidOption(f"instruments are programs 0..127, or {DRUMS} for drums")
    return programs


@dataclass(frozen=True)
class Instruments(Rule):
    """Only these programs play; 128 is drums."""

    allowed: frozenset[int]

    drums_too = True
    options = (Option("instruments", 'Who plays: piano, or "violin,cello,drums".', _programs, unset=()),)
    examples = ({"instruments": "piano,violin"},)

    @classmethod
    def made(cls, at: Setting) -> Self | None:
        here = at.here
        if here.has_parts and (here.notes or at.place) and (missing := at.players - set(here.players)):
            raise InvalidOption(f"no part of the given piece is for {NAMES[min(missing)]}; ask for instruments that it has")
        if here.has_instruments:
            return cls(at.players)
        if at.players != {0}:
            raise InvalidOption("this model has one instrument; leave instruments out, or train one with notes:profile=ensemble")
        return None

    def playable(self, here: Texture, onset: int) -> Bools:
        return np.isin(here.players, list(self.allowed))[:, None]

    def instruments(self) -> Bools:
        return np.isin(np.arange(DRUMS + 1), list(self.allowed))


def _ranges(value: Any) -> dict[int, tuple[int, int]]:
    """Spans of pitches by program, -1 for all others, of a text such as "piano=A0-C8,violin=G3-E7", or of a mapping of instruments
    to texts or pairs."""
    if isinstance(value, str):
        parts = [part.rpartition("=") for part in value.split(",") if part.strip()]
        value = {name if equals else -1: span for name, equals, span in parts}
    found = {}
    for name, span in value.items():
        program = name if isinstance(name, int) else -1 if name == "-1" else parse_instrument(name)
        low, high = _span(span) if isinstance(span, str) else map(number, span)
        if not (-1 <= program < DRUMS and 0 <= low <= high <= 127):
            raise InvalidOption(f"the range {low}..{high} of program {program} cannot be")
        found[program] = low, high
    return found


def _span(text: str) -> tuple[int, int]:
    ends = re.fullmatch(r"\s*(-?\w[#b♯♭]*-?\d*)\s*-\s*(\w[#b♯♭]*-?\d*)\s*", text)
    if ends is None:
        raise InvalidOption(f"the range {text.strip()!r} is none; write C3-C6, or piano=A0-C8")
    low, high = parse_pitch(ends[1]), parse_pitch(ends[2])
    if low > high:
        raise InvalidOption(f"the range {text.strip()}: {ends[1]} is above {ends[2]}")
    return low, high


@dataclass(frozen=True)
class Ranges(Rule):
    """The lowest and the highest pitch of each program; key -1 is all others. `players` are those that may play."""

    of_program: Mapping[int, tuple[int, int]]
    players: frozenset[int] = frozenset(range(128))

    options = (
        Option(
            "ranges",
            "Lowest and highest pitch, of all or of an instrument: C3-C6, or piano=A0-C8,violin=G3-E7.",
            _ranges,
            unset={},
            flag="range",
            to_json=lambda value: {str(program): list(pair) for program, pair in value.items()},
        ),
    )
    examples = ({"ranges": "C4-C5"}, {"ranges": {"piano": "C3-C5"}, "instruments": "piano"})

    @classmethod
    def made(cls, at: Setting) -> Self | None:
        made = cls(dict(at.asked["ranges"]), at.pitched or frozenset({0}))
        at.limit(made)
        if not at.usable:
            raise InvalidOption(f"no note of {at.asked['key']} lies in the ranges; widen them")
        return made if at.asked["ranges"] else None

    def _of(self, program: int) -> tuple[int, int]:
        return self.of_program.get(program, self.of_program.get(-1, (0, 127)))

    @property
    def span(self) -> tuple[int, int]:
        """The lowest and the highest pitch that any of the players may play."""
        return min(self._of(program)[0] for program in self.players), max(self._of(program)[1] for program in self.players)

    def pitches(self, here: Texture, onset: int) -> Bools:
        pitch = np.arange(128)
        ranges = {self._of(program) for program in self.players}
        return np.asarray(np.logical_or.reduce([(pitch >= low) & (pitch <= high) for low, high in ranges]))

    def playable(self, here: Texture, onset: int) -> Bools:
        low, high = np.array([(0, 127) if program == DRUMS else self._of(program) for program in here.players]).T[:, :, None]
        pitch = np.arange(128)
        return np.asarray((pitch >= low) & (pitch <= high))


def _symbols(value: Any) -> tuple[str, ...]:
    found = words(value)
    for symbol in found:
        parse_chord(symbol)
    return found


@dataclass(frozen=True)
class Chords(Rule):
    """Every note belongs to the chords that sound while it does. `masks[i]` holds from `start_ticks[i]` to the next start.

    With `passing`, a note that begins off the beat and ends by the next one is free, as passing notes are.
    """

    start_ticks: tuple[int, ...]
    masks: tuple[int, ...]
    passing: bool = False

    options = (
        Option("chords", 'Chord symbols, one a bar, over and over: "C G/B Am7 Dm7 G7".', _symbols, unset=()),
        Option("chord_beats", "A new chord after so many beats instead of a bar.", limit, unset=0, kind=int),
        Option("passing", "Short notes off the beat may be outside the chord.", truth, unset=False, kind=bool),
    )
    examples = (
        {"chords": "C G7 Am7 F#dim7 N.C."},
        {"chords": "C7b5 Dm9/C G7alt Cmaj7#5"},
        {"chords": "C F G", "chord_beats": 2, "bars": 4},
        {"chords": "C F G", "passing": True, "key": "C major"},
    )

    @classmethod
    def made(cls, at: Setting) -> Self | None:
        symbols, masks = at.asked["chords"], []
        for symbol in symbols:
            chord = parse_chord_symbol(symbol)
            mask = ALL if chord is None else chord.notes
            if not mask & at.usable:
                raise InvalidOption(f"no note of the chord {symbol} is in {at.asked['key'] or 'the ranges'}; change one of them")
            masks.append(mask)
        places = at.places(len(symbols)) if symbols else ()
        return cls(places, tuple(masks[n % len(masks)] for n in range(len(places))), at.asked["passing"]) if places else None

    def over(self, onset: int, end: int) -> int:
        """The pitch classes that are in all chords that sound from one tick to another."""
        spans = zip(self.start_ticks, (*self.start_ticks[1:], 2**40), self.masks, strict=False)
        return int(np.bitwise_and.reduce([mask for start, stop, mask in spans if start < end and stop > onset] or [ALL]))

    def _at(self, tick: int) -> int:
        return bisect_right(self.start_ticks, tick) - 1

    def _mask(self, number: int) -> int:
        return self.masks[number] if number >= 0 else ALL

    def pitches(self, here: Texture, onset: int) -> Bools:
        if self.passing and _off_the_beat(here, onset):
            return np.ones(128, bool)
        return np.asarray(of_classes(self._mask(self._at(onset))))

    def ends(self, here: Texture, onset: int, pitch: int, ends: Ints) -> Bools:
        number = self._at(onset)
        if not self._mask(number) >> pitch % 12 & 1:
            return ends <= _next_beat(here, onset)  # a passing note
        later = range(number + 1, len(self.start_ticks))
        limit = next((self.start_ticks[n] for n in later if not self._mask(n) >> pitch % 12 & 1), None)
        return np.ones(len(ends), bool) if limit is None else ends <= limit


@dataclass(frozen=True)
class Bass(Rule):
    """At each of these ticks a note of that pitch class begins, the lowest that sounds, and none begins below it before the
    next. So that there is room, it is at most `highest`, and a note is held over such a tick only an octave or more above
    `lowest`, and only if fewer than `most` - 1 others are."""

    start_ticks: tuple[int, ...]
    pitch_classes: tuple[int, ...]
    lowest: int
    highest: int
    most: int = 128

    drums_too = True
    options = (Option("bass", 'Notes of the bass, placed like chords: "C B A G".', _symbols, unset=()),)
    examples = ({"bass": "C B A G", "bars": 5}, {"chords": "C G/B Am C/G", "bars": 6})

    @classmethod
    def made(cls, at: Setting) -> Self | None:
        line, chords = at.asked["bass"], at.asked["chords"]
        if line:
            classes = [parse_chord(name)[0] for name in line]
        else:  # those of chords with a slash
            classes = [bass if bass != root else -1 for root, _, bass in map(parse_chord, chords)]
        places = at.places(max(len(line), len(chords), 1)) if classes else ()
        wanted = [(tick, classes[n % len(classes)]) for n, tick in enumerate(places)]
        first, stop = (at.start, 2**40) if at.place is None else (at.place.start_tick, at.place.end_tick)
        wanted = [(tick, bass) for tick, bass in wanted if bass >= 0 and first <= tick < stop]
        if not wanted:
            return None
        harmony, ranges = at.rule(Chords), at.rule(Ranges)
        masks = dict(zip(harmony.start_ticks, harmony.masks, strict=True)) if harmony is not None else {}
        for tick, bass in wanted:
            if not (at.usable & masks.get(tick, ALL)) >> bass & 1:
                raise InvalidOption(
                    f"the bass {PITCH_CLASS_NAMES[bass]} is not in its chord, in {at.asked['key'] or 'the scale'}, or in the ranges"
                )
        lowest, highest = PIANO if ranges is None else ranges.span
        if highest - lowest < 2 * 11:
            raise InvalidOption("over a bass line the ranges must reach two octaves; widen them")
        ticks, pitch_classes = zip(*wanted, strict=True)
        return cls(ticks, pitch_classes, lowest, highest - 11, at.asked["polyphony"] or 128)  # any note has a place above it

    def _due(self, here: Texture, onset: int) -> int | None:
        """The number of the bass note that begins at `onset` and is not there yet."""
        number = bisect_left(self.start_ticks, onset)
        is_one = number < len(self.start_ticks) and self.start_ticks[number] == onset
        return number if is_one and here.last_onset < onset else None

    def deadline(self, here: Texture) -> int | None:
        number = bisect_right(self.start_ticks, here.last_onset)
        return self.start_ticks[number] if number < len(self.start_ticks) else None

    def pitches(self, here: Texture, onset: int) -> Bools:
        number = self._due(here, onset)
        pitch = np.arange(128)
        if number is not None:
            held = min((note.pitch for note in here.pitched(onset)), default=128)
            return np.asarray(
                (pitch % 12 == self.pitch_classes[number]) & (pitch < min(held, self.highest + 1)) & (pitch >= self.lowest)
            )
        return np.asarray(pitch >= self._floor(here, onset))

    def _floor(self, here: Texture, onset: int) -> int:
        """The pitch of the bass note under `onset`."""
        number = bisect_right(self.start_ticks, onset) - 1
        at = bisect_left(here.notes, self.start_ticks[max(number, 0)], key=lambda note: note.onset)
        return here.notes[at].pitch if number >= 0 and at < len(here.notes) else 0

    def ends(self, here: Texture, onset: int, pitch: int, ends: Ints) -> Bools:
        number = bisect_right(self.start_ticks, onset)
        if number == len(self.start_ticks):
            return np.ones(len(ends), bool)
        start = self.start_ticks[number]
        may_hold = pitch >= self.lowest + 12 and len(here.pitched(start)) < self.most - 1
        return ends <= (np.iinfo(np.int64).max if may_hold else start)

    def playable(self, here: Texture, onset: int) -> Bools:
        return np.asarray((np.array(here.players) != DRUMS) | (self._due(here, onset) is None))[:, None]


@dataclass(frozen=True)
class NoParallelFifths(Rule):
    """The outer voices never move from one fifth (or twelfth, ...) to another in the same direction."""

    options = (Option("no_parallel_fifths", "Not between the lowest and the highest voice.", truth, unset=False, kind=bool),)
    examples = ({"no_parallel_fifths": True, "chords": "C5", "rhythm": tuple((n, 1) for n in range(24))},)

    @classmethod
    def made(cls, at: Setting) -> Self | None:
        return cls() if at.asked["no_parallel_fifths"] else None

    def pitches(self, here: Texture, onset: int) -> Bools:
        before = here.outer_before if onset == here.last_onset else here.outer_until(onset)
        if before is None or (before[1] - before[0]) % 12 != FIFTH:
            return np.ones(128, bool)
        now = here.outer(onset)
        pitch = np.arange(128)
        low, high = (pitch, pitch) if now is None else (np.minimum(pitch, now[0]), np.maximum(pitch, now[1]))
        together = (low - before[0]) * (high - before[1]) > 0
        return np.asarray(~(together & ((high - low) % 12 == FIFTH)))


def _off_the_beat(here: Texture, onset: int) -> bool:
    return (onset - here.bar_tick) % here.bar_length % here.beat_length != 0


def _next_beat(here: Texture, onset: int) -> int:
    beat = here.beat_length
    within = (onset - here.bar_tick) % here.bar_length
    return onset - within + min((within // beat + 1) * beat, here.bar_length)
