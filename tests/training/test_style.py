"""What a training begins from: the house model, one that is named, or nothing; and a folder of scores in place of a corpus."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

import partimento
from partimento.corpus import Corpus
from partimento.errors import CorpusError, InvalidOption, UnknownName
from partimento.models.checkpoint import Checkpoint
from partimento.models.shipped import PLACE
from tests.made import made_folder

SHORT: dict[str, Any] = {"steps": 2, "threads": 1}


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_folder(tmp_path_factory.mktemp("style") / "music", range(12), 30)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, music: Path) -> Path:
    """A folder of models with a small one in place of the house model."""
    folder = tmp_path_factory.mktemp("models")
    partimento.train(music, "seed_pair", width=16, out=folder / "run", **SHORT)
    (folder / "house").mkdir()
    shutil.copy(folder / "run" / "model.safetensors", folder / "house")
    return folder


@pytest.fixture
def house(models: Path, monkeypatch: pytest.MonkeyPatch) -> Checkpoint:
    monkeypatch.setenv(PLACE, str(models))
    return partimento.load()


def test_a_folder_of_scores_takes_on_the_house_model(house: Checkpoint, music: Path, tmp_path: Path) -> None:
    trained = partimento.train(music, out=tmp_path / "mine", adapt="few", **SHORT)
    model = trained.load()
    assert model.recipe.model == house.recipe.model
    assert model.metadata["from"]["sha256"] == house.sha256
    assert model.recipe.training.optimiser == "low_rank"
    assert Corpus.open(tmp_path / "mine" / "corpus").fingerprint == model.metadata["fingerprint"]
    again = partimento.train(music, out=tmp_path / "mine", adapt="few", **SHORT)  # a finished training is told again
    assert again.load().sha256 == model.sha256


def test_all_weights_may_move(house: Checkpoint, music: Path, tmp_path: Path) -> None:
    trained = partimento.train(music, out=tmp_path, start="house", **SHORT)
    assert trained.recipe.training.optimiser == "adamw"
    with pytest.raises(UnknownName, match="all, few"):
        partimento.train(music, out=tmp_path / "x", adapt="some", **SHORT)


def test_a_recipe_or_nothing_begins_from_nothing(house: Checkpoint, music: Path, tmp_path: Path) -> None:
    fresh = partimento.train(music, "seed_pair", width=16, out=tmp_path / "a", **SHORT)
    assert "from" not in fresh.load().metadata
    other = partimento.train(music, out=tmp_path / "b", start="nothing", depth=1, **SHORT)
    assert other.recipe.name == "transformer_tasks"
    assert "from" not in other.load().metadata
    melody = partimento.train(music, out=tmp_path / "c", encoding="melody", depth=1, **SHORT)
    assert (melody.recipe.name, melody.recipe.encoding) == ("transformer_notes", "melody")
    with pytest.raises(InvalidOption, match="brings its own"):
        partimento.train(music, "seed_pair", start="house", out=tmp_path / "d", **SHORT)


def test_without_weights_it_says_so(
    music: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(PLACE, str(tmp_path / "none"))
    monkeypatch.setattr("partimento.training.from_corpus.DEFAULT_RECIPE", "seed_pair")  # for the time's sake
    with caplog.at_level(logging.WARNING, "partimento"):
        trained = partimento.train(music, out=tmp_path / "run", **SHORT)
    assert "begins from nothing" in caplog.text
    assert "from" not in trained.load().metadata


def test_a_folder_without_music_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "a.txt").write_text("no music")
    with pytest.raises(CorpusError, match="papers"):
        partimento.train(tmp_path / "papers", out=tmp_path / "run", **SHORT)
    assert not (tmp_path / "run").exists()
