"""What the workshop refuses, each kind with a class of its own, so that every door can say it in its way."""

from __future__ import annotations

from collections.abc import Sequence

from partimento.errors import PartimentoError


class NotThere(PartimentoError):
    """There is no such score, state, task, candidate or sample."""


class Conflict(PartimentoError):
    """What was asked for does not fit where things stand now: another state, or nothing to undo."""


class TooMany(PartimentoError):
    """A limit of the workshop is reached; something must end first."""


class NoModel(PartimentoError):
    """There is no model to ask."""


class Stopped(PartimentoError):
    """A task was stopped before its end."""


class NoWayOn(PartimentoError):
    """Rules cannot be met: in which bar (its number; None where it is all of them), and which options to loosen, one of them."""

    def __init__(self, message: str, bar: int | None = None, relax: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.bar, self.relax = bar, tuple(relax)
