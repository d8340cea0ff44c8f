"""What people see: progress on stderr, a summary on stdout; what scripts see: one JSON object on stdout. It computes nothing."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from partimento.errors import InvalidOption
from partimento.progress import OnProgress

IS_FIRST = os.environ.get("RANK", "0") == "0"  # of several processes that torchrun started only the first one speaks
Flag = Annotated[bool, Parameter(show_default=False)]


class Problem(Exception):
    """A mistake in how a command was called that no module below knows of."""


class Screen:
    """The output of one command. With `as_json`, everything said to people goes to stderr."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.errors = Console(stderr=True, highlight=False, soft_wrap=True)
        self.out = self.errors if as_json else Console(highlight=False, soft_wrap=True)
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self.started, 3)

    def say(self, text: str = "") -> None:
        if IS_FIRST:
            self.out.print(text, markup=False)

    def warn(self, text: str) -> None:
        self.errors.print(f"warning: {text}", markup=False)

    def result(self, content: dict[str, Any]) -> None:
        """The one object for scripts."""
        if self.as_json and IS_FIRST:
            print(json.dumps(content, ensure_ascii=False), flush=True)

    @contextmanager
    def progress(self) -> Iterator[OnProgress]:
        """A bar for the stage that was reported last; only on a terminal, and gone when done."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        off, also_out = not self.errors.is_terminal, sys.stdout.isatty()  # what goes to a file stays there
        with Progress(*columns, console=self.errors, transient=True, disable=off, redirect_stdout=also_out) as bars:
            tasks: dict[str, Any] = {}

            def on_progress(stage: str, done: int, total: int) -> None:
                if stage not in tasks:
                    for other in tasks.values():
                        bars.remove_task(other)
                    tasks.clear()
                    tasks[stage] = bars.add_task(stage, total=total)
                bars.update(tasks[stage], completed=done, total=total)

            yield on_progress


def positive(option: str, value: float) -> float:
    """The value of an option that must be more than 0."""
    if not value > 0:  # nor not a number
        raise InvalidOption(f"{option} is {value}; it must be more than 0")
    return value


def check_parents(option: str, path: Path) -> None:
    """Raises `InvalidOption` when a file is where a folder above `path` would be."""
    above = next((place for place in path.parents if place.exists()), None)
    if above is not None and not above.is_dir():
        raise InvalidOption(f"{option} {path}: the file {above} is in the way")


def not_negative(option: str, value: int) -> int:
    """The value of an option where 0 means "as you like"."""
    if value < 0:
        raise InvalidOption(f"{option} is {value}; it must be 0 or more")
    return value


def counted(number: float, one: str, many: str = "") -> str:
    """`counted(2, "piece")` is "2 pieces"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def short(path: Path) -> str:
    """A path as people read it from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def typed(*words: Path | str) -> str:
    """Words of a command as a shell takes them, paths from here."""
    return shlex.join(short(word) if isinstance(word, Path) else word for word in words)
