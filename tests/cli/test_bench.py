"""`partimento bench`: mistakes in one line; the whole way on the published data where it is there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Command


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["choir", "x.zip", "--out", "o"], "unknown protocol 'choir'; known: frames, jsb"),
        (["jsb", "x.zip", "--out", "o"], "cannot be read"),
        (["frames", "x.zip", "--out", "o", "--set", "none"], "unknown set 'none'"),
        (["frames", "x.zip", "--out", "o", "--row", "C"], "unknown row 'C'; known: A, B"),
        (["jsb", "x.zip"], "--out is missing"),
        (["jsb", "x.zip", "--out", "o", "--seeds", "0"], "--seeds is 0"),
    ],
)
def test_mistakes(arguments: list[str], message: str, partimento: Command, tmp_path: Path) -> None:
    answer = partimento("bench", *arguments)
    assert answer.code == 2
    assert message in answer.errors
    assert len(answer.errors.splitlines()) == 1


@pytest.mark.data
def test_jsb_the_whole_way(partimento: Command, tmp_path: Path) -> None:
    data = Path(os.environ.get("PARTIMENTO_DATA", "none")) / "jsb-chorales.zip"
    if not data.exists():
        pytest.skip(f"needs {data}")
    out = tmp_path / "runs"
    options = ("--recipe", "gru_voices", "--depth", "1", "--seeds", "2", "--steps", "5", "--threads", "1", "--json")
    answer = partimento("bench", "jsb", str(data), "--out", str(out), *options)
    assert answer.code == 0, answer.errors
    told = json.loads(answer.out)
    assert [run["seed"] for run in told["runs"]] == [0, 1]
    assert told["baseline"]["valid"]["micro"] == pytest.approx(0.841, abs=1e-3)
    assert told["mean"]["valid"] == pytest.approx(sum(run["valid"]["micro"] for run in told["runs"]) / 2)
    assert told["runs"][0]["valid"]["units"] == 73632
    assert told["together"]["valid"]["micro"] < told["mean"]["valid"]  # Jensen
    again = partimento("bench", "jsb", str(data), "--model", str(out / "seed-1"), "--threads", "1", "--json")
    assert json.loads(again.out)["runs"][0]["test"] == told["runs"][1]["test"]


@pytest.mark.data
def test_the_record_the_whole_way(partimento: Command, tmp_path: Path) -> None:
    data = Path(os.environ.get("PARTIMENTO_DATA", "none")) / "jsb-chorales.zip"
    if not data.exists():
        pytest.skip(f"needs {data}")
    options = ("--recipe", "memory_slots", "--seeds", "1", "--steps", "3", "--threads", "1", "--json")
    answer = partimento("bench", "jsb", str(data), "--out", str(tmp_path / "runs"), *options)
    assert answer.code == 0, answer.errors
    told = json.loads(answer.out)
    assert told["together"] is None
    assert told["runs"][0]["parameters"] == 893_875
    again = partimento("bench", "jsb", str(data), "--model", str(tmp_path / "runs" / "seed-0"), "--threads", "1", "--json")
    assert json.loads(again.out)["runs"][0]["test"] == told["runs"][0]["test"]


@pytest.mark.data
@pytest.mark.parametrize("row", ["A", "B"])
def test_frames_the_whole_way(row: str, partimento: Command, tmp_path: Path) -> None:
    data = Path(os.environ.get("PARTIMENTO_DATA", "none")) / "boulanger-lewandowski.zip"
    if not data.exists():
        pytest.skip(f"needs {data}")
    options = ("--row", row, "--depth", "1", "--seeds", "1", "--steps", "3", "--threads", "1", "--json")
    answer = partimento("bench", "frames", str(data), "--out", str(tmp_path / "runs"), *options)
    assert answer.code == 0, answer.errors
    told = json.loads(answer.out)
    assert told["runs"][0]["test"]["pieces"] == 77
    assert told["runs"][0]["test"]["units"] == told["baseline"]["test"]["units"]
    assert told["runs"][0]["test"]["with_first_frame"] > 0
