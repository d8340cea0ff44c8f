"""The layers of docs/design.md, held by reading the imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import partimento

ROOT = Path(partimento.__file__).parent
FLOORS = [
    ["compiled", "errors", "files", "learned", "native", "piece", "plugins", "progress", "system", "theory", "version"],
    ["bars", "chord_symbols", "pedal", "instruments", "found_keys", "bootstrap"],
    ["harmony", "prevailing", "task", "notate"],
    ["formats", "encodings"],
    ["corpus", "models", "render"],
    ["likelihood", "analysis"],
    ["training", "composing"],
    ["benchmarks", "testing"],
    ["studio"],
    ["cli"],
]
FLOOR_OF = {name: number for number, names in enumerate(FLOORS) for name in names}
FILES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
ENTRY = {Path("__init__.py"), Path("__main__.py")}
LONGEST_FILE = 400


def place_of(path: Path) -> str:
    return path.parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """The places of the package that a file imports from, at any depth of it."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            module = node.module or ""
            names = [f"{module}.{alias.name}" for alias in node.names] if module == "partimento" else [module]
        for name in names:
            if name.startswith("partimento."):
                yield name.split(".")[1]


@pytest.mark.parametrize("path", [path for path in FILES if path not in ENTRY], ids=str)
def test_a_file_imports_from_below_or_from_its_own_folder(path: Path) -> None:
    own = place_of(path)
    assert own in FLOOR_OF, f"{path} is on no floor; add it to docs/design.md and here"
    for place in imports_of(path):
        same_folder = place == own or FLOOR_OF[place] == FLOOR_OF[own] == 0  # the ground floor is one folder in this sense
        assert same_folder or FLOOR_OF[place] < FLOOR_OF[own], f"{path} imports {place}"


def test_the_package_itself_names_its_few_functions_and_imports_them_when_asked() -> None:
    """Under `TYPE_CHECKING`, for checkers and editors, and nothing else at all. The names are the journey of docs/python.md: a
    piece, a corpus, a model, its worth, new music; whatever is more special is imported from where it lives."""
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    eager = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [ast.unparse(node) for node in eager] == ["from importlib import import_module"]
    journey = ["Corpus", "Piece", "Rules", "Sampling", "Task", "build", "compare", "compose", "evaluate", "load", "read", "train"]
    assert sorted(partimento.__all__) == sorted([*journey, "write"])
    assert set(dir(partimento)) == {*partimento.__all__, "__version__"}


ONE_KIND = {
    *("base", "config", "model", "predictor", "recipes", "registry"),  # what each family, ring or registry has
    *("context", "cursor", "encoding"),  # of each encoding
    *("read", "write"),  # of each format
    *("build", "compose", "convert", "export", "leaderboard", "originality", "train"),  # a command and what it calls
    "rules",  # the options of the command line, and the suite
}


def test_files_of_one_name_are_of_one_kind() -> None:
    names = [path.stem for path in FILES if not path.stem.startswith("__")]
    assert {name for name in names if names.count(name) > 1} == ONE_KIND


REGISTRIES = {Path("models/families.py"), Path("models/recipes.py"), Path("piece.py")}


@pytest.mark.parametrize("path", [path for path in FILES if path not in REGISTRIES | ENTRY], ids=str)
def test_only_registries_name_places_above(path: Path) -> None:
    """A place in a string ("partimento.module:name") is imported later, and no checker sees it: it keeps to the floors too."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    own = place_of(path)
    for text in texts:
        if re.fullmatch(r"partimento(\.\w+)+:\w+", text):
            place = text.partition(":")[0].split(".")[1]
            assert place == own or FLOOR_OF[place] < FLOOR_OF[own], f"{path} names {text}"


def test_importing_the_package_imports_none_of_its_parts() -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT.parent)!r}); import partimento; "
    code += "print([name for name in sys.modules if name.startswith('partimento.') or name in ('numpy', 'torch', 'typing')])"
    found = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_file_is_too_long(path: Path) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", [path for path in FILES if place_of(path) not in ("cli", "studio", "__main__")], ids=str)
def test_only_the_command_line_prints(path: Path) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    calls = [node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert "print" not in calls


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_pickle(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert "import pickle" not in text
    assert "torch.load" not in text
    assert "torch.save" not in text
