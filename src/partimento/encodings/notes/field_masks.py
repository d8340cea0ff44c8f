"""Rules as masks over the fields of `notes`: which ids the next field may take so that some note can follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from partimento.encodings.base import Field
from partimento.encodings.notes.layout import DRUM_PART, LONGEST, MAPS, PITCHED, Profile
from partimento.encodings.texture import Bools, Ints, NoteRule, Texture
from partimento.instruments import DRUMS

_BARS_AHEAD = 16  # under rules the next note begins within so many bars
_TIES = LONGEST + 1
_IDS = np.arange(LONGEST + 1)  # of the field time


class FieldMasks:
    """Implements `NoteMasks` for the sequence `here`, whose events have these `fields`. `fixed_maps` are the kinds of events that
    may not be drawn any more; no note begins before `start_tick`."""

    def __init__(
        self,
        rules: Sequence[NoteRule],
        here: Texture,
        profile: Profile,
        fields: tuple[Field, ...],
        fixed_maps: frozenset[str],
        drums: bool,
        start_tick: int = 0,
    ) -> None:
        self.here, self.layout, self.fixed_maps, self.fields = here, profile, fixed_maps, fields
        self.start_tick = start_tick
        self.given = len(here.notes)  # which are as they are
        self._may_drum = drums and profile.instrument
        self.rules = [NoteRule(), *rules]
        self.for_all = [NoteRule(), *(rule for rule in rules if rule.drums_too)]
        self._onsets: Ints | None = None
        self._latest: int | None = None  # `_deadline`, since the last event
        self._earlier: Texture | None = None

    @property
    def drums(self) -> bool:
        """Whether drums may play."""
        return self._may_drum and DRUMS in self.here.players

    def add(self, rule: NoteRule) -> None:
        self.rules, self.for_all = [*self.rules, rule], [*self.for_all, rule]
        self.fixed_maps |= {"meter", "key", "tempo"}
        self._onsets = self._latest = None

    def moved(self) -> None:
        self._onsets = self._latest = self._earlier = None

    def allowed(self, drawn: tuple[int, ...]) -> Bools:
        """What the rules allow of field `len(drawn)`: bool [S], S being its size."""
        field = self.fields[len(drawn)]
        if not drawn:
            return self._kinds(field.size)
        if drawn[0] > len(self.layout.kinds):
            return np.ones(field.size, bool)  # a note that stands
        kind = self.layout.kinds[drawn[0] - 1]
        if kind == "note":
            return self._note(field.name, field.size, drawn)
        if kind == "part":
            return self._part(field.name, field.size, drawn)
        if field.name == "time" and kind not in ("tie", "end"):
            return self._times(kind, _IDS)
        if field.name == "duration" and kind == "tie":
            return self._ties(np.arange(field.size))
        return np.ones(field.size, bool)

    def needs_drums(self, drawn: tuple[int, ...]) -> bool:
        if not self.drums or len(drawn) < len(self.fields) - 1 or drawn[0] != self.layout.kind("note"):
            return False
        return not self._fits_pitched(self.here.tick + drawn[1] - 1, drawn[2] - 1, drawn[3])

    @property
    def onsets(self) -> Ints:
        """The ticks [N] at which the next note may begin, ascending."""
        if self._onsets is None:
            here = self.here
            ticks = np.arange(here.tick, self._deadline() + 1)
            rules = self.for_all if self.drums else self.rules
            for rule in rules:
                ticks = ticks[rule.onsets(here, ticks)]
            self._onsets = ticks
        return self._onsets

    def _deadline(self) -> int:
        """The tick at which, or before which, the next note must begin."""
        if self._latest is None:
            here = self.here
            deadlines = [tick for rule in self.rules if (tick := rule.deadline(here)) is not None]
            self._latest = min([max(here.bar_tick, self.start_tick) + _BARS_AHEAD * here.bar_length - 1, *deadlines])
        return self._latest

    def _due(self) -> int | None:
        """The tick of the standing note that comes next, if it may come before the next note is written."""
        due = self.here.due
        return due if due is not None and due <= self._deadline() else None

    def _kinds(self, size: int) -> Bools:
        allowed = np.zeros(size, bool)
        if not self.here.players:  # the first part is still to be declared
            return ~allowed
        if not self._is_whole():  # the last note must be longer
            allowed[self.layout.kind("tie")] = True
            return allowed
        allowed[len(self.layout.kinds) + 1 :] = self._due() is not None
        maps = bool(self._times("meter", _IDS).any())
        for name in self.layout.kinds:
            if name == "tie":
                allowed[self.layout.kind(name)] = (
                    len(self.here.notes_begun) > 0
                    and len(self.here.notes) > self.given
                    and bool(self._ties(np.arange(1, _TIES)).any())
                )
            elif name == "end":
                allowed[self.layout.kind(name)] = all(rule.may_end(self.here) for rule in self.rules)
            elif name == "part":
                allowed[self.layout.kind(name)] = True
            elif name not in self.fixed_maps:
                allowed[self.layout.kind(name)] = maps if name in MAPS else bool(self._times(name, _IDS).any())
        return allowed

    def _times(self, kind: str, ids: Ints) -> Bools:
        """Which ids of the field time leave a tick at which a note may begin, or one that stands may come."""
        here, onsets = self.here, self.onsets
        if here.due is not None:  # a note at its moment or later follows it
            onsets = onsets[: np.searchsorted(onsets, here.due)]
            if kind != "note" and self._due() is not None:
                onsets = np.append(onsets, here.due)
        if not len(onsets):
            return np.zeros(len(ids), bool)
        if kind == "note":
            first = np.minimum(np.searchsorted(onsets, here.tick + ids - 1), len(onsets) - 1)
            return np.asarray((onsets[first] == here.tick + ids - 1) & (ids > 0))
        if kind == "bar":
            start = here.bar_tick + ids * here.bar_length
            stop = start + here.bar_length
        else:
            start = here.tick + (ids * LONGEST if kind == "wait" else ids - 1)
            stop = np.full(len(ids), here.bar_tick + here.bar_length if kind == "wait" else onsets[-1] + 1)
            if kind == "wait":  # only the longest wait is followed by one more
                stop = np.where(ids < LONGEST, np.minimum(stop, start + LONGEST), stop)
        first = np.searchsorted(onsets, start)
        some = onsets[np.minimum(first, len(onsets) - 1)]
        return (first < len(onsets)) & (some >= start) & (some < stop) & (ids > 0)

    def _note(self, name: str, size: int, drawn: tuple[int, ...]) -> Bools:
        ids, here = np.arange(size), self.here
        if name == "time":
            return self._times("note", _IDS)
        onset = here.tick + drawn[1] - 1
        if name == "pitch":
            allowed = np.zeros(size, bool)
            allowed[1:] = self._all(rule.pitches(here, onset) for rule in self._bound) & self._players(onset).any(0)
            return allowed
        pitch = drawn[2] - 1
        if name == "duration":
            return self._durations(ids, onset, pitch, self._bound)
        if name not in ("instrument", "part"):
            return np.ones(size, bool)
        may = np.broadcast_to(self._players(onset), (len(here.players), 128))[:, pitch]
        if self.drums and not self._fits_pitched(onset, pitch, drawn[3]):
            may = may & (np.array(here.players) == DRUMS)
        allowed = np.zeros(size, bool)
        allowed[1 : 1 + len(may)] = may
        return allowed

    def _players(self, onset: int) -> Bools:
        """Which player may play which pitch there, bool [N, 128] or [N, 1]."""
        found = np.ones((len(self.here.players), 1), bool)
        for rule in self.rules:
            found = found & rule.playable(self.here, onset)
        return found

    def _part(self, name: str, size: int, drawn: tuple[int, ...]) -> Bools:
        """Of which instruments a part may be declared: by its pitch, and by its duration that it is drums."""
        allowed = np.ones(size, bool)
        may = self._all(rule.instruments() for rule in self.rules)
        if name == "pitch":
            allowed[1:] = may[:DRUMS]
            allowed[1] |= may[DRUMS]
        elif name == "duration":
            allowed[PITCHED], allowed[DRUM_PART] = may[drawn[2] - 1], may[DRUMS]
        return allowed

    @property
    def _bound(self) -> Sequence[NoteRule]:
        """The rules that bind any note, as long as its instrument is not known."""
        return self.for_all if self.drums else self.rules

    def _fits_pitched(self, onset: int, pitch: int, duration: int) -> bool:
        """Whether a note that no rule for all forbids also passes the rules that drums are free of."""
        here = self.here
        if not all(rule.onsets(here, np.array([onset]))[0] and rule.pitches(here, onset)[pitch] for rule in self.rules):
            return False
        return bool(self._durations(np.array([duration]), onset, pitch, self.rules)[0])

    def _durations(self, ids: Ints, onset: int, pitch: int, rules: Sequence[NoteRule]) -> Bools:
        """Which ids lead, with a tie or without, to an end that all rules allow."""
        ends = onset + ids[:, None] + LONGEST * np.arange(_TIES)
        allowed = self._all(rule.ends(self.here, onset, pitch, ends.ravel()) for rule in rules).reshape(ends.shape)
        return np.asarray(allowed.any(1) & (ids > 0))

    def _own(self) -> Sequence[NoteRule]:
        """The rules that bind the last note."""
        return self.for_all if self.here.notes[-1].program == DRUMS else self.rules

    def _ties(self, ids: Ints) -> Bools:
        note = self.here.notes[-1]
        ends = note.end + LONGEST * ids
        return self._all(rule.ends(self._before(), note.onset, note.pitch, ends) for rule in self._own()) & (ids > 0)

    def _is_whole(self) -> bool:
        """Whether the last note may end where it does."""
        if not self.here.notes_begun or len(self.here.notes) <= self.given:
            return True
        note = self.here.notes[-1]
        end = np.array([note.end])
        return all(rule.ends(self._before(), note.onset, note.pitch, end)[0] for rule in self._own())

    def _before(self) -> Texture:
        """The place without its last note, as it was when that was drawn."""
        if self._earlier is None:
            here = self.here
            self._earlier = here.without_last()
        return self._earlier

    def _all(self, masks: Iterable[Bools]) -> Bools:
        return np.asarray(np.logical_and.reduce(list(masks)))
