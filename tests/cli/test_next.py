"""What a command suggests next can be pasted: paths are quoted, and the command line takes it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from partimento import write
from partimento.cli import app
from partimento.cli.screen import typed
from tests.cli.conftest import Command
from tests.made import made_piece


def test_words_are_quoted_where_a_shell_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert typed("partimento", "inspect", tmp_path / "my tune.mid") == "partimento inspect 'my tune.mid'"
    assert typed("partimento", "build", "'*'") == "partimento build ''\"'\"'*'\"'\"''"


@pytest.mark.parametrize(
    "words",
    [("inspect", "my tune.mid"), ("convert", "my tune.mid", "a tune.musicxml"), ("render", "my tune.mid", "-o", "my tune.png")],
    ids=lambda words: words[0],
)
def test_a_suggestion_can_be_pasted(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partimento: Command
) -> None:
    monkeypatch.chdir(tmp_path)
    write(made_piece(1, 40), tmp_path / "my tune.mid")
    answer = partimento(*words)
    assert answer.code == 0, answer.errors
    suggested = re.findall(r"^Next: partimento (.*)$", answer.out, re.M)
    assert suggested
    for line in suggested:
        taken = shlex.split(line, comments=True)
        app.parse_args(taken, print_error=False, exit_on_error=False)
        assert any(" tune" in word for word in taken)


def test_the_hint_of_render_has_the_names_that_were_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, partimento: Command
) -> None:
    monkeypatch.chdir(tmp_path)
    write(made_piece(1, 400), tmp_path / "new.mid")
    answer = partimento("render", "new.mid", "-o", "pages.svg")  # several pages, each with its number
    assert (tmp_path / "pages-2.svg").exists()
    assert "Next: partimento render new.mid -o pages.flac" in answer.out
    (tmp_path / "music").mkdir()
    (tmp_path / "new.mid").rename(tmp_path / "music/new.mid")
    assert "Next:" not in partimento("render", "music", "-o", "rolls", "--as", "roll").out  # sound cannot go there
