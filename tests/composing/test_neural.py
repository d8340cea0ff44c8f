"""Composing and scoring with the models of the package: a small untrained network, and the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from partimento.composing.compose import again, compose, stream
from partimento.composing.rules import Rules
from partimento.composing.sampling import Sampling
from partimento.corpus.encoded import Encoded
from partimento.encodings import make
from partimento.encodings.notes.cursor import NotesCursor
from partimento.formats.midi.read import piece_from_midi
from partimento.formats.midi.write import midi_from_piece
from partimento.likelihood.bits_per_note import compare, evaluate
from partimento.models.baselines import BASELINES, fit
from partimento.models.checkpoint import Checkpoint, save_model
from partimento.models.config import ModelConfig, Recipe
from partimento.models.model import Model
from partimento.models.neural import NeuralPredictor
from tests.made import made_piece

MELODY = make("melody")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    model = ModelConfig(width=24, embedding=8)
    recipe = Recipe("small", "melody", model)
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_model(path, Model(model, MELODY.fields).state_dict(), recipe, {"licences": ["CC0-1.0"]})
    return Checkpoint.load(path)


def scales(pieces: int = 9) -> Encoded:
    generator = np.random.default_rng(0)
    events = []
    for _ in range(pieces):
        pitch = (generator.integers(12) + np.cumsum(generator.choice([1, 2, 2], size=generator.integers(20, 80)))) % 12 + 1
        events.append(np.stack([pitch, generator.choice([2, 2, 3], size=len(pitch))], axis=1).astype(np.uint8))
    return Encoded.of(MELODY, events, [number % 3 for number in range(pieces)])


def test_what_was_written_to_midi_can_be_made_again(checkpoint: Checkpoint, tmp_path: Path) -> None:
    given = MELODY.decode(scales().piece(0)[:12])
    for start in (None, given):
        for made in compose(checkpoint, given=start, notes=24, sampling=Sampling(temperature=0.9, top_p=0.95), seed=7, count=3):
            data = midi_from_piece(made.piece)
            read, _ = piece_from_midi(data)
            assert read.about == made.piece.about
            assert midi_from_piece(again(read.about.made, checkpoint).piece) == data
            assert made.piece.about.title.startswith("small, seed 7, number")


def test_all_models_stand_in_one_table(checkpoint: Checkpoint) -> None:
    encoded = scales()
    train, test = encoded.split("train"), encoded.split("test")
    pieces = [(encoded.piece(int(number)), train.targets(int(number))) for number in train.pieces]
    rows = [evaluate(fit(name, MELODY.fields, pieces), test, name=name, resamples=100) for name in BASELINES]
    rows += [evaluate(checkpoint.predictor(), test, name="small", context=context, resamples=100) for context in (None, 16)]
    bits = {(row.name, row.context): row.bits_per_note.mean for row in rows}
    assert bits["ngram", None] < bits["stratified", None] < bits["small", None]  # untrained: worse than counting notes
    assert len(compare(rows)) == len(rows) - 1


@pytest.mark.parametrize("rules", [None, Rules(key="G major", chords="G C D7 G", bars=6)], ids=["free", "rules"])
def test_each_event_is_parsed_once(rules: Rules | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model and all constraints read one cursor a sequence; what is given is parsed once for all sequences."""
    notes = make("notes:profile=score")
    pushed: list[Sequence[int]] = []
    config = ModelConfig(width=24, embedding=8, place=True)
    torch.manual_seed(0)
    generator = NeuralPredictor(Model.of(config, notes), notes)
    push = NotesCursor.push

    def counted(self: NotesCursor, event: Sequence[int]) -> None:
        pushed.append(event)
        push(self, event)

    monkeypatch.setattr(NotesCursor, "push", counted)
    given = notes.encode(made_piece(1))[:20]
    drawn = list(stream(generator, notes, given=given, notes=12, count=3, seed=2, rules=rules))
    events = sum(int(np.count_nonzero(step[:, 0])) for step in drawn)
    assert events > 20
    assert len(pushed) == len(given) + events
