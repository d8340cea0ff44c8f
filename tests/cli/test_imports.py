"""What each command imports: nothing that takes long before it needs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import partimento
from partimento.cli import COMMANDS
from tests.made import made_piece

HEAVY = ("lightgbm", "matplotlib", "miditok", "music21", "numba", "pyarrow", "scipy", "soundfile", "torch", "verovio")
WORK = [
    (("inspect", "tune.mid"), {"numba", "scipy"}),  # the encoding `melody` is a compiled loop
    (("inspect", "tune.mid", "--encoding", "notes"), set()),
    (("convert", "tune.mid", "tune.musicxml"), set()),
    (("render", "tune.mid", "-o", "page.svg"), set()),
    (("render", "tune.mid", "-o", "roll.png"), {"matplotlib"}),
    (("explore", "tune.mid", "tune.mid", "tune.mid", "tune.mid", "-o", "report.html"), {"matplotlib", "pyarrow", "scipy"}),
]


def imported(words: tuple[str, ...], folder: Path) -> set[str]:
    """The heavy modules that a command has imported when it is done, in a process of its own."""
    code = "import sys, json; from partimento import cli; code = cli.main(sys.argv[1:]); assert code == 0, code; "
    code += f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_needs_nothing(tmp_path: Path) -> None:
    """In one process, command after command: none of them brings anything."""
    words = json.dumps([[], *([command.__name__] for command in COMMANDS)])
    code = f"import sys, json; from partimento import cli; [cli.main([*words, '--help']) for words in json.loads({words!r})]; "
    code += f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize(("words", "needed"), WORK, ids=lambda one: " ".join(one) if isinstance(one, tuple) else "")
def test_a_command_imports_what_it_needs(words: tuple[str, ...], needed: set[str], tmp_path: Path) -> None:
    partimento.write(made_piece(1, 40), tmp_path / "tune.mid")
    assert imported(words, tmp_path) <= needed


def test_loading_a_model_does_not_bring_torchs_compiler(made_run: Path) -> None:
    code = f"import sys, partimento; partimento.load({str(made_run)!r}); print('torch._dynamo' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "False", done.stderr
