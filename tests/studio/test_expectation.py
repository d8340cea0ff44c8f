"""What the model expects: bits of each note that add up, on the notes they belong to, and alternatives that are its own."""

from __future__ import annotations

from dataclasses import replace

import httpx
import numpy as np
import pytest

from partimento.errors import InvalidOption
from partimento.models.checkpoint import Checkpoint
from partimento.piece import Piece
from partimento.studio.workshop.expectation import expected, heard
from partimento.studio.workshop.refusals import NotThere
from partimento.studio.workshop.samples import sample
from partimento.studio.workshop.workshop import Workshop
from tests.made import made_piece


@pytest.fixture(scope="module")
def checkpoint(raw_model: object) -> Checkpoint:
    return Checkpoint.load(str(raw_model))


@pytest.mark.parametrize("piece", [sample("minuet"), made_piece(2, 60), made_piece(5, 90)], ids=repr)
def test_each_note_has_the_bits_of_its_own_event(checkpoint: Checkpoint, piece: Piece) -> None:
    found = heard(piece, checkpoint)
    (scores,) = checkpoint.predictor().score([found.events])
    of_event = scores.nats.sum(axis=1, dtype=np.float64) / np.log(2)
    begun = [number for number in found.note_of.tolist() if number >= 0]
    assert sorted(begun) == list(range(len(piece)))
    quarters = piece.notes["onset"] / piece.ticks_per_quarter
    cursor = checkpoint.encoding.cursor()
    for event, number in zip(found.events.tolist(), found.note_of.tolist(), strict=True):
        cursor.push(event)
        if number >= 0:
            (note,) = cursor.notes_begun
            assert note.pitch == piece.notes["pitch"][number]
            assert note.onset / cursor.ticks_per_quarter == pytest.approx(quarters[number], abs=0.05)
    assert found.bits[found.note_of[found.note_of >= 0]] == pytest.approx(of_event[found.note_of >= 0])
    assert found.bits_per_note == pytest.approx(of_event.sum() / len(piece))


def test_notes_that_the_encoding_does_not_hold_have_no_bits(checkpoint: Checkpoint) -> None:
    """Doubles are written once."""
    piece = sample("minuet")
    doubled = replace(piece, notes=np.concatenate([piece.notes, piece.notes[:3]]))
    found = heard(doubled, checkpoint)
    assert np.isnan(found.bits).sum() == len(doubled) - checkpoint.encoding.notes_in(found.events)
    silent = int(np.flatnonzero(np.isnan(found.bits))[0]) if np.isnan(found.bits).any() else len(doubled)
    with pytest.raises(NotThere):
        expected(found, silent, checkpoint)


def test_the_alternatives_are_the_models_own(checkpoint: Checkpoint) -> None:
    """The probability of the true pitch is the one that its surprise comes of."""
    piece = sample("minuet")
    found = heard(piece, checkpoint)
    (scores,) = checkpoint.predictor().score([found.events])
    field = checkpoint.encoding.pitches[0].field
    for note in (0, 7, 40, 80):
        pitches = expected(found, note, checkpoint)
        shares = [share for _, share in pitches]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1 + 1e-6
        told = dict(pitches).get(int(piece.notes["pitch"][note]))
        row = int(np.flatnonzero(found.note_of == note)[0])
        share = float(np.exp(-scores.nats[row, field]))
        if told is not None:
            assert told >= share - 1e-4  # what is not legal there is left out
        else:
            assert share <= shares[-1] + 1e-4


def test_over_http(client: httpx.Client, workshop: Workshop) -> None:
    client.post("/samples/minuet")
    told = client.get("/scores/s1/surprise").json()
    assert len(told["bits"]) == 99
    state = told["state"]
    client.post("/scores/s1/edit", json={"base": state, "edits": [{"edit": "delete", "notes": [0]}]})
    assert len(client.get("/scores/s1/surprise").json()["bits"]) == 98
    assert client.get("/scores/s1/surprise", params={"state": state}).json() == told
    one = client.get("/scores/s1/expected/5", params={"state": state}).json()
    assert one["bits"] == told["bits"][5]
    assert client.get("/scores/s1/expected/98").status_code == 404
    blank = client.post("/scores/blank", json={}).json()["score"]
    assert client.get(f"/scores/{blank}/surprise").json() == {
        "state": workshop.scores[blank].state,
        "bits": [],
        "bits_per_note": None,
    }


def test_a_model_that_does_not_say_when_notes_begin_is_refused() -> None:
    from types import SimpleNamespace

    from partimento.encodings import make

    one = SimpleNamespace(encoding=make("melody"))
    if not one.encoding.cursor().ticks_per_quarter:
        with pytest.raises(InvalidOption, match="melody"):
            heard(sample("minuet"), one)  # type: ignore[arg-type]
