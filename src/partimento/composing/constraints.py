"""What each sequence of a run is held to: rules, preamble, guard and ending, as far as an encoding can say what they ask.

The law of the encoding goes before them all (`sampler.py`). It draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from partimento.analysis.human_reference import beside
from partimento.analysis.repetition import HABITS, Habits
from partimento.composing.ending import Closing, Ending, RuleMasks, can_end
from partimento.composing.guard import Guard, can_guard
from partimento.composing.preamble import Declarations, NoMoreParts, Preamble, must_state, stated
from partimento.composing.provenance import Options, Trained
from partimento.composing.rules import Inside
from partimento.composing.rules.time import Bars
from partimento.composing.sampler import Constraint
from partimento.encodings import Cursor, Encoding, Events
from partimento.encodings.texture import texture_of
from partimento.errors import InvalidOption


def habits_of(guard: bool | Habits | None, encoding: Encoding, checkpoint: Trained | None = None) -> Habits | None:
    """The habits by which sequences are guarded; None for no guard. With None and True they are those beside the checkpoint, or
    general ones. Raises `InvalidOption` where a guard is asked for (anything but None) that the encoding cannot have."""
    if guard is False:
        return None
    if not can_guard(encoding.cursor()):
        if guard is None:
            return None
        raise InvalidOption(f"guard: events of the encoding {encoding.key!r} do not say when notes begin; leave the guard out")
    if isinstance(guard, Habits):
        return guard
    reference = None if checkpoint is None else beside(checkpoint.path.parent, checkpoint.metadata)
    return (None if reference is None else reference.habits) or HABITS


def ends_by_itself(ending: bool | None, encoding: Encoding) -> bool:
    """Whether pieces are led to an end: with None, where the encoding has one. Raises `InvalidOption` where an end is asked for
    (True) that it has not."""
    found = can_end(encoding.cursor())
    if ending and not found:
        raise InvalidOption(f"ending: the encoding {encoding.key!r} has no event for the end of a piece; leave it out")
    return found and ending is not False


def prepared(
    encoding: Encoding, before: Events, options: Options, place: Inside | None = None
) -> tuple[Cursor, Callable[[Cursor, int], Sequence[Constraint]]]:
    """A cursor after the events `before` [T, F], with which each sequence begins, and what makes the constraints of a sequence
    from a copy of it and the sequence's number. `place` is that of a task. Raises `InvalidOption` where the rules contradict
    each other, or cannot be asked of the encoding."""
    cursor = encoding.cursor()
    guard = None if options.guard is None else Guard(cursor, options.guard)
    for event in before.tolist():
        cursor.push(event)
        if guard is not None:
            guard.push(event)
    here, rules = texture_of(cursor), options.rules
    if rules is not None and (here is None or not here.has_bars):
        raise InvalidOption(
            f"rules: the encoding {encoding.key!r} does not hold all notes and bars; train a model of the encoding notes or tasks"
        )
    states = not len(before) and must_state(encoding, rules, options.conditions)
    if rules is not None and states:  # rules are made for what will be stated
        opened = encoding.cursor()
        for event in stated(encoding, rules, options.conditions).tolist():
            opened.push(event)
        here = texture_of(opened)
    made = None if rules is None or here is None else rules.made(here, place, options.filled)
    bars = made.rule(Bars) if made is not None and place is None and options.filled else None

    def constraints(cursor: Cursor, number: int) -> Sequence[Constraint]:
        found: list[Constraint] = [Preamble(encoding, options.conditions, rules)] if states else []
        if guard is not None:
            found.append(guard.of(cursor, number))
        here = texture_of(cursor)
        if here is not None and (made is not None or options.ends):
            masks = RuleMasks(here, None if made is None or rules is None else rules.masks(made, here))
            found = [masks, *found, *([Ending(here, options.notes, masks)] if options.ends else [])]
            if bars is not None:
                found.append(Closing(here, bars))
        if rules is not None and rules.instruments and encoding.opening:
            found.append(NoMoreParts(encoding.opening))
        elif encoding.opening and not len(before):
            found.append(Declarations(cursor, encoding.opening, list(found)))
        return found

    return cursor, constraints
