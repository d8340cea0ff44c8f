"""`partimento about` and `partimento models`: what comes with the package, from whom, under which licences."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Command


@pytest.fixture
def house(made_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small model in place of the house model."""
    folder = tmp_path / "models" / "house"
    shutil.copytree(made_run, folder)
    (folder / "sources.csv.gz").write_bytes(gzip.compress(b"set,file\nmade,a.mid\n"))
    monkeypatch.setenv("PARTIMENTO_MODELS", str(folder.parent))
    monkeypatch.chdir(tmp_path)
    return folder


def test_about_names_whom_licences_want_named(partimento: Command) -> None:
    answer = partimento("about")
    assert (answer.code, answer.errors) == (0, "")
    for said in ("MIT licence", "Narodowy Instytut Fryderyka Chopina", "CC BY 4.0", "TimGM6mb"):
        assert said in answer.out
    found = partimento("about", "--json").json
    assert {"set", "licence"} <= {"set", *found["data"][0]}
    assert "polish-scores" in found["notice"]
    assert found["sources"] is None


def test_about_writes_the_table_of_pieces(house: Path, partimento: Command) -> None:
    assert partimento("about", "--sources", "all.csv", "--json").json["sources"] == "all.csv"
    assert Path("all.csv").read_text() == "set,file\nmade,a.mid\n"
    (house / "sources.csv.gz").unlink()
    answer = partimento("about", "--sources", "more.csv")
    assert answer.code == 2
    assert "install a release" in answer.errors


def test_models_says_what_is_there(house: Path, partimento: Command) -> None:
    (row,) = partimento("models", "--json").json["models"]
    assert row["name"] == "house"
    assert row["path"] == str(house / "model.safetensors")
    assert (row["recipe"], row["pieces"] > 0, row["bytes"] > 0) == ("seed_pair", True, True)
    assert "learnt from" in partimento("models").out
    (house / "model.safetensors").unlink()
    assert "install a release" in partimento("models").out
    (row,) = partimento("models", "house", "--json").json["models"]
    assert row["path"] is None


def test_commands_take_the_house_model_where_none_is_named(house: Path, made_corpus: Path, partimento: Command) -> None:
    alone = partimento("compose", "--notes", 12, "--seed", 1, "-o", "a.mid", "--json")
    assert (alone.code, alone.json["seed"]) == (0, 1)
    named = partimento("compose", "house", "--notes", 12, "--seed", 1, "-o", "b.mid")
    path = partimento("compose", house, "--notes", 12, "--seed", 1, "-o", "c.mid")
    assert (named.code, path.code) == (0, 0)
    assert Path("a.mid").read_bytes() == Path("b.mid").read_bytes() == Path("c.mid").read_bytes()
    again = partimento("compose", "--like", "a.mid", "-o", "d.mid", "--json")
    assert again.json["same"] is True
    given = partimento("compose", "--given", "a.mid", "--notes", 5, "--seed", 2, "-o", "e.mid")
    assert given.code == 0
    scored = partimento("evaluate", made_corpus, "--no-baselines", "--threads", 1, "--json")
    assert scored.json == scored.json | {"name": "seed_pair", "same_corpus": True}
    assert partimento("originality", "a.mid", "--json").json["files"][0]["notes"] == alone.json["notes"]
    assert partimento("card", "a.mid", "--json").json["pieces"]["files"] == 1
