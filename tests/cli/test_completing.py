"""`compose --write` completes a score: what stands comes back, files say how they were made, mistakes are told in a line."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from partimento.cli import main
from partimento.formats import read, write
from partimento.task import Task
from tests.cli.conftest import Command
from tests.made import made_piece

SMALL = ["--steps", "2", "--width", "8", "--layers", "1", "--threads", "1"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, made_corpus: Path) -> Path:
    folder = tmp_path_factory.mktemp("completing")
    recipe = ["--recipe", "transformer_tasks", "--encoding", "tasks:profile=score", "--schedule", "trapezoid"]
    shutil.copytree(made_corpus, folder / "corpus")
    assert main(["train", str(folder / "corpus"), *recipe, "--out", str(folder / "run"), *SMALL]) == 0
    return folder / "run"


@pytest.mark.parametrize("words", ["bars=2-3", "accompaniment bars=1-4", "vary=0.5"])
def test_a_score_is_completed_and_made_again(run: Path, tmp_path: Path, partimento: Command, words: str) -> None:
    tune, new = tmp_path / "tune.mid", tmp_path / "new.mid"
    write(made_piece(5, 40), tune)
    answer = partimento("compose", run, "--given", tune, "--write", words, "--seed", 4, "--roll", "-o", new, "--json")
    assert answer.code == 0, answer.errors
    assert answer.json["notes"] > 0
    assert new.with_suffix(".png").exists()
    task, made = Task(read(tune), words), read(new)
    stands = task.given.notes[task.stands(4)]
    assert np.isin(stands, made.notes).all()
    assert len(made.notes) == len(stands) + answer.json["notes"]
    again = partimento("compose", "--like", new, run, "-o", tmp_path / "again.mid", "--json")
    assert again.code == 0, again.errors
    assert again.json["same"]


def test_mistakes(run: Path, tmp_path: Path, partimento: Command) -> None:
    tune = tmp_path / "tune.mid"
    write(made_piece(5, 40), tune)
    for options, what in (
        (["--write", "bars=2-3"], "--write: name the whole score"),
        (["--write", "bars=2-3", "--given", tune, "--given-notes", 3], "without given_notes"),
        (["--write", "tenor", "--given", tune], "tenor"),
        (["--write", "tracks=9", "--given", tune], "no track 9"),
    ):
        answer = partimento("compose", run, *options, "-o", tmp_path / "new.mid")
        assert answer.code == 2
        assert what in answer.errors
        assert not (tmp_path / "new.mid").exists()
