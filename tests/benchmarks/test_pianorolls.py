"""Protocol P2: what must come out of it whatever the model."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from partimento.benchmarks import pianorolls
from partimento.benchmarks.protocol import pieces_of
from partimento.encodings import make
from partimento.errors import UnreadableFile
from partimento.models.config import ModelConfig
from partimento.models.model import Model
from partimento.models.neural import NeuralPredictor
from partimento.models.predictor import Scores

SETS = {"train": [[[60, 64], [60], [], [62, 65, 69]], [[21, 108]]], "valid": [[[60], [60, 64]]], "test": [[[], [62], [62]]]}


@pytest.fixture
def made_set(tmp_path: Path) -> Path:
    path = tmp_path / "nottingham.json"
    path.write_text(json.dumps(SETS))
    return path


def test_both_rows_hold_the_same_frames(made_set: Path) -> None:
    a, b = (pianorolls.benchmark(made_set, "nottingham", row) for row in "AB")
    for split in ("train", "valid", "test"):
        for roll, events in zip(pieces_of(a.encoded.split(split)), pieces_of(b.encoded.split(split)), strict=True):
            assert np.array_equal(pianorolls.listed(roll), events)
            keys: list[list[int]] = [[]]
            for one in events[:, 0].tolist():
                keys[-1].append(one + 19) if one > 1 else keys.append([])
            assert keys.pop() == []  # the end of the last frame is scored too
            assert [(np.flatnonzero(frame) + 21).tolist() for frame in roll] == keys
    assert (a.baselines["valid"].micro, a.baselines["test"].micro) == (b.baselines["valid"].micro, b.baselines["test"].micro)


def test_a_figure_sums_a_frame_and_leaves_the_first_out(made_set: Path) -> None:
    b = pianorolls.benchmark(made_set, "nottingham", "B")
    split = b.encoded.split("train")
    scores = [
        Scores(np.arange(1, len(events) + 1, dtype=np.float32)[:, None], np.zeros((len(events), 1), np.float32))
        for events in pieces_of(split)
    ]
    found = b.measure(scores, split)  # frames of 3, 2, 1 and 4 events; a piece of one frame has nothing to predict
    assert found.nats.tolist() == [4 + 5 + 6 + 7 + 8 + 9 + 10]
    assert found.units.tolist() == [3]
    assert found.beside["with_first_frame"] == pytest.approx((sum(range(1, 11)) + 1 + 2 + 3) / 5)


def test_row_b_is_a_distribution_over_frames() -> None:
    """With few keys possible, all sets of keys after a given beginning have probabilities that sum to one."""
    encoding = make("frames")
    torch.manual_seed(0)
    flags = dict.fromkeys(("place", "intervals", "sounding", "since", "interval_logits"), True)
    model = Model.of(ModelConfig("gru", width=16, embedding=8, **flags), encoding).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape) * 0.3)
        model.heads.project[0].bias[4:] = -1e4  # type: ignore[index,union-attr]  # the end and three keys are left
        model.heads.intervals["0"].project.weight.zero_()  # type: ignore[index,union-attr]
    begin = [[3], [5], [1]]
    pieces = [
        np.array(begin + [[k] for k in keys] + [[1]], np.uint8) for n in range(4) for keys in itertools.combinations((2, 3, 4), n)
    ]
    total = sum(np.exp(-one.nats[3:].sum(dtype=np.float64)) for one in NeuralPredictor(model, encoding).score(pieces))
    assert total == pytest.approx(1.0, abs=1e-5)  # nothing goes to lists that do not ascend


def test_the_baseline_counts() -> None:
    state = pianorolls.KeyStates([np.array([[1, 0], [1, 0], [0, 0]], np.uint8).repeat(44, 1)])
    assert state.p[:, 0].tolist() == [2 / 3, 2 / 4]
    assert state.p[:, 87].tolist() == [1 / 5, 1 / 2]


def test_other_data_is_refused(tmp_path: Path) -> None:
    for content in ("{", "[]", '{"train": [], "valid": []}', '{"train": [[[7]]], "valid": [], "test": []}'):
        (tmp_path / "x.json").write_text(content)
        with pytest.raises(UnreadableFile, match="not the data set"):
            pianorolls.benchmark(tmp_path / "x.json", "nottingham", "B")
