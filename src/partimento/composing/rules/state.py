"""Where a sequence of `notes` events stands: what sounds, in which bar, what was drawn last. It knows no rule and no model."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace

from partimento.bars import bar_ticks
from partimento.encodings.notes.layout import LONGEST, START_METER, Profile
from partimento.instruments import DRUMS


@dataclass(slots=True)
class Note:
    """In ticks of the encoding's grid; `program` 128 is drums. It is replaced, never changed."""

    onset: int
    end: int
    pitch: int
    program: int


@dataclass
class State:
    """Grows by one event at a time. `notes` are all so far, by onset; `sounding` those of them that last beyond `moment`, the
    tick of the last one.

    `outer_before` are the lowest and the highest pitch that sounded at the moment before this one, drums left out. `around` are
    notes by onset that stand and are not written, as in a task; they sound as well. Those that begin before `again_until` come
    once more as events; `came` of them have.
    """

    layout: Profile
    tick: int = 0
    bar_tick: int = 0
    meter: tuple[int, int] = START_METER
    notes: list[Note] = field(default_factory=list)
    sounding: list[Note] = field(default_factory=list)
    last_kind: str = ""
    moment: int = -1
    outer_before: tuple[int, int] | None = None
    around: list[Note] = field(default_factory=list)
    again_until: int = 0
    came: int = 0

    @property
    def due(self) -> int | None:
        """The tick of the standing note that comes next."""
        if self.came == len(self.around) or self.around[self.came].onset >= self.again_until:
            return None
        return self.around[self.came].onset

    @property
    def begun(self) -> int:
        """How many notes are written at the moment."""
        return sum(note.onset == self.moment for note in self.sounding)

    @property
    def bar_length(self) -> int:
        """Ticks of a bar of the meter in force."""
        numerator, denominator = self.meter
        return int(bar_ticks(numerator, denominator, self.layout.ticks_per_quarter))

    @property
    def beat_length(self) -> int:
        return 4 * self.layout.ticks_per_quarter // self.meter[1]

    def push(self, event: list[int]) -> None:
        """Takes in one legal event."""
        kind = self.layout.kinds[event[0] - 1] if event[0] <= len(self.layout.kinds) else "standing"
        self.last_kind = kind
        if kind == "bar":
            self.bar_tick += event[1] * self.bar_length
            self.tick = self.bar_tick
        elif kind == "wait":
            self.tick += event[1] * LONGEST
        elif kind == "tie":
            self.notes[-1] = self.sounding[-1] = replace(self.notes[-1], end=self.notes[-1].end + LONGEST * event[3])
        elif kind != "end":
            self.tick += event[1] - 1
            if kind == "meter":
                self.bar_tick, self.meter = self.tick, (event[2], 1 << event[3] - 1)
            elif kind == "standing":
                self.came += 1
            elif kind == "note":
                self._note(event)

    def _note(self, event: list[int]) -> None:
        if self.tick > self.moment:
            self.outer_before = self.outer_until(self.tick)
            self.moment = self.tick
            self.sounding = [note for note in self.sounding if note.end > self.tick]
        program = event[-1] - 1 if self.layout.instrument else 0
        note = Note(self.tick, self.tick + event[3], event[2] - 1, program)
        self.notes.append(note)
        self.sounding.append(note)

    def pitched(self, tick: int) -> list[Note]:
        """The notes that sound at a tick from now on, if no more are written; drums left out."""
        stand = self.around[: bisect_right(self.around, tick, key=lambda note: note.onset)]
        return [note for note in (*stand, *self.sounding) if note.end > tick and note.program != DRUMS]

    def outer(self, tick: int) -> tuple[int, int] | None:
        """The lowest and the highest pitch of them."""
        pitches = [note.pitch for note in self.pitched(tick)]
        return (min(pitches), max(pitches)) if pitches else None

    def outer_until(self, tick: int) -> tuple[int, int] | None:
        """The lowest and the highest pitch at the last moment before a tick, one at which a note is written or stands."""
        at = bisect_left(self.around, tick, key=lambda note: note.onset)
        return self.outer(max(self.moment, self.around[at - 1].onset if at else -1))
