"""Models that come with the package: found by path, by name, or as the house model where none is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from partimento.errors import CheckpointError
from partimento.models.shipped import HOUSE, PLACE, SHIPPED, model_file, models_folder
from partimento.models.whereabouts import FILE_NAME


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of the package's, with a file in place of the house model."""
    monkeypatch.setenv(PLACE, str(tmp_path / "shipped"))
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "shipped" / HOUSE / FILE_NAME
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    return file


def test_no_name_is_the_house_model(stand_in: Path) -> None:
    assert model_file() == model_file(None) == model_file("house") == model_file(Path("house")) == stand_in
    assert SHIPPED[HOUSE].is_there


def test_a_path_that_is_there_goes_before_a_name(stand_in: Path, tmp_path: Path) -> None:
    own = tmp_path / "house" / FILE_NAME
    own.parent.mkdir()
    with pytest.raises(CheckpointError, match="holds no model"):
        model_file("house")
    own.write_bytes(b"other weights")
    assert model_file("house") == Path("house") / FILE_NAME
    assert model_file(own) == own
    assert model_file() == stand_in


def test_what_is_not_there_is_left_to_its_reader(stand_in: Path) -> None:
    assert model_file("nowhere/run") == Path("nowhere/run")


def test_a_copy_without_weights_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PLACE, str(tmp_path))
    for model in (None, "house"):
        with pytest.raises(CheckpointError, match=r"install a release.*or name a model of your own") as caught:
            model_file(model)
        assert "\n" not in str(caught.value)


def test_models_lie_in_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PLACE, raising=False)
    assert models_folder().parent.name == "partimento"
