"""`partimento bench`: mistakes in one line; the whole way on the published data where it is there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from partimento import build
from partimento.models.checkpoint import Checkpoint
from tests.cli.conftest import Command
from tests.made import made_folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["choir", "x.zip", "--out", "o"], "unknown protocol 'choir'; known: frames, jsb"),
        (["jsb", "x.zip", "--out", "o"], "cannot be read"),
        (["frames", "x.zip", "--out", "o", "--set", "none"], "unknown set 'none'"),
        (["frames", "x.zip", "--out", "o", "--row", "C"], "unknown row 'C'; known: A, B"),
        (["jsb", "x.zip"], "--out is missing"),
        (["jsb", "x.zip", "--out", "o", "--seeds", "0"], "--seeds is 0"),
        (["judge", "x"], "the corpus is missing: partimento bench judge MODEL CORPUS"),
        (["judge", "x", "y", "--split", "best"], "unknown split 'best'"),
        (["judge", "x", "y", "--bars", "0"], "--bars is 0"),
        (["judge", "x", "y"], "y: "),
    ],
)
def test_mistakes(arguments: list[str], message: str, partimento: Command, tmp_path: Path) -> None:
    answer = partimento("bench", *arguments)
    assert answer.code == 2
    assert message in answer.errors
    assert len(answer.errors.splitlines()) == 1


def test_a_model_and_its_pieces_are_judged(partimento: Command, made_run: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    build(made_folder(tmp_path / "music", range(60)), out=corpus)
    options = ("--excerpts", "20", "--bars", "1", "--split", "train", "--json")
    for what, encoding in ((tmp_path / "music", "notes:profile=score"), (made_run, Checkpoint.load(made_run).encoding.key)):
        answer = partimento("bench", "judge", str(what), str(corpus), *options)
        assert answer.code == 0, answer.errors
        found = json.loads(answer.out)
        assert (found["protocol"], found["split"], found["encoding"]) == ("judge", "train", encoding)
        assert found["bars"] == 1
        assert found["excerpts"][1] == 20
        assert len(found["tells"]) == 10
        assert 0 <= found["area"]["low"] <= found["area"]["mean"] <= found["area"]["high"] <= 1
        assert found["kept"] is None  # only what is said of test is kept


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
