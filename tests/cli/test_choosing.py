"""`compose` ends pieces, judges them, takes the best and replaces copies; the reference beside the run goes without its corpus."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from partimento.analysis.human_reference import REFERENCE_FILE, Reference
from partimento.analysis.originality import Limits
from partimento.cli import main
from partimento.formats import read
from partimento.models.tensorfile import load
from tests.cli.conftest import Command

SMALL = ["--steps", "3", "--width", "8", "--threads", "1"]
FAST = ("--tempo", 640)  # for it writes hours of silence, and files of more than three are refused
KEYS = {"files", "rolls", "notes", "seconds", "first_note_ms", "seed", "guard", "ending", "ended", "judged", "copies", "stuck"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, made_corpus: Path) -> Path:
    """A small model of `notes`, and a copy of its corpus that may go."""
    folder = tmp_path_factory.mktemp("choosing")
    shutil.copytree(made_corpus, folder / "corpus")
    assert main(["train", str(folder / "corpus"), "--recipe", "lstm_notes", "--out", str(folder / "run"), *SMALL]) == 0
    assert (folder / "run" / REFERENCE_FILE).exists()
    return folder / "run"


def test_the_best_of_many(run: Path, tmp_path: Path, partimento: Command) -> None:
    new = tmp_path / "new.mid"
    answer = partimento("compose", run, *FAST, "--notes", 24, "--count", 4, "--best", 2, "--seed", 3, "-o", new, "--json")
    assert answer.code == 0, answer.errors
    found = answer.json
    assert set(found) == KEYS
    assert [Path(file).name for file in found["files"]] == ["new-1.mid", "new-2.mid"]
    assert sorted(path.name for path in tmp_path.glob("*.mid")) == ["new-1.mid", "new-2.mid"]
    ranks = [one["ranking"] for one in found["judged"]]
    assert [one["rank"] for one in ranks] == [1, 2]
    assert all(set(one) == {"rank", "bits_per_note", "distance"} for one in ranks)
    assert set(found["judged"][0]["originality"]) >= {"longest_notes", "runs", "share", "over"}
    notes = [json.loads(read(file, trusted=True).about.made)["options"] for file in found["files"]]
    assert len({one["index"] for one in notes}) == 2
    assert {one["count"] for one in notes} == {4}
    again = partimento("compose", run, "--like", found["files"][1], "-o", tmp_path / "again.mid", "--json").json
    assert again["same"]


def test_pieces_end_unless_so_many_notes_are_asked_for(run: Path, tmp_path: Path, partimento: Command) -> None:
    asked = ("compose", run, *FAST, "--notes", 20, "--seed", 1, "--json")
    led = partimento(*asked, "-o", tmp_path / "a.mid").json
    free = partimento(*asked, "-o", tmp_path / "b.mid", "--exact", "--no-guard").json
    assert led["notes"] >= 15
    assert free["notes"] <= 20
    ruled = partimento(*asked, "-o", tmp_path / "c.mid", "--bars", 2).json  # the rule says the end, so no ending leads there
    again = partimento("compose", run, "--like", tmp_path / "b.mid", "-o", tmp_path / "again.mid", "--json").json
    in_force = [(one["guard"], one["ending"]) for one in (led, free, ruled, again)]
    assert in_force == [(True, True), (False, False), (True, False), (False, False)]
    options = [json.loads(read(tmp_path / name, trusted=True).about.made)["options"] for name in ("a.mid", "b.mid")]
    assert [{"guard", "ending"} & set(one) for one in options] == [{"guard", "ending"}, set()]


def test_copies_are_composed_anew(run: Path, tmp_path: Path, partimento: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ("compose", run, *FAST, "--notes", 16, "--count", 2, "--seed", 5, "--original", "-o", tmp_path / "o.mid")
    assert partimento(*asked, "--json").json["copies"] == 0
    before = [json.loads(read(tmp_path / f"o-{number}.mid", trusted=True).about.made)["options"]["seed"] for number in (1, 2)]
    assert before == [5, 5]
    monkeypatch.setattr(Limits, "crossed", lambda self, finding: True)
    answer = partimento(*asked, "--best", 2)
    assert "rank 1: " in answer.out
    assert "deviations from human pieces" in answer.out
    assert "2 pieces still copied too much" in answer.errors
    assert "MORE THAN HUMAN PIECES" in answer.out or "longest run" not in answer.out
    calls: list[int] = []

    def crossed(self: Limits, finding: object) -> bool:
        calls.append(1)
        return len(calls) == 1

    monkeypatch.setattr(Limits, "crossed", crossed)
    assert partimento(*asked, "--json").json["copies"] == 0
    after = [json.loads(read(tmp_path / f"o-{number}.mid", trusted=True).about.made)["options"]["seed"] for number in (1, 2)]
    assert after == [6, 5]


def test_without_its_corpus(run: Path, tmp_path: Path, partimento: Command) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(run, moved)
    (moved / "run.json").unlink()
    asked = ("compose", moved, *FAST, "--notes", 16, "--best", 1, "-o", tmp_path / "b.mid")
    assert partimento(*asked).code == 0
    found = partimento("originality", tmp_path / "b.mid", "--against", moved, "--json")
    assert found.code == 0, found.errors
    reference = Reference.load(run, load(run / "model.safetensors")[1])
    assert reference.limits is not None
    assert found.json["limits"] == vars(reference.limits)
    card = partimento("card", tmp_path / "b.mid", "--against", moved, "--json")
    assert card.json["pieces"] == {"files": 1, "human": len(reference.human)}
    assert partimento("card", tmp_path / "b.mid", "--against", moved, "--ngram", 3).code == 2
    (moved / REFERENCE_FILE).unlink()
    without = partimento(*asked)
    assert without.code == 2
    assert "--best" in without.errors
    plain = partimento("compose", moved, *FAST, "--notes", 16, "-o", tmp_path / "c.mid", "--json")
    assert plain.code == 0
    assert f"no {REFERENCE_FILE} beside it" in plain.errors
    assert plain.json["judged"][0]["originality"] is None
    assert partimento("originality", tmp_path / "b.mid", "--against", moved).code == 2


def test_a_reference_that_is_missing_is_made_of_the_corpus(run: Path, tmp_path: Path, partimento: Command) -> None:
    other = tmp_path / "other"
    shutil.copytree(run, other)
    before = (other / REFERENCE_FILE).read_bytes()
    (other / REFERENCE_FILE).unlink()
    assert partimento("compose", other, *FAST, "--notes", 8, "-o", tmp_path / "d.mid").code == 0
    assert (other / REFERENCE_FILE).read_bytes() == before
    metadata = load(other / "model.safetensors")[1]
    assert Reference.load(other, metadata).habits is not None


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--best", 3], "--best: 3 cannot be"), (["--best", -1], "--best: -1 cannot be"), (["--like", "x.mid", "--exact"], "--exact")],
)
def test_what_cannot_be(options: list[object], said: str, run: Path, tmp_path: Path, partimento: Command) -> None:
    answer = partimento("compose", run, "-o", tmp_path / "e.mid", *options)
    assert answer.code == 2
    assert said in answer.errors
