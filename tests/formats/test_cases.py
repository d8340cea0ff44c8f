"""Every small score of a folder of cases is read as it should be."""

from __future__ import annotations

from typing import Any

import pytest

from partimento.errors import UnreadableFile
from partimento.formats import parse
from tests.cases import CASES, FOLDER, facts

READ = [case for case in CASES if isinstance(case["right"], dict)]


@pytest.mark.data
@pytest.mark.parametrize("case", READ, ids=[case["file"] for case in READ])
def test_a_case_is_read_right(case: dict[str, Any]) -> None:
    path = FOLDER / case["file"]
    right = dict(case["right"])
    if "error" in right:
        with pytest.raises(UnreadableFile):
            parse(path.read_bytes(), path.suffix, repeats=case["repeats"])
        return
    piece, _ = parse(path.read_bytes(), path.suffix, repeats=case["repeats"])
    if "notes" in right:
        right["notes"] = sorted([round(value, 6) for value in note] for note in right["notes"])
    assert {name: value for name, value in facts(piece).items() if name in right} == right, case["about"]
