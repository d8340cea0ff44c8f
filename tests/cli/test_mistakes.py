"""A user's mistake is one line on stderr that names the file or the option, exit code 2, and nothing written."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from partimento.cli import main
from tests.cli.conftest import TRAIN, Command
from tests.made import made_folder

MISTAKES = r"""
build ==> --out
build midi ==> --out
build --out new ==> name at least one file
build midi --out ==> --out
build midi --out full ==> full
build midi --out text.txt ==> text.txt
build midi --out text.txt/new ==> text.txt
build nowhere --out new ==> nowhere
build music21:nothing --out new ==> music21:nothing
build few --out new ==> (3)
build none --out new ==> no music
build text.txt --out new ==> no music found in 0 files
build midi --out new --shares 80/20 ==> --shares
build midi --out new --shares a/b/c ==> --shares
build midi --out new --shares nan/1/1 ==> --shares
build midi --out new --shares inf/1/1 ==> --shares
build midi --out new --shares 100/0/0 ==> --shares
build midi --out new --label nothing ==> --label: nothing
build midi --out new --label no=thing ==> --label: no=thing
build midi --out new --label '{no}/*' ==> --label: {no}
build midi --out new --labels nowhere.csv ==> --labels: nowhere.csv
build midi --out new --labels text.txt ==> --labels: text.txt
build midi --out new --labels binary ==> --labels: binary
build midi --out new --only nowhere.txt ==> --only: nowhere.txt
build midi --out new --only text.txt ==> --only
build midi --out new --only binary ==> --only: binary
build midi --out new --workers x ==> --workers
build midi --out new --workers -1 ==> --workers
build midi --out new --seconds-per-file 0 ==> --seconds-per-file
build midi --out new --seconds-per-file nan ==> --seconds-per-file
build midi --out new --memory-mb 0 ==> --memory-mb
build midi --out new --max-notes 0 ==> --max-notes
build midi --out new --max-hours -1 ==> --max-hours
build midi --out new --nothing 3 ==> --nothing
train ==> CORPUS
train corpus ==> --out
train nowhere --out new ==> nowhere
train full --out new ==> full
train damaged --out new ==> manifest.json: damaged
train corpus --recipe seed_pair --out text.txt ==> text.txt
train corpus --recipe seed_pair --out text.txt/new ==> text.txt
train corpus --recipe seed_pair --out corpus ==> corpus
train corpus --recipe seed_pair --out run ==> run: holds a training with another
train corpus --recipe seed_pair --out run --width 16 --learning-rate 0.1 ==> learning_rate
train corpus --out new --recipe nothing ==> 'nothing'; known: convolution_notes
train corpus --out new --encoding nothing ==> 'nothing'; known: frames, leadsheet, melody
train corpus --out new --encoding melody:no=1 ==> no
train corpus --out new --encoding melody:pitch=no ==> class, piano, midi
train corpus --recipe seed_pair --out new --split-method nothing ==> 'nothing'; known: windows, works
train corpus --recipe seed_pair --out new --minutes 0 ==> --minutes
train corpus --recipe seed_pair --out new --minutes nan ==> --minutes
train corpus --recipe seed_pair --out new --steps 0 ==> --steps
train corpus --recipe seed_pair --out new --steps x ==> --steps
train corpus --recipe seed_pair --out new --epochs 0 ==> epochs
train corpus --out new --width 0 ==> width
train corpus --out new --layers 0 ==> layers
train corpus --recipe seed_pair --out new --dropout 2 ==> dropout
train corpus --recipe seed_pair --out new --learning-rate -1 ==> learning_rate
train corpus --recipe seed_pair --out new --batch 0 ==> batch
train corpus --recipe seed_pair --out new --seed -1 ==> seed
train corpus --recipe seed_pair --out new --threads -1 ==> --threads
evaluate ==> CORPUS
evaluate nowhere corpus ==> nowhere
evaluate run nowhere ==> nowhere
evaluate run damaged ==> manifest.json: damaged
evaluate full corpus ==> full
evaluate text.txt corpus ==> text.txt
evaluate damaged.safetensors corpus ==> damaged.safetensors: damaged
evaluate run corpus --split nothing ==> 'nothing'; known: test, train, valid
evaluate run corpus --split-method nothing ==> 'nothing'; known: windows, works
evaluate run corpus --context 0 ==> --context
evaluate run corpus --context x ==> --context
evaluate run corpus --threads -1 ==> --threads
compare ==> name at least one run
compare nowhere ==> nowhere
compare full ==> full: does not say which corpus
compare moved ==> nowhere
compare damaged.safetensors --corpus corpus ==> damaged.safetensors: damaged
compare run --split nothing ==> 'nothing'
compare run --context -1 ==> --context
compose --notes 0 ==> --notes
models hose ==> hose
compose nowhere -o new/a.mid ==> nowhere
compose damaged.safetensors -o new.mid ==> damaged.safetensors: damaged
compose run -o new.wav ==> new.wav
compose run -o new ==> new
compose run -o folder.mid ==> folder.mid
compose run -o text.txt/a.mid ==> text.txt
compose run -o new.mid --notes 0 ==> --notes
compose run -o new.mid --notes x ==> --notes
compose run -o new.mid --notes 1000000 ==> notes
compose run -o new.mid --count 0 ==> --count
compose run -o new.mid --count 100000 ==> count
compose run -o new.mid --temperature warm ==> --temperature
compose run -o new.mid --temperature pitch= ==> --temperature
compose run -o new.mid --temperature -1 ==> temperature
compose run -o new.mid --temperature nan ==> temperature
compose run -o new.mid --temperature no=1 ==> temperature
compose run -o new.mid --top-k -1 ==> top_k
compose run -o new.mid --top-p 0 ==> top_p
compose run -o new.mid --min-p 1 ==> min_p
compose run -o new.mid --seed -1 ==> seed
compose run -o new.mid --given nowhere.mid ==> nowhere.mid
compose run -o new.mid --given text.txt ==> text.txt
compose run -o new.mid --given midi ==> midi
compose run -o new.mid --given few/empty.mid ==> empty.mid: empty file
compose run -o new.mid --given-notes 3 ==> --given
compose run -o new.mid --given few/one/000.mid --given-notes 0 ==> --given-notes
compose --like nowhere.mid -o new.mid ==> --like nowhere.mid
compose --like text.txt -o new.mid ==> text.txt
compose --like few/one/000.mid -o new.mid ==> few/one/000.mid: the file does not say how it was made
compose --like made.mid -o made.mid ==> made.mid
compose --like made.mid --notes 9 --seed 3 -o new.mid ==> --notes, --seed
compose --like made.mid -o new.wav ==> new.wav
compose nowhere --like made.mid -o new.mid ==> nowhere
demo --out text.txt ==> text.txt
demo --out text.txt/new ==> text.txt
demo --out new --minutes 0 ==> --minutes
demo --out new --count 0 ==> --count
demo --out new --notes -1 ==> --notes
demo --out new --seed -1 ==> --seed
demo --out new --sources nowhere ==> nowhere
nothing ==> nothing
--nothing ==> --nothing
build '' --out new ==> argument 2, after build, is empty
train corpus --out= ==> --out= is empty
compose run -o '' ==> argument 4, after -o, is empty
inspect '' ==> is empty
"""
CASES = [line.split(" ==> ") for line in MISTAKES.strip().splitlines()]


def content_of(folder: Path) -> dict[str, bytes | None]:
    paths = sorted(folder.rglob("*"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in paths}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, made_corpus: Path, made_run: Path) -> Path:
    """A folder that holds what the mistakes speak of."""
    folder = tmp_path_factory.mktemp("mistakes")
    made_folder(folder / "midi", range(5))
    made_folder(folder / "few", range(3))
    for name in ("full", "none", "folder.mid", "moved"):
        (folder / name).mkdir()
    (folder / "few" / "empty.mid").write_bytes(b"")
    (folder / "full" / "thing").write_text("mine")
    (folder / "text.txt").write_text("hello\n")
    (folder / "binary").write_bytes(b"\xff\xfe\x00")
    shutil.copytree(made_corpus, folder / "corpus")
    shutil.copytree(made_run, folder / "run")
    shutil.copytree(made_corpus, folder / "damaged")
    (folder / "damaged" / "manifest.json").write_bytes(b"{}")
    weights = bytearray((made_run / "model.safetensors").read_bytes())
    weights[len(weights) // 2] ^= 1
    (folder / "damaged.safetensors").write_bytes(weights)
    (folder / "moved" / "run.json").write_text('{"corpus": "nowhere"}')
    assert main(["compose", str(made_run), "--notes", "5", "-o", str(folder / "made.mid")]) == 0
    return folder


@pytest.mark.parametrize(("line", "named"), CASES, ids=[line for line, _ in CASES])
def test_a_mistake(line: str, named: str, place: Path, partimento: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    before = content_of(place)
    answer = partimento(*shlex.split(line))
    assert answer.code == 2
    assert answer.errors.startswith("partimento: ")
    assert answer.errors.count("\n") == 1
    assert named in answer.errors
    assert "Traceback" not in answer.out
    assert content_of(place) == before


def test_scripts_get_one_object(place: Path, partimento: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    for line in (
        "build midi --out full --json",
        "train nowhere --json --out new",
        "compose --notes 0 --json",
        "evaluate --json",
        "nothing --json",
    ):
        answer = partimento(*shlex.split(line))
        assert answer.code == 2
        assert set(answer.json) == {"error", "kind"}
        assert answer.errors == f"partimento: {answer.json['error']}\n"


def test_a_folder_that_may_not_be_written(place: Path, partimento: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so the refusal of the system is played."""
    monkeypatch.chdir(place)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "new")

    monkeypatch.setattr(Path, "mkdir", refuse)
    train = "train corpus --out new --recipe seed_pair --width 16 --steps 1"
    for line in ("build midi --out new", train, "compose run -o new/a.mid --notes 2"):
        answer = partimento(*shlex.split(line))
        assert answer.code == 2
        assert "Permission denied" in answer.errors
        assert answer.errors.count("\n") == 1


def test_the_run_of_another_corpus_keeps_its_own(
    tmp_path: Path, place: Path, made_run: Path, made_corpus: Path, partimento: Command
) -> None:
    shutil.copytree(made_run, tmp_path / "run")
    before = content_of(tmp_path / "run")
    assert partimento("build", place / "midi", "--out", tmp_path / "other").code == 0
    answer = partimento("train", tmp_path / "other", "--out", tmp_path / "run", *TRAIN[2:])
    assert answer.code == 2
    assert "holds a training with another data" in answer.errors
    assert content_of(tmp_path / "run") == before


def test_warnings_say_what_is_dubious(tmp_path: Path, place: Path, made_run: Path, partimento: Command) -> None:
    assert partimento("build", place / "midi", "--out", tmp_path / "other").code == 0
    answer = partimento("evaluate", made_run, tmp_path / "other", "--no-baselines", "--threads", 1, "--json")
    assert answer.code == 0
    assert answer.json["same_corpus"] is False
    assert "was trained on another corpus" in answer.errors
