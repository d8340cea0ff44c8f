"""A project survives anything: what was acknowledged is there again, what was not is as if it had never been asked for."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from partimento.errors import InvalidOption, PartimentoError
from partimento.piece import Piece
from partimento.studio.workshop.edits import edited
from partimento.studio.workshop.project import HISTORY, PIECES, Project, ProjectDamaged
from partimento.studio.workshop.refusals import Conflict, NotThere
from partimento.studio.workshop.workshop import Workshop
from tests.made import made_piece

CRASHING = """
import sys
from pathlib import Path
from partimento.studio.workshop.workshop import Workshop
from tests.made import made_piece
with Workshop(Path(sys.argv[1])) as workshop:
    if not list(workshop.scores):
        workshop.scores.open(made_piece(1), "test")
    (score,) = workshop.scores
    print("open", score.state, score.at, flush=True)
    number = 0
    while True:
        number += 1
        if number % 5 == 4:
            workshop.scores.walk(score.name, "undo", "test")
        else:
            velocity = 1 + (len(workshop.project.acts) * 7) % 127
            workshop.edit(score.name, [{"edit": "velocity", "notes": [number % 40], "to": velocity}], "test")
        print("done", score.state, score.at, flush=True)
"""


def test_killed_at_any_moment_it_has_all_that_was_acknowledged(tmp_path: Path) -> None:
    """Ten times over, one project that grows: the last state that was said to be done holds, or the one that was on its way."""
    chance, said = random.Random(7), 0
    root = Path(__file__).parents[2]
    for _ in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", CRASHING, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."])},
        )
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("open")
        time.sleep(chance.uniform(0.0, 0.25))
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout.readlines()]
        process.wait()
        lines = [line for line in lines if line.endswith("\n")]
        _, state, at = lines[-1].split()
        said += len(lines) - 1
        with Workshop(tmp_path) as workshop:
            (score,) = workshop.scores
            acts = workshop.project.acts
            assert [act["seq"] for act in acts] == list(range(1, len(acts) + 1))
            is_last = (score.state, str(score.at)) == (state, at)
            one_more = acts[-1].get("from") == state and acts[-1]["to"] == score.state
            assert is_last or one_more
            for one in score.states:
                assert len(workshop.project.get(one)) == 60
    assert said > 20


def test_a_line_that_was_cut_off_is_none(tmp_path: Path) -> None:
    with Workshop(tmp_path) as workshop:
        workshop.scores.open(made_piece(1), "test")
        workshop.edit("s1", [{"edit": "tempo", "qpm": 99}], "test")
        state = workshop.scores["s1"].state
    whole = (tmp_path / HISTORY).read_bytes()
    last = whole[:-1].rfind(b"\n") + 1
    for stop in (last, last + 1, len(whole) - 1):
        (tmp_path / HISTORY).write_bytes(whole[:stop])
        with Workshop(tmp_path) as workshop:
            assert workshop.scores["s1"].at == 0
            workshop.edit("s1", [{"edit": "tempo", "qpm": 99}], "test")
            assert workshop.scores["s1"].state == state
        assert (tmp_path / HISTORY).read_bytes().count(b"\n") == 2


def test_what_is_damaged_is_said_and_kept(tmp_path: Path) -> None:
    with Workshop(tmp_path) as workshop:
        workshop.scores.open(made_piece(1), "test")
        workshop.edit("s1", [{"edit": "tempo", "qpm": 99}], "test")
        state = workshop.scores["s1"].state
    whole = (tmp_path / HISTORY).read_bytes()
    for damaged in (b"{}\n" + whole, whole.replace(b'"seq":1', b'"seq":7'), b"not JSON\n" + whole):
        (tmp_path / HISTORY).write_bytes(damaged)
        with pytest.raises(ProjectDamaged, match="line 1"):
            Project(tmp_path)
        assert (tmp_path / HISTORY).read_bytes() == damaged
    (tmp_path / HISTORY).write_bytes(whole)
    path = tmp_path / PIECES / f"{state}.piece"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with Workshop(tmp_path) as workshop:
        with pytest.raises(ProjectDamaged, match="copy of the project"):
            workshop.scores.piece("s1")
        workshop.scores.walk("s1", "undo", "test")
        assert len(workshop.scores.piece("s1")) == 60


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with Workshop(tmp_path), pytest.raises(InvalidOption, match="another studio"):
        Workshop(tmp_path)
    Workshop(tmp_path).close()


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PartimentoError):
        Workshop(tmp_path / "file" / "project")


def test_lines_are_plain(tmp_path: Path) -> None:
    with Workshop(tmp_path) as workshop:
        workshop.scores.open(made_piece(1), "test")
        workshop.edit("s1", [{"edit": "about", "title": "Übung \ud800"}], "test")
    (first, second) = map(json.loads, (tmp_path / HISTORY).read_text("ascii").splitlines())
    assert (first["act"], first["score"], first["by"]) == ("open", "s1", "test")
    assert (second["act"], second["from"]) == ("edit", first["to"])


class Walking(RuleBasedStateMachine):
    """A score beside a list of pieces that is walked in the plainest way; the project is opened again now and then."""

    @initialize(number=some.integers(0, 3))
    def begin(self, number: int) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.workshop = Workshop(Path(self.folder.name))
        self.workshop.scores.open(made_piece(number, 12), "test")
        self.line: list[Piece] = [made_piece(number, 12)]
        self.at = 0

    @rule(velocity=some.integers(1, 127), note=some.integers(0, 11))
    def edit(self, velocity: int, note: int) -> None:
        edit = {"edit": "velocity", "notes": [note], "to": velocity}
        after = edited(self.line[self.at], [edit])
        self.workshop.edit("s1", [edit], "test")
        if after != self.line[self.at]:
            self.line[self.at + 1 :] = [after]
            self.at += 1

    @rule(back=some.booleans())
    def walk(self, back: bool) -> None:
        there = self.at + (-1 if back else 1)
        if 0 <= there < len(self.line):
            self.workshop.scores.walk("s1", "undo" if back else "redo", "test")
            self.at = there
        else:
            with pytest.raises(Conflict):
                self.workshop.scores.walk("s1", "undo" if back else "redo", "test")

    @rule()
    def open_again(self) -> None:
        self.workshop.close()
        self.workshop = Workshop(Path(self.folder.name))

    @invariant()
    def same(self) -> None:
        if hasattr(self, "workshop"):
            piece = self.workshop.scores.piece("s1")
            assert piece.notes.tolist() == self.line[self.at].notes.tolist()
            assert len(self.workshop.scores["s1"].states) == len(self.line)

    def teardown(self) -> None:
        if hasattr(self, "workshop"):
            self.workshop.close()
            self.folder.cleanup()


TestWalking = Walking.TestCase
TestWalking.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)


def test_names_are_not_given_twice(bare: Workshop) -> None:
    bare.scores.open(made_piece(1), "test")
    bare.scores.close("s1", "test")
    assert bare.scores.open(made_piece(2), "test").name == "s2"
    with pytest.raises(NotThere):
        bare.scores.piece("s1")
    with pytest.raises(NotThere):
        bare.scores.piece("s2", "../../history")


def test_an_edit_of_another_state_is_refused(bare: Workshop) -> None:
    first = bare.scores.open(made_piece(1), "test").state
    bare.edit("s1", [{"edit": "tempo", "qpm": 99}], "test", first)
    with pytest.raises(Conflict):
        bare.edit("s1", [{"edit": "tempo", "qpm": 98}], "test", first)
    assert bare.scores["s1"].at == 1


def test_opening_a_workshop_loads_nothing_large() -> None:
    """Torch, and what else takes long, come with the first task."""
    code = "import sys, partimento.studio.workshop.workshop, partimento.studio.server.app; "
    code += "print([name for name in ('torch', 'numba', 'scipy', 'matplotlib', 'verovio') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.stdout.strip() == "[]", done.stderr
