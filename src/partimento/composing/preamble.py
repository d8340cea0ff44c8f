"""What a piece says before its first note: a meter, key and tempo that are asked for are stated there.

A model under conditions leans to them, but draws its first events as pieces begin, many of which state nothing; and what is
stated there it keeps to. What was not asked for, it states or not as it likes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from partimento.composing.rules import Rules
from partimento.composing.rules.time import FASTEST, SLOWEST
from partimento.composing.sampler import Bools, Constraint, Prefix
from partimento.encodings import Encoding, Events
from partimento.piece import KEY, METER, TEMPO, Piece, Track, note_array
from partimento.theory import key_of_scale, parse_scale

STATED = ("key", "meter", "tempo")


def can_state(encoding: Encoding, conditions: Mapping[str, str | float]) -> bool:
    """Whether a piece of this encoding says something of these conditions before its first note."""
    return any(name in encoding.statements for name in conditions)


def stated(encoding: Encoding, rules: Rules, conditions: Mapping[str, str | float] | None = None) -> Events:
    """The events [T, F] that state meter, key and tempo, as the rules ask for, else as the conditions do."""
    asked = conditions or {}
    upper, _, lower = str(asked.get("meter", "")).partition("/")
    meter = rules.meter or ((int(upper), int(lower)) if lower else None)
    scale = rules.key or str(asked.get("key", ""))
    key = key_of_scale(*parse_scale(scale)) if scale else None
    tempo = rules.tempo_qpm or (float(np.clip(float(asked["tempo"]), SLOWEST, FASTEST)) if "tempo" in asked else None)
    piece = Piece(
        note_array([(0, 1, 60, 80, 0)]),
        (Track(),),
        12,
        np.array([(0, tempo)] if tempo else [], TEMPO),
        np.array([(0, *meter)] if meter else [], METER),
        np.array([(0, *key)] if key else [], KEY),
    )
    events = encoding.encode(piece)
    return events[: [encoding.notes_in(events[: at + 1]) for at in range(len(events))].index(1)]


class Preamble(Constraint):
    """Of one sequence that begins with nothing: what it has still to state, by kind, and the kinds that it must not, since pieces
    are so where they state nothing (4/4, 120 quarters a minute)."""

    def __init__(self, encoding: Encoding, conditions: Mapping[str, str | float]) -> None:
        rows = stated(encoding, Rules(), conditions).tolist()
        self.kinds = {kind: name for name, kind in encoding.statements.items()}
        self.missing: dict[int, list[int]] = {row[0]: row for row in rows}
        self.unsaid = {kind for kind, name in self.kinds.items() if name in conditions and kind not in self.missing}
        self.is_open = True

    def push(self, event: Sequence[int]) -> None:
        self.missing.pop(event[0], None)
        self.is_open = self.is_open and event[0] in self.kinds

    def mask(self, allowed: Bools, drawn: Prefix) -> Bools:
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
