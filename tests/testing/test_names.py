"""Every suite can be imported from `partimento.testing` by its name, and is named there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from partimento import testing

SUITES = {
    node.name: path.stem
    for path in Path(str(testing.__file__)).parent.glob("*.py")
    for node in ast.parse(path.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and node.name == f"check_{path.stem.removesuffix('s')}"
}


def test_there_are_some() -> None:
    assert "check_format" in SUITES


@pytest.mark.parametrize("name", sorted(SUITES))
def test_a_suite_is_found_by_its_name(name: str) -> None:
    assert name in testing.__all__
    assert getattr(testing, name).__module__ == f"partimento.testing.{SUITES[name]}"
    assert getattr(testing, name).__doc__


def test_other_names_are_answered() -> None:
    with pytest.raises(AttributeError, match="it has check_backbone, check_encoding, check_format, check_rule"):
        testing.check_nothing  # noqa: B018
