"""The examples of docs/extending.md, each section run as printed in a process of its own: what is added passes its check."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.made import made_folder

PAGE = Path(__file__).parent.parent / "docs" / "extending.md"
SECTIONS = {
    title: re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    for title, text in re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
}


def test_the_page_has_a_section_for_each_kind_of_part() -> None:
    assert list(SECTIONS) == ["An encoding", "A backbone", "A rule", "A format", "A figure", "A recipe"]
    assert all(SECTIONS.values())


@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_runs_as_printed(title: str, tmp_path: Path) -> None:
    """An example that begins with the name of its file is that file; the others are one program."""
    made_folder(tmp_path / "music", range(12), 30)
    program = []
    for example in SECTIONS[title]:
        if named := re.match(r"# (\w+\.py)\n", example):
            (tmp_path / named[1]).write_text(example, encoding="utf-8")
        else:
            program.append(example)
    (tmp_path / "program.py").write_text("\n".join(program), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
