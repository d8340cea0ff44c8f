"""How `partimento compose` says which pieces are kept, and what it says of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from partimento.cli.screen import Flag, Screen, counted, short

if TYPE_CHECKING:
    from partimento.composing.pieces import Composed

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
        With --no-guard pieces repeat themselves as much as the model likes.
    original
        Compose anew what copies more of the training pieces than human pieces do.
    best
        Keep only so many of --count pieces: those that the model finds likeliest and that are most like human ones.
    """

    exact: Flag = False
    guard: Annotated[bool, Parameter(name="--guard", negative="--no-guard", show_default=False)] = True
    original: Flag = False
    best: int = 0


def show(screen: Screen, made: Composed, names: list[Path]) -> None:
    """Each file, and how its piece was judged."""
    for one, name in list(zip(made, names, strict=True))[:SHOWN]:
        screen.say(f"  {short(name)}")
        for line in one.judgement():
            screen.say(f"    {line}")
    if len(names) > SHOWN:
        screen.say(f"  and {len(names) - SHOWN:,} more")
    if made.stuck:
        screen.warn(f"{counted(made.stuck, 'piece')} left out: the rules left no way on, wherever it was tried again")
    if made.copies:
        screen.warn(f"{counted(made.copies, 'piece')} still copied too much when five more had been tried")
