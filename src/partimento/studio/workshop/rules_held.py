"""Which rules hold of a piece, judged from its notes alone, and in which bars they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from partimento.bars import BarGrid
from partimento.composing.rules import REGISTRY, Rules
from partimento.piece import Piece
from partimento.task import Region, Task
from partimento.testing.rules import CHECKERS, Written, violations
from partimento.theory import parse_scale

BY_NOTE = ("key", "ranges", "chords", "polyphony")  # rules whose checkers go through the pitched notes in order
MOST_BARS = 100  # told of a rule


def broken_by(piece: Piece, numbers: Sequence[int], rules: Rules | None, task: Task | None) -> dict[str, int]:
    """How often each rule is broken by some notes of a piece, the new ones of a task (None: a new piece), by its name."""
    if rules is None or not len(numbers):
        return {}
    alone = replace(piece, notes=piece.notes[np.array(numbers, np.int64)])
    if task is None:
        return violations(alone, rules)
    found = violations(alone, rules.but(end_on_tonic=False), _start_quarter(task))
    if rules.end_on_tonic:
        found["end_on_tonic"] = int(_misses_tonic(piece, rules.key, task.span()[1]))
    return found


def held(piece: Piece, rules: Rules, bars: tuple[int, int] | None) -> dict[str, Any]:
    """Of each rule how often it is broken (`broken`), and in which bars (`bars`; where that can be said)."""
    grid = BarGrid.of(piece)
    region = Task(piece, Region(bars=bars or (int(grid.numbers[0]), grid.last_number)))
    start, end = region.span()
    inside = (piece.notes["onset"] >= start) & (piece.notes["onset"] < end)
    alone = replace(piece, notes=piece.notes[inside])
    told: dict[str, dict[str, Any]] = {}
    of = Written(alone, rules.options, _start_quarter(region))
    onsets = [round(note[0] * piece.ticks_per_quarter) for note in of.pitched]
    for kind in REGISTRY:
        name = kind.options[0].name
        if rules.options[name] == kind.options[0].unset:
            continue
        wrong = list(CHECKERS[kind](of))
        told[name] = {"broken": sum(wrong), "bars": None}
        if name in BY_NOTE and len(wrong) == len(onsets):
            places = [onset for onset, one in zip(onsets, wrong, strict=True) if one]
            told[name]["bars"] = sorted({int(grid.number_at(place)) for place in places})[:MOST_BARS]
    return told


def _start_quarter(task: Task) -> float:
    """Where rules begin to count: the region's first full bar."""
    grid = BarGrid.of(task.given)
    first, _ = task.places()
    return int(grid.tick_of(max(first, int(grid.upbeat)))) / task.given.ticks_per_quarter


def _misses_tonic(piece: Piece, key: str, end_tick: int) -> bool:
    """Whether the lowest of the notes that end at a tick is no tonic."""
    ends = piece.notes["onset"].astype(np.int64) + piece.notes["duration"]
    closing = piece.notes["pitch"][ends == end_tick]
    return not len(closing) or int(closing.min()) % 12 != parse_scale(key)[0]
