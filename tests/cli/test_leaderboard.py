"""`partimento leaderboard`: trains what is named, takes what is finished, and says what each costs."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cli.conftest import Command


def test_leaderboard(made_corpus: Path, made_run: Path, partimento: Command, tmp_path: Path) -> None:
    made_corpus = Path(shutil.copytree(made_corpus, tmp_path / "corpus"))  # another encoding joins those that it has cached
    options = ("--minutes", 0.02, "--threads", 1)
    recipes = ("--recipe", "seed_pair", "--recipe", "seed_joint@melody:pitch=piano")
    answer = partimento("leaderboard", made_corpus, "--out", tmp_path, *recipes, *options, "--json")
    assert answer.code == 0, answer.errors
    names = [(row["name"].split()[0], row["encoding"]) for row in answer.json["rows"]]
    baselines = ["stratified", "majority", "repeat_last", "ngram"]
    for recipe, key in (("seed_pair", "melody"), ("seed_joint", "melody:pitch=piano")):
        assert [name for name, of in names if of == key] == [recipe, *baselines]
    first = answer.json["rows"][0]
    assert first["parameters"] > 0
    assert first["notes_per_second"] > 0
    assert first["bits_per_second"]["mean"] > 0
    assert Path(answer.json["plot"]).exists()
    taken = partimento("leaderboard", made_corpus, "--out", tmp_path, "--run", made_run, "--no-baselines", "--markdown")
    assert "| seed_pair | melody |" in taken.out
    wrong = partimento("leaderboard", made_corpus, "--out", tmp_path, "--run", made_run, "--recipe", "seed_pair")
    assert wrong.code == 2
