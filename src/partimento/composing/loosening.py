"""Where rules leave no way on: which of them would have to be loosened, one at a time. It draws nothing and asks no model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from partimento.composing.constraints import prepared
from partimento.composing.provenance import Options
from partimento.composing.rules import Inside, Rules
from partimento.composing.sampler import Row
from partimento.encodings import Encoding, Events
from partimento.errors import InvalidOption

MOST_TRIES = 3000  # prefixes of an event that are tried; more are not worth a person's time
TOGETHER = {"key": ("end_on_tonic",), "chords": ("chord_beats", "passing")}  # options that mean nothing without another


def loosenings(encoding: Encoding, before: Events, drawn: Events, options: Options, place: Inside | None = None) -> Iterator[str]:
    """The options of the rules without which, alone, a sequence goes on that is stuck after the events `before` [T, F] and those
    `drawn` [N, F]; with no events drawn, without which it can begin."""
    if options.rules is None:
        return
    for name, less in _each_less(options.rules):
        if goes_on(encoding, before, drawn, replace(options, rules=less), place):
            yield name


def goes_on(encoding: Encoding, before: Events, drawn: Events, options: Options, place: Inside | None = None) -> bool:
    """Whether an event may follow after these events, [T, F] and [N, F], under the options' rules."""
    try:
        cursor, constraints = prepared(encoding, before, options, place)
    except InvalidOption:
        return False
    row = Row(encoding, cursor, constraints(cursor, 0))
    for event in drawn.tolist():
        row.push(event)
    prefix: tuple[int, ...] = ()
    for _ in range(MOST_TRIES):
        if len(prefix) == len(encoding.fields):
            return True
        allowed = row.allowed(prefix).nonzero()[0]
        if len(allowed):
            prefix = (*prefix, int(allowed[0]))
        elif prefix:
            row.ban(prefix)
            prefix = prefix[:-1]
        else:
            return False
    return False


def _each_less(rules: Rules) -> Iterator[tuple[str, Rules]]:
    asked: Mapping[str, Any] = rules.to_json()
    for name in asked:
        left = {key: value for key, value in asked.items() if key != name and key not in TOGETHER.get(name, ())}
        try:
            yield name, Rules.from_json(left)
        except InvalidOption:
            continue
