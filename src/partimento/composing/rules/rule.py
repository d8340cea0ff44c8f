"""What a rule is: its options, as people write them and as files keep them, how it is made for a place, and its masks.

A rule's musical answers are those of `NoteRule` (`encodings/texture.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from partimento.encodings.texture import Bools, Ints, NoteRule, Texture
from partimento.errors import InvalidOption
from partimento.instruments import DRUMS

CHORD = 10  # notes written at one onset in a task: as many as fingers; what is given next may leave a model no other onset

OneRule = TypeVar("OneRule", bound=NoteRule)


@dataclass(frozen=True)
class Inside(NoteRule):
    """Where a task is written: notes begin from `start_tick` on and end by `end_tick`. `fixed` are the onsets and ends, [N, 2] by
    onset, of notes that stand in the tracks written to, by who plays them (`Texture.players`) and pitch: none of the pitch begins
    while one sounds (in its part, where there are parts), and none is held into it. Something sounds after `last_tick`, so that
    the answer does not stop short.

    Rules count from `count_tick` (it may lie before the region); `players` are the programs that play, `written` those of
    `Texture.players` that may (None: all of these programs); the task ends there if it `is_last`.
    """

    start_tick: int
    end_tick: int
    fixed: Mapping[tuple[int, int], Ints]
    last_tick: int = 0
    count_tick: int = 0
    players: frozenset[int] = frozenset({0})
    written: frozenset[int] | None = None
    is_last: bool = True

    drums_too = True

    def onsets(self, here: Texture, ticks: Ints) -> Bools:
        room = (ticks >= self.start_tick) & (ticks < self.end_tick)
        return np.asarray(room & ((ticks > here.last_onset) | (here.chord_size < CHORD)))

    def playable(self, here: Texture, onset: int) -> Bools:
        free = np.ones((len(here.players), 128), bool)
        if self.written is not None:
            free[[player for player in range(len(free)) if player not in self.written]] = False
        for (player, pitch), rows in self.fixed.items():
            free[player if here.has_parts else slice(None), pitch] &= not ((rows[:, 0] <= onset) & (rows[:, 1] > onset)).any()
        for note in here.sounding:  # nor twice at once, which a file could not tell
            free[note.player if here.has_parts else slice(None), note.pitch] &= note.end <= onset
        return free

    def ends(self, here: Texture, onset: int, pitch: int, ends: Ints) -> Bools:
        later = [rows[rows[:, 0] > onset, 0].min(initial=self.end_tick) for (_, one), rows in self.fixed.items() if one == pitch]
        return np.asarray(ends <= min([self.end_tick, *later]))

    def deadline(self, here: Texture) -> int | None:
        return None if self.may_end(here) else self.end_tick - 1

    def may_end(self, here: Texture) -> bool:
        """Something is written, and sounds so late."""
        sounds = here.last_onset >= self.last_tick or any(note.end > self.last_tick for note in here.sounding)
        return here.last_onset >= self.start_tick and sounds


class Setting:
    """What rules are made for: the options that are `asked` for, the sequence as it is `here` before the first note, and in a task
    its `place`; and the `rules` that are made already. `start` is the tick of the first bar that rules count from, `end` the one
    where they say that the music ends. `usable` are the pitch classes that they leave, as a 12-bit mask."""

    def __init__(self, asked: Mapping[str, Any], here: Texture, place: Inside | None = None) -> None:
        self.asked, self.here, self.place = asked, here, place
        self.rules: list[NoteRule] = []
        self.bar, self.beat = here.bar_length, here.beat_length
        begun = any(note.onset >= here.bar_tick for note in here.notes)
        self.start = here.bar_tick + self.bar * begun if place is None else place.count_tick
        self.end = self.start + self.bar * asked["bars"] if asked["bars"] else None
        if place is not None and place.is_last and asked["end_on_tonic"]:
            self.end = place.end_tick
        self.usable = 0xFFF
        self.filled = True  # bars from the first beat on

    def rule(self, kind: type[OneRule]) -> OneRule | None:
        """The rule of a class, if one is made already."""
        return next((one for one in self.rules if isinstance(one, kind)), None)

    @cached_property
    def players(self) -> frozenset[int]:
        """The programs that may play: those asked for, else those of the given notes or parts, else all but drums, which would be
        a way around every rule of pitch."""
        here = self.here
        given = frozenset(here.players if here.has_parts and here.notes else (note.program for note in here.notes))
        given = given if self.place is None else self.place.players
        every = frozenset(range(DRUMS)) if self.here.has_instruments else frozenset({0})
        return frozenset(self.asked["instruments"]) or given or every

    @property
    def pitched(self) -> frozenset[int]:
        """Those of them that play pitches."""
        return self.players - {DRUMS}

    def limit(self, rule: NoteRule) -> None:
        """Pitches are what this rule leaves of them, wherever they are."""
        free = rule.pitches(self.here, 0)
        self.usable &= sum(1 << number for number in range(12) if free[number::12].any())

    def places(self, count: int) -> tuple[int, ...]:
        """The ticks at which chords begin: as many as the bars need, or once through all `count` of them."""
        every = self.asked["chord_beats"] * self.beat or self.bar
        number = math.ceil((self.end - self.start) / every) if self.end is not None else 64 * count
        return tuple(self.start + every * n for n in range(number))


@dataclass(frozen=True)
class Option:
    """One option of a rule: the keyword `name` of `Rules`, which is also its key in JSON, and `flag` on the command line, which
    reads it as a `kind` and shows its `help`.

    `parse` makes its value of words as people write them, or of what `to_json` made of such a value; where it is `unset` nothing
    is asked for. It raises `InvalidOption` for a value that cannot be, `TypeError` or `ValueError` for what is no value.
    """

    name: str
    help: str
    parse: Callable[[Any], Any]
    unset: Any = ""
    kind: type = str
    flag: str = ""
    to_json: Callable[[Any], Any] = lambda value: value


class Rule(NoteRule):
    """A rule of music. Its `options` are what `Rules` and the command line take; `examples` are some of their values, that its
    tests ask for. An instance holds at one place (`made`), in ticks."""

    options: ClassVar[tuple[Option, ...]] = ()
    examples: ClassVar[tuple[Mapping[str, Any], ...]] = ()

    @classmethod
    def check(cls, asked: Mapping[str, Any]) -> None:
        """Raises `InvalidOption` where the options cannot be met anywhere. `asked` are the values of the options of all rules."""

    @classmethod
    def made(cls, at: Setting) -> Self | None:
        """The rule as it is asked for at this place; None where it is not. Raises `InvalidOption` where it contradicts what is
        given there, or a rule that was made before it."""
        raise NotImplementedError


def words(value: Any) -> tuple[str, ...]:
    """Words apart by spaces, commas or bar lines; or as they are."""
    if isinstance(value, str):
        return tuple(value.replace(",", " ").replace("|", " ").split())
    if not all(isinstance(one, str) for one in value):
        raise TypeError(value)
    return tuple(value)


def number(value: Any) -> int:
    """A whole number, also as text."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError(f"{value!r} is no whole number")
    return int(value)


def limit(value: Any) -> int:
    """A whole number from 0 on, also as text. Raises `InvalidOption` below."""
    found = number(value)
    if found < 0:
        raise InvalidOption("polyphony and beats a chord must be 0 (not limited; a bar) or more")
    return found


def truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither True nor False")
    return value
