"""What a piece says before its first note: its parts, and a meter, key and tempo that are asked for.

A model under conditions leans to them, but draws its first events as pieces begin, many of which state nothing; and what is
stated there it keeps to. What was not asked for, it states or not as it likes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from partimento.composing.rules import Rules
from partimento.composing.rules.time import FASTEST, SLOWEST
from partimento.composing.sampler import Bools, Constraint, Floats, Prefix
from partimento.encodings import Cursor, Encoding, Events
from partimento.instruments import DRUMS
from partimento.piece import KEY, METER, TEMPO, Piece, Track, note_array
from partimento.theory import key_of_scale, parse_scale

STATED = ("key", "meter", "tempo")


def must_state(encoding: Encoding, rules: Rules | None, conditions: Mapping[str, str | float]) -> bool:
    """Whether a piece that begins with nothing states what is asked for once its parts are declared (under rules), or what of these
    conditions the encoding can say."""
    return bool(encoding.opening) if rules is not None else any(name in encoding.statements for name in conditions)


def beginning(encoding: Encoding, rules: Rules | None, conditions: Mapping[str, str | float] | None = None) -> Events:
    """The events [T, F] that a piece under rules begins with. None without rules; and none where a model is still to choose its
    parts, after which it states the rest (`Preamble`)."""
    if rules is None or (encoding.opening and not rules.instruments):
        return np.zeros((0, len(encoding.fields)), encoding.dtype)
    return stated(encoding, rules, conditions)


def stated(encoding: Encoding, rules: Rules, conditions: Mapping[str, str | float] | None = None) -> Events:
    """The events [T, F] that declare the instruments of the rules as parts, or else one, where the encoding has parts; and state
    meter, key and tempo, as the rules ask for, else as the conditions do."""
    asked = conditions or {}
    upper, _, lower = str(asked.get("meter", "")).partition("/")
    meter = rules.meter or ((int(upper), int(lower)) if lower else None)
    scale = rules.key or str(asked.get("key", ""))
    key = key_of_scale(*parse_scale(scale)) if scale else None
    tempo = rules.tempo_qpm or (float(np.clip(float(asked["tempo"]), SLOWEST, FASTEST)) if "tempo" in asked else None)
    piece = Piece(
        note_array([(0, 1, 60, 80, 0)]),
        tuple(Track(0, True) if program == DRUMS else Track(program) for program in rules.instruments or (0,)),
        12,
        np.array([(0, tempo)] if tempo else [], TEMPO),
        np.array([(0, *meter)] if meter else [], METER),
        np.array([(0, *key)] if key else [], KEY),
    )
    events = encoding.encode(piece)
    return events[: [encoding.notes_in(events[: at + 1]) for at in range(len(events))].index(1)]


def spelled_out(piece: Piece, rules: Rules | None, conditions: Mapping[str, str | float]) -> Piece:
    """A new piece with what was asked for and is stated by saying nothing: 4/4, and 120 quarters a minute."""
    if ((rules and rules.meter) or "meter" in conditions) and not (piece.meters["tick"] == 0).any():
        piece = replace(piece, meters=np.concatenate([np.array([(0, 4, 4)], METER), piece.meters]))
    if ((rules and rules.tempo_qpm) or "tempo" in conditions) and not (piece.tempos["tick"] == 0).any():
        piece = replace(piece, tempos=np.concatenate([np.array([(0, 120)], TEMPO), piece.tempos]))
    return piece


class Preamble(Constraint):
    """Of one sequence that begins with nothing: what it has still to state, by kind, and the kinds that it must not, since pieces
    are so where they state nothing (4/4, 120 quarters a minute), or since rules count on it. Parts are declared before."""

    def __init__(self, encoding: Encoding, conditions: Mapping[str, str | float], rules: Rules | None = None) -> None:
        self.opening, self.kinds = encoding.opening, {kind: name for name, kind in encoding.statements.items()}
        rows = stated(encoding, rules or Rules(), conditions).tolist()
        self.missing: dict[int, list[int]] = {row[0]: row for row in rows if row[0] in self.kinds}
        fixed = {*conditions, *(() if rules is None else rules.fixed_statements)}
        self.unsaid = {kind for kind, name in self.kinds.items() if name in fixed and kind not in self.missing}
        self.is_open = True
        self.fixed = {encoding.statements[name] for name in (() if rules is None else rules.fixed_statements)}

    def push(self, event: Sequence[int]) -> None:
        self.missing.pop(event[0], None)
        self.unsaid |= {event[0]} & self.fixed
        self.is_open = self.is_open and (event[0] in self.kinds or event[0] in self.opening)

    def mask(self, allowed: Bools, drawn: Prefix) -> Bools:
        if not self.is_open:
            return allowed if drawn else np.asarray(allowed & ~np.isin(np.arange(len(allowed)), list(self.fixed)))
        ids = np.arange(len(allowed))
        following = min(self.missing, default=0)
        if not drawn:
            early = np.isin(ids, [*self.opening, *(kind for kind in self.kinds if kind <= following)]) if following else True
            return np.asarray(allowed & early & ~np.isin(ids, list(self.unsaid)))
        if drawn[0] in self.missing:
            return np.asarray(allowed & (ids == self.missing[drawn[0]][len(drawn)]))
        is_early = following and len(drawn) == 1 and drawn[0] in self.kinds
        return np.asarray(allowed & (ids == 1)) if is_early else allowed


class NoMoreParts(Constraint):
    """Nothing is declared beside the instruments that were asked for; `opening` are the ids of declarations."""

    def __init__(self, opening: frozenset[int]) -> None:
        self.opening = sorted(opening)

    def mask(self, allowed: Bools, drawn: Prefix) -> Bools:
        if drawn:
            return allowed
        left = allowed.copy()
        left[self.opening] = False
        return left


class Declarations(Constraint):
    """Keeps a model from declaring part after part because `others` forbid what it would say next: a declaration stays as likely as
    the model has it, and what is still allowed shares the rest."""

    def __init__(self, cursor: Cursor, opening: frozenset[int], others: Sequence[Constraint]) -> None:
        self.cursor, self.opening, self.others, self.is_open = cursor, sorted(opening), others, True

    def push(self, event: Sequence[int]) -> None:
        self.is_open = self.is_open and event[0] in self.opening

    def bias(self, logits: Floats, drawn: Prefix) -> Floats:
        if drawn or not self.is_open:
            return logits
        law = self.cursor.allowed(drawn)
        left = law
        for one in self.others:
            left = one.mask(left, drawn)
        left = left.copy()
        left[self.opening] = False
        weight = np.where(law, np.exp(logits.astype(np.float64) - logits[law].max()), 0.0)
        said, kept = weight.sum() - weight[self.opening].sum(), weight[left].sum()
        if kept <= 0 or said <= kept:
            return logits
        biased = logits.copy()
        biased[left] += np.log(said / kept)
        return biased
