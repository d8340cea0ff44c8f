"""The commands of the README and the other pages do what the pages say: they are run, with the names printed there.

Only how much is asked for is made smaller. What trains for minutes, or needs sets of others, is parsed elsewhere and not run.
"""

from __future__ import annotations

import re
import shlex
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from partimento import write
from partimento.cli import main
from partimento.piece import Piece
from tests.cli.test_readme import PAGES, commands_of
from tests.made import made_folder, made_piece

RUN = ("compose", "render", "inspect", "convert", "evaluate", "explore", "card", "originality")
ELSEWHERE = re.compile(r"\.\.\.|\b(?:five|nottingham|classical|lieder quartets|corpus run|MODEL|CORPUS)\b|--help")
SMALLER = {"--count": "2", "--best": "1", "--notes": "20"}


def lines() -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for page in PAGES:
        for line in commands_of(page.read_text(encoding="utf-8")):
            line = re.sub(r"\s#.*", "", line)
            words = line.split()
            whole = "-o" in words or (len(words) > 2 and words[0] not in ("compose", "render", "explore"))
            if words[0] in RUN and whole and not ELSEWHERE.search(line) and line not in seen:
                seen.add(line)
                yield page.name, line


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the pages name: scores, sets, a corpus, and a small model of the encoding `tasks`."""
    place = tmp_path_factory.mktemp("desk")
    music = made_folder(place / "my-midi-folder", range(14), 120)
    tune, quartet = made_piece(1, 200), made_piece(2, 200)
    named: dict[str, Piece] = dict.fromkeys(
        ("tune.mid", "march.mid", "suspect.mid", "new.mid", "new-1.mid", "new-2.mid", "sonata.krn"), tune
    )
    named |= {"quartet.mid": quartet, "out/new.mid": quartet, "folder-of-scores/a.mid": quartet}
    for name, piece in named.items():
        (place / name).parent.mkdir(exist_ok=True)
        write(piece, place / name)
    for name in ("scores", "music", "lieder", "quartets"):
        with zipfile.ZipFile(place / f"{name}.zip", "w") as archive:
            for path in sorted(music.rglob("*.mid"))[:3]:
                archive.write(path, path.name)
    (place / "tunes.abc").write_text("".join(f"X:{n}\nT:Tune {n}\nK:C\nCDEF|GABc|\n\n" for n in range(1, 13)))
    (music / "one").rename(music / "Bach")
    label = ["--label", "{composer}/*", "--label", "genre=folk"]
    assert main(["build", str(music), "--out", str(place / "corpus"), *label]) == 0
    small = ["--recipe", "transformer_tasks", "--depth", "1", "--steps", "3", "--threads", "1"]
    for name in ("run", "big"):
        assert main(["train", str(place / "corpus"), "--out", str(place / name), *small]) == 0
    return place


@pytest.mark.slow
@pytest.mark.parametrize(("page", "line"), list(lines()), ids=lambda text: text)
def test_a_command_runs_as_printed(
    page: str, line: str, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    write(made_piece(1, 200), "new.mid")  # an untrained model may have written one of many hours
    words = shlex.split(line)
    words = [SMALLER.get(before, word) for before, word in zip(["", *words], words, strict=False)]
    words = [name for word in words for name in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]
    code = main(words)
    errors = capsys.readouterr().err
    assert "Traceback" not in errors
    assert code == 0, errors


def test_the_pages_show_many() -> None:
    shown = [line.split()[0] for _, line in lines()]
    assert set(shown) == set(RUN)
    assert len(shown) > 35
