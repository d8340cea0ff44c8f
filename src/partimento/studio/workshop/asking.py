"""What a person asks of the model, as JSON has it, and what that is to `composing`: a region, rules, conditions, sampling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from partimento.bars import BarGrid
from partimento.chord_symbols import chord_name
from partimento.composing.rules import Rules
from partimento.composing.sampling import Sampling
from partimento.errors import InvalidOption, UnknownName
from partimento.piece import Piece
from partimento.task import Region, Task

KINDS = {
    "continue": "goes on after the last bar",
    "fill": "writes the marked bars anew, of all tracks or of some",
    "vary": "writes a share of the notes anew",
    "accompany": "adds an accompaniment",
    "harmonise": "adds an accompaniment, and writes its chords into the lane",
    "melody": "adds a melody above",
    "bass": "adds a bass below",
    "new": "writes a new piece",
}
PARTS = {"accompany": "accompaniment", "harmonise": "accompaniment", "melody": "melody", "bass": "bass"}
LENGTH = 8  # bars, where nothing is said
MOST_BARS, MOST_CANDIDATES = 256, 8
LANE = "lane"


@dataclass(frozen=True)
class Ask:
    """A task in words. Options that are empty are not asked for. Tracks and notes are numbered from 0, bars as on a page."""

    kind: str
    bars: tuple[int, int] | None = None
    length: int | None = None
    tracks: tuple[int, ...] = ()
    locked: tuple[int, ...] = ()
    keep: float = 0.5
    count: int = 3
    seed: int | None = None
    chords: str = ""
    chord_beats: int = 0
    passing: bool = False
    key: str = ""
    scale: str = ""
    ranges: str = ""
    polyphony: int = 0
    end_on_tonic: bool = False
    no_parallel_fifths: bool = False
    conditions: Mapping[str, str | float] = field(default_factory=dict)
    temperature: float = 1.0
    top_p: float = 1.0
    min_p: float = 0.0
    meter: str = ""
    tempo_qpm: float | None = None
    instruments: str = ""

    def __post_init__(self) -> None:
        """Raises `InvalidOption` or `UnknownName` for what cannot be of any score."""
        if self.kind not in KINDS:
            raise UnknownName("kind of task", self.kind, KINDS)
        if not 1 <= self.count <= MOST_CANDIDATES:
            raise InvalidOption(f"{self.count} candidates; it must be 1..{MOST_CANDIDATES}", option="count")
        if self.length is not None and not 1 <= self.length <= MOST_BARS:
            raise InvalidOption(f"{self.length} bars; it must be 1..{MOST_BARS}", option="length")
        if self.bars is not None and not 0 <= self.bars[0] <= self.bars[1] < self.bars[0] + MOST_BARS:
            raise InvalidOption(f"bars {self.bars[0]} to {self.bars[1]} cannot be, or are more than {MOST_BARS}", option="bars")
        if not 0 < self.keep < 1:
            raise InvalidOption(f"a variation keeps a share between 0 and 1 of the notes, not {self.keep}", option="keep")
        if self.seed is not None and not 0 <= self.seed < 2**53:
            raise InvalidOption(f"the seed {self.seed}; it must be 0..2**53 - 1", option="seed")
        if (self.meter or self.tempo_qpm or self.instruments) and self.kind != "new":
            raise InvalidOption("meter, tempo_qpm and instruments are those of the score; leave them out", option="kind")
        self.sampling()

    def to_json(self) -> dict[str, Any]:
        """Only what is asked for."""
        unset = {one.name: one.default for one in fields(self)} | {"conditions": {}}
        return {name: value for name, value in vars(self).items() if value != unset[name]}

    def sampling(self) -> Sampling:
        return Sampling(float(self.temperature), 0, float(self.top_p), float(self.min_p))

    def region(self, piece: Piece, seed: int) -> Region:
        """Where of a score it writes. Raises `InvalidOption`."""
        grid = BarGrid.of(piece)
        if any(not 0 <= one < len(piece.tracks) for one in self.tracks):
            raise InvalidOption(f"the score has tracks 0 to {len(piece.tracks) - 1}", option="tracks")
        bars = self.bars
        if self.kind == "continue":
            first = grid.last_number + 1
            bars = bars or (first, first + (self.length or LENGTH) - 1)
        tracks = tuple(one + 1 for one in self.tracks)
        if part := PARTS.get(self.kind, ""):
            if tracks or self.locked:
                raise InvalidOption(
                    f"{self.kind} adds notes and takes none away; leave tracks and locked notes out", option="tracks"
                )
            return Region(bars, part=part)
        locked = self._locked(piece)
        if self.kind != "vary":
            return Region(bars or (int(grid.numbers[0]), grid.last_number), tracks, locked=locked)
        if not tracks and not locked:
            return Region(bars, keep=self.keep)
        return Region(bars or (int(grid.numbers[0]), grid.last_number), tracks, locked=(*locked, *self._drawn(piece, bars, seed)))

    def rules(self, piece: Piece | None, region: Region | None) -> Rules | None:
        """What must hold of every new note; None where nothing must. Raises `InvalidOption`."""
        asked: dict[str, Any] = {
            "key": " ".join(part for part in (self.key, self.scale) if part),
            "ranges": self.ranges or None,
            "polyphony": self.polyphony,
            "end_on_tonic": self.end_on_tonic,
            "no_parallel_fifths": self.no_parallel_fifths,
        }
        chords, beats = self.chords, self.chord_beats
        if self.chords.strip().lower() == LANE:
            if piece is None or region is None:
                raise InvalidOption("a new piece has no lane yet; write its chords", option="chords")
            chords, beats = " ".join(lane(Task(piece, region))), 1
        if chords:
            asked |= {"chords": chords, "chord_beats": beats, "passing": self.passing}
        if self.kind == "new":
            asked |= {"bars": self.bars_of_new, "meter": self.meter or None, "tempo_qpm": self.tempo_qpm}
            asked |= {"instruments": self.instruments or None}
        asked = {name: value for name, value in asked.items() if value}
        return Rules(**asked) if asked else None

    @property
    def bars_of_new(self) -> int:
        """How many bars a new piece has."""
        return self.length or (self.bars[1] - self.bars[0] + 1 if self.bars else LENGTH)

    def _locked(self, piece: Piece) -> tuple[tuple[int, int, int], ...]:
        if any(not 0 <= one < len(piece) for one in self.locked):
            raise InvalidOption(f"the score has notes 0 to {len(piece) - 1}", option="locked")
        return _named(piece, np.array(self.locked, np.int64))

    def _drawn(self, piece: Piece, bars: tuple[int, int] | None, seed: int) -> tuple[tuple[int, int, int], ...]:
        """The share of the notes of the region that a variation of some tracks leaves."""
        region = Region(bars, tuple(one + 1 for one in self.tracks)) if self.tracks else Region(bars)
        written = np.flatnonzero(~Task(piece, region).stands())
        stay = np.random.default_rng([seed, 0x5EED]).random(len(written)) < self.keep
        return _named(piece, written[stay])


def lane(task: Task) -> list[str]:
    """The chord symbols of a task's region, one a beat, from its first full bar on; `N.C.` where none is written."""
    piece = task.given
    first, stop = task.places()
    grid = BarGrid.of(piece)
    first = max(first, int(grid.upbeat))
    row = grid.row(grid.tick_of(first))
    beat = max(1, 4 * piece.ticks_per_quarter // int(grid.denominator[row]))
    ticks = np.arange(int(grid.tick_of(first)), int(grid.tick_of(stop)), beat)
    at = np.searchsorted(piece.chords["tick"], ticks, side="right") - 1
    names = [chord_name(root, quality, bass) for _, root, quality, bass in piece.chords.tolist()]
    found = [names[one] if one >= 0 else "N.C." for one in at.tolist()]
    if not piece.chords.size or set(found) == {"N.C."}:
        raise InvalidOption("the chord lane of these bars is empty; write chords there, or leave chords out", option="chords")
    return found


def _named(piece: Piece, numbers: Any) -> tuple[tuple[int, int, int], ...]:
    return tuple((onset, pitch, track + 1) for onset, _, pitch, _, track in piece.notes[numbers].tolist())
