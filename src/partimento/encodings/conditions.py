"""What a model may be given of a whole piece: composer, genre, key, meter, tempo, density, length, each a category or absent.

Conditions are no events: a small vector of ids beside them, so they go with every encoding.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.bars import BarGrid
from partimento.encodings.base import Field
from partimento.errors import CheckpointError, InvalidOption, UnknownName
from partimento.found_keys import main_key
from partimento.piece import Piece
from partimento.prevailing import key_in_force, mean_tempo_qpm, meter_in_force, notes_per_quarter
from partimento.theory import key_name

log = logging.getLogger(__name__)

KEYS = tuple(key_name(fifths, minor) for fifths in range(-7, 8) for minor in (False, True))
METERS = ("4/4", "3/4", "2/4", "6/8", "2/2", "3/8", "12/8", "9/8", "3/2", "4/2", "6/4", "5/4", "4/8", "7/8", "5/8", "other")


@dataclass(frozen=True)
class Scale:
    """A quantity in classes that grow by one factor: class `i` of 0..count-1 is nearest to `lowest` * `factor` ** i."""

    unit: str
    lowest: float
    factor: float
    count: int

    def id_of(self, value: float) -> int:
        """1..count; what lies beyond an end is of the class at that end."""
        step = np.log(value / self.lowest) / np.log(self.factor)
        return int(np.clip(np.floor(step + 0.5), 0, self.count - 1)) + 1

    def name(self, number: int) -> str:
        """`90 to 107 quarters a minute`."""
        low, high = (self.lowest * self.factor ** (number - 1 + half) for half in (-0.5, 0.5))
        if number in (1, self.count):
            return f"{'below' if number == 1 else 'above'} {_short(high if number == 1 else low)} {self.unit}"
        return f"{_short(low)} to {_short(high)} {self.unit}"


SCALES = {
    "tempo": Scale("quarters a minute", 40, 2**0.25, 12),
    "density": Scale("notes a quarter", 2**-0.5, 2**0.5, 12),
    "length": Scale("bars", 4, 2**0.5, 15),
}


@dataclass(frozen=True)
class Conditions:
    """The vocabulary of the head of a piece. An id is the place of a name in its tuple, from 1 on; 0 is absent or not known.

    Key: that of the longest stretch, as written, with the mode found from the notes where major is written; found from the
    notes where none is written, or C major, which most programs write when nobody chose (see `docs/encodings.md`). Meter:
    that of the longest stretch. Tempo: quarters a minute of the whole. Density: notes a quarter from the first onset to the
    end. Length: bars. Meter and tempo are absent where the piece states none, all but the names where it has no notes.
    """

    composers: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for kind, names in (("composer", self.composers), ("genre", self.genres)):
            if len(set(names)) < len(names) or not all(names) or len(names) > 65_534:
                raise InvalidOption(f"conditions: every {kind} must have a name of its own, and there can be 65,534 of them")

    @classmethod
    def of(cls, composers: Iterable[str], genres: Iterable[str], *, least: int = 1) -> Conditions:
        """The vocabulary of the composers and genres of pieces: those of at least `least` pieces, the commonest first."""
        return cls(*(tuple(name for name, count in _ranked(names) if count >= least) for names in (composers, genres)))

    def extended(self, composers: Iterable[str] = (), genres: Iterable[str] = ()) -> Conditions:
        """This vocabulary with new names after the old ones, which keep their ids."""
        both = zip((self.composers, self.genres), (composers, genres), strict=True)
        return Conditions(*((*old, *(name for name, _ in _ranked(new) if name not in old)) for old, new in both))

    @property
    def fields(self) -> tuple[Field, ...]:
        sizes = {"composer": len(self.composers), "genre": len(self.genres), "key": len(KEYS), "meter": len(METERS)}
        sizes |= {name: scale.count for name, scale in SCALES.items()}
        return tuple(Field(name, size + 1, optional=True) for name, size in sizes.items())

    def encode(self, piece: Piece) -> npt.NDArray[np.uint16]:
        """The ids of a piece: uint16[C], one for each field."""
        found = {"composer": _place(piece.about.composer, self.composers), "genre": _place(piece.about.genre, self.genres)}
        if len(piece):
            found |= {"key": _key(piece), "meter": _meter(piece)}
            if len(piece.tempos):
                found["tempo"] = SCALES["tempo"].id_of(mean_tempo_qpm(piece))
            found["density"] = SCALES["density"].id_of(notes_per_quarter(piece))
            found["length"] = SCALES["length"].id_of(float(BarGrid.of(piece).bars_at(piece.end_tick)))
        return self._vector(found)

    def named(self, **conditions: str | float) -> npt.NDArray[np.uint16]:
        """The ids uint16[C] of what is asked for, such as `key="G minor", meter="3/4", tempo=96, length=32`.

        Names may be in any case, a composer's longer or shorter where one surname fits (a warning says which). Numbers are quarters
        a minute, notes a quarter, and bars. Raises `UnknownName`, which lists the known names, and `InvalidOption` for what is not
        a number above 0.
        """
        known = {"composer": self.composers, "genre": self.genres, "key": KEYS, "meter": METERS}
        found = {}
        for name, value in conditions.items():
            if name in known:
                found[name] = _named(name, str(value), known[name])
            elif name in SCALES:
                found[name] = SCALES[name].id_of(_number(name, value))
            else:
                raise UnknownName("condition", name, [*known, *SCALES])
        return self._vector(found)

    def describe(self, ids: npt.ArrayLike) -> dict[str, str]:
        """The conditions [C] that are not absent, in words. Raises `InvalidOption` for ids that these fields do not have."""
        rows = np.asarray(ids)
        if rows.shape != (len(self.fields),) or any(
            not 0 <= one < field.size for one, field in zip(rows, self.fields, strict=True)
        ):
            raise InvalidOption(f"{rows.tolist()} are no ids of these conditions; make them with `encode` or `named`")
        known = {"composer": self.composers, "genre": self.genres, "key": KEYS, "meter": METERS}
        given = {field.name: int(one) for field, one in zip(self.fields, rows, strict=True) if one}
        return {name: known[name][one - 1] if name in known else SCALES[name].name(one) for name, one in given.items()}

    def transposed(self, ids: npt.NDArray[Any], semitones: int) -> npt.NDArray[Any]:
        """The conditions [C] of the same music so many semitones higher: another key, spelled as `Piece.transpose` does."""
        at = [field.name for field in self.fields].index("key")
        if not ids[at] or not semitones % 12:
            return ids
        fifths, minor = divmod(int(ids[at]) - 1, 2)
        moved = ids.copy()
        moved[at] = 2 * ((fifths - 7 + 7 * semitones + 5) % 12 - 5 + 7) + minor + 1
        return moved

    def to_json(self) -> str:
        return json.dumps({"composers": self.composers, "genres": self.genres})

    @classmethod
    def from_json(cls, text: str) -> Conditions:
        """What `to_json` wrote. Raises `CheckpointError` for anything else."""
        try:
            rows = json.loads(text)
            names = [tuple(rows.pop(kind)) for kind in ("composers", "genres")]
            if rows or not all(isinstance(name, str) for kind in names for name in kind):
                raise ValueError("composers and genres must be lists of names, and nothing else")
            return cls(*names)
        except (ValueError, KeyError, TypeError, AttributeError, InvalidOption) as error:
            raise CheckpointError(f"the conditions cannot be read ({error}); train again or take another checkpoint") from None

    def _vector(self, found: dict[str, int]) -> npt.NDArray[np.uint16]:
        return np.array([found.get(field.name, 0) for field in self.fields], np.uint16)


def _ranked(names: Iterable[str]) -> list[tuple[str, int]]:
    """Each name but the empty one with its count: the commonest first, then by name."""
    return sorted(Counter(name for name in names if name).items(), key=lambda item: (-item[1], item[0]))


def _place(name: str, known: tuple[str, ...]) -> int:
    return known.index(name) + 1 if name in known else 0


def _named(kind: str, name: str, known: tuple[str, ...]) -> int:
    """The id of a name in any case; of a composer the one name that may be the same person's, and a warning that says so."""
    of_folded = {one.casefold(): number for number, one in reversed(list(enumerate(known, 1)))}
    if (exact := of_folded.get(name.casefold())) is not None:
        return exact
    alike = [number for number, one in enumerate(known, 1) if kind == "composer" and _one_person(name, one)]
    if len(alike) != 1:
        raise UnknownName(kind, name, [known[number - 1] for number in alike] or known or ("none",))
    log.warning("the composer %r is taken as %r, whom the model knows", name, known[alike[0] - 1])
    return alike[0]


def _one_person(one: str, other: str) -> bool:
    """Whether two names have one surname, and first names or initials of which none speaks against the other."""
    names = []
    for text in (one, other):
        last, comma, first = text.partition(",")
        names.append((f"{first} {last}" if comma else text).casefold().replace(".", " ").split())
    few, many = sorted(names, key=len)
    if not few or few[-1] != many[-1]:
        return False
    rest = iter(many[:-1])
    return all(
        any(is_of == first or (1 in (len(is_of), len(first)) and is_of[0] == first[0]) for is_of in rest) for first in few[:-1]
    )


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"


def _number(name: str, value: str | float) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < np.inf:
        raise InvalidOption(f"{name} is {value!r}; it must be a number above 0, in {SCALES[name].unit}")
    return number


def _key(piece: Piece) -> int:
    is_drum = np.array([track.is_drum for track in piece.tracks], bool)
    notes = piece.notes[~is_drum[piece.notes["track"]]]
    if not len(notes) and not len(piece.keys):
        return 0
    fifths, minor = found = main_key(piece)
    if (written := key_in_force(piece)) and written != (0, 0):
        fifths, minor = written[0], bool(written[1] or ((written[0] - found[0]) % 12 == 0 and found[1]))
    return 2 * (fifths + 7) + minor + 1


def _meter(piece: Piece) -> int:
    meter = meter_in_force(piece)
    if meter is None:
        return 0
    name = f"{meter[0]}/{meter[1]}"
    return _place(name if name in METERS else "other", METERS)
