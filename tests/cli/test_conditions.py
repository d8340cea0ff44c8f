"""Labels from the command line: models told of them, trained on some of them, going on with new ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from partimento.corpus import Labels
from partimento.corpus.build import Options, build
from partimento.formats import read
from partimento.models.checkpoint import Checkpoint
from tests.cli.conftest import TRAIN, Command
from tests.made import made_folder

LSTM = ("--recipe", "lstm_voices", "--depth", 1, "--threads", 1)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, made_music: Path) -> Path:
    """The made music with its folders as genres."""
    folder = tmp_path_factory.mktemp("labelled") / "corpus"
    build([made_music], folder, Options(workers=1, labels=Labels.of(["{genre}/*"])))
    return folder


def test_a_model_told_of_labels(labelled: Path, partimento: Command, tmp_path: Path) -> None:
    run, tuned = tmp_path / "run", tmp_path / "tuned"
    answer = partimento("train", labelled, "--out", run, *LSTM, "--steps", 12)
    assert answer.code == 0, answer.errors
    found = Checkpoint.load(run)
    assert found.vocabulary is not None
    assert set(found.vocabulary.genres) == {"one", "two", "three"}

    plain = partimento("evaluate", run, labelled, "--no-baselines", "--json").json
    told = partimento("evaluate", run, labelled, "--no-baselines", "--conditions", "--json").json
    one = partimento("evaluate", run, labelled, "--split", "train", "--no-baselines", "--only", "genre=one", "--json").json
    assert plain["bits_per_note"] != told["bits_per_note"]
    assert plain["notes"] == told["notes"]
    every = partimento("evaluate", run, labelled, "--split", "train", "--no-baselines", "--json").json
    assert 0 < one["pieces"] < every["pieces"]

    out = tmp_path / "new.mid"
    wish = ("--condition", "genre=two", "--condition", "key=G minor", "--condition", "tempo=90")
    assert partimento("compose", run, "--notes", 12, "--seed", 1, *wish, "-o", out).code == 0
    assert '"conditions":{"genre":"two","key":"G minor","tempo":"90"}' in read(out).about.made
    again = partimento("compose", "--like", out, "-o", tmp_path / "again.mid", "--json")
    assert again.json["same"] is True

    mine = made_folder(tmp_path / "mine", range(20, 26))
    build([mine], tmp_path / "mine-corpus", Options(workers=1, labels=Labels.of(["composer=Me", "genre=mine"])))
    answer = partimento("train", tmp_path / "mine-corpus", "--from", run, "--out", tuned, "--steps", 3, "--threads", 1)
    assert answer.code == 0, answer.errors
    after = Checkpoint.load(tuned)
    assert after.vocabulary is not None
    assert after.vocabulary.genres == (*found.vocabulary.genres, "mine")
    assert after.vocabulary.composers[-1] == "Me"
    assert after.metadata["from"]["sha256"] == found.sha256
    assert (after.recipe.model, after.recipe.training.optimiser) == (found.recipe.model, "adamw")


def test_a_split_of_a_corpus(labelled: Path, partimento: Command, tmp_path: Path) -> None:
    answer = partimento("train", labelled, "--out", tmp_path / "run", "--only", "genre=one,two", *TRAIN)
    assert answer.code == 0, answer.errors
    metadata = Checkpoint.load(tmp_path / "run").metadata
    assert metadata["only"] == ["genre=one,two"]
    assert 0 < metadata["pieces"] < 10


def test_mistakes(labelled: Path, made_run: Path, partimento: Command, tmp_path: Path) -> None:
    for arguments, message in (
        (("train", labelled, "--out", tmp_path / "x", "--only", "genre=polka"), "its genres: one, three, two"),
        (
            ("train", labelled, "--out", tmp_path / "x", "--from", made_run, "--recipe", "seed_pair"),
            "--recipe: a model to go on from brings its own",
        ),
        (("train", labelled, "--out", tmp_path / "x", "--recipe", "seed_pair", "--depth", 3), "has no depth"),
        (("train", labelled, "--out", tmp_path / "x", "--recipe", "lstm_notes", "--depth", 0), "depth is 0"),
        (("evaluate", made_run, labelled, "--conditions"), "knows no conditions"),
        (("compose", made_run, "--condition", "genre=one", "-o", tmp_path / "x.mid"), "knows no conditions"),
        (("compose", made_run, "--condition", "genre", "-o", tmp_path / "x.mid"), "give a name and a value"),
    ):
        answer = partimento(*arguments)
        assert answer.code == 2
        assert message in answer.errors
        assert len([line for line in answer.errors.splitlines() if line.startswith("partimento:")]) == 1
