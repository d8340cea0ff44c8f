"""Checkpoints and composed files of an earlier version: they load, score and compose as they did."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from partimento.composing.compose import again
from partimento.formats.midi.read import piece_from_midi
from partimento.formats.midi.write import midi_from_piece
from partimento.models.checkpoint import Checkpoint
from partimento.piece import Piece

FOLDER = Path(__file__).parent
MODELS = sorted((FOLDER / "models").glob("*.safetensors"))
PIECES = sorted((FOLDER / "pieces").glob("*.mid"))
BOUND = 1e-5  # nats of one field


@cache
def loaded() -> dict[str, Checkpoint]:
    """By SHA-256."""
    return {one.sha256: one for one in map(Checkpoint.load, MODELS)}


def piece_of(path: Path) -> Piece:
    return piece_from_midi(path.read_bytes())[0]


def made(path: Path) -> Any:
    return json.loads(piece_of(path).about.made)


def test_every_kind_is_here() -> None:
    assert {one.encoding.name for one in loaded().values()} == {
        "melody",
        "leadsheet",
        "voices",
        "slots",
        "frames",
        "roll",
        "notes",
        "tasks",
    }
    models = [one.recipe.model for one in loaded().values()]
    assert {getattr(one, "backbone", one.family) for one in models} == {"lstm", "gru", "convolution", "transformer", "chorale"}
    options = [set(made(path)["options"]) for path in PIECES]
    for kind in ("rules", "conditions", "guidance", "guard", "ending"):
        assert any(kind in one for one in options), kind
    given = [made(path)["given"] or {} for path in PIECES]
    assert {"midi", "events"} <= set().union(*given)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_scores_as_it_did(path: Path) -> None:
    checkpoint = Checkpoint.load(path)
    assert checkpoint.metadata["licences"] == ["CC0"]
    assert checkpoint.metadata["fingerprint"] == "684aa67-tiny"
    conditions = None
    if checkpoint.vocabulary is not None:
        conditions = checkpoint.vocabulary.named(composer="Bela", key="G minor", tempo=96)
    known = json.loads((FOLDER / "scores.json").read_text())[path.stem]
    found = checkpoint.predictor(conditions).score([np.array(row["events"], checkpoint.encoding.dtype) for row in known])
    for row, score in zip(known, found, strict=True):
        assert np.abs(score.nats - np.array(row["nats"])).max() < BOUND


@pytest.mark.parametrize("path", PIECES, ids=lambda path: path.stem)
def test_a_piece_is_made_again(path: Path) -> None:
    old = piece_of(path)
    checkpoint = loaded()[made(path)["model"]["sha256"]]
    one = again(old.about.made, checkpoint)
    assert np.array_equal(piece_from_midi(midi_from_piece(one.piece))[0].notes, old.notes)
    assert one.piece.about.made == old.about.made
