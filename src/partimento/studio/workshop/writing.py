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
from partimento.composing.loosening import loosenings
from partimento.composing.pieces import judged
from partimento.composing.provenance import Options
from partimento.composing.ranking import bits_per_note
from partimento.errors import InvalidOption
from partimento.harmony import find_chords
from partimento.piece import Piece
from partimento.studio.workshop.following_notes import NotesFollower, Stretch
from partimento.studio.workshop.mailbox import Mailbox
from partimento.studio.workshop.planning import Plan
from partimento.studio.workshop.refusals import NoWayOn
from partimento.studio.workshop.rules_held import broken_by
from partimento.studio.workshop.warm_model import WarmModel

TRIES = 3  # runs with the next seeds, where one gets stuck


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
            copied = {"longest_notes": told["longest_notes"], "share": told["share"], "over": self.over, "runs": told["runs"]}
        return {
            "new_notes": self.new_notes,
            "new": list(self.new),
            "bits_per_note": self.bits_per_note,
            "rules": dict(self.broken),
            "copied": copied,
        }


def written(plan: Plan, warm: WarmModel, mailbox: Mailbox) -> list[Candidate]:
    """The candidates, in order; notes go to the mailbox as they are written. Raises `NoWayOn` where the rules leave none,
    `Stopped` where nobody reads."""
    made = _composed(plan, warm, mailbox)
    reference = warm.reference
    made = [judged(one, reference) for one in made]
    mailbox.check()
    bits = bits_per_note(warm.checkpoint, made, plan.conditions)
    return [_candidate(plan, one, bit) for one, bit in zip(made, bits, strict=True)]


def ranking(candidates: list[Candidate]) -> list[int]:
    """Their numbers from 1 on, the best first: what copies more than human pieces do comes last, then by likelihood."""

    def worth(number: int) -> tuple[bool, float]:
        one = candidates[number - 1]
        return bool(one.over), one.bits_per_note if one.bits_per_note is not None else np.inf

    return sorted(range(1, len(candidates) + 1), key=worth)


def _composed(plan: Plan, warm: WarmModel, mailbox: Mailbox) -> list[Composition]:
    checkpoint, ask = warm.checkpoint, plan.ask
    for tried in range(TRIES):
        follower = NotesFollower(checkpoint.encoding, plan.task, mailbox)
        try:
            made = compose(
                checkpoint,
                task=plan.task,
                notes=24 * ask.bars_of_new if ask.kind == "new" else 200,
                sampling=ask.sampling(),
                seed=plan.seed + tried,
                count=ask.count,
                rules=plan.rules,
                conditions=plan.conditions,
                follower=follower,
            )
        except InvalidOption as error:
            if not follower.stretches or plan.rules is None:
                raise _with_reasons(plan, warm, follower, error) from None
            if tried + 1 == TRIES or not any(one.drawn for one in follower.stuck()):
                raise _with_reasons(plan, warm, follower, error) from None
            mailbox.put("again", {"candidates": list(range(1, ask.count + 1))})
            continue
        follower.finish()
        return made
    raise AssertionError


def _with_reasons(plan: Plan, warm: WarmModel, follower: NotesFollower, error: InvalidOption) -> Exception:
    """The error with the bar where it fails and what to loosen, where these can be found."""
    if plan.rules is None:
        return error
    encoding = warm.checkpoint.encoding
    options = Options(200, plan.ask.sampling(), plan.seed, 1, plan.rules)
    for one in follower.stuck() if follower.now else []:
        found = list(loosenings(encoding, one.before, _events(one, encoding.dtype, len(encoding.fields)), options, one.place))
        if found:
            return NoWayOn(error.message, _bar(plan, follower, one), found)
    return NoWayOn(error.message, None, tuple(plan.rules.to_json()))


def _bar(plan: Plan, follower: NotesFollower, one: Stretch) -> int | None:
    """The bar where it fails; of chords that cannot be at all, that of the first of them."""
    rules = plan.rules
    if one.drawn or rules is None or not rules.chords:
        return follower.bar_of(one)
    first = plan.to_json()["bars"][0]
    for number, symbol in enumerate(rules.chords):
        try:
            rules.but(chords=symbol, bass=None).made(one.cursor, one.place)  # type: ignore[arg-type]
        except InvalidOption:
            beats = int(getattr(one.cursor, "numerator", 4))
            return int(first + (number * rules.chord_beats // beats if rules.chord_beats else number))
    return follower.bar_of(one)


def _events(one: Stretch, dtype: Any, width: int) -> Any:
    return np.array(one.drawn, dtype).reshape(-1, width)


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
