"""A composed piece: its notes, how it was made, and how it was judged. It draws and judges nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.analysis.originality import Finding, stretch
from partimento.composing.provenance import Options
from partimento.encodings import Events
from partimento.piece import Piece


@dataclass(frozen=True)
class Ranked:
    """Piece `number` of a run, from 0. `bits_per_note` of its new notes under the model, without rules or guard; `distance` from
    human pieces, the mean over figures in robust deviations; `rank` from 1 on among all that were composed."""

    number: int
    rank: int
    bits_per_note: float
    distance: float

    def to_json(self) -> dict[str, Any]:
        """Stable keys: rank, bits_per_note, distance."""
        return {"rank": self.rank, "bits_per_note": self.bits_per_note, "distance": self.distance}


@dataclass(frozen=True)
class Composition:
    """A piece of given and new notes, its `events` [T, F], and `made`: the JSON from which `again` makes the same piece.

    `made` is also `piece.about.made`. `given_until_tick` is where the given notes end and the new ones begin; `new_notes` counts
    those; `first_event` is the first of the events that was drawn. Of a task, `new` [N] says which notes are new, `windows` are the
    events of each of its windows with the first of them that was drawn, and `events` those of the last.

    `finding` is what of its new notes is in the training pieces, `over` whether that is more than human pieces copy, `ranked`
    its place among many; None where it was not judged. `ended` says whether it came to an end of its own.
    """

    piece: Piece
    events: Events
    made: str
    given_until_tick: int
    new_notes: int
    first_event: int = 0
    new: npt.NDArray[np.bool_] | None = None
    windows: tuple[tuple[Events, int], ...] = ()
    finding: Finding | None = None
    over: bool | None = None
    ranked: Ranked | None = None
    ended: bool = False

    def to_json(self) -> dict[str, Any]:
        """How it was judged. Stable keys: originality (those of a finding, and `over`; or null), ranking (or null)."""
        found = None if self.finding is None else self.finding.to_json() | {"over": self.over}
        return {"originality": found, "ranking": None if self.ranked is None else self.ranked.to_json()}

    @property
    def seed(self) -> int:
        """The seed of the run that it came of."""
        return int(json.loads(self.made)["options"]["seed"])

    @property
    def guard(self) -> bool:
        """Whether the repetition guard was in force."""
        return "guard" in json.loads(self.made)["options"]

    @property
    def ending(self) -> bool:
        """Whether the piece was led to an end near the notes asked for; not where rules say how long it is."""
        return Options.from_json(json.loads(self.made)["options"]).ends

    def judgement(self) -> list[str]:
        """How it was judged, in lines for people; none where it was not."""
        lines = []
        if self.ranked is not None:
            one = self.ranked
            lines.append(f"rank {one.rank}: {one.bits_per_note:.2f} bits per note, {one.distance:.2f} deviations from human pieces")
        if self.finding is not None and not self.finding.runs:
            lines.append("no run of eight notes is in the training pieces")
        elif self.finding is not None:
            run = self.finding.runs[0]
            mark = ": MORE THAN HUMAN PIECES" if self.over else ""
            places = f"bars {stretch(run.bars)} are bars {stretch(run.known_bars)} of {run.known}"
            lines.append(
                f"longest run known: {run.notes} notes, {places}; {100 * self.finding.share[2]:.1f}% in runs of two bars{mark}"
            )
        return lines

    def _repr_html_(self) -> str:
        shown: str = self.piece._repr_html_()
        return shown + "".join(f"<p>{escape(line)}</p>" for line in self.judgement())
