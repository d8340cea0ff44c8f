"""Notes of candidates as they are written: each event goes to a cursor, and what has begun to the mailbox, in ticks of the score.

It keeps what is needed to say where a candidate got stuck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from partimento.bars import BarGrid
from partimento.composing.following import Follower
from partimento.composing.rules import Inside
from partimento.composing.windows import Window
from partimento.encodings import Cursor, Encoding, Events
from partimento.encodings.cursor import Note
from partimento.encodings.tasks import Tasks
from partimento.piece import nearest_line
from partimento.studio.workshop.mailbox import Mailbox
from partimento.task import Task


@dataclass
class Stretch:
    """What is being written of one candidate: the events before it, those drawn, and where it begins in the score."""

    before: Events
    place: Inside | None
    start_tick: int
    cursor: Cursor
    drawn: list[Sequence[int]] = field(default_factory=list)
    waiting: list[Note] = field(default_factory=list)  # the note begun last: it may be tied on


class NotesFollower(Follower):
    """Follows all candidates of a task (None: a new piece)."""

    def __init__(self, encoding: Encoding, task: Task | None, mailbox: Mailbox, first: int = 1) -> None:
        """The candidates are counted from `first`."""
        self.first = first
        self.encoding, self.task, self.mailbox = encoding, task, mailbox
        self.quarter = task.given.ticks_per_quarter if task else encoding.cursor().ticks_per_quarter
        self.stretches: dict[int, Stretch] = {}
        self.now: Sequence[int] = ()
        given = task.given if task is not None else None
        self.velocity = int(np.median(given.notes["velocity"])) if given is not None and len(given) else 80
        self._tracks: dict[int, int] = {}  # where a new note of each player goes, as far as that can be told before all is written

    def begin(self, numbers: Sequence[int], before: Events, window: Window | None = None, place: Inside | None = None) -> None:
        self.mailbox.check()
        cursor = self.encoding.cursor()
        for event in before.tolist():
            cursor.push(event)
        self.now = numbers
        if window is not None and self.task is not None:
            who = cast(Tasks, self.encoding).players(window.piece).tolist()
            self._tracks = {who[track]: track for track in reversed(window.written)} or {0: len(self.task.given.tracks)}
        for number in numbers:
            self._tell(number, last=True)
            self.stretches[number] = Stretch(before, place, window.start_tick if window else 0, cursor.copy())

    def push(self, events: Events) -> None:
        self.mailbox.check()
        for number, event in zip(self.now, events.tolist(), strict=True):
            one = self.stretches[number]
            if not any(event):
                continue
            one.drawn.append(event)
            one.cursor.push(event)
            if one.cursor.notes_begun:
                self._tell(number)
                one.waiting = list(one.cursor.notes_begun)
            elif one.waiting and getattr(one.cursor, "notes", None):  # tied on
                one.waiting = [one.cursor.notes[-1]]  # type: ignore[attr-defined]
            if one.cursor.ended:
                self._tell(number, last=True)

    def stuck(self) -> list[Stretch]:
        """What was being written when it stopped."""
        return [self.stretches[number] for number in self.now]

    def bar_of(self, stretch: Stretch) -> int | None:
        """The number of the bar where the last event of a stretch lies; None where that is not known."""
        if not self.encoding.cursor().ticks_per_quarter:
            return None
        given = self.task.given if self.task is not None else None
        tick = self._tick(stretch, max(stretch.cursor.tick, stretch.place.start_tick if stretch.place else 0))
        if given is None:
            return int(tick // max(1, self._tick(stretch, getattr(stretch.cursor, "bar_length", 0)))) + 1
        return int(BarGrid.of(given).number_at(tick))

    def finish(self) -> None:
        """All is written."""
        for number in self.stretches:
            self._tell(number, last=True)

    def _tell(self, number: int, last: bool = False) -> None:
        one = self.stretches.get(number)
        if one is None or not one.waiting:
            return
        rows = []
        for note in one.waiting:
            onset, end = self._tick(one, note.onset), self._tick(one, note.end)
            rows.append([onset, max(1, end - onset), note.pitch, self.velocity, self._track(note)])
        until = rows[-1][0] + rows[-1][1] if last else self._tick(one, one.cursor.tick)
        one.waiting = []
        self.mailbox.put("notes", {"candidate": number + self.first, "until_tick": until, "rows": rows})

    def _tick(self, stretch: Stretch, tick: int) -> int:
        """A tick of the encoding's grid in a stretch as one of the score."""
        grid = self.encoding.cursor().ticks_per_quarter or 1
        return int(nearest_line(int(tick) + stretch.start_tick, grid, self.quarter))

    def _track(self, note: Note) -> int:
        if self.task is None:
            return note.player if getattr(self.encoding.cursor(), "has_parts", False) else 0
        return self._tracks.get(note.player, next(iter(self._tracks.values()), 0))
