"""A task: a piece whose notes stand, but for those of a region, where notes are to be written. It knows no encoding, no model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.bars import BarGrid
from partimento.errors import InvalidOption
from partimento.piece import Array, Piece

ROLES = ("all", "melody", "bass", "accompaniment", "voice", "variation")
PARTS = ROLES[1:4]  # what can be added to a piece, all of whose notes stand
MOST_BARS = 10_000
LONGEST_HOLE = 8  # bars, of random tasks

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Region:
    """Where notes are written.

    `bars` are the numbers of the first and the last bar, as a page has them: 1 is the first full one, 0 an upbeat; None is all
    of them. With nothing else said, all notes that begin there are
    replaced. `tracks` (from 1) replaces those of these tracks alone. `part` adds a melody above, a bass below or an
    accompaniment to notes that all stand. `keep` makes a variation: that share of the notes stands, drawn by the seed.
    `locked` notes stand, whatever else is replaced: the onset in ticks, the pitch and the track (from 1) of each.
    Raises `InvalidOption` for what cannot be, and where two of the last three are asked for.
    """

    bars: tuple[int, int] | None = None
    tracks: tuple[int, ...] = ()
    part: str = ""
    keep: float | None = None
    locked: tuple[tuple[int, int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.bars is not None and len(self.bars) != 2:
            raise InvalidOption(f"bars are a first and a last one, not {self.bars}")
        if self.bars is not None and not 0 <= self.bars[0] <= self.bars[1] <= MOST_BARS:
            raise InvalidOption(
                f"bars {self.bars[0]}-{self.bars[1]} cannot be; bar 1 is the first full bar, bar 0 an upbeat, and there are "
                f"{MOST_BARS} at most"
            )
        if any(track < 1 for track in self.tracks):
            raise InvalidOption("tracks are counted from 1")
        if self.part not in ("", *PARTS):
            raise InvalidOption(f"there is no part {self.part!r} to write; write one of {', '.join(PARTS)}")
        if self.keep is not None and not 0 < self.keep < 1:
            raise InvalidOption(f"a variation keeps a share between 0 and 1 of the notes, not {self.keep}")
        if bool(self.tracks) + bool(self.part) + (self.keep is not None) > 1:
            raise InvalidOption("tracks, a part and a variation are three tasks; write one of them at a time")

    @classmethod
    def parse(cls, text: str) -> Region:
        """From words such as `bars=9-16`, `tracks=2,3`, `bass`, `melody`, `accompaniment`, `vary=0.5`, apart by spaces."""
        found: dict[str, Any] = {}
        for word in text.split():
            name, _, value = word.partition("=")
            if name in PARTS and not value:
                found["part"] = name
            elif name == "bars" and (match := re.fullmatch(r"(\d+)(?:-(\d+))?", value)):
                found["bars"] = int(match[1]), int(match[2] or match[1])
            elif name == "tracks" and re.fullmatch(r"\d+(,\d+)*", value):
                found["tracks"] = tuple(int(one) for one in value.split(","))
            elif name == "vary" and re.fullmatch(r"\d*\.?\d+", value):
                found["keep"] = float(value)
            else:
                raise InvalidOption(f"{word!r} names no place to write; write bars=9-16, tracks=2, vary=0.5, or {', '.join(PARTS)}")
        if not found:
            raise InvalidOption(f"nothing to write is named; write bars=9-16, tracks=2, vary=0.5, or {', '.join(PARTS)}")
        return cls(**found)

    @property
    def role(self) -> str:
        """What the notes to write are among the others, one of `ROLES`."""
        if self.keep is not None:
            return "variation"
        return self.part or ("voice" if self.tracks else "variation" if self.locked else "all")

    def to_json(self) -> dict[str, Any]:
        """Only what is asked for."""
        return {name: value for name, value in vars(self).items() if value}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Region:
        """What `to_json` wrote. Raises `TypeError` or `InvalidOption` for anything else."""
        rows: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in dict(told).items()}
        rows |= {"locked": tuple((int(onset), int(pitch), int(track)) for onset, pitch, track in rows.get("locked", ()))}
        return cls(**rows)


@dataclass(frozen=True, init=False)
class Task:
    """Notes to write in a region of a piece whose other notes stand; `write` may be words as `Region.parse` reads them.

    Raises `InvalidOption` for tracks, and for an upbeat, that the piece does not have.
    """

    given: Piece
    write: Region

    def __init__(self, given: Piece, write: Region | str) -> None:
        object.__setattr__(self, "given", given)
        object.__setattr__(self, "write", Region.parse(write) if isinstance(write, str) else write)
        if self.write.tracks and max(self.write.tracks) > len(given.tracks):
            raise InvalidOption(f"there is no track {max(self.write.tracks)}; the piece has {len(given.tracks)}")
        if self.write.bars is not None and self.write.bars[0] == 0 and not BarGrid.of(given).upbeat:
            raise InvalidOption("there is no bar 0: the piece has no upbeat; its first bar is bar 1")

    def places(self) -> tuple[int, int]:
        """The place of the region's first bar among all bars, from 0, and the one after its last."""
        grid = BarGrid.of(self.given)
        if self.write.bars is None:
            return 0, grid.count
        first, last = self.write.bars
        return grid.place_of(first), grid.place_of(last + 1)

    def span(self) -> tuple[int, int]:
        """The first tick of the region and the one after its last; beyond the end bars go on as the last one."""
        first, stop = BarGrid.of(self.given).tick_of(np.array(self.places())).tolist()
        return first, stop

    def stands(self, seed: int = 0) -> Bools:
        """bool [N]: which of the given notes stand; those of a variation are drawn by the seed."""
        notes, region = self.given.notes, self.write
        if region.part:
            return np.ones(len(notes), bool)
        start, end = self.span()
        inside = (notes["onset"] >= start) & (notes["onset"] < end)
        if region.tracks:
            inside &= np.isin(notes["track"], np.array(region.tracks) - 1)
        if region.keep is not None:
            inside &= np.random.default_rng([seed, 0x7A5C]).random(len(notes)) >= region.keep
        return np.asarray(~inside | self._locked())

    def _locked(self) -> Bools:
        notes = self.given.notes
        if not self.write.locked:
            return np.zeros(len(notes), bool)
        wanted = set(self.write.locked)
        return np.array([(onset, pitch, track + 1) in wanted for onset, _, pitch, _, track in notes.tolist()], bool)


def ranks(notes: Array) -> tuple[Ints, Ints]:
    """Of each note, how many that sound at its onset are higher, and how many lower, [N] each."""
    onset, end, pitch = notes["onset"], notes["onset"] + notes["duration"], notes["pitch"]
    sounds = (onset[None] <= onset[:, None]) & (end[None] > onset[:, None])
    return (sounds & (pitch[None] > pitch[:, None])).sum(1), (sounds & (pitch[None] < pitch[:, None])).sum(1)


def random_split(piece: Piece, bars: int, chance: np.random.Generator) -> tuple[Bools, Region] | None:
    """Notes of a short piece of so many bars to be written by one who sees the others, bool [N], and the region that would ask
    for them; None where these are none, or all.

    A third of the regions are holes of 1 to 8 bars; the others a line (the highest notes, the lowest, those of one rank), all but
    a line, an instrument, or notes at random, in all bars or in a hole.
    """
    notes = piece.notes
    size = int(chance.integers(1, min(LONGEST_HOLE, bars) + 1))
    first = int(chance.integers(0, bars - size + 1))
    hole = first + 1, first + size
    role = str(chance.choice(ROLES, p=(0.35, 0.1, 0.1, 0.1, 0.25, 0.1)))
    whole = role != "all" and chance.random() < 0.6
    start, end = Task(piece, Region(bars=hole)).span()
    written = (notes["onset"] >= start) & (notes["onset"] < end) | whole
    if role == "variation":
        written &= chance.random(len(notes)) < chance.uniform(0.2, 0.8)
    elif role != "all":
        written &= _of_role(piece, role, chance)
    if not written.any() or (role != "all" and written.all()):
        return None
    return written, Region(
        None if whole else hole,
        tuple((np.unique(notes["track"][written]) + 1).tolist()) if role == "voice" else (),
        role if role in PARTS else "",
        0.5 if role == "variation" else None,
    )


def _of_role(piece: Piece, role: str, chance: np.random.Generator) -> Bools:
    """The notes that are of this role; drums accompany."""
    notes = piece.notes
    drums = np.array([track.is_drum for track in piece.tracks], bool)[notes["track"]]
    if role == "voice" and len(piece.tracks) > 1 and chance.random() < 0.7:
        return np.asarray(notes["track"] == chance.choice(np.unique(notes["track"])))
    above, below = ranks(notes)
    if role == "bass":
        return np.asarray((below == 0) & (above > 0) & ~drums)
    if role == "melody":
        return np.asarray((above == 0) & ~drums)
    if role == "voice":
        return np.asarray((above == chance.integers(0, max(1, int(above.max(initial=0)) + 1))) & ~drums)
    line = (above == 0) if chance.random() < 0.7 else (below == 0)  # an accompaniment to a melody, or to a bass
    return np.asarray(~line | drums)
