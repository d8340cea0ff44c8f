"""The encoding `tasks`: that of `notes`, and tasks of it: notes that stand, a separator, the notes to write among them.

A piece is encoded as by `notes`. A task has two halves, each a piece encoded so from the same first bar: what stands from the
region's beginning on; and what stands before it, into which the answer is written as if it went on. The separator between them
says what is written, and where. It is given, never drawn. Notes that stand in the region come once more in the answer, each at
its time, as events of a kind of their own: that it is their turn is drawn, all else of them is told. So a model sees what it
writes among what stands, as in a plain piece. What of the first half is near each place of the second is context, so that a
model need not search for it. `docs/encodings.md` describes the events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.bars import BarGrid, bar_ticks
from partimento.encodings.base import Context, Encoding, Events, Field, Pitches, option
from partimento.encodings.notes.encoding import Notes
from partimento.encodings.notes.layout import LONGEST, PROFILES, Profile
from partimento.encodings.notes.ticks import walk
from partimento.encodings.tasks.around import COLUMNS, PITCHES, Around, separator, standing
from partimento.encodings.tasks.cursor import TasksCursor
from partimento.piece import Piece, Track, note_array
from partimento.task import ROLES, Region, random_split

MOST_BARS = LONGEST - 1  # of the window that a task is seen in
TRIES, SHRINKING = 4, 0.8
BLIND = 0.2  # of random tasks have no first half


@dataclass(frozen=True)
class Tasks(Encoding):
    """Option: `profile`, as of `notes`: `score`, `piano` or `ensemble`."""

    profile: str = option("ensemble", (name for name, profile in PROFILES.items() if profile.beats))

    name: ClassVar[str] = "tasks"

    @cached_property
    def notes(self) -> Notes:
        """The encoding of each half."""
        return Notes(self.profile)

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
    def standing(self) -> int:
        """The id of the kind of a note that stands and comes once more in the second half."""
        return standing(self.layout)

    @property
    def task_ids(self) -> frozenset[int]:
        return frozenset({self.separator, self.standing})

    @property
    def fields(self) -> tuple[Field, ...]:
        kind, *others = self.notes.fields
        return (replace(kind, size=kind.size + 2), *(replace(field, told=self.standing) for field in others))

    def halves(self, events: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None, npt.NDArray[Any] | None]:
        """The events [T, F] before the separator, it [F], and those after it; None twice where there is none."""
        at = np.flatnonzero(events[:, 0] == self.separator)
        return (events[: at[0]], events[at[0]], events[at[0] + 1 :]) if len(at) else (events, None, None)

    def encode(self, piece: Piece) -> Events:
        return self.notes.encode(piece)

    def decode(self, events: npt.NDArray[Any]) -> Piece:
        """Of a task, what stands and what is written, in one piece."""
        events = np.asarray(events).reshape(-1, len(self.fields))
        stands, _, second = self.halves(events)
        if second is None:
            return self.notes.decode(events)
        if not len(stands):  # what stands is heard as it comes
            return self.notes.decode(self._as_notes(second))
        return self.notes.decode(stands).merge(self.written(second))

    def written(self, second: npt.NDArray[Any], head: int = 0) -> Piece:
        """The piece of a second half [T, F] without its first `head` events, and without what stands."""
        chosen = (second[:, 0] != self.standing) & (np.arange(len(second)) >= head)
        return self.notes.decode_some(self._as_notes(second), chosen)

    def _as_notes(self, second: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The events of a second half with notes in place of those that stand."""
        events = second.copy()
        events[events[:, 0] == self.standing, 0] = self.layout.kind("note")
        return events

    def asked(self, piece: Piece, stands: npt.NDArray[np.bool_], region: Region) -> Events:
        """All that is given of a task: of a piece on this grid and in one meter, whose notes stand or not [N], first those from the
        region's beginning on, the separator, then those before, with which the second half begins."""
        start, _ = self._span(piece, region)
        first_bar, last_bar = self._bars(piece, region)
        later = piece.notes["onset"] >= start
        between = np.zeros((1, len(self.fields)), self.dtype)
        between[0, :4] = self.separator, first_bar, ROLES.index(region.role) + 1, last_bar - first_bar + 1
        first = self.notes.encode(replace(piece, notes=piece.notes[stands & later]))[:-1]
        return np.concatenate([first, between, self._second(piece, stands & ~later)])

    def blind(self, asked: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Of a prompt [T, F] what one sees who does not know what comes: all but the first half. What stands is met as it comes."""
        return asked[np.flatnonzero(asked[:, 0] == self.separator)[0] :]

    def answered(self, piece: Piece, stands: npt.NDArray[np.bool_], region: Region) -> Events:
        """The true answer to what is asked: the notes that do not stand, none of which begins before the region, among those that
        do stand there. `stands` [N] says which notes do; events [T, F]."""
        start, stop = self._span(piece, region)
        past = piece.notes["onset"] < start
        again = stands & ~past & (piece.notes["onset"] < stop)
        both, is_again = self.notes.encode_among(_plain(piece, (stands & past) | ~stands), _plain(piece, again))
        both[is_again, 0] = self.standing
        return both[len(self._second(piece, stands & past)) :]

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
        one = replace(piece, notes=note_array([(0, 1, 60, 80, 0)]), tracks=(Track(),))
        return self.notes.encode(_plain(one, np.ones(1, bool)))[:-2]

    def task(
        self, events: npt.NDArray[Any], at: int, longest: int, chance: np.random.Generator
    ) -> tuple[Events, npt.NDArray[np.bool_]] | None:
        for number in range(TRIES):
            window = self._window(events, at, int(longest * SHRINKING**number), chance)
            split = random_split(window, min(MOST_BARS, BarGrid.of(window).count), chance) if window is not None else None
            if window is None or split is None:
                continue
            written, region = split
            asked, answer = self.asked(window, ~written, region), self.answered(window, ~written, region)
            if chance.random() < BLIND:
                asked = self.blind(asked)
            if len(asked) + len(answer) <= longest:
                return np.concatenate([asked, answer]), np.arange(len(asked) + len(answer)) >= len(asked)
        return None

    def _window(self, events: npt.NDArray[Any], at: int, longest: int, chance: np.random.Generator) -> Piece | None:
        """Some bars of one meter from about event `at` of a piece on, few enough that both halves fit into `longest` events."""
        kind = events[:, 0]
        stretch = np.flatnonzero(kind == self.layout.kind("meter"))
        first = int(stretch[stretch <= at][-1]) if (stretch <= at).any() else 0
        last = int(stretch[stretch > at][0]) if (stretch > at).any() else len(events)
        bars = np.flatnonzero(kind[first:last] == self.layout.kind("bar")) + first
        begin = int(bars[bars <= at][-1]) if (bars <= at).any() else first
        room = int((longest - 8) * chance.uniform(0.4, 0.95))  # some bar lines and waits stand in both halves
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
        """As `notes` allows in the half that is written; meters, keys and tempos are said in the first one."""
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

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        return self.notes.notes_in(events)

    @property
    def context_fields(self) -> tuple[Context, ...]:
        return (*self.notes.context_fields, *COLUMNS)

    def context(self, events: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """As of `notes`, of each half by itself. In the second one also what of the first sounds there, begins there, and begins
        next; what is written, and how many bars of it are left."""
        stands, between, written = self.halves(np.asarray(events))
        own = len(self.notes.context_fields)
        result = np.zeros((len(events) + 1, len(self.context_fields)), np.uint8)
        result[: len(stands) + 1, :own] = self.notes.context(stands)
        if between is not None and written is not None:
            written = self._as_notes(written)
            after = result[len(stands) + 1 :]
            after[:, :own] = self.notes.context(written)
            found = walk(written, self.layout)
            bar = bar_ticks(found.numerator[-1:], found.denominator[-1:], self.layout.ticks_per_quarter)
            after[:, own:] = Around(self.layout, stands, between.tolist()).columns(np.append(0, found.tick), int(bar[0]))
        return result

    @property
    def pitches(self) -> tuple[Pitches, ...]:
        own = len(self.notes.context_fields)
        return tuple(replace(one, references=(*one.references, *range(own, own + len(PITCHES)))) for one in self.notes.pitches)

    def pitch_range(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return self.notes.pitch_range(events)

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        return self.notes.transpose(events, semitones)

    def instruments(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return self.notes.instruments(events)

    def keep(self, events: npt.NDArray[Any], instruments: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        return self.notes.keep(events, instruments)

    def vary(self, events: npt.NDArray[Any], louder: int, faster: int) -> npt.NDArray[Any]:
        return self.notes.vary(events, louder, faster)


def _plain(piece: Piece, chosen: npt.NDArray[np.bool_]) -> Piece:
    """The chosen notes with the keys and tempos of the beginning alone: later ones are said in the first half."""
    return replace(
        piece, notes=piece.notes[chosen], keys=piece.keys[piece.keys["tick"] == 0], tempos=piece.tempos[piece.tempos["tick"] == 0]
    )
