"""A model that has learned nothing but is whole, with what it is compared with beside it; workshops and their API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from partimento.analysis.human_reference import Reference
from partimento.corpus import Corpus
from partimento.encodings import make
from partimento.encodings.conditions import Conditions
from partimento.models.base import untrained
from partimento.models.checkpoint import save_model
from partimento.models.recipes import recipe
from partimento.models.shipped import PLACE
from partimento.models.whereabouts import FILE_NAME
from partimento.studio.server.serve import Address, serving
from partimento.studio.workshop.workshop import Workshop


@pytest.fixture(scope="session")
def raw_model(tmp_path_factory: pytest.TempPathFactory, made_corpus: Path) -> Path:
    """The folder of a model of tasks with the weights that it begins with."""
    import torch

    folder = tmp_path_factory.mktemp("raw")
    one, corpus, vocabulary = recipe("transformer_tasks", 1), Corpus.open(made_corpus), Conditions(("Nobody",), ("folk",))
    torch.manual_seed(1)
    model = untrained(one.model, make(one.encoding), vocabulary)
    told = {"fingerprint": corpus.fingerprint, "licences": ["CC0"], "conditions": vocabulary.to_json()}
    save_model(folder / FILE_NAME, model.state_dict(), one, told)
    Reference.of(corpus).save(folder)
    return folder


@pytest.fixture(autouse=True)
def none_shipped(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No model comes with the package."""
    monkeypatch.setenv(PLACE, str(tmp_path_factory.mktemp("none")))


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Workshop]:
    """A workshop without a model."""
    with Workshop(tmp_path / "project") as workshop:
        yield workshop


@pytest.fixture
def workshop(tmp_path: Path, raw_model: Path) -> Iterator[Workshop]:
    """A workshop with the raw model."""
    with Workshop(tmp_path / "project", raw_model) as workshop:
        yield workshop


@pytest.fixture
def address(workshop: Workshop) -> Iterator[Address]:
    """Where the workshop is served."""
    with serving(workshop) as address:
        yield address


@pytest.fixture
def client(address: Address) -> Iterator[httpx.Client]:
    """A script that was given the token."""
    with httpx.Client(base_url=address.api, headers={"authorization": f"Bearer {address.token}"}, timeout=60) as client:
        yield client
