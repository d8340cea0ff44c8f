"""Counts the files of the package that a composition runs through, and those that a rule given on the command line passes through.

    python bench/journey.py MODEL [-- OPTIONS OF COMPOSE]      such as -- --key "G major"; run it with the package of any checkout

`composition`: files in which a function is called between the command and its end. `rule`: those in which one is called with an
argument that is a rule, or holds one two attributes deep. A move leads from the file of one such call to that of the next; a
return is a move to a file that was left before. Each pair of files counts once, however many events are drawn.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any

import partimento
from partimento.cli import main

ROOT = str(Path(partimento.__file__).parent) + "/"


class Journey:
    """Files in the order in which they were first entered, and the moves between them."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.moves: dict[tuple[str, str], bool] = {}  # whether it was a return
        self._now = ""

    def enter(self, file: str) -> None:
        if file != self._now and self._now:
            self.moves.setdefault((self._now, file), file in self.files)
        if file not in self.files:
            self.files.append(file)
        self._now = file

    def __str__(self) -> str:
        return f"{len(self.files)} files, {len(self.moves)} moves, {sum(self.moves.values())} of them returns"


def holds_rule(value: Any, depth: int = 2) -> bool:
    """Whether a value is a rule in any of its forms, or holds one."""
    kind = type(value)
    if ".rules" in kind.__module__ and kind.__name__ != "State":  # `State` was the sequence, in earlier checkouts
        return True
    if not depth:
        return False
    if isinstance(value, (list, tuple)):
        return any(holds_rule(one, depth) for one in value[:8] if type(one).__module__.startswith("partimento"))
    if not kind.__module__.startswith("partimento"):
        return False
    held = list(getattr(value, "__dict__", {}).values())
    return any(holds_rule(one, depth - 1) for one in held)


def journey() -> int:
    model, options = sys.argv[1], sys.argv[3:]
    whole, rule = Journey(), Journey()

    def profile(frame: FrameType, event: str, argument: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(ROOT) or code.co_name.startswith("<"):
            return
        file = code.co_filename[len(ROOT) :]
        whole.enter(file)
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if any(holds_rule(frame.f_locals[name]) for name in names if name in frame.f_locals):
            rule.enter(file)

    with tempfile.TemporaryDirectory() as folder:
        asked = ["compose", model, "--notes", "24", "--seed", "1", "-o", f"{folder}/a.mid", *options]
        sys.setprofile(profile)
        code = main(asked)
        sys.setprofile(None)
    print(f"composition: {whole}")
    print(f"rule: {rule}")
    print("  " + ", ".join(rule.files))
    return int(code or 0)


if __name__ == "__main__":
    sys.exit(journey())
