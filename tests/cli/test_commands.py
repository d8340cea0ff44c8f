"""Each command does what its page says, and its JSON has the keys that are documented."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import torch

from partimento.formats import read, write
from partimento.models.checkpoint import Checkpoint
from tests.cli.conftest import TRAIN, Command
from tests.made import made_folder, made_piece

ROW = {"name", "split_method", "leaks", "split", "context", "pieces", "notes", "bits_per_note", "accuracy", "nats"}
ROW |= {"encoding", "keeps", "drops"}
BUILD = {"corpus", "files", "scores", "taken", "rescued", "refused", "ignored", "duplicates", "works", "notes", "hours", "splits"}
BUILD |= {"seconds", "fingerprint"}
LEARN = {"checkpoint", "recipe", "steps", "epochs", "seconds", "valid_bits_per_note", "stopped", "parameters", "notes"}
MUSIC = {"files", "rolls", "notes", "seconds", "first_note_ms", "seed"}


def test_build(tmp_path: Path, partimento: Command) -> None:
    music = made_folder(tmp_path / "music", range(6))
    (music / "broken.mid").write_bytes(b"MThd")
    write(made_piece(1).transpose(2), music / "copy.mid")
    answer = partimento("build", music, "--out", tmp_path / "corpus", "--label", "genre=jig", "--workers", 1)
    assert (answer.code, answer.errors) == (0, "")
    for line in (
        "8 files read in",
        "taken       6 pieces, 360 notes",
        "6 works",
        "refused     1",
        "duplicates  1",
        "Nobody 6",
        "jig 6",
    ):
        assert line in answer.out
    assert "1 work, 1 piece, 60 notes" in answer.out
    assert "Next: partimento train" in answer.out
    again = partimento("build", music, "--out", tmp_path / "corpus", "--label", "genre=jig")
    assert again.out.startswith("8 files, the same as when this corpus was built\n")
    found = partimento("build", music, "--out", tmp_path / "corpus", "--label", "genre=jig", "--json")
    assert found.code == 0
    assert set(found.json) >= BUILD
    assert found.json["corpus"] == str(tmp_path / "corpus")
    assert (found.json["files"], found.json["taken"], found.json["duplicates"]) == (8, 6, 1)
    assert sum(found.json["refused"].values()) == 1
    assert set(found.json["splits"]) == {"train", "valid", "test"}


def test_train_and_again(tmp_path: Path, made_corpus: Path, partimento: Command) -> None:
    answer = partimento("train", made_corpus, "--out", tmp_path / "run", *TRAIN)
    assert answer.code == 0
    assert "bits per note on valid after 30 steps" in answer.out
    assert sorted(os.listdir(tmp_path / "run")) == ["history.jsonl", "model.safetensors", "reference.safetensors", "run.json"]
    found = partimento("train", made_corpus, "--out", tmp_path / "run", *TRAIN, "--json").json  # finished: told again
    assert set(found) >= LEARN
    assert (found["recipe"], found["steps"], found["stopped"]) == ("seed_pair", 30, "steps")
    assert found["checkpoint"] == str(tmp_path / "run" / "model.safetensors")
    checkpoint = Checkpoint.load(tmp_path / "run")
    assert checkpoint.metadata["licences"] == ["CC0"]
    assert checkpoint.recipe.model.width == 16
    options = [
        "--recipe",
        "seed_joint",
        "--split-method",
        "windows",
        "--dropout",
        0.1,
        "--learning-rate",
        0.01,
        "--batch",
        2,
        "--seed",
        5,
    ]
    other = partimento("train", made_corpus, "--out", tmp_path / "joint", *TRAIN[4:], "--steps", 3, *options, "--layers", 2)
    assert other.code == 0
    recipe = Checkpoint.load(tmp_path / "joint").recipe
    assert (recipe.name, recipe.model.layers, recipe.training.batch, recipe.training.seed) == ("seed_joint", 2, 2, 5)


def test_evaluate(made_run: Path, made_corpus: Path, partimento: Command) -> None:
    answer = partimento("evaluate", made_run, made_corpus, "--threads", 1)
    assert (answer.code, answer.errors) == (0, "")
    for name in ("seed_pair", "stratified", "majority", "repeat_last", "ngram"):
        assert f"\n{name} " in answer.out
    found = partimento("evaluate", made_run, made_corpus, "--context", 8, "--split", "valid", "--threads", 1, "--json").json
    assert ROW | {"same_corpus", "seconds", "baselines"} <= set(found)
    assert (found["name"], found["split_method"], found["leaks"], found["split"]) == ("seed_pair", "works", False, "valid")
    assert (found["context"], found["same_corpus"]) == (8, True)
    assert set(found["bits_per_note"]) == {"mean", "low", "high"}
    assert set(found["accuracy"]) == set(found["nats"]) == {"pitch", "duration"}
    assert len(found["baselines"]) == 4
    assert all(set(row) >= ROW for row in found["baselines"])
    alone = partimento("evaluate", made_run / "model.safetensors", made_corpus, "--no-baselines", "--threads", 1, "--json").json
    assert alone["baselines"] == []


def test_compare(tmp_path: Path, made_run: Path, made_corpus: Path, partimento: Command) -> None:
    other = tmp_path / "other"
    assert partimento("train", made_corpus, "--out", other, *TRAIN[4:], "--steps", 5, "--recipe", "seed_joint").code == 0
    found = partimento("compare", made_run, other, "--context", 8, "--context", 0, "--threads", 1, "--json").json
    assert {"rows", "differences", "corpus", "seconds"} <= set(found)
    assert [row["context"] for row in found["rows"]] == [8, None, 8, None, None, None, None, None]
    assert all(set(row) >= ROW for row in found["rows"])
    assert all({"name", "than", "bits_per_note", "better"} <= set(one) for one in found["differences"])
    assert found["corpus"] == str(made_corpus.resolve())
    table = partimento("compare", made_run, other, "--markdown", "--threads", 1, "--corpus", made_corpus)
    assert table.code == 0
    assert table.out.startswith("|")
    assert " less " in table.out


def test_the_same_pieces_again_byte_for_byte(tmp_path: Path, made_run: Path, partimento: Command) -> None:
    run = tmp_path / "run"
    shutil.copytree(made_run, run)
    options = ["--notes", 12, "--count", 3, "--temperature", "pitch=0.9,duration=0.8", "--top-p", 0.95, "--seed", 7]
    found = partimento("compose", run, *options, "-o", tmp_path / "new" / "a.mid", "--roll", "--json")
    assert found.code == 0
    assert set(found.json) >= MUSIC
    files = [tmp_path / "new" / f"a-{number}.mid" for number in (1, 2, 3)]
    assert found.json["files"] == [str(file) for file in files]
    assert found.json["rolls"] == [str(file.with_suffix(".png")) for file in files]
    assert (found.json["notes"], found.json["seed"]) == (36, 7)
    assert found.json["first_note_ms"] > 0
    assert [len(read(file, trusted=True)) for file in files] == [12, 12, 12]
    assert all(file.with_suffix(".png").read_bytes().startswith(b"\x89PNG") for file in files)
    again = partimento("compose", "--like", files[1], "-o", tmp_path / "b.mid", "--json")
    assert MUSIC | {"same"} <= set(again.json)
    assert again.json["same"] is True
    assert (tmp_path / "b.mid").read_bytes() == files[1].read_bytes()
    assert partimento("compose", run, *options, "-o", tmp_path / "c.mid").code == 0
    assert (tmp_path / "c-2.mid").read_bytes() == files[1].read_bytes()
    run.rename(tmp_path / "moved")
    gone = partimento("compose", "--like", files[1], "-o", tmp_path / "d.mid")
    assert gone.code == 2
    assert "partimento compose MODEL --like" in gone.errors
    assert partimento("compose", tmp_path / "moved", "--like", files[1], "-o", tmp_path / "d.mid").code == 0
    assert (tmp_path / "d.mid").read_bytes() == files[1].read_bytes()


def test_like_refuses_what_is_damaged_or_of_another_model(
    tmp_path: Path, made_run: Path, made_corpus: Path, partimento: Command
) -> None:
    assert partimento("compose", made_run, "--notes", 5, "-o", tmp_path / "a.mid").code == 0
    content = (tmp_path / "a.mid").read_bytes()
    (tmp_path / "broken.mid").write_bytes(content.replace(b"sampling", b"samplinG"))
    (tmp_path / "cut.mid").write_bytes(content[:60])
    assert partimento("train", made_corpus, "--out", tmp_path / "other", *TRAIN[2:], "--steps", 2).code == 0
    for arguments in (
        ["--like", tmp_path / "broken.mid"],
        ["--like", tmp_path / "cut.mid"],
        [tmp_path / "other", "--like", tmp_path / "a.mid"],
    ):
        answer = partimento("compose", *arguments, "-o", tmp_path / "out.mid")
        assert answer.code == 2
        assert answer.errors.startswith("partimento: ")
        assert not (tmp_path / "out.mid").exists()
    damaged = bytearray((tmp_path / "other" / "model.safetensors").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "other" / "model.safetensors").write_bytes(damaged)
    assert "damaged" in partimento("compose", tmp_path / "other", "-o", tmp_path / "out.mid").errors


def test_going_on_from_a_score(tmp_path: Path, made_run: Path, partimento: Command) -> None:
    write(made_piece(40), tmp_path / "tune.mid")
    for options, notes in (([], 60 + 9), (["--given-notes", 4], 4 + 9)):
        answer = partimento(
            "compose", made_run, "--given", tmp_path / "tune.mid", "--notes", 9, *options, "-o", tmp_path / "on.mid"
        )
        assert answer.code == 0
        assert len(read(tmp_path / "on.mid", trusted=True)) == notes
        assert partimento("compose", "--like", tmp_path / "on.mid", "-o", tmp_path / "again.mid").code == 0
        assert (tmp_path / "again.mid").read_bytes() == (tmp_path / "on.mid").read_bytes()


def test_demo(tmp_path: Path, made_music: Path, partimento: Command) -> None:
    torch.set_num_threads(1)  # several fight over busy cores
    options = ["--sources", made_music, "--minutes", 0.02, "--count", 2, "--notes", 10, "--out", tmp_path / "out"]
    answer = partimento("demo", *options)
    assert answer.code == 0, answer.errors
    for line in ("1. Reading", "2. Training", "3. Scoring", "4. Writing 2 new pieces", "Now your own music:"):
        assert line in answer.out
    found = partimento("demo", *options, "--json").json  # all of it is there already
    assert {"build", "train", "rows", "files", "rolls", "seconds"} <= set(found)
    assert set(found["build"]) >= BUILD
    assert set(found["train"]) >= LEARN
    assert len(found["rows"]) == 5
    assert all(Path(file).exists() for file in found["files"] + found["rolls"])
    assert len(found["files"]) == 2


def test_as_a_program(tmp_path: Path, made_music: Path) -> None:
    """Once through `python -m partimento`: streams, exit codes, a reader that goes away."""
    program = [sys.executable, "-m", "partimento"]
    done = subprocess.run(
        [*program, "build", made_music, "--out", "corpus", "--json"], cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0)
    assert json.loads(done.stdout)["corpus"] == "corpus"
    done = subprocess.run([*program, "build", made_music, "--out", "corpus"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "corpus/report.html" in done.stdout
    done = subprocess.run([*program, "train", "nowhere", "--out", "run"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    shell = f"{sys.executable} -m partimento build --help | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_training_says_so_and_can_go_on(tmp_path: Path, made_corpus: Path, number: signal.Signals, code: int) -> None:
    options = [*TRAIN[2:], "--out", str(tmp_path / "run")]
    command = [sys.executable, "-m", "partimento", "train", str(made_corpus), *options]
    process = subprocess.Popen([*command, "--minutes", "2", "--learning-rate", "1e-7"], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "run").glob("state-*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith(f"partimento: stopped by {number.name} after step")
    assert list((tmp_path / "run").glob("state-*"))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_build_says_so(tmp_path: Path, made_music: Path, number: signal.Signals, code: int) -> None:
    for copy in range(20):
        shutil.copytree(made_music, tmp_path / "music" / str(copy))
    command = [sys.executable, "-m", "partimento", "build", str(tmp_path / "music"), "--out", str(tmp_path / "out")]
    # whoever runs the tests in the background has SIGINT ignored, and so would the command
    heeded = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heeded)
    deadline = time.monotonic() + 60
    while not (tmp_path / "out" / ".build").is_dir() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert errors.splitlines()[-1] == f"partimento: {'interrupted' if code == 130 else 'terminated'}"
    assert not (tmp_path / "out" / ".build" / "lock").exists()
