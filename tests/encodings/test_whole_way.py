"""Every encoding goes the whole way: a corpus on disk, a chained model trained a little, its score, and new pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from partimento.composing.compose import again, compose
from partimento.corpus import Corpus
from partimento.corpus.build import Options, build
from partimento.encodings import make
from partimento.likelihood.bits_per_note import evaluate
from partimento.models.baselines import fit
from partimento.models.checkpoint import Checkpoint
from partimento.models.config import ModelConfig, Recipe, TrainingConfig
from partimento.training.train import train
from tests.made import made_folder, made_piece

SMALL = ["leadsheet", "melody:rests=yes,durations=tied"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("whole_way")
    build([made_folder(folder / "files", range(12))], folder / "corpus", Options(workers=1))
    return Corpus.open(folder / "corpus")


@pytest.mark.parametrize("key", ["notes:profile=score", "notes", "notes:profile=performance", "voices:voices=2", *SMALL])
def test_the_whole_way(key: str, corpus: Corpus, tmp_path: Path) -> None:
    encoding = make(key)
    encoded = corpus.encoded(key)
    for number in range(len(corpus)):
        assert np.array_equal(encoded.piece(number), encoding.encode(corpus.piece(number)))
    assert np.array_equal(corpus.encoded(key).events, encoded.events), "from its cache"
    assert encoded.events.dtype == np.uint8

    model = ModelConfig(heads="chained", width=32, embedding=8)
    recipe = Recipe("tiny", key, model, TrainingConfig(batch=4, segment=64, warmup=5, learning_rate=1e-2, valid_every=10))
    result = train(recipe, encoded, tmp_path, threads=1, max_steps=20)
    checkpoint = Checkpoint.load(result.path)
    part = encoded.split("test")
    row = evaluate(checkpoint.predictor(), part, name="tiny", resamples=10)
    pieces = [encoded.piece(number) for number in part.pieces]
    assert row.notes == sum(encoding.notes_in(piece) for piece in pieces)
    nats = sum(float(scores.nats.sum(dtype=np.float64)) for scores in checkpoint.predictor().score(pieces))
    assert row.bits_per_note.mean == pytest.approx(nats / np.log(2) / row.notes, rel=1e-5)
    uniform = len(encoded.events) / encoding.notes_in(encoded.events) * sum(np.log2(field.size) for field in encoding.fields)
    assert row.bits_per_note.mean < 0.8 * uniform
    counted = fit(
        "ngram", encoding.fields, [(encoded.piece(n), np.ones(len(encoded.piece(n)), bool)) for n in encoded.split("train").pieces]
    )
    assert evaluate(counted, part, name="ngram", resamples=10).bits_per_note.mean < uniform

    for one in compose(checkpoint, given=made_piece(3), notes=12, seed=1, count=2):
        given = encoding.encode(made_piece(3))
        new = encoding.notes_in(one.events) - encoding.notes_in(given)
        assert (encoding.ended(one.events) and new >= 0) or 12 <= new <= 12 + len(encoding.fields)
        assert len(one.piece) == encoding.notes_in(one.events)
        assert again(one.made, checkpoint).piece == one.piece
