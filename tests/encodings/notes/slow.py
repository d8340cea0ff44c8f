"""The slow twin of `NotesCursor.allowed`: which event may follow, from the whole history each time."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.bars import bar_ticks
from partimento.encodings.notes.layout import (
    DENOMINATORS,
    KEYS,
    LAST_TICK,
    LONGEST,
    MAPS,
    NUMERATORS,
    START_TEMPO,
    TEMPOS,
    Profile,
)
from partimento.encodings.notes.ticks import Walk, walk


class Here:
    """The end of a history [T, F] of legal events; what needs all of it is computed when asked for."""

    def __init__(self, profile: Profile, history: npt.NDArray[Any]) -> None:
        self.profile, self.history = profile, history
        self.last = self._name(-1)

    def _name(self, row: int) -> str:
        """The kind of an event counted from the end; "" where there is none."""
        return self.profile.kinds[int(self.history[row, 0]) - 1] if len(self.history) >= -row else ""

    @cached_property
    def walk(self) -> Walk:
        return walk(self.history, self.profile)

    @property
    def tick(self) -> int:
        return int(self.walk.tick[-1]) if len(self.history) else 0

    @property
    def bar_tick(self) -> int:
        return int(self.walk.bar_tick[-1])

    @property
    def bar_length(self) -> int:
        return int(bar_ticks(self.walk.numerator[-1:], self.walk.denominator[-1:], self.profile.ticks_per_quarter)[0])

    @property
    def room(self) -> int:
        """The next event of this bar lies less than so many ticks from here."""
        stop = LAST_TICK + 1
        return (min(stop, self.bar_tick + self.bar_length) if self.profile.beats else stop) - self.tick

    @property
    def note(self) -> npt.NDArray[Any] | None:
        """The last event's note, tied or not: a note that follows with time 0 must not come before it."""
        row = {"note": -1, "tie": -2}.get(self.last)
        return None if row is None else np.asarray(self.history[row])

    @property
    def tie_due(self) -> int:
        """The least tie that must follow, where the last note is the one before it once more, which was tied; or 0."""
        if self.last != "note" or self._name(-2) != "tie" or self.history[-1, 1] != 1:
            return 0
        same = np.array_equal(self.history[-1, 2:], self.history[-3, 2:])
        return int(self.history[-2, 3]) if same else 0

    def may_continue(self, kind: str) -> bool:
        """Bars and waits are as long as can be; so one follows the same only where that is the longest."""
        return self.last != kind or int(self.history[-1, 1]) == LONGEST

    def least_time(self, kind: str) -> int:
        """0 where an event of this kind may follow in the same moment; otherwise 1."""
        if kind == "note" or self.last in ("", "bar", "wait"):
            return 0
        return 0 if self.last in MAPS and MAPS.index(kind) > MAPS.index(self.last) else 1

    def in_force(self, kind: str, start: int) -> int:
        """The id of the last key or tempo."""
        rows = np.flatnonzero(self.history[:, 0] == self.profile.kind(kind))
        return int(self.history[rows[-1], 2]) if len(rows) else start

    def kinds(self) -> dict[str, bool]:
        if self.last == "end":
            return {}
        if self.tie_due:
            return {"tie": True}
        legal = {"note": True, "tie": self.last == "note", "end": self.last in ("note", "tie")}
        legal["wait"] = self.may_continue("wait") and self.room > LONGEST
        if self.profile.beats:
            legal["bar"] = self.last != "wait" and self.may_continue("bar") and self.bar_tick + self.bar_length <= LAST_TICK
            legal |= {kind: self.least_time(kind) < self.room for kind in MAPS}
        return legal


def allowed(profile: Profile, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """bool[size] of field `len(drawn)`."""
    field = profile.fields[len(drawn)]
    legal = np.zeros(field.size, bool)
    here = Here(profile, history)
    if not drawn:
        for name, yes in here.kinds().items():
            legal[profile.kind(name)] = yes
        return legal
    first, stop, without = _ids(here, profile.kinds[int(drawn[0]) - 1], field.name, drawn)
    legal[first : max(stop, first + 1)] = True
    legal[without] &= without == 0
    return legal


def _ids(here: Here, kind: str, field: str, drawn: tuple[int, ...]) -> tuple[int, int, int]:
    """The ids first..stop - 1 that may be drawn, and one among them that may not (0: none); (0, 1, 0) where none applies."""
    none = (0, 1, 0)
    if field == "time":
        if kind == "bar":
            return 1, 1 + min(LONGEST, (LAST_TICK - here.bar_tick) // here.bar_length), 0
        if kind == "wait":
            return 1, 1 + min(LONGEST, (here.room - 1) // LONGEST), 0
        return none if kind in ("tie", "end") else (1 + here.least_time(kind), 1 + min(LONGEST, here.room), 0)
    if kind == "note":
        size, last = here.profile.fields[len(drawn)].size, here.note
        # in a chord the fields ascend, the earlier ones counting for more
        bound = last is not None and drawn[1] == 1 and tuple(drawn[2:]) == tuple(last[2 : len(drawn)].tolist())
        return int(last[len(drawn)]) if bound and last is not None else 1, size, 0
    if field == "pitch" and kind in MAPS:
        if kind == "meter":
            return 1, 1 + NUMERATORS, 0
        return (1, 1 + KEYS, here.in_force("key", 0)) if kind == "key" else (1, 1 + TEMPOS, here.in_force("tempo", START_TEMPO))
    if field == "duration" and kind == "tie":
        return max(1, here.tie_due), 1 + LONGEST, 0
    if field == "duration" and kind == "meter":
        begins = here.tick + drawn[1] - 1 == here.bar_tick  # a meter that changes nothing is not stated
        same = begins and drawn[2] == here.walk.numerator[-1]
        return 1, 1 + DENOMINATORS, int(here.walk.denominator[-1]).bit_length() if same else 0
    return none
