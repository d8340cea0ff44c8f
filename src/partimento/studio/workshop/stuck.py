"""Why a candidate cannot go on: the bar where it fails, and which rules to loosen, one of them."""

from __future__ import annotations

import numpy as np

from partimento.composing.loosening import goes_on, loosenings
from partimento.composing.provenance import Options
from partimento.errors import InvalidOption
from partimento.studio.workshop.following_notes import NotesFollower, Stretch
from partimento.studio.workshop.planning import Plan
from partimento.studio.workshop.refusals import NoWayOn
from partimento.studio.workshop.warm_model import WarmModel


def with_reasons(plan: Plan, warm: WarmModel, follower: NotesFollower, error: InvalidOption) -> Exception:
    """The error with the bar where it fails and what to loosen, where these can be found."""
    if plan.rules is None:
        return error
    encoding = warm.checkpoint.encoding
    options = Options(200, plan.ask.sampling(), plan.seed, 1, plan.rules)
    for one in follower.stuck():
        drawn = np.array(one.drawn, encoding.dtype).reshape(-1, len(encoding.fields))
        if goes_on(encoding, one.before, drawn, options, one.place):
            continue  # another one is stuck
        if found := list(loosenings(encoding, one.before, drawn, options, one.place)):
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
