"""Music that many tests begin with, made once a session; what is shared must be copied before it is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from partimento.benchmarks.chorale import trees
from partimento.corpus.build import Options, build
from tests.made import FEW_TREES, made_folder

# by hand other examples are tried each time; where a change is judged always the same ones, and no clock decides
settings.register_profile("partimento", derandomize=bool(os.environ.get("CI")), deadline=None)
settings.load_profile("partimento")


@pytest.fixture(scope="session")
def made_music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of twelve pieces, each a work of its own."""
    return made_folder(tmp_path_factory.mktemp("made") / "music", range(12))


@pytest.fixture(scope="session")
def made_corpus(tmp_path_factory: pytest.TempPathFactory, made_music: Path) -> Path:
    """The corpus of `made_music`, encoded as `melody`."""
    folder = tmp_path_factory.mktemp("made") / "corpus"
    build([made_music], folder, Options(workers=1)).encoded("melody")
    return folder


@pytest.fixture(autouse=True, scope="session")
def own_state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the command line remembers of models goes into a folder of this run."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(autouse=True, scope="session")
def few_trees() -> Iterator[None]:
    """Models of chorales grow a few trees only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trees, "TREES", FEW_TREES)
        yield
