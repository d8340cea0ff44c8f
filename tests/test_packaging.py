"""The package as it is given away: a wheel and an sdist that work elsewhere, and commands that need no optional dependency."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import partimento
from partimento.formats import write
from partimento.models.shipped import HOUSE, SHIPPED
from tests.made import made_piece

ROOT = Path(__file__).resolve().parent.parent
TREE = ("pyproject.toml", "README.md", "LICENSE")
HEAVY = {"torch", "lightgbm", "miditok", "music21", "symusic"}
WITHOUT = f"""
import sys

class Without:
    "A finder of modules that does not find some."
    def __init__(self, finder): self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {HEAVY!r} else self.finder.find_spec(name, path, target)
    def __getattr__(self, name): return getattr(self.finder, name)

sys.meta_path[:] = map(Without, sys.meta_path)
"""


def ran(command: list[str | Path], folder: Path, **environment: str) -> str:
    """What a command says, which must end well."""
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def score(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scores")
    for number in range(12):
        write(made_piece(number), folder / f"{number}.mid")
    return folder / "0.mid"


def commands(score: Path) -> list[tuple[list[str | Path], str]]:
    """Reading, writing, seeing, hearing, exploring: a command of each, and something that it makes."""
    return [
        (["--help"], ""),
        (["inspect", score], ""),
        (["convert", score, "new.musicxml"], "new.musicxml"),
        (["render", score, "-o", "new.png"], "new.png"),
        (["render", score, "-o", "new.wav"], "new.wav"),
        (["build", score.parent, "--out", "corpus"], "corpus/report.html"),
        (["explore", "corpus", "-o", "explored.html"], "explored.html"),
        (["card", score, "--against", "corpus"], ""),
        (["about"], ""),
        (["models"], ""),
    ]


def test_what_composes_nothing_needs_no_torch_and_no_extras(tmp_path: Path, score: Path) -> None:
    done = [[str(word) for word in arguments] for arguments, _ in commands(score)]
    refused = [["build", "music21:bach", "--out", "new"], ["convert", str(score), "new.mid", "--encoding", "miditok:TSD"]]
    code = f"{WITHOUT}\nfrom partimento.cli import main\nfor one in {done + refused}: print('exit', one[0], main(one), flush=True)"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    (tmp_path / "sitecustomize.py").write_text(WITHOUT)  # for the workers that read
    said = ran([sys.executable, "-c", code], tmp_path, PYTHONPATH=path)
    exits = [line.split()[1:] for line in said.splitlines() if line.startswith("exit ")]
    assert exits == [*([one[0], "0"] for one in done), *([one[0], "2"] for one in refused)], said
    assert all((tmp_path / made).exists() for _, made in commands(score))
    words = " ".join(said.split())
    assert all(f"pip install 'partimento[{extra}]'" in words for extra in ("corpora", "compare"))
    assert "Traceback" not in said


def test_what_an_index_shows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == partimento.__version__
    assert project["readme"] == "README.md"
    assert len(project["description"]) < 200
    assert {"Programming Language :: Python :: 3.11", "Typing :: Typed"} <= set(project["classifiers"])
    assert {"chorale", "compare", "corpora"} <= set(project["optional-dependencies"])


@pytest.mark.slow
def test_a_wheel_and_an_sdist_work_elsewhere(tmp_path: Path, score: Path) -> None:
    """Both are built and installed without the network; what they depend on is that of these tests."""
    tree, elsewhere = tmp_path / "tree", tmp_path / "elsewhere"
    tree.mkdir()
    elsewhere.mkdir()
    for name in TREE:
        shutil.copy(ROOT / name, tree)
    shutil.copytree(ROOT / "src" / "partimento", tree / "src" / "partimento", ignore=shutil.ignore_patterns("__pycache__"))
    hooks = "from setuptools import build_meta as made; print(made.build_sdist('..')); print(made.build_wheel('..'))"
    ran([sys.executable, "-c", hooks], tree)
    wheel, sdist = next(tmp_path.glob("*.whl")), next(tmp_path.glob("*.tar.gz"))
    files = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src/partimento").rglob("*") if path.is_file()}
    files = {name for name in files if "__pycache__" not in name}
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == files
    with tarfile.open(sdist) as unpacked:
        assert files <= {name.partition("/src/")[2] for name in unpacked.getnames()}
        unpacked.extractall(tmp_path / "sdist", filter="data")
    hooks = "from setuptools import build_meta as made; print(made.build_wheel('../..'))"
    wheel.unlink()
    ran([sys.executable, "-c", hooks], next((tmp_path / "sdist").iterdir()))  # the wheel that is installed is that of the sdist
    venv.create(tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    place = Path(ran([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], tmp_path).strip())
    (place / "others.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    quietly = ["--no-deps", "--no-index", "--disable-pip-version-check", "--quiet"]
    ran([sys.executable, "-m", "pip", "--python", python, "install", *quietly, wheel], tmp_path)
    where = ran([python, "-c", "import partimento; print(partimento.__file__)"], elsewhere)
    assert Path(where.strip()).is_relative_to(place)
    own: list[tuple[list[str | Path], str]] = []
    if SHIPPED[HOUSE].is_there:
        own = [(["compose", "--notes", "20", "-o", "house.mid"], "house.mid")]
    for arguments, made in [*commands(score), *own]:
        ran([python.with_name("partimento"), *arguments], elsewhere)
        assert (elsewhere / made).exists()
