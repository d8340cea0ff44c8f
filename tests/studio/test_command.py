"""The command: it says where it is in one object, serves at once, and ends as it is told to, leaving only its work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from partimento.cli import main
from partimento.formats import write
from partimento.studio.server.serve import ADDRESS_FILE
from tests.made import made_piece


def heeding() -> None:
    """SIGINT is heeded also where the tests run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_it_serves_a_file_and_ends_when_it_is_told_to(tmp_path: Path) -> None:
    write(made_piece(3), tmp_path / "tune.mid")
    project = tmp_path / "project"
    command = [sys.executable, "-m", "partimento", "studio", str(tmp_path / "tune.mid"), "--project", str(project)]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    for ending, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)):
        process = subprocess.Popen(
            [*command, "--port", "0", "--osc", "0", "--no-browser", "--json"],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            preexec_fn=heeding,
        )
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["page"].startswith(f"http://127.0.0.1:{told['port']}/#token=")
        assert told["osc"] > 0
        assert httpx.get(told["page"].partition("#")[0]).status_code == 200
        answer = httpx.get(f"{told['api']}/scores", headers={"authorization": f"Bearer {told['token']}"}).json()
        assert answer[-1]["title"] == "Piece 3"
        address = tmp_path / "partimento" / ADDRESS_FILE
        assert address.read_text().splitlines() == [told["api"], told["token"]]
        process.send_signal(ending)
        assert process.wait(30) == code
        assert address.exists() == (ending == signal.SIGKILL)
        process.stdout.close()
    assert len(answer) == 3  # each start opened the file once more; all are kept


@pytest.mark.parametrize(
    "words",
    [["--port", "70000"], ["--osc", "-1"], ["nowhere.mid"], ["--project", "file"]],
    ids=" ".join,
)
def test_mistakes_are_said(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert main(["studio", "--no-browser", *words]) == 2
    assert capsys.readouterr().err.startswith("partimento: ")


def test_a_port_that_is_taken_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["studio", "--no-browser", "--project", str(tmp_path / "p"), "--port", port]) == 2
    assert f"--port: {port} is taken" in capsys.readouterr().err
