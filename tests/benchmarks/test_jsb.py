"""Protocol P1: what must come out of it whatever the model."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from partimento.benchmarks import jsb as chorales
from partimento.benchmarks.protocol import Benchmark, Figures, pieces_of
from partimento.corpus.encoded import Encoded
from partimento.encodings import make
from partimento.errors import InvalidOption, UnreadableFile
from partimento.models.config import ModelConfig
from partimento.models.model import Model
from partimento.models.neural import NeuralPredictor
from tests.made import made_piece

SLOTS = make("slots")


def some_pieces(count: int = 6) -> list[np.ndarray]:
    return [SLOTS.encode(made_piece(number, 40)) for number in range(count)]


def some_predictor(seed: int = 0) -> NeuralPredictor:
    torch.manual_seed(seed)
    flags = dict.fromkeys(("place", "intervals", "sounding", "since", "interval_logits"), True)
    model = Model.of(ModelConfig("gru", width=16, embedding=8, **flags), SLOTS).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape) * 0.3)
    return NeuralPredictor(model, SLOTS)


def test_uniform_gives_ln_47() -> None:
    pieces = some_pieces()
    found = Figures.of(chorales.uniform(pieces), [piece.size for piece in pieces])
    assert found.micro == pytest.approx(3.8501, abs=1e-4)
    assert found.piece_mean == pytest.approx(3.8501, abs=1e-4)


def test_the_47_probabilities_sum_to_one() -> None:
    pieces = some_pieces()
    held = chorales.HoldLast(pieces)
    for place, before in ((0, None), (1, pieces[0][3]), (6, pieces[1][2])):
        assert np.allclose(held.distribution(before, place).sum(1), 1.0)
        assert held.distribution(before, place)[:, 0].max() == 0.0
    session = some_predictor().begin(1)
    for event in pieces[0][:9]:
        for f in range(4):
            log_p = session.logits(event[None, :f].astype(np.int64))
            assert np.isfinite(log_p[0, 1:]).sum() == 47
            assert np.exp(log_p).sum() == pytest.approx(1.0, abs=1e-5)
        session.push(event[None])


def test_the_baseline_gives_each_note_the_probability_it_says() -> None:
    pieces = some_pieces()
    held = chorales.HoldLast(pieces[:4])
    for piece, scores in zip(pieces, held.score(pieces), strict=True):
        for t in range(len(piece)):
            p = held.distribution(piece[t - 1] if t else None, t)[np.arange(4), piece[t]]
            assert np.allclose(scores.nats[t], -np.log(p), atol=1e-5)


def test_a_later_note_never_changes_an_earlier_probability() -> None:
    predictor, (piece, *_) = some_predictor(), some_pieces()
    for t, v in ((5, 0), (5, 2), (12, 3)):
        changed = piece.copy()
        changed[t, v] = changed[t, v] % 40 + 5
        before, after = predictor.score([piece, changed])
        order = np.arange(piece.size).reshape(piece.shape)
        earlier = order < order[t, v]
        assert np.allclose(before.nats[earlier], after.nats[earlier], atol=1e-6)
        assert not np.allclose(before.nats[~earlier], after.nats[~earlier], atol=1e-3)


def test_figures_are_ratios_of_sums_and_paired() -> None:
    one = Figures(np.array([10.0, 60.0]), np.array([10.0, 20.0]))
    other = Figures(np.array([20.0, 80.0]), np.array([10.0, 20.0]))
    assert (one.micro, one.piece_mean) == (70 / 30, 2.0)
    assert one.interval(other).mean == pytest.approx(-1.0)
    assert one.interval(other).high == pytest.approx(-1.0)  # each piece is better by one
    assert one.interval().low == 1.0
    with pytest.raises(InvalidOption, match="same pieces"):
        one.interval(Figures(np.array([1.0, 2.0]), np.array([10.0, 21.0])))


def test_several_predictors_as_one() -> None:
    """The mean of their probabilities of each note, each given the notes before it."""
    data = Encoded.of(SLOTS, some_pieces(), [0, 1, 1, 1, 2, 2])
    protocol = Benchmark("x", "nats per note", data, "", "", {}, chorales.measure, ())
    two = [some_predictor(), some_predictor(1)]
    one, other, both = (protocol.figures(predictors, "valid") for predictors in (two[0], two[1:], two))
    pieces = pieces_of(data.split("valid"))
    p = [[np.exp(-scores.nats.astype(np.float64)) for scores in predictor.score(pieces)] for predictor in two]
    assert np.allclose(both.nats, [-np.log((a + b) / 2).sum() for a, b in zip(*p, strict=True)], rtol=1e-5)
    assert np.array_equal(both.units, one.units)
    assert both.micro < (one.micro + other.micro) / 2  # Jensen


def test_other_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for content in (
        "{",
        "[]",
        '{"train": [], "valid": [], "test": []}',
        json.dumps({"train": [[[1, 2, 3, 4]]], "valid": [], "test": []}),
    ):
        path.write_text(content)
        with pytest.raises(UnreadableFile, match="not the data set"):
            chorales.read(path)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.json", "{}")
    with pytest.raises(UnreadableFile, match="holds no"):
        chorales.read(tmp_path / "x.zip")
    with pytest.raises(UnreadableFile, match="cannot be read"):
        chorales.read(tmp_path / "none.json")


@pytest.mark.data
def test_the_published_data_and_its_baseline() -> None:
    path = Path(os.environ.get("PARTIMENTO_DATA", "none")) / "jsb-chorales.zip"
    if not path.exists():
        pytest.skip(f"needs {path}")
    found = chorales.benchmark(path)
    assert found.baselines["valid"].micro == pytest.approx(0.841, abs=1e-3)
    assert found.baselines["test"].micro == pytest.approx(0.896, abs=1e-3)
    even = [found.measure(chorales.uniform(pieces_of(split)), split) for split in map(found.encoded.split, ("valid", "test"))]
    assert [one.micro for one in even] == [pytest.approx(3.8501, abs=1e-4)] * 2
