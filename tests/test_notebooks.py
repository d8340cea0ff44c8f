"""The notebooks of docs/ run, cell after cell, with small models in place of large ones and made music in place of Bach's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

import partimento
from partimento.models.shipped import PLACE
from partimento.training import from_corpus
from tests.made import made_folder

DOCS = Path(__file__).parent.parent / "docs"
BOOKS = sorted(DOCS.glob("*.ipynb"))


def code_of(book: Path) -> Iterator[str]:
    for cell in json.loads(book.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Trainings are of small models and end after some steps; a small model of tasks stands where the house model does."""
    real, named = vars(from_corpus)["run_training"], vars(from_corpus)["named"]
    few = wraps(real)(lambda *given, **more: real(*given, **{**more, "max_steps": 3, "budget_seconds": None}))
    monkeypatch.setattr(from_corpus, "run_training", few)
    monkeypatch.setattr(from_corpus, "named", lambda name, depth: named(name, depth or 1))
    music = made_folder(tmp_path / "music", range(18), 30)
    trained = partimento.train(music, "transformer_tasks", out=tmp_path / "models" / "house", steps=3, threads=1)
    assert trained.path == tmp_path / "models" / "house" / "model.safetensors"
    monkeypatch.setenv(PLACE, str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)
    return music


def test_there_are_two() -> None:
    assert [book.name for book in BOOKS] == ["composing.ipynb", "measuring.ipynb"]


@pytest.mark.parametrize("book", BOOKS, ids=[book.name for book in BOOKS])
def test_every_cell_runs(book: Path, small: Path) -> None:
    names: dict[str, Any] = {}
    for cell in code_of(book):
        for longer, shorter in (
            ("notes=120", "notes=12"),
            ("notes=60", "notes=12"),
            ("count=8", "count=2"),
            ("count=4", "count=2"),
        ):
            cell = cell.replace(longer, shorter)
        exec(cell.replace('"music21:bach"', repr(str(small))), names)


@pytest.mark.parametrize("book", BOOKS, ids=[book.name for book in BOOKS])
def test_it_is_kept_without_results(book: Path) -> None:
    content = json.loads(book.read_text(encoding="utf-8"))
    assert content["nbformat"] == 4
    assert all(not cell["outputs"] for cell in content["cells"] if cell["cell_type"] == "code")
