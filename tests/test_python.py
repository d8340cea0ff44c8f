"""The examples of docs/python.md, run one after another with a small model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import partimento
from partimento.encodings import make
from partimento.encodings.conditions import Conditions
from partimento.errors import CheckpointError
from partimento.models.checkpoint import save_model
from partimento.models.config import ModelConfig, Recipe
from partimento.models.model import Model
from tests.made import made_piece

PAGE = Path(__file__).parent.parent / "docs" / "python.md"


def test_the_examples_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes, known = make("notes:profile=score"), Conditions((), ())
    config = ModelConfig(backbone="gru", width=16, embedding=8, conditions=True)
    torch.manual_seed(0)
    run = tmp_path / "run"
    run.mkdir()
    model = Model.of(config, notes, known)
    save_model(run / "model.safetensors", model.state_dict(), Recipe("small", notes.key, config), {"conditions": known.to_json()})
    partimento.write(made_piece(1, 20), tmp_path / "tune.mid")
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 5
    names: dict[str, object] = {}
    for example in examples:
        exec(example, names)
    assert {"continued.mid", "song-4.mid", "higher.musicxml"} <= {path.name for path in tmp_path.iterdir()}
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`partimento.{name}(" in page for name in partimento.__all__)


def test_compose_takes_paths_and_unknown_names_are_answered() -> None:
    with pytest.raises(AttributeError, match="it has Rules, Task, compose, load, read, write"):
        partimento.nonsense  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(CheckpointError, match="/no/such/run"):
        partimento.compose("/no/such/run")
