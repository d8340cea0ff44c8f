"""Pieces end near the notes that were wished for, where music ends, whatever a model draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from partimento.bars import BarGrid
from partimento.composing.compose import again, compose, stream
from partimento.composing.constraints import prepared
from partimento.composing.ending import EARLIEST, FULL, LATEST, Ending, RuleMasks
from partimento.composing.provenance import Options
from partimento.composing.rules import Rules
from partimento.encodings import Encoding, make
from partimento.encodings.notes import Notes
from partimento.errors import InvalidOption
from partimento.models.predictor import Predictor
from partimento.piece import Piece, Track, note_array
from partimento.testing.rules import EvenGenerator as Even
from tests.composing.test_compose import Model, given_piece

SCORE = Notes("score")


@dataclass
class Endless(Even):
    """Never ends by itself, but for one time in a million; keeps to its meter, without ties."""

    def logits(self, drawn: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        logits = super().logits(drawn)
        if not drawn.shape[1]:
            logits[:, [3, 7]], logits[:, -1] = -50.0, -14.0
        return logits


class Timeless(Even):
    """Notes a bit likelier than waits, ties and ends; short times."""

    def logits(self, drawn: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        logits = np.zeros((len(drawn), self.fields[drawn.shape[1]].size), np.float32)
        if not drawn.shape[1]:
            logits[:, 2], logits[:, 4] = 3.0, -9.0
        return logits


@dataclass
class EvenModel(Model):
    encoding: Encoding = field(default_factory=lambda: SCORE)
    player: type[Even] = Even

    def predictor(self) -> Predictor:
        return self.player(self.encoding.fields)


def bars_of(piece: Piece) -> float:
    return float(BarGrid.of(piece).bars_at(piece.end_tick))


@pytest.mark.parametrize("key", ["notes:profile=score", "notes:profile=piano", "notes"])
@pytest.mark.parametrize("given", [None, given_piece()])
def test_pieces_end_on_a_bar_line_that_nothing_crosses(key: str, given: Piece | None) -> None:
    model = EvenModel(encoding=make(key), player=Endless)
    for one in compose(model, given=given, notes=40, count=6, seed=5, ending=True):
        assert model.encoding.ended(one.events)
        assert one.new_notes >= EARLIEST * 40
        # from the latest on only the bars that sounding notes reach into are filled
        line = 1920 * np.ceil(bars_of(one.piece) - 1e-9)
        late = one.piece.notes[len(given or ()) + int(LATEST * 40) :]
        assert (late["onset"] < line * one.piece.ticks_per_quarter / 480).all()
        assert bars_of(one.piece) == pytest.approx(round(bars_of(one.piece)), abs=1e-6)
        assert again(one.made, model).piece == one.piece


def test_a_model_may_end_where_it_likes_when_it_is_time() -> None:
    model = EvenModel()
    made = compose(model, notes=40, count=20, ending=True)
    assert all(SCORE.ended(one.events) for one in made)
    assert min(one.new_notes for one in made) >= 30
    assert any(bars_of(one.piece) % 1 for one in made)
    assert min(one.new_notes for one in compose(model, notes=40, count=20, ending=False)) < 30, "left alone it ends at once"


def test_without_bars_a_piece_ends_too() -> None:
    model = EvenModel(encoding=make("notes:profile=performance"), player=Timeless)
    for one in compose(model, notes=40, count=6, ending=True):
        assert model.encoding.ended(one.events)
        assert 30 <= one.new_notes <= 50


def test_rules_and_endings_go_together() -> None:
    rules = Rules(key="C major", chords=("C", "G"), polyphony=2, meter=(3, 4))
    for one in compose(EvenModel(player=Endless), notes=30, count=4, rules=rules, ending=True):
        assert SCORE.ended(one.events)
        assert not bars_of(one.piece) % 1
        assert set((one.piece.notes["pitch"] % 12).tolist()) <= {0, 2, 4, 5, 7, 9, 11}


def test_a_number_of_bars_goes_before_the_number_of_notes() -> None:
    asked = {"notes": 1, "rules": Rules(bars=3), "count": 3}
    plain, ending = (compose(EvenModel(), **asked, ending=ending) for ending in (False, True))  # type: ignore[arg-type]
    assert [one.events.tolist() for one in plain] == [one.events.tolist() for one in ending]


@pytest.mark.parametrize("key", ["melody", "voices", "slots", "leadsheet", "melody:rests=yes,durations=tied"])
def test_encodings_without_an_end_have_just_so_many_notes(key: str) -> None:
    """Unless an end is asked for: then they say that they have none."""
    for one in compose(Model(), notes=20, count=2):
        assert one.new_notes == 20
        assert '"ending"' not in one.made
    encoding = make(key)
    with pytest.raises(InvalidOption, match=f"ending: the encoding '{key}' has no event for the end"):
        compose(Model(encoding=encoding), notes=20, ending=True)
    with pytest.raises(InvalidOption, match="ending"):
        stream(Even(encoding.fields), encoding, notes=20, ending=True)


def test_a_stream_may_be_led_to_an_end() -> None:
    steps = np.stack(list(stream(Endless(SCORE.fields), SCORE, notes=20, count=3, ending=True)), 1)
    for one in steps:
        assert SCORE.ended(one[one[:, 0] > 0])


def ending_after(rows: list[tuple[int, int, int]], notes: int) -> Ending:
    """That of so many notes, all of them counted."""
    here = SCORE.cursor()
    piece = Piece(note_array([(onset, duration, pitch, 80, 0) for onset, duration, pitch in rows]), (Track(),), 48)
    ending = Ending(here, notes, RuleMasks(here, None))
    for event in SCORE.encode(piece)[:-1].tolist():
        here.push(event)
    return ending


def led(ending: Ending, **chances: float) -> dict[str, float]:
    """The chance of each kind once led, of these chances."""
    kinds = SCORE.layout.kinds
    with np.errstate(divide="ignore"):
        logits = np.log([0.0, *(chances.get(kind, 0.0) for kind in kinds)])
    p = np.exp(ending.bias(logits, ()))
    return dict(zip(kinds, (p[1:] / p.sum()).tolist(), strict=True))


def test_the_end_takes_from_the_next_bar_alone() -> None:
    rows = [(0, 48, 60), (48, 48, 62), (96, 96, 64)]  # a whole bar of three notes
    chances = {"note": 0.3, "bar": 0.6999, "end": 0.0001}
    for notes, least, most in ((5, 0.00009, 0.00011), (4, 0.00009, 0.00011), (3, 0.03, 0.05), (2, 0.6999, 0.70001)):
        after = led(ending_after(rows, notes), **chances)
        assert least <= after["end"] <= most, notes
        assert after["note"] == pytest.approx(0.3)
        assert after["bar"] == pytest.approx(0.7 - after["end"])


def test_late_a_bar_gives_all_its_chance_to_the_end() -> None:
    """However little a model thinks of ending."""
    rows = [(0, 48, 60), (48, 48, 62), (96, 96, 64)]
    assert led(ending_after(rows, 2), note=0.3, bar=0.7, end=1e-12)["end"] == pytest.approx(0.7)


def test_inside_a_bar_the_end_is_as_likely_as_it_was() -> None:
    ending = ending_after([(0, 48, 60), (48, 48, 62), (96, 48, 64)], 2)
    assert ending.progress >= 1
    assert led(ending, note=0.3, bar=0.6, end=0.1)["end"] == pytest.approx(0.1)


@pytest.mark.parametrize(("firmly", "lines"), [(False, (192, 192, 384)), (True, (384, 384, 576))])
def test_the_last_bar_is_the_next_that_can_be(firmly: bool, lines: tuple[int, ...]) -> None:
    """In the third the next line is crossed; firmly there is a whole bar that nothing is held into."""
    pieces = ([(0, 48, 60), (24, 48, 64)], [(0, 48, 60), (48, 48, 62), (96, 48, 64)], [(0, 48, 60), (96, 150, 64)])
    for rows, line in zip(pieces, lines, strict=True):
        ending = ending_after(rows, 2)
        closing = ending.close(firmly)
        assert closing is not None
        assert closing.end_tick == line
        assert ending.close(firmly) is None, "once"


def test_notes_of_the_last_bar_are_held_to_its_end() -> None:
    late = 0
    for one in compose(EvenModel(player=Endless), notes=30, count=8, seed=2, ending=True):
        notes, half = one.piece.notes, one.piece.end_tick - 96  # in 4/4
        ends = notes["onset"] + notes["duration"]
        if one.new_notes > 31 and not len(one.piece.meters):
            assert notes["onset"].max() <= half
            assert not ((ends > half) & (ends < one.piece.end_tick)).any()
            late += 1
    assert late


def test_old_notes_of_how_a_piece_was_made_have_neither_guard_nor_ending() -> None:
    plain = Options(10)
    assert set(plain.to_json()) == {"notes", "sampling", "seed", "count", "filled"}
    assert Options.from_json(plain.to_json()) == plain
    assert plain.most == 10
    assert Options.from_json(Options(10, ending=True).to_json()).ending
    cursor, constraints = prepared(SCORE, SCORE.encode(given_piece())[:0], plain)
    assert constraints(cursor, 0) == []


def test_the_fuller_the_last_chord_the_likelier_the_end() -> None:
    """Of three notes that sound, two are held to the last bar line."""
    ending = ending_after([(0, 48, 60), (96, 96, 64), (96, 96, 67), (96, 48, 71)], 2)
    closing = ending.close(firmly=False)
    assert closing is not None
    assert closing.end_tick == 192
    after = led(ending, note=0.5, end=0.5)
    assert after["end"] / after["note"] == pytest.approx(np.exp(2 * FULL))


def test_given_notes_are_none_of_those_asked_for() -> None:
    counted = ending_after([(0, 48, 60), (48, 48, 62)], 4)
    after_given = Ending(counted.here, 4, RuleMasks(counted.here, None))
    assert (counted.progress, after_given.progress) == (-0.5, -1.5)


def test_full_bars_end_although_the_model_would_go_on() -> None:
    """A model that hardly ever ends would fill the last onset with all notes there are, since nothing else is left to it."""
    for one in compose(EvenModel(player=Endless), count=6, seed=1, rules=Rules(bars=4, key="C major"), guard=False):
        notes = one.piece.notes
        assert SCORE.ended(one.events)
        assert (notes["onset"] == notes["onset"].max()).sum() <= 8
