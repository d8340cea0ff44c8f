"""Help is whole: every command has a page with examples that parse, and every option a sentence."""

from __future__ import annotations

import re
import shlex

import pytest

from partimento.cli import COMMANDS, app
from tests.cli.conftest import Command

NAMES = [command.__name__ for command in COMMANDS]


def test_the_first_page(partimento: Command) -> None:
    for arguments in ((), ("--help",), ("-h",)):
        answer = partimento(*arguments)
        assert (answer.code, answer.errors) == (0, "")
        places = [answer.out.index(f"│ {name} ") for name in NAMES]
        assert places == sorted(places)  # in the order of work
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", partimento("--version").out)


@pytest.mark.parametrize("name", NAMES)
def test_each_page(name: str, partimento: Command) -> None:
    answer = partimento(name, "--help")
    assert (answer.code, answer.errors) == (0, "")
    assert "Examples:\n  partimento " in answer.out
    assert "With --json" in answer.out
    for ugly in ("--empty-", "--no-json", "[default: ()]", "[default: False]", "None"):
        assert ugly not in answer.out
    undocumented = re.findall(r"^│ \*?\s+(--\S+ [A-Z]*)\s+│", answer.out, re.M)
    assert not undocumented


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_examples_parse(command: object) -> None:
    examples = [line.strip() for line in (command.__doc__ or "").splitlines() if line.strip().startswith("partimento ")]
    assert examples
    for example in examples:
        found, _, _ = app.parse_args(shlex.split(example)[1:], print_error=False, exit_on_error=False)
        assert found is command
