"""What a piece says before its first note: a meter, key and tempo that are wished for are stated there. It knows no model.

A model under conditions leans to them, but draws its first events as pieces begin, many of which state nothing; and what is
stated there it keeps to. What was not wished for, it states or not as it likes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from partimento.composing.rules import Rules
from partimento.composing.rules.base import Bools
from partimento.encodings import Encoding, Events
from partimento.encodings.conditions import KEYS
from partimento.encodings.notes.layout import MAPS
from partimento.encodings.tasks import NOTE_BY_NOTE

SLOWEST, FASTEST = 16.0, 640.0  # quarters a minute that can be stated
STATED = ("key", "meter", "tempo")


def can_state(encoding: Encoding, conditions: Mapping[str, str | float]) -> bool:
    """Whether a piece of this encoding says something of these conditions before its first note."""
    return isinstance(encoding, NOTE_BY_NOTE) and encoding.layout.beats and any(name in conditions for name in STATED)


def stated(encoding: Encoding, rules: Rules, conditions: Mapping[str, str | float]) -> Events:
    """The events that state meter, key and tempo, as the rules ask for, else as is wished for in the conditions."""
    if not can_state(encoding, conditions):
        return rules.head(encoding)
    upper, _, lower = str(conditions.get("meter", "")).partition("/")
    wished_key, tempo = str(conditions.get("key", "")).casefold(), conditions.get("tempo")
    asked = replace(
        rules,
        key=rules.key or next((key for key in KEYS if key.casefold() == wished_key), ""),
        meter=rules.meter or ((int(upper), int(lower)) if lower else None),
        tempo_qpm=rules.tempo_qpm or (None if tempo is None else float(np.clip(float(tempo), SLOWEST, FASTEST))),
    )
    return asked.head(encoding)


class Head:
    """Of one sequence that begins with nothing: what it has still to state, by kind, and the kinds that it must not, since pieces
    are so where they state nothing (4/4, 120 quarters a minute)."""

    def __init__(self, encoding: Encoding, conditions: Mapping[str, str | float]) -> None:
        rows = stated(encoding, Rules(), conditions).tolist()
        self.kinds = {encoding.layout.kind(name): name for name in MAPS}  # type: ignore[attr-defined]
        self.missing: dict[int, list[int]] = {row[0]: row for row in rows}
        self.unsaid = {kind for kind, name in self.kinds.items() if name in conditions and kind not in self.missing}
        self.is_open = True

    def push(self, event: list[int]) -> None:
        """Takes in the event that was drawn."""
        self.missing.pop(event[0], None)
        self.is_open = self.is_open and event[0] in self.kinds

    def narrowed(self, allowed: Bools, drawn: tuple[int, ...]) -> Bools:
        """What of the allowed ids of field `len(drawn)` leaves the head as it is wished for."""
        if not self.is_open:
            return allowed
        ids = np.arange(len(allowed))
        following = min(self.missing, default=0)
        if not drawn:
            early = np.isin(ids, [kind for kind in self.kinds if kind <= following]) if following else True
            return np.asarray(allowed & early & ~np.isin(ids, list(self.unsaid)))
        if drawn[0] in self.missing:
            return np.asarray(allowed & (ids == self.missing[drawn[0]][len(drawn)]))
        return np.asarray(allowed & (ids == 1)) if following and len(drawn) == 1 else allowed
