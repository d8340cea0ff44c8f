"""The table of mutants (`bench/mutants.py`) fits the code and the tests, so that a run of it says what it means to say."""

from __future__ import annotations

import ast
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "bench/mutants.py"
if not TABLE.exists():
    pytest.skip("no bench/ beside the tests", allow_module_level=True)


def table() -> Any:
    spec = spec_from_file_location("mutants", TABLE)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


mutants = table()


def test_every_mutant_still_fits_the_code() -> None:
    assert [text for one in mutants.MUTANTS if (text := mutants.problem(one))] == []


def test_every_mutant_changes_what_the_code_does() -> None:
    """It parses, and is more than another way of writing."""
    for one in mutants.MUTANTS:
        text = (ROOT / "src/partimento" / one.file).read_text(encoding="utf-8")
        assert ast.dump(ast.parse(text)) != ast.dump(ast.parse(text.replace(one.old, one.new))), one
    assert len({(one.file, one.old, one.new) for one in mutants.MUTANTS}) == len(mutants.MUTANTS)


def test_the_tests_that_mutants_name_are_there() -> None:
    for name in {name for one in mutants.MUTANTS for name in one.tests.split()}:
        path, _, function = name.partition("::")
        assert (ROOT / path).exists(), name
        assert not function or f"def {function.partition('[')[0]}(" in (ROOT / path).read_text(encoding="utf-8"), name


def test_a_row_that_no_longer_fits_is_told() -> None:
    gone = mutants.Mutant("bars.py", "no such line", "", "tests/test_bars.py")
    assert mutants.problem(gone) == "bars.py: 'no such line' stands there 0 times"
