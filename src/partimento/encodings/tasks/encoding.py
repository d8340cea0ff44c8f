"""The encoding `tasks`: that of `notes`, and tasks of it: fixed notes, a separator, the notes to generate among them.

A piece is encoded as by `notes`. A task has two halves, each a piece encoded so from the same first bar: the fixed notes from
the region's beginning on; and those before it, after which the generated notes follow as if the piece went on. The separator
between them states the region and the role. It is given, never drawn. With parts, those that a line or an accompaniment is to be
written for are marked where the second half declares them. Fixed notes in the region come once more in the second
half, each at its time, as events of a kind of their own: that it is their turn is drawn, all else of them is given. So a model
sees what it generates among the fixed notes, as in a plain piece. What of the first half is near each place of the second is
context, so that a model need not search for it. `docs/encodings.md` describes the events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.bars import BarGrid, bar_ticks
from partimento.encodings.base import Context, Encoding, Events, Field, Pitches, option
from partimento.encodings.notes.declared_parts import part_of
from partimento.encodings.notes.encoding import Notes
from partimento.encodings.notes.layout import LONGEST, MOST_PARTS, PROFILES, Profile
from partimento.encodings.notes.ticks import walk
from partimento.encodings.tasks.around import COLUMNS, PITCHES, WRITTEN, Around, fixed_note, separator
from partimento.encodings.tasks.cursor import TasksCursor
from partimento.piece import Piece, Track, note_array
from partimento.task import ROLES, Region, random_split

MOST_BARS = LONGEST - 1  # of the window that a task is seen in
TRIES, SHRINKING = 4, 0.8
BLIND = 0.2  # of random tasks have no first half


@dataclass(frozen=True)
class Tasks(Encoding):
    """Options: `profile` and `parts`, as of `notes`; the profiles are `score`, `piano` and `ensemble`."""

    profile: str = option("ensemble", (name for name, profile in PROFILES.items() if profile.beats))
    parts: str = option("no", ("no", "yes"))

    name: ClassVar[str] = "tasks"

    @cached_property
    def notes(self) -> Notes:
        """The encoding of each half."""
        return Notes(self.profile, self.parts)

    @property
    def layout(self) -> Profile:
        return self.notes.layout

    @property
    def keeps(self) -> str:  # type: ignore[override]
        return self.notes.keeps

    @property
    def drops(self) -> str:  # type: ignore[override]
        return self.notes.drops

    @property
    def separator(self) -> int:
        """The id of the kind of event between the halves."""
        return separator(self.layout)

    @property
    def fixed_note(self) -> int:
        """The id of the kind of a fixed note that comes once more in the second half."""
        return fixed_note(self.layout)

    @property
    def task_ids(self) -> frozenset[int]:
        return frozenset({self.separator, self.fixed_note})

    @property
    def fields(self) -> tuple[Field, ...]:
        kind, *others = self.notes.fields
        return (replace(kind, size=kind.size + 2), *(replace(field, given_after=self.fixed_note) for field in others))

    def halves(self, events: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None, npt.NDArray[Any] | None]:
        """The events [T, F] before the separator, it [F], and those after it; None twice where there is none."""
        at = np.flatnonzero(events[:, 0] == self.separator)
        return (events[: at[0]], events[at[0]], events[at[0] + 1 :]) if len(at) else (events, None, None)

    def encode(self, piece: Piece) -> Events:
        return self.notes.encode(piece)

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        """Of a task, the fixed and the generated notes, in one piece."""
        events = np.asarray(events).reshape(-1, len(self.fields))
        fixed, _, second = self.halves(events)
        if second is None:
            return self.notes.decode(events)
        if not len(fixed):  # fixed notes are seen as they come
            return self.notes.decode(self._as_notes(second))
        return self.notes.decode(fixed).merge(self.generated(second))

    def generated(self, second: npt.NDArray[Any], head: int = 0) -> Piece:
        """The piece of a second half [T, F] without its first `head` events, and without the fixed notes."""
        chosen = (second[:, 0] != self.fixed_note) & (np.arange(len(second)) >= head)
        return self.notes.decode_some(self._as_notes(second), chosen)

    def _as_notes(self, second: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The events of a second half with plain notes in place of the fixed ones."""
        events = second.copy()
        events[events[:, 0] == self.fixed_note, 0] = self.layout.kind("note")
        return events

    def players(self, piece: Piece) -> npt.NDArray[np.int64]:
        """Who plays each track [K], as in `notes`."""
        return self.notes.players(piece)

    def prompt(self, piece: Piece, is_fixed: npt.NDArray[np.bool_], region: Region, tracks: Sequence[int] | None = None) -> Events:
        """All that is given of a task: of a piece on this grid and in one meter, whose notes are fixed or not, bool [N]. First come
        those fixed from the region's beginning on, then the separator, then those before, with which the second half begins; events
        [T, F]. A line or an accompaniment is written for `tracks`, from 0; for None those of the notes that are not fixed."""
        start, _ = self._span(piece, region)
        first_bar, last_bar = self._bars(piece, region)
        later = piece.notes["onset"] >= start
        between = np.zeros((1, len(self.fields)), self.dtype)
        written = self._written(piece, is_fixed, region, tracks)
        between[0, :4] = self.separator, first_bar, ROLES.index(region.role) + 1, last_bar - first_bar + 1
        first = self.notes.encode(replace(piece, notes=piece.notes[is_fixed & later]))[:-1]
        second = self._second(piece, is_fixed & ~later)
        second[written, 1] = WRITTEN
        return np.concatenate([first, between, second])

    def _written(
        self, piece: Piece, is_fixed: npt.NDArray[np.bool_], region: Region, tracks: Sequence[int] | None
    ) -> npt.NDArray[np.int64]:
        """The parts, from 0, that a line or an accompaniment is to be written for; none where all may play, or there are none."""
        if not self.layout.parts or region.role in ("all", "variation"):
            return np.zeros(0, np.int64)
        if tracks is None:
            tracks = [track - 1 for track in region.tracks] or np.unique(piece.notes["track"][~is_fixed]).tolist()
        return np.unique(part_of(piece, self.layout)[np.array(tracks, np.int64)])

    def blind(self, prompt: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The prompt [T, F] of one who does not know what comes: without its first half. Fixed notes are seen as they come."""
        return prompt[np.flatnonzero(prompt[:, 0] == self.separator)[0] :]

    def target(self, piece: Piece, is_fixed: npt.NDArray[np.bool_], region: Region) -> Events:
        """The true answer to the prompt, events [T, F]: the notes that are not fixed, none of which begins before the region, among
        those that are (`is_fixed`, bool [N])."""
        start, stop = self._span(piece, region)
        past = piece.notes["onset"] < start
        again = is_fixed & ~past & (piece.notes["onset"] < stop)
        both, is_again = self.notes.encode_among(_plain(piece, (is_fixed & past) | ~is_fixed), _plain(piece, again))
        both[is_again, 0] = self.fixed_note
        return both[len(self._second(piece, is_fixed & past)) :]

    def _bars(self, piece: Piece, region: Region) -> tuple[int, int]:
        """The region's first and last bar."""
        return region.bars or (1, min(MOST_BARS, BarGrid.of(piece).count))

    def _span(self, piece: Piece, region: Region) -> tuple[int, int]:
        """The region's first tick, and the one after its last."""
        first_bar, last_bar = self._bars(piece, region)
        bar = int(BarGrid.of(piece).bar[0])
        return (first_bar - 1) * bar, last_bar * bar

    def _second(self, piece: Piece, chosen: npt.NDArray[np.bool_]) -> Events:
        """What the second half begins with; meter, key and tempo of the first tick where no note is chosen."""
        if chosen.any():
            return self.notes.encode(_plain(piece, chosen))[:-1]
        tracks = piece.tracks if self.layout.parts and piece.tracks else (Track(),)
        one = replace(piece, notes=note_array([(0, 1, 60, 80, 0)]), tracks=tracks)
        return self.notes.encode(_plain(one, np.ones(1, bool)))[:-2]

    def task(
        self, events: npt.NDArray[Any], at: int, longest: int, chance: np.random.Generator
    ) -> tuple[Events, npt.NDArray[np.bool_]] | None:
        for number in range(TRIES):
            window = self._window(events, at, int(longest * SHRINKING**number), chance)
            split = random_split(window, min(MOST_BARS, BarGrid.of(window).count), chance) if window is not None else None
            if window is None or split is None:
                continue
            chosen, region = split
            prompt, target = self.prompt(window, ~chosen, region), self.target(window, ~chosen, region)
            if chance.random() < BLIND:
                prompt = self.blind(prompt)
            if len(prompt) + len(target) <= longest:
                return np.concatenate([prompt, target]), np.arange(len(prompt) + len(target)) >= len(prompt)
        return None

    def _window(self, events: npt.NDArray[Any], at: int, longest: int, chance: np.random.Generator) -> Piece | None:
        """Some bars of one meter from about event `at` of a piece on, few enough that both halves fit into `longest` events."""
        kind = events[:, 0]
        stretch = np.flatnonzero(kind == self.layout.kind("meter"))
        first = int(stretch[stretch <= at][-1]) if (stretch <= at).any() else 0
        last = int(stretch[stretch > at][0]) if (stretch > at).any() else len(events)
        bars = np.flatnonzero(kind[first:last] == self.layout.kind("bar")) + first
        begin = int(bars[bars <= at][-1]) if (bars <= at).any() else first
        room = int((longest - 8) * chance.uniform(0.4, 0.95))  # some bar lines and waits are in both halves
        later = bars[bars > begin]
        fits = later[later - begin <= room]
        stop = last if last - begin <= room else int(fits[-1]) if len(fits) else 0
        if stop <= begin:
            return None
        piece = self.notes.decode(events[:stop])
        tick = walk(events[: begin + 1], self.layout).tick
        start_tick = int(tick[-1]) if begin > first or first else 0
        grid = BarGrid.of(piece)
        cut = piece.cut(start_tick, int(grid.tick_of(grid.count)))
        return cut if len(cut.notes) > 1 else None

    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """As `notes` allows in the half that is generated; meters, keys and tempos are stated in the first one."""
        here = self.cursor()
        for event in np.asarray(history).tolist():
            here.push(event)
        return here.allowed(drawn)

    def cursor(self) -> TasksCursor:
        return TasksCursor(self.layout)

    def ended(self, history: npt.NDArray[Any]) -> bool:
        return self.notes.ended(history)

    @property
    def completes_tasks(self) -> bool:
        return True

    @property
    def statements(self) -> Mapping[str, int]:
        return self.notes.statements

    @property
    def opening(self) -> frozenset[int]:
        return self.notes.opening

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        return self.notes.notes_in(events)

    @property
    def context_fields(self) -> tuple[Context, ...]:
        written = (Context(f"part {number} is written", 2, "part written") for number in range(1, MOST_PARTS + 1))
        return (*self.notes.context_fields, *COLUMNS, *(written if self.layout.parts else ()))

    def context(self, events: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """As of `notes`, of each half by itself. In the second one also what of the first sounds there, begins there, and begins
        next; the role, and how many bars of the region are left."""
        fixed, between, second = self.halves(np.asarray(events))
        own = len(self.notes.context_fields)
        result = np.zeros((len(events) + 1, len(self.context_fields)), np.uint8)
        result[: len(fixed) + 1, :own] = self.notes.context(fixed)
        if between is not None and second is not None:
            second = self._as_notes(second)
            after = result[len(fixed) + 1 :]
            after[:, :own] = self.notes.context(second)
            found = walk(second, self.layout)
            bar = bar_ticks(found.numerator[-1:], found.denominator[-1:], self.layout.ticks_per_quarter)
            around = Around(self.layout, fixed, between.tolist()).columns(np.append(0, found.tick), int(bar[0]))
            after[:, own : own + len(COLUMNS)] = around
            for row in np.flatnonzero(second[:, 0] == self.layout.kind("part")).tolist():
                after[row + 1 :, own + len(COLUMNS) + second[row, -1] - 1] = second[row, 1] == WRITTEN
        return result

    @property
    def pitches(self) -> tuple[Pitches, ...]:
        own = len(self.notes.context_fields)
        return tuple(replace(one, references=(*one.references, *range(own, own + len(PITCHES)))) for one in self.notes.pitches)

    def pitch_range(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return self.notes.pitch_range(events)

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        return self.notes.transpose(events, semitones)

    def part_count(self, events: npt.NDArray[Any]) -> int:
        return self.notes.part_count(events)

    def permute(self, events: npt.NDArray[Any], order: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self.notes.permute(events, order)

    def instruments(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return self.notes.instruments(events)

    def keep(self, events: npt.NDArray[Any], instruments: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        return self.notes.keep(events, instruments)

    def vary(self, events: npt.NDArray[Any], louder: int, faster: int) -> npt.NDArray[Any]:
        return self.notes.vary(events, louder, faster)


def _plain(piece: Piece, chosen: npt.NDArray[np.bool_]) -> Piece:
    """The chosen notes with the keys and tempos of the beginning alone: later ones are stated in the first half."""
    return replace(
        piece, notes=piece.notes[chosen], keys=piece.keys[piece.keys["tick"] == 0], tempos=piece.tempos[piece.tempos["tick"] == 0]
    )
