"""Rules as masks over the fields of `notes`: which ids the next field may take so that some note can follow. It knows no rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from partimento.composing.rules.base import Bools, Ints, Rule
from partimento.composing.rules.state import State
from partimento.encodings import Field
from partimento.encodings.notes.layout import LONGEST, MAPS
from partimento.instruments import DRUMS

_BARS_AHEAD = 16  # under rules the next note begins within so many bars
_TIES = LONGEST + 1
_IDS = np.arange(LONGEST + 1)  # of the field time


class Masks:
    """The rules of one sequence, and where it stands: `state` is taken over. `fixed_maps` are the kinds of events that may not
    be drawn any more; `fields` those of the encoding; no note begins before `start_tick`."""

    def __init__(
        self,
        rules: Sequence[Rule],
        state: State,
        fixed_maps: frozenset[str],
        drums: bool,
        fields: tuple[Field, ...],
        start_tick: int = 0,
    ) -> None:
        self.state, self.layout, self.fixed_maps, self.fields = state, state.layout, fixed_maps, fields
        self.start_tick = start_tick
        self.given = len(state.notes)  # which are as they are
        self.drums = drums and self.layout.instrument
        self.rules = [Rule(), *rules]
        self.for_all = [Rule(), *(rule for rule in rules if rule.drums_too)]
        self._onsets: Ints | None = None
        self._latest: int | None = None  # `_deadline`, since the last event
        self._earlier: State | None = None

    def add(self, rule: Rule) -> None:
        """One more rule from now on, for drums too; meters, keys and tempos stay as they are."""
        self.rules, self.for_all = [*self.rules, rule], [*self.for_all, rule]
        self.fixed_maps |= {"meter", "key", "tempo"}
        self._onsets = self._latest = None

    def push(self, event: list[int]) -> None:
        """Takes in the event that was drawn, or given."""
        self.state.push(event)
        self._onsets = self._latest = self._earlier = None

    def copy(self) -> Masks:
        """The same rules for another sequence that stands here."""
        twin, state = copy(self), self.state
        twin.state = replace(state, notes=list(state.notes), sounding=list(state.sounding))
        return twin

    def allowed(self, drawn: tuple[int, ...]) -> Bools:
        """bool[size] of field `len(drawn)`: what the rules allow of it."""
        field = self.fields[len(drawn)]
        if not drawn:
            return self._kinds(field.size)
        if drawn[0] > len(self.layout.kinds):
            return np.ones(field.size, bool)  # a note that stands
        kind = self.layout.kinds[drawn[0] - 1]
        if kind == "note":
            return self._note(field.name, field.size, drawn)
        if field.name == "time" and kind not in ("tie", "end"):
            return self._times(kind, _IDS)
        if field.name == "duration" and kind == "tie":
            return self._ties(np.arange(field.size))
        return np.ones(field.size, bool)

    def needs_drums(self, drawn: tuple[int, ...]) -> bool:
        """Whether the field about to be drawn is the instrument of a note that only drums may play: then what has been drawn
        is to be kept only as often as the model would have drums there."""
        if not self.drums or len(drawn) < len(self.fields) - 1 or self.layout.kinds[drawn[0] - 1] != "note":
            return False
        return not self._fits_pitched(self.state.tick + drawn[1] - 1, drawn[2] - 1, drawn[3])

    @property
    def onsets(self) -> Ints:
        """The ticks at which the next note may begin, ascending."""
        if self._onsets is None:
            state = self.state
            ticks = np.arange(state.tick, self._deadline() + 1)
            rules = self.for_all if self.drums else self.rules
            for rule in rules:
                ticks = ticks[rule.onsets(state, ticks)]
            self._onsets = ticks
        return self._onsets

    def _deadline(self) -> int:
        """The tick at which, or before which, the next note must begin."""
        if self._latest is None:
            state = self.state
            deadlines = [tick for rule in self.rules if (tick := rule.deadline(state)) is not None]
            self._latest = min([max(state.bar_tick, self.start_tick) + _BARS_AHEAD * state.bar_length - 1, *deadlines])
        return self._latest

    def _due(self) -> int | None:
        """The tick of the standing note that comes next, if it may come before the next note is written."""
        due = self.state.due
        return due if due is not None and due <= self._deadline() else None

    def _kinds(self, size: int) -> Bools:
        allowed = np.zeros(size, bool)
        if not self._is_whole():  # the last note must be longer
            allowed[self.layout.kind("tie")] = True
            return allowed
        allowed[len(self.layout.kinds) + 1 :] = self._due() is not None
        maps = bool(self._times("meter", _IDS).any())
        for name in self.layout.kinds:
            if name == "tie":
                allowed[self.layout.kind(name)] = (
                    self.state.last_kind == "note"
                    and len(self.state.notes) > self.given
                    and bool(self._ties(np.arange(1, _TIES)).any())
                )
            elif name == "end":
                allowed[self.layout.kind(name)] = all(rule.may_end(self.state) for rule in self.rules)
            elif name not in self.fixed_maps:
                allowed[self.layout.kind(name)] = maps if name in MAPS else bool(self._times(name, _IDS).any())
        return allowed

    def _times(self, kind: str, ids: Ints) -> Bools:
        """Which ids of the field time leave a tick at which a note may begin, or one that stands may come."""
        state, onsets = self.state, self.onsets
        if state.due is not None:  # a note at its moment or later follows it
            onsets = onsets[: np.searchsorted(onsets, state.due)]
            if kind != "note" and self._due() is not None:
                onsets = np.append(onsets, state.due)
        if not len(onsets):
            return np.zeros(len(ids), bool)
        if kind == "note":
            first = np.minimum(np.searchsorted(onsets, state.tick + ids - 1), len(onsets) - 1)
            return np.asarray((onsets[first] == state.tick + ids - 1) & (ids > 0))
        if kind == "bar":
            start = state.bar_tick + ids * state.bar_length
            stop = start + state.bar_length
        else:
            start = state.tick + (ids * LONGEST if kind == "wait" else ids - 1)
            stop = np.full(len(ids), state.bar_tick + state.bar_length if kind == "wait" else onsets[-1] + 1)
            if kind == "wait":  # only the longest wait is followed by one more
                stop = np.where(ids < LONGEST, np.minimum(stop, start + LONGEST), stop)
        first = np.searchsorted(onsets, start)
        some = onsets[np.minimum(first, len(onsets) - 1)]
        return (first < len(onsets)) & (some >= start) & (some < stop) & (ids > 0)

    def _note(self, name: str, size: int, drawn: tuple[int, ...]) -> Bools:
        ids, state = np.arange(size), self.state
        if name == "time":
            return self._times("note", _IDS)
        onset = state.tick + drawn[1] - 1
        if name == "pitch":
            allowed = np.zeros(size, bool)
            allowed[1:] = self._all(rule.pitches(state, onset) for rule in self._bound)
            return allowed
        pitch = drawn[2] - 1
        if name == "duration":
            return self._durations(ids, onset, pitch, self._bound)
        if name != "instrument":
            return np.ones(size, bool)
        allowed = np.zeros(size, bool)
        allowed[1:] = self._all(rule.programs(state, onset, pitch) for rule in self.rules)
        if self.drums and not self._fits_pitched(onset, pitch, drawn[3]):
            allowed[1 : DRUMS + 1] = False
        return allowed

    @property
    def _bound(self) -> Sequence[Rule]:
        """The rules that bind any note, as long as its instrument is not known."""
        return self.for_all if self.drums else self.rules

    def _fits_pitched(self, onset: int, pitch: int, duration: int) -> bool:
        """Whether a note that no rule for all forbids also passes the rules that drums are free of."""
        state = self.state
        if not all(rule.onsets(state, np.array([onset]))[0] and rule.pitches(state, onset)[pitch] for rule in self.rules):
            return False
        return bool(self._durations(np.array([duration]), onset, pitch, self.rules)[0])

    def _durations(self, ids: Ints, onset: int, pitch: int, rules: Sequence[Rule]) -> Bools:
        """Which ids lead, with a tie or without, to an end that all rules allow."""
        ends = onset + ids[:, None] + LONGEST * np.arange(_TIES)
        allowed = self._all(rule.ends(self.state, onset, pitch, ends.ravel()) for rule in rules).reshape(ends.shape)
        return np.asarray(allowed.any(1) & (ids > 0))

    def _own(self) -> Sequence[Rule]:
        """The rules that bind the last note."""
        return self.for_all if self.state.notes[-1].program == DRUMS else self.rules

    def _ties(self, ids: Ints) -> Bools:
        note = self.state.notes[-1]
        ends = note.end + LONGEST * ids
        return self._all(rule.ends(self._before(), note.onset, note.pitch, ends) for rule in self._own()) & (ids > 0)

    def _is_whole(self) -> bool:
        """Whether the last note may end where it does."""
        if self.state.last_kind != "note" or len(self.state.notes) <= self.given:
            return True
        note = self.state.notes[-1]
        end = np.array([note.end])
        return all(rule.ends(self._before(), note.onset, note.pitch, end)[0] for rule in self._own())

    def _before(self) -> State:
        """The state without its last note, as it was when that was drawn."""
        if self._earlier is None:
            state = self.state
            self._earlier = replace(state, notes=state.notes[:-1], sounding=state.sounding[:-1], last_kind="")
        return self._earlier

    def _all(self, masks: Iterable[Bools]) -> Bools:
        return np.asarray(np.logical_and.reduce(list(masks)))
