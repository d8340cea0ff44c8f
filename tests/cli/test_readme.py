"""The commands that the README and the other pages show can be typed as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from partimento.cli import COMMANDS, app

ROOT = Path(__file__).parents[2]
PAGES = [path for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))] if path.exists()]
NAMES = "|".join(command.__name__ for command in COMMANDS)
COMMAND = re.compile(rf"^\s*(?:\$ )?(?:\./run|partimento) ((?:{NAMES})\b[^\n]*)$", re.M)


def commands_of(text: str) -> list[str]:
    """Lines of code blocks that call a command; a backslash at the end of a line joins the next one to it."""
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.M | re.S)
    inline = re.findall(r"`(partimento [^`\n]+)`", text)
    return [line for part in [*blocks, *inline] for line in COMMAND.findall(re.sub(r"\\\n\s*", " ", part))]


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_commands_parse(page: Path) -> None:
    for line in commands_of(page.read_text(encoding="utf-8")):
        words = shlex.split(re.sub(r"\s#.*", "", line))  # a mark within a word begins no comment
        if any("…" in word or word == "..." for word in words):
            continue  # a sketch
        app.parse_args(words, print_error=False, exit_on_error=False)


def test_the_readme_shows_some() -> None:
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("no README.md here")
    shown = {line.split()[0] for line in commands_of(readme.read_text(encoding="utf-8"))}
    assert {"build", "train", "evaluate", "compose"} <= shown
