"""Public functions that take or give arrays state their shapes, in their own docstring or in that of the contract they keep."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import partimento

ROOT = Path(partimento.__file__).parent
ARRAYS = re.compile(r"NDArray|ArrayLike|Tensor|\b(Array|Events|Floats|Ints|Bools|Hashes|Symbols)\b")
SHAPE = re.compile(r"\[([A-Z0-9]|\.\.\.)[^\]]*\]|\bscalar\b")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Found:
    """A public function: its place, its node, and the classes above it, nearest first."""

    place: str
    node: Function
    classes: tuple[ast.ClassDef, ...] = ()


def trees() -> dict[str, ast.Module]:
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}


TREES = trees()
CLASSES = {node.name: node for tree in TREES.values() for node in tree.body if isinstance(node, ast.ClassDef)}


def ancestors(node: ast.ClassDef) -> list[ast.ClassDef]:
    """The classes of the package that a class says it is, nearest first."""
    found: list[ast.ClassDef] = []
    for base in node.bases:
        name = ast.unparse(base).split("[")[0].split(".")[-1]
        if name in CLASSES and CLASSES[name] is not node:
            found += [CLASSES[name], *ancestors(CLASSES[name])]
    return found


def public(body: list[ast.stmt], place: str, above: tuple[ast.ClassDef, ...] = ()) -> list[Found]:
    found: list[Found] = []
    for node in body:
        name = getattr(node, "name", "_")
        if name.startswith("_"):
            continue
        if isinstance(node, Function):
            found.append(Found(f"{place}:{name}", node, above))
        elif isinstance(node, ast.ClassDef):
            found += public(node.body, f"{place}:{name}", (node, *ancestors(node)))
    return found


def takes_arrays(node: Function) -> bool:
    annotations = [one.annotation for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)] + [node.returns]
    return any(one is not None and ARRAYS.search(ast.unparse(one)) for one in annotations)


def states_shapes(found: Found) -> bool:
    """In its docstring, or in that of the same method of a class above it: the contract that it keeps."""
    methods = [node for above in found.classes[1:] for node in above.body if isinstance(node, Function)]
    contract = [node for node in methods if node.name == found.node.name]
    return any(SHAPE.search(ast.get_docstring(node) or "") for node in (found.node, *contract))


FUNCTIONS = [one for path, tree in TREES.items() for one in public(tree.body, path) if takes_arrays(one.node)]


@pytest.mark.parametrize("found", FUNCTIONS, ids=lambda found: found.place)
def test_shapes_are_stated(found: Found) -> None:
    assert states_shapes(found), f"{found.place}, line {found.node.lineno}: state the shapes, such as [T, F], and the units"
