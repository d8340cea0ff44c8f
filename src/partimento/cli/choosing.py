"""What `partimento compose` does with what was composed: judges it by the human reference, replaces copies, takes the best."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.cli.originality import bars
from partimento.cli.screen import Flag, Screen, counted, not_negative, short
from partimento.errors import InvalidOption

if TYPE_CHECKING:
    from partimento.analysis.human_reference import Reference
    from partimento.analysis.originality import Finding
    from partimento.composing.compose import Composition
    from partimento.composing.ranking import Ranked
    from partimento.models.checkpoint import Checkpoint

SHOWN = 8


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ChoiceOptions:
    """How pieces are kept from going round in circles, where they end, and which of them are kept.

    Parameters
    ----------
    exact
        Stop with the last of --notes, in the middle of a bar if need be.
    guard
        Let pieces repeat themselves as much as the model likes.
    original
        Compose anew what copies more of the training pieces than human pieces do.
    best
        Keep only so many of --count pieces: those that the model finds likeliest and that are most like human ones.
    """

    exact: Flag = False
    guard: Annotated[bool, Parameter(name="--guard", negative="--no-guard", show_default=False)] = True
    original: Flag = False
    best: int = 0

    def check(self, count: int) -> None:
        not_negative("--best", self.best)
        if self.best > count:
            raise InvalidOption(f"--best {self.best}: more than the {counted(count, 'piece')} of --count; ask for more pieces")

    def refuse_without(self, reference: Reference | None) -> None:
        """Raises `InvalidOption` where what is asked for needs a reference that is not there."""
        if self.best and (reference is None or not len(reference.human)):
            raise InvalidOption("--best: there are no human pieces to lay these beside; leave it out, or train on a larger corpus")
        if self.original and (reference is None or reference.limits is None):
            raise InvalidOption("--original: it is not known what human pieces copy; leave it out, or train on a larger corpus")


@dataclass(frozen=True)
class Judged:
    """A composed piece, what of its new notes is known, whether that is `over` what human pieces copy, and its rank."""

    made: Composition
    finding: Finding | None = None
    over: bool | None = None
    ranked: Ranked | None = None

    def to_json(self) -> dict[str, Any]:
        found = None if self.finding is None else self.finding.to_json() | {"over": self.over}
        return {"originality": found, "ranking": None if self.ranked is None else self.ranked.to_json()}

    def told(self) -> list[str]:
        """Lines for people."""
        lines = []
        if self.ranked is not None:
            one = self.ranked
            lines.append(f"rank {one.rank}: {one.bits_per_note:.2f} bits a note, {one.distance:.2f} deviations from human pieces")
        if self.finding is not None and not self.finding.runs:
            lines.append("no run of eight notes stands in the training pieces")
        elif self.finding is not None:
            run = self.finding.runs[0]
            mark = ": MORE THAN HUMAN PIECES" if self.over else ""
            lines.append(
                f"longest run known: {run.notes} notes, bars {bars(run.bars)} are bars {bars(run.known_bars)} of {run.known}; "
                f"{100 * self.finding.share[2]:.1f}% in runs of two bars{mark}"
            )
        return lines


def judged(made: Composition, reference: Reference | None) -> Judged:
    """A piece with what of its new notes stands in the training pieces."""
    if reference is None:
        return Judged(made)
    notes = made.piece.notes
    new = notes["onset"] >= made.given_until_tick if made.new is None else made.new
    finding = reference.index.find(replace(made.piece, notes=notes[new]))
    return Judged(made, finding, None if reference.limits is None else reference.limits.crossed(finding))


def choose(
    compose: Callable[[int, int], list[Composition]],
    seed: int,
    count: int,
    choice: ChoiceOptions,
    reference: Reference | None,
    checkpoint: Checkpoint,
    conditions: Mapping[str, str | float],
) -> tuple[list[Judged], int]:
    """The pieces of `compose(seed, count)` that are kept, and how many of all were still copies when others had been tried."""
    from partimento.composing.originals import originals

    choice.refuse_without(reference)

    def run(seed: int, count: int) -> list[Judged]:
        return [judged(made, reference) for made in compose(seed, count)]

    pieces, copies = originals(run, lambda one: bool(one.over), seed, count) if choice.original else (run(seed, count), 0)
    if choice.best and reference is not None:
        pieces = _best(pieces, choice.best, reference, checkpoint, conditions)
    return pieces, copies


def _best(
    pieces: list[Judged], best: int, reference: Reference, checkpoint: Checkpoint, conditions: Mapping[str, str | float]
) -> list[Judged]:
    from partimento.analysis.card.rows import figures
    from partimento.composing.ranking import bits_per_note, distances, rank

    made = [one.made for one in pieces]
    found = [one.finding for one in pieces if one.finding is not None]
    away = distances(figures([one.piece for one in made], found), reference.human)
    ranked = rank(bits_per_note(checkpoint, made, conditions), away)
    return [replace(pieces[one.number], ranked=one) for one in ranked[:best]]


def show(screen: Screen, pieces: list[Judged], names: list[Path], copies: int) -> None:
    for one, name in list(zip(pieces, names, strict=True))[:SHOWN]:
        screen.say(f"  {short(name)}")
        for line in one.told():
            screen.say(f"    {line}")
    if len(names) > SHOWN:
        screen.say(f"  and {len(names) - SHOWN:,} more")
    if copies:
        screen.errors.print(
            f"warning: {counted(copies, 'piece')} still copied too much when five more had been tried", markup=False
        )
