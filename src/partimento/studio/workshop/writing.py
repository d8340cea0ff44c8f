"""A task done: candidates by the model, event by event, each judged, and where rules cannot be met what to loosen.

It loads torch, so it is imported when a task is at work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from partimento.analysis.originality import Finding
from partimento.composing.compose import compose
from partimento.composing.composition import Composition
from partimento.composing.pieces import judged
from partimento.composing.ranking import bits_per_note
from partimento.errors import InvalidOption
from partimento.harmony import find_chords
from partimento.piece import Piece
from partimento.studio.workshop.following_notes import NotesFollower
from partimento.studio.workshop.mailbox import Mailbox
from partimento.studio.workshop.planning import Plan
from partimento.studio.workshop.refusals import NoWayOn
from partimento.studio.workshop.rules_held import broken_by
from partimento.studio.workshop.stuck import with_reasons
from partimento.studio.workshop.warm_model import WarmModel

TRIES = 3  # of a candidate that gets stuck, with other seeds


@dataclass(frozen=True)
class Candidate:
    """A piece that is asked for, and how it was judged."""

    piece: Piece
    new_notes: int
    new: tuple[int, ...]
    bits_per_note: float | None
    broken: Mapping[str, int]
    finding: Finding | None
    over: bool | None

    def to_json(self) -> dict[str, Any]:
        """All but the piece."""
        copied = None
        if self.finding is not None:
            told = self.finding.to_json()
            copied = {name: told[name] for name in ("longest_notes", "share", "runs", "likeness")} | {"over": self.over}
        return {
            "new_notes": self.new_notes,
            "new": list(self.new),
            "bits_per_note": self.bits_per_note,
            "rules": dict(self.broken),
            "copied": copied,
        }


def written(plan: Plan, warm: WarmModel, mailbox: Mailbox) -> dict[int, Candidate]:
    """The candidates by number, from 1 on; notes go to the mailbox as they are written. Raises `NoWayOn` where rules leave none,
    `Stopped` where nobody reads."""
    composed = _composed(plan, warm, mailbox)
    reference = warm.reference
    made = [judged(one, reference) for one in composed.values()]
    mailbox.check()
    bits = bits_per_note(warm.checkpoint, made, plan.conditions)
    return {number: _candidate(plan, one, bit) for number, one, bit in zip(composed, made, bits, strict=True)}


def ranking(candidates: Mapping[int, Candidate]) -> list[int]:
    """Their numbers, the best first: what copies more than human pieces do comes last, then by likelihood."""

    def worth(number: int) -> tuple[bool, float]:
        one = candidates[number]
        return bool(one.over), one.bits_per_note if one.bits_per_note is not None else np.inf

    return sorted(candidates, key=worth)


def _composed(plan: Plan, warm: WarmModel, mailbox: Mailbox) -> dict[int, Composition]:
    """The candidates by number: all side by side; where one gets stuck each by itself, with other seeds, so that it takes no other
    one with it. Raises `NoWayOn` where none comes to its end."""
    count = plan.ask.count
    follower = NotesFollower(warm.checkpoint.encoding, plan.task, mailbox)
    try:
        return dict(enumerate(_run(plan, warm, plan.seed, count, follower), 1))
    except InvalidOption as error:
        if not any(one.drawn for one in follower.stuck()):
            raise with_reasons(plan, warm, follower, error) from None
    mailbox.put("again", {"candidates": list(range(1, count + 1))})
    found: dict[int, Composition] = {}
    for number in range(1, count + 1):
        for tried in range(TRIES):
            follower = NotesFollower(warm.checkpoint.encoding, plan.task, mailbox, number)
            try:
                (found[number],) = _run(plan, warm, plan.seed + TRIES * number + tried, 1, follower)
                break
            except InvalidOption as error:
                problem = with_reasons(plan, warm, follower, error)
                if tried + 1 < TRIES:
                    mailbox.put("again", {"candidates": [number]})
        else:
            told = {"bar": problem.bar, "relax": list(problem.relax)} if isinstance(problem, NoWayOn) else {}
            mailbox.put("failed", {"candidate": number, "message": str(problem)} | told)
    if not found:
        raise problem
    return found


def _run(plan: Plan, warm: WarmModel, seed: int, count: int, follower: NotesFollower) -> list[Composition]:
    ask = plan.ask
    made = compose(
        warm.checkpoint,
        task=plan.task,
        notes=24 * ask.bars_of_new if ask.kind == "new" else 200,
        sampling=ask.sampling(),
        seed=seed,
        count=count,
        rules=plan.rules,
        conditions=plan.conditions,
        follower=follower,
    )
    follower.finish()
    return made


def _candidate(plan: Plan, made: Composition, bits: float) -> Candidate:
    piece = made.piece
    if plan.task is not None:  # the title page stays
        about = replace(plan.task.given.about, licence=piece.about.licence, made=made.made)
        piece = replace(piece, about=about)
        if plan.ask.kind == "harmonise":
            piece = _with_found_chords(piece, *plan.task.span())
    new = np.arange(len(piece)) if made.new is None else np.flatnonzero(made.new)
    return Candidate(
        piece,
        made.new_notes,
        tuple(new.tolist()),
        float(bits) if np.isfinite(bits) else None,
        broken_by(piece, new.tolist(), plan.rules, plan.task),
        made.finding,
        made.over,
    )


def _with_found_chords(piece: Piece, start: int, end: int) -> Piece:
    """The chords found in some bars, in the lane of these bars."""
    found = find_chords(piece)
    inside = found[(found["tick"] >= start) & (found["tick"] < end)]
    left = piece.chords[(piece.chords["tick"] < start) | (piece.chords["tick"] >= end)]
    return replace(piece, chords=np.concatenate([left, inside]))
