"""The examples of docs/python.md and of the README, run as printed; and that Python and the command line do the same."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import partimento
from partimento import cli
from partimento.corpus import Corpus
from partimento.errors import CheckpointError, InvalidOption
from partimento.models import tensorfile
from partimento.training import from_corpus
from tests.made import made_folder, made_piece

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "python.md"
SMALL: dict[str, Any] = {"recipe": "seed_pair", "width": 16, "steps": 25, "seed": 3, "threads": 1}


def examples(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings are of small models and end after 25 steps, whatever is asked for: a page speaks of minutes."""
    real, named = vars(from_corpus)["run_training"], vars(from_corpus)["named"]
    monkeypatch.setattr(from_corpus, "run_training", wraps(real)(lambda *given, **more: real(*given, **{**more, "max_steps": 25})))
    monkeypatch.setattr(from_corpus, "named", lambda name, depth: named(name, depth or 1))


@pytest.mark.parametrize("page", [PAGE, ROOT / "README.md"], ids=["python.md", "README.md"])
def test_the_examples_of_a_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_steps: None) -> None:
    made_folder(tmp_path / "music", range(12), 30)
    partimento.write(made_piece(1, 20), tmp_path / "tune.mid")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    found = examples(page)
    assert found
    for example in found:
        exec(example, names)
    assert list(tmp_path.glob("song-*.mid"))


def test_the_page_names_every_name() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`partimento.{name}" in page for name in partimento.__all__)


def test_every_name_has_a_docstring_and_hints() -> None:
    for name in partimento.__all__:
        found = getattr(partimento, name)
        assert found.__doc__, name
        if not inspect.isclass(found):
            hints = inspect.signature(found)
            assert hints.return_annotation is not inspect.Signature.empty, name
            assert all(one.annotation is not inspect.Parameter.empty for one in hints.parameters.values()), name
    for name in ("build", "train", "evaluate", "compare", "compose"):
        assert f"partimento.{name}(" in str(getattr(partimento, name).__doc__), name


def command(*words: object) -> None:
    assert cli.main([str(word) for word in words]) == 0


def test_a_model_trained_from_python_is_the_command_lines(made_corpus: Path, tmp_path: Path) -> None:
    command(
        "train",
        made_corpus,
        "--out",
        tmp_path / "a",
        "--recipe",
        "seed_pair",
        "--width",
        16,
        "--steps",
        25,
        "--seed",
        3,
        "--threads",
        1,
    )
    trained = partimento.train(made_corpus, out=tmp_path / "b", **SMALL)
    (one, about), (same, other) = (tensorfile.load(tmp_path / run / "model.safetensors") for run in "ab")
    assert one.keys() == same.keys()
    assert all(np.array_equal(one[name], same[name]) for name in one)
    for told in (about, other):
        assert told["training"].pop("seconds") > 0
    assert about == other
    assert other["licences"] == ["CC0"]
    assert other["fingerprint"] == Corpus.open(made_corpus).fingerprint
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(path.name for path in (tmp_path / "b").iterdir())
    reference = "reference.safetensors"
    assert (tmp_path / "a" / reference).read_bytes() == (tmp_path / "b" / reference).read_bytes()
    assert trained.path == tmp_path / "b" / "model.safetensors"
    assert "bits per note on valid after 25 steps" in str(trained)


@pytest.fixture(scope="module")
def notes_run(made_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of the encoding `notes`: one that ends pieces, takes rules and is guarded."""
    run = tmp_path_factory.mktemp("notes") / "run"
    partimento.train(made_corpus, out=run, depth=1, **{**SMALL, "recipe": "lstm_notes", "steps": 3})
    return run


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (("--notes", "40"), {"notes": 40}),
        (("--notes", "24", "--count", "3", "--best", "2"), {"notes": 24, "count": 3, "best": 2}),
        (("--notes", "24", "--exact", "--no-guard"), {"notes": 24, "ending": False, "guard": False}),
        (
            ("--notes", "24", "--temperature", "pitch=0.8", "--top-p", "0.9"),
            {"notes": 24, "temperature": "pitch=0.8", "top_p": 0.9},
        ),
        (("--notes", "24", "--condition", "meter=3/4"), {"notes": 24, "conditions": {"meter": "3/4"}}),
        (("--key", "G major", "--bars", "2"), {"rules": partial(partimento.Rules, key="G major", bars=2)}),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_a_composition_from_python_is_the_command_lines(
    words: tuple[str, ...], options: dict[str, Any], notes_run: Path, tmp_path: Path
) -> None:
    options = {name: value() if isinstance(value, Callable) else value for name, value in options.items()}  # type: ignore[arg-type]
    command("compose", notes_run, *words, "--seed", 7, "-o", tmp_path / "a.mid")
    files = partimento.compose(notes_run, **options, seed=7).write(tmp_path / "b.mid")
    assert len(files) == options.get("best", 1)
    for path in files:
        assert path.read_bytes() == path.with_name(path.name.replace("b", "a")).read_bytes()


def test_an_evaluation_from_python_is_the_command_lines(
    notes_run: Path, made_corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("evaluate", notes_run, made_corpus, "--threads", 1)
    printed = capsys.readouterr().out
    found = partimento.evaluate(notes_run, made_corpus, threads=1)
    assert str(found) in printed
    assert found.same_corpus == (True,)
    assert found.bits_per_note == found.rows[0].bits_per_note.mean
    assert found._repr_markdown_().startswith("| model |")


def test_what_is_seen_is_refused(made_corpus: Path, tmp_path: Path, notes_run: Path, caplog: pytest.LogCaptureFixture) -> None:
    leaky = partimento.train(made_corpus, out=tmp_path / "run", split_method="windows", **{**SMALL, "steps": 2})
    with pytest.raises(InvalidOption, match="has seen much of what"):
        partimento.evaluate(leaky.path, made_corpus, split_method="works")
    assert partimento.evaluate(leaky.path, made_corpus, baselines=False).rows[0].leaks
    other = partimento.build(made_folder(tmp_path / "music", range(20, 32)), out=tmp_path / "corpus", workers=1)
    found = partimento.evaluate(notes_run, other, baselines=False)
    assert found.same_corpus == (False,)
    assert "was trained on another corpus" in caplog.text


def test_mistakes_name_what_was_given(notes_run: Path, made_corpus: Path) -> None:
    for wrong, message in (
        ({"best": 2}, "best: 2 cannot be"),
        ({"given_notes": 3}, "given_notes: "),
        ({"write": "bars=2-3"}, "write: name the whole score"),
        ({"temperature": "warm"}, "temperature: 'warm'"),
        ({"conditions": "meter"}, "conditions: 'meter'"),
    ):
        with pytest.raises(InvalidOption, match=message):
            partimento.compose(notes_run, **wrong)
    with pytest.raises(InvalidOption, match="is a corpus, not a run"):
        partimento.compare(made_corpus)
    with pytest.raises(InvalidOption, match="minutes: 0 is not more than 0"):
        partimento.train(made_corpus, out="x", minutes=0)


def test_without_a_seed_one_is_drawn_and_told(notes_run: Path) -> None:
    one = partimento.compose(notes_run, notes=8)
    again = partimento.compose(notes_run, notes=8, seed=one.seed)
    assert np.array_equal(one[0].piece.notes, again[0].piece.notes)
    assert one[0].seed == one.seed
    assert "1 piece," in str(one)


def test_a_notebook_shows_what_is_read(tmp_path: Path) -> None:
    partimento.write(made_piece(1, 20), tmp_path / "tune.mid")
    code = f"import partimento; print(partimento.read({str(tmp_path / 'tune.mid')!r})._repr_html_()[:80])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert shown.stdout.startswith('<div style="max-width: 60rem"><img alt=')


def test_compose_takes_paths_and_unknown_names_are_answered() -> None:
    with pytest.raises(AttributeError, match="it has Corpus, Piece, Rules"):
        partimento.nonsense  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(CheckpointError, match="/no/such/run"):
        partimento.compose("/no/such/run")


@pytest.mark.parametrize("call", ["read", "build", "load"])
def test_an_empty_path_is_not_the_current_folder(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_folder(tmp_path, range(12), 30)
    monkeypatch.chdir(tmp_path)
    options = {"out": "corpus"} if call == "build" else {}
    with pytest.raises(InvalidOption, match="an empty path"):
        getattr(partimento, call)("", **options)


def test_a_training_is_shown_in_one_line(made_corpus: Path, tmp_path: Path) -> None:
    trained = partimento.train(made_corpus, out=tmp_path / "run", **{**SMALL, "steps": 2})
    assert repr(trained) == f"<Trained {trained}>"
    assert len(repr(trained)) < 140
