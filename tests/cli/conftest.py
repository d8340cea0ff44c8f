"""The command line in this process, and a small run that its tests share."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from partimento.cli import main

TRAIN = ["--steps", "30", "--recipe", "seed_pair", "--width", "16", "--threads", "1"]


@dataclass(frozen=True)
class Answer:
    """What a command gave: its exit code, and all it wrote to stdout and stderr."""

    code: int
    out: str
    errors: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        assert self.out.count("\n") == 1, self.out
        content: dict[str, Any] = json.loads(self.out)
        return content


Command = Callable[..., Answer]


@pytest.fixture
def partimento(capsys: pytest.CaptureFixture[str]) -> Command:
    """Calls a command with its arguments."""

    def call(*arguments: object) -> Answer:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def made_run(tmp_path_factory: pytest.TempPathFactory, made_corpus: Path) -> Path:
    """A small model trained on `made_corpus`; what is shared must be copied before it is changed."""
    folder = tmp_path_factory.mktemp("made") / "run"
    arguments: Sequence[str] = ["train", str(made_corpus), "--out", str(folder), *TRAIN]
    assert main(arguments) == 0
    return folder
