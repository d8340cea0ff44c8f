"""The five things worth knowing of an exploration. It chooses who speaks."""

from __future__ import annotations

from partimento.analysis.exploration import Exploration
from partimento.analysis.report.contrast import contrast
from partimento.analysis.report.portrait import portrait
from partimento.analysis.report.wording import Fact

FACTS = 5


def facts(exploration: Exploration) -> list[Fact]:
    """Five facts: of one set, what it is like; of several, what tells them apart, and where little does, what they are like."""
    found = contrast(exploration.beside, FACTS) if exploration.beside else []
    rest = (fact for one in exploration.sets for fact in portrait(one))
    return [*found, *(next(rest) for _ in range(FACTS - len(found)))]
