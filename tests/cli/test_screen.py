"""What people see while work goes on: one bar, and the summary where it was sent."""

from __future__ import annotations

import io
import sys

import pytest
from rich.console import Console

from partimento.cli.screen import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_one_stage_is_shown_at_a_time() -> None:
    screen = Screen(as_json=False)
    file = Terminal()
    screen.errors = Console(file=file, force_terminal=True, width=80, height=10)
    with screen.progress() as on_progress:
        for epoch in range(30):  # as many bars would be taller than the screen, and be printed again and again
            on_progress(f"epoch {epoch + 1}", 1, 2)
    assert "epoch 30" in file.getvalue()
    assert file.getvalue().count("\n") == 1  # the last one; each line more is a bar above


def test_a_summary_that_goes_to_a_file_is_not_shown_among_the_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    out, errors = io.StringIO(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen(as_json=False)
    screen.errors = Console(file=errors, force_terminal=True, width=80)
    with screen.progress() as on_progress:
        on_progress("reading", 1, 2)
        screen.say("4 files")
    assert out.getvalue() == "4 files\n"
    assert "4 files" not in errors.getvalue()
