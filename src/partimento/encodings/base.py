"""What an encoding is: a piece as rows of small integers, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from partimento.encodings.cursor import Cursor, HistoryCursor
from partimento.errors import InvalidOption
from partimento.piece import Piece

Events = npt.NDArray[np.unsignedinteger[Any]]  # [T, F]


@dataclass(frozen=True)
class Field:
    """One category of an event: ids 0..size-1, where id 0 says that the field does not apply.

    `optional` fields may be 0 in a real event; in the others 0 stands only before the first event and in padding. Where the first
    field of an event is `given_after`, this one is known: a single id is legal, and it costs nothing (0: there is no such id).
    """

    name: str
    size: int
    optional: bool = False
    given_after: int = 0


@dataclass(frozen=True)
class Context:
    """One column of what an encoding knows before an event is drawn: ids 0..size-1, where 0 says that there is nothing to say.

    `kind` is `place` (in bar and beat), `interval`, `since` (time since or until something), `instrument`, `pitch`: MIDI pitch + 1,
    from which intervals to the next event's pitches may be measured; `field`: of one field; or of one part, by what it says:
    `part instrument`, `part pitch`, `part since`, `part written`. Those of fields and parts come in blocks, in each one of each
    field or part.
    """

    name: str
    size: int
    kind: str


@dataclass(frozen=True)
class Pitches:
    """A field whose ids from `first` on are pitches from MIDI pitch `lowest` up.

    Its intervals count from the columns `references` of the context, its own last pitch first, and from what the earlier
    pitch fields `within` the same event say. The id `held` repeats the first reference. Where it is `ascending`, pitches that
    are not above the first reference are impossible.
    """

    field: int
    first: int
    lowest: int
    references: tuple[int, ...]
    within: tuple[int, ...] = ()
    held: int = -1
    ascending: bool = False


def option(default: Any, values: Iterable[Any]) -> Any:
    """An option of an encoding: a dataclass field that takes one of `values`, words or whole numbers. They are checked, named in
    messages, and varied by `partimento.testing.check_encoding`."""
    return field(default=default, metadata={"values": tuple(values)})


@dataclass(frozen=True)
class Encoding(ABC):
    """An encoding is a frozen dataclass; its dataclass fields are its options, each declared by `option`.

    Law, for every piece `p`: `encode(decode(encode(p))) == encode(p)`. Nothing `decode` is given within `allowed`
    makes an invalid piece. Where the encoding is `canonical`, such events encode to themselves up to the last note.
    `main_option` is the option that a key may name by its value alone; `extra` the optional dependency that it needs.
    """

    name: ClassVar[str]
    keeps: ClassVar[str]
    drops: ClassVar[str]
    canonical: ClassVar[bool] = True
    main_option: ClassVar[str] = ""
    extra: ClassVar[str] = ""

    def __post_init__(self) -> None:
        """Raises `InvalidOption` for a value that its option does not take. A number may be given as text."""
        for entry in fields(self):
            value, known = getattr(self, entry.name), entry.metadata.get("values", ())
            taken = {str(one): one for one in known}
            if known and str(value) not in taken:
                raise InvalidOption(f"{self.name}: {entry.name} is {value!r}; it must be one of {', '.join(taken)}")
            if known:
                object.__setattr__(self, entry.name, taken[str(value)])

    @property
    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """The fields of an event, in the order in which they are drawn."""

    @abstractmethod
    def encode(self, piece: Piece) -> Events:
        """The events of a piece: unsigned integers [T, F]."""

    @abstractmethod
    def decode(self, events: npt.NDArray[Any]) -> Piece:
        """A piece from events [T, F]; total on every sequence that `allowed` permits."""

    @abstractmethod
    def allowed(self, history: npt.NDArray[Any], drawn: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        """Which ids the next field may take: bool[size] of field `len(drawn)`.

        `history` holds the events so far [T, F]; `drawn` the fields of the next event that are already drawn.
        """

    def cursor(self) -> Cursor:
        """Stands before the first event; pushed over events, it says of their end what `context`, `allowed` and `ended` do."""
        return HistoryCursor(self)

    def ended(self, history: npt.NDArray[Any]) -> bool:
        """Whether the events [T, F] are a whole piece after which nothing may follow; False where no event says so."""
        return False

    @property
    def completes_tasks(self) -> bool:
        """Whether a piece can be completed in it, as `Tasks` says."""
        return False

    @property
    def statements(self) -> Mapping[str, int]:
        """The ids of the first field of events that state a `meter`, a `key` or a `tempo`; none where no event does."""
        return {}

    @property
    def opening(self) -> frozenset[int]:
        """The ids of the first field of events that come before all others; none where there are no such."""
        return frozenset()

    def notes_in(self, events: npt.NDArray[Any]) -> int:
        """How many notes of music the events [T, F] hold: what bits per note are divided by."""
        return len(events)

    @property
    def context_fields(self) -> tuple[Context, ...]:
        """The columns of `context`; none where the encoding has nothing to say beyond its events."""
        return ()

    def context(self, events: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """What is known before each event and after the last, [T + 1, C]: row t is a function of events[:t] alone."""
        return np.zeros((len(events) + 1, len(self.context_fields)), np.uint8)

    @property
    def pitches(self) -> tuple[Pitches, ...]:
        """The fields that are pitches, in the order in which they are drawn."""
        return ()

    def pitch_range(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """The lowest and the highest MIDI pitch of each pitch field in the events, [K, 2]; lowest > highest where there is none."""
        return np.tile([[128, -1]], (len(self.pitches), 1))

    def transpose(self, events: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any] | None:
        """The same music [T, F] higher or lower by some semitones, event for event; None where the encoding cannot say it."""
        return None

    def vary(self, events: npt.NDArray[Any], louder: int, faster: int) -> npt.NDArray[Any]:
        """The same music [T, F], event for event, `louder` by so many levels of velocity and `faster` by so many classes of tempo
        (a 24th of an octave each); as it is where it has neither."""
        return events

    def part_count(self, events: npt.NDArray[Any]) -> int:
        """How many parts the events [T, F] of a piece declare; 0 where the encoding has none."""
        return 0

    def permute(self, events: npt.NDArray[Any], order: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The same music [T, F], event for event, whose part `n` was part `order[n]`, both from 0, [P]."""
        return events

    def instruments(self, events: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """The instruments [K] that play in the events [T, F], ascending, or the parts, where it has them; none where the encoding
        does not tell them apart."""
        return np.zeros(0, np.int64)

    def keep(self, events: npt.NDArray[Any], instruments: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The events [T', F] of some of the `instruments` (or parts) [K] alone; those kept of a beginning begin
        those kept of the whole."""
        return events

    def task(
        self, events: npt.NDArray[Any], at: int, longest: int, chance: np.random.Generator
    ) -> tuple[Events, npt.NDArray[np.bool_]] | None:
        """A random task made of a piece around its event `at`: at most `longest` events, and bool [T] which of them are to be
        written; None where the encoding knows no tasks, or the piece yields none."""
        return None

    @property
    def task_ids(self) -> frozenset[int]:
        """Ids of the first field that are never drawn in a plain piece: they come in tasks alone."""
        return frozenset()

    @property
    def key(self) -> str:
        """The name with its options, as `make` reads it: `melody:pitch=midi,chord=top`; defaults are left out."""
        changed = [(f.name, getattr(self, f.name)) for f in fields(self) if getattr(self, f.name) != f.default]
        given = [str(value) if name == self.main_option else f"{name}={value}" for name, value in changed]
        return self.name + (":" + ",".join(given) if given else "")

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest unsigned type that holds every id."""
        return np.dtype(np.uint8 if max(field.size for field in self.fields) <= 256 else np.uint16)
