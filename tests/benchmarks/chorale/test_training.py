"""Training of a model that remembers its training pieces: what it is told, and that a stopped run goes on to the same bits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from partimento.benchmarks.chorale.boosted import Boosted
from partimento.benchmarks.chorale.config import ChoraleConfig
from partimento.benchmarks.chorale.features import FeatureExtractor, moved, rows_of
from partimento.benchmarks.chorale.library import library
from partimento.benchmarks.chorale.memory import Memory
from partimento.benchmarks.chorale.model import Chorale
from partimento.benchmarks.chorale.past import symbols_of
from partimento.corpus.encoded import Encoded
from partimento.encodings import make
from partimento.errors import InvalidOption
from partimento.models import checkpoint
from partimento.models.checkpoint import Checkpoint
from partimento.models.config import Recipe, TrainingConfig
from partimento.models.recipes import recipe
from partimento.training.batches import batches_of
from partimento.training.train import train
from partimento.training.validation import Sample
from tests.benchmarks.chorale.made import SLOTS, TINY, TRAIN, VALID, chorale, ids
from tests.training.tiny import dying, outcome, tiny_recipe

CONFIG = TrainingConfig(batch=2, segment=13, transpose=3, valid_every=10, warmup=4, average=0.9, schedule="cosine", steps=30)


def data() -> Encoded:
    pieces = [ids(piece) for piece in [*TRAIN, *VALID]]
    return Encoded.of(SLOTS, pieces, [1, *[0] * (len(TRAIN) - 1), *[1] * len(VALID)])


def test_each_segment_is_told_what_the_other_pieces_say_of_it() -> None:
    encoded = data()
    model = Chorale(TINY, SLOTS)
    batches = batches_of(model, encoded.split("train"), CONFIG)
    assert model.lengths.tolist() == [32] * 5
    shifts, seen = set(), 0
    for index in range(batches.count(0)):
        batch = batches.batch(0, index)
        assert batch.context is not None
        for row, (number, first, last) in enumerate(batches.segments.places(0, index)):
            assert first % 2 == 0
            piece = encoded.piece(number)
            target = batch.target[row, : last - first].numpy()
            higher = {s: SLOTS.transpose(piece[first:last], s) for s in range(-3, 4)}
            found = [s for s, one in higher.items() if one is not None and np.array_equal(one, target)]
            others = Memory([symbols_of(encoded.piece(other)) for other in range(1, 6) if other != number])
            rows = rows_of(symbols_of(piece), FeatureExtractor(others))
            told = batch.context[row, : last - first].numpy()
            matching = [s for s in found if np.array_equal(moved(rows, s)[first:last], told)]
            assert matching
            shifts.update(matching)
            seen += last - first
    assert seen == 5 * 32
    assert len(shifts) > 1


def test_a_stopped_run_goes_on_to_the_same_bits_and_its_file_scores_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Recipe("tiny", "slots", TINY, CONFIG)
    result = train(made, data(), tmp_path / "plain", threads=1)
    assert (result.stopped, result.step) == ("schedule", 30)
    with dying(after=17):
        train(made, data(), tmp_path / "killed", threads=1)
    library.cache_clear()
    monkeypatch.setattr(Boosted, "grown", None)  # a state holds the trees
    train(made, data(), tmp_path / "killed", threads=1)
    monkeypatch.undo()
    assert outcome(tmp_path / "killed") == outcome(tmp_path / "plain")
    loaded = Checkpoint.load(tmp_path / "plain")
    sample = Sample(data().split("valid"), CONFIG.valid_events, 0)
    assert sample.bits(loaded.predictor()) == pytest.approx(result.valid_bits, rel=1e-6)
    tensors, _ = checkpoint.load(tmp_path / "plain" / "model.safetensors")
    assert np.array_equal(tensors["slots"], np.concatenate(TRAIN[1:]))
    assert isinstance(loaded.model, Chorale)
    assert any(name.startswith("trees.") for name in tensors)


def test_it_goes_on_from_a_model_with_pieces_of_its_own(tmp_path: Path) -> None:
    made = Recipe("tiny", "slots", TINY, replace(CONFIG, steps=5))
    first = Checkpoint.load(train(made, data(), tmp_path / "a", threads=1).path)
    other = Encoded.of(SLOTS, [ids(chorale(seed, 24)) for seed in range(20, 24)], [0, 0, 0, 1])
    tuned = Checkpoint.load(train(made, other, tmp_path / "b", threads=1, start=first).path)
    assert isinstance(tuned.model, Chorale)
    assert tuned.model.lengths.tolist() == [24] * 3


def test_what_it_cannot_learn_from_is_refused(tmp_path: Path) -> None:
    made = Recipe("tiny", "slots", TINY, CONFIG)
    with pytest.raises(InvalidOption, match="split by works"):
        train(made, data(), tmp_path / "a", split_method="windows")
    with pytest.raises(InvalidOption, match="encoding 'slots', not 'voices'"):
        train(replace(made, encoding="voices"), Encoded.of(make("voices"), [ids(TRAIN[0])] * 2, [0, 1]), tmp_path / "b")


@pytest.mark.parametrize(("name", "share"), [("memory_slots", 0.9), ("past_slots", 0.9)])
def test_the_recipes_learn(name: str, share: float, tmp_path: Path) -> None:
    full = recipe(name).model
    assert isinstance(full, ChoraleConfig)
    config = replace(tiny_recipe(name).training, steps=60, transpose=0)
    result = train(
        replace(recipe(name), model=replace(TINY, memory=full.memory, trees=full.trees), training=config), data(), tmp_path
    )
    rows = json.loads((tmp_path / "history.jsonl").read_text().splitlines()[0])
    assert result.valid_bits < share * rows["valid_bits"]
