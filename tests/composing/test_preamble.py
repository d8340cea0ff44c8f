"""What is wished for of meter, key and tempo is stated before the first note, whatever a model draws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from partimento.composing.compose import again, compose
from partimento.composing.preamble import Declarations, Preamble, must_state, stated
from partimento.composing.rules import Rules
from partimento.composing.sampler import Bools, Constraint, Prefix
from partimento.encodings import Encoding, make
from partimento.encodings.conditions import Conditions
from partimento.encodings.notes.encoding import Notes
from partimento.models.predictor import Predictor
from partimento.piece import Piece
from partimento.testing.rules import EvenGenerator as Even
from tests.composing.test_tasks import Model, song

WISHES: list[dict[str, Any]] = [
    {"tempo": 77},
    {"key": "a MINOR"},
    {"meter": "3/4", "tempo": "90"},
    {"key": "Bb major", "meter": "6/8", "tempo": 150, "density": 2},
]


class Told(Model):
    """An even model that knows conditions, and heeds none."""

    vocabulary = Conditions()

    def predictor(self, ids: Any = None) -> Predictor:
        return Even(self.encoding.fields)


def said(piece: Piece) -> tuple[Any, Any, Any]:
    """Meter, key and tempo of the first moment."""
    first = [rows[rows["tick"] == 0].tolist()[:1] for rows in (piece.meters, piece.keys, piece.tempos)]
    return tuple(rows[0][1:] if rows else None for rows in first)  # type: ignore[return-value]


@pytest.mark.parametrize("key", ["notes:profile=score", "notes", "tasks:profile=score", "tasks:profile=score,parts=yes"])
@pytest.mark.parametrize("asked", WISHES, ids=str)
def test_conditions_are_stated(key: str, asked: dict[str, Any]) -> None:
    model = Told(encoding=make(key))
    for one in compose(model, notes=5, count=8, seed=2, conditions=asked, guard=False):
        meter, fifths, tempo = said(one.piece)
        assert "tempo" not in asked or tempo[0] == pytest.approx(float(asked["tempo"]), rel=0.015)
        assert "meter" not in asked or "{}/{}".format(*meter) == asked["meter"]
        assert "key" not in asked or fifths == ((0, 1) if asked["key"] == "a MINOR" else (-2, 0))
        assert again(one.made, model).piece == one.piece


def test_what_is_not_wished_for_is_left_to_the_model() -> None:
    made = compose(Told(), notes=5, count=40, seed=2, conditions={"tempo": 77}, guard=False)
    assert {said(one.piece)[0] is None for one in made} == {True, False}
    assert {said(one.piece)[1] is None for one in made} == {True, False}


def test_what_pieces_state_by_saying_nothing() -> None:
    for one in compose(Told(), notes=5, count=20, seed=2, conditions={"meter": "4/4", "tempo": 120}, guard=False):
        meter, _, tempo = said(one.piece)
        assert (meter, tempo) == ((4, 4), (120.0,)), "a file states them all the same"
    encoding = make("notes:profile=score")
    kinds = np.ones(encoding.fields[0].size, bool)
    preamble = Preamble(encoding, {"meter": "4/4", "tempo": 120})
    assert set(np.flatnonzero(~preamble.mask(kinds, ())).tolist()) == {encoding.statements[name] for name in ("meter", "tempo")}


def test_rules_go_before_wishes() -> None:
    asked: dict[str, Any] = {"key": "D major", "tempo": 90, "meter": "3/4"}
    for one in compose(Told(), notes=9, count=4, conditions=asked, rules=Rules(key="G major", meter=(2, 4)), guard=False):
        assert said(one.piece)[:2] == ((2, 4), (1, 0))
        assert said(one.piece)[2][0] == pytest.approx(90, rel=0.015)


def test_nothing_is_stated_after_given_notes_or_where_an_encoding_cannot() -> None:
    given = replace(song(), tempos=song().tempos[:0])
    for one in compose(Told(), notes=5, given=given, conditions={"tempo": 77}, guard=False):
        assert said(one.piece)[2] is None
    plain: Encoding = make("melody")
    assert not must_state(plain, None, {"tempo": 77})
    assert not must_state(make("notes:profile=performance"), None, {"tempo": 77})
    assert not must_state(make("notes"), None, {"density": 3})
    assert compose(Told(encoding=plain), notes=5, conditions={"tempo": 77}, guard=False)


def test_a_preamble_closes_with_the_first_event_that_is_none() -> None:
    encoding = make("notes:profile=score")
    preamble = Preamble(encoding, {"tempo": 77})
    kinds = np.ones(encoding.fields[0].size, bool)
    assert np.flatnonzero(preamble.mask(kinds, ())).tolist() == [3, 4, 5]
    row = stated(encoding, Rules(), {"tempo": 77}).tolist()[0]
    for field in range(1, len(row)):
        legal = np.ones(encoding.fields[field].size, bool)
        assert np.flatnonzero(preamble.mask(legal, tuple(row[:field]))).tolist() == [row[field]]
    preamble.push(row)
    assert preamble.mask(kinds, ()).all()
    preamble.push([encoding.layout.kind("note"), 1, 60, 24, 1])  # type: ignore[attr-defined]
    assert not preamble.is_open


@pytest.mark.parametrize("rules", [None, Rules(key="Bb major", meter="6/8", tempo_qpm=150, bars=2)])
def test_a_model_declares_its_parts_before_what_is_stated(rules: Rules | None) -> None:
    model = Told(encoding=make("notes:profile=score,parts=yes"))
    made = compose(model, notes=9, count=40, seed=2, rules=rules, conditions=None if rules else WISHES[3], guard=False)
    assert len({len(one.piece.tracks) for one in made}) > 1
    for one in made:
        assert said(one.piece)[:2] == ((6, 8), (-2, 0))
        assert said(one.piece)[2][0] == pytest.approx(150, rel=0.015)
    for one in made[:8]:
        assert again(one.made, model).piece == one.piece


def test_parts_may_be_asked_for() -> None:
    model, programs = Told(encoding=make("notes:profile=score,parts=yes")), (40, 40, 41, 42)
    for one in compose(model, notes=40, count=4, rules=Rules(instruments="violin,violin,viola,cello", meter="3/4"), guard=False):
        assert tuple(track.program for track in one.piece.tracks) == programs
        assert said(one.piece)[0] == (3, 4)
        assert again(one.made, model).piece == one.piece


def test_a_declaration_is_no_likelier_because_rules_forbid_what_would_follow() -> None:
    encoding = Notes("score", "yes")
    kinds = encoding.fields[0].size
    names = dict(enumerate(encoding.layout.kinds, 1))
    (part,) = encoding.opening
    meter, note = (next(kind for kind, name in names.items() if name == wanted) for wanted in ("meter", "note"))

    class NoMeter(Constraint):
        def mask(self, allowed: Bools, drawn: Prefix) -> Bools:
            return np.asarray(allowed & (np.arange(len(allowed)) != meter))

    cursor = encoding.cursor()
    cursor.push(encoding.encode(song())[0].tolist())
    assert cursor.allowed(())[[part, meter, note]].all()
    probability = np.full(kinds, 1e-9)
    probability[[part, meter, note]] = 0.2, 0.7, 0.1
    one = Declarations(cursor, encoding.opening, [NoMeter()])
    biased = np.exp(one.bias(np.log(probability), ()))
    assert biased[part] == pytest.approx(0.2)
    assert biased[note] == pytest.approx(0.8, abs=1e-6)
    one.push([note, *[1] * (len(encoding.fields) - 1)])
    assert one.bias(np.log(probability), ()) == pytest.approx(np.log(probability))
