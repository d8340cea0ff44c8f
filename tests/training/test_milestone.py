"""The present weights of a training that still runs, as a model."""

from pathlib import Path

import numpy as np
import pytest
import torch

import partimento
from partimento.corpus import Corpus
from partimento.errors import CheckpointError
from partimento.models.checkpoint import load
from partimento.training.milestone import milestone
from partimento.training.run_state import states
from tests.training.tiny import dying, tiny_recipe


@pytest.fixture
def running(made_corpus: Path, tmp_path: Path) -> Path:
    """The folder of a run with conditions and an average that is at step 3."""
    with dying(after=3):
        partimento.train(str(made_corpus), tiny_recipe("lstm_notes", average=0.9), out=tmp_path / "run", threads=1)
    return tmp_path / "run"


def test_it_has_the_averaged_weights_and_composes(running: Path, made_corpus: Path, tmp_path: Path) -> None:
    made = milestone(running, Corpus.open(made_corpus), tmp_path / "out")
    tensors, _ = load(states(running)[0])
    average = {name.removeprefix("average."): tensor for name, tensor in tensors.items() if name.startswith("average.")}
    assert average
    for name, weight in made.model.state_dict().items():
        assert torch.equal(weight, torch.from_numpy(average[name])), name
    assert any(not np.array_equal(average[name], tensors[f"model.{name}"]) for name in average)
    assert made.metadata["training"]["step"] == 3
    assert made.metadata["fingerprint"] == Corpus.open(made_corpus).fingerprint
    assert len(partimento.compose(str(tmp_path / "out"), notes=8, seed=0)[0].piece)


def test_a_damaged_state_is_passed_over(running: Path, made_corpus: Path, tmp_path: Path) -> None:
    first, *others = states(running)
    first.write_bytes(first.read_bytes()[:1000])
    assert milestone(running, Corpus.open(made_corpus), tmp_path / "out").metadata["training"]["step"] == 2
    for path in others:
        path.write_bytes(b"")
    with pytest.raises(CheckpointError, match="no sound state"):
        milestone(running, Corpus.open(made_corpus), tmp_path / "out")


def test_another_corpus_is_refused(running: Path, tmp_path: Path) -> None:
    from tests.made import made_folder

    other = partimento.build(made_folder(tmp_path / "music", range(40, 48)), out=tmp_path / "other")
    with pytest.raises(CheckpointError, match="another corpus"):
        milestone(running, other, tmp_path / "out")
    assert not (tmp_path / "out").exists()
