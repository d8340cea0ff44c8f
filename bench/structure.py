"""Counts the structure of a checkout: files, lines, floors, circles, long functions, docstrings that state shapes.

    python bench/structure.py [CHECKOUT ...]      one column for each

Everything is read from the text of `src/partimento`; nothing is imported. A floor is the longest way down from a place
(a folder, or a file beside the folders) over the places it imports; a circle is a set of files that import each other.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

LONG_FUNCTION = 60
ARRAYS = re.compile(r"NDArray|Tensor|\b(Array|Events|Floats|Ints|Bools)\b")
SHAPE = re.compile(r"\[[A-Z0-9][^\]]*\]|\b(scalar|shape)\b")

Graph = dict[str, set[str]]


def modules(root: Path) -> dict[str, ast.Module]:
    """The parsed files of the package by dotted name, without its own."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = list(path.relative_to(root).with_suffix("").parts)
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "partimento"
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def imported(tree: ast.Module, names: set[str]) -> Iterator[str]:
    """The modules that a file imports, wherever in it, for types too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            wanted = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for dotted in wanted:
            name = dotted.removeprefix("partimento.")
            if dotted.startswith("partimento."):
                while name and name not in names:
                    name = name.rpartition(".")[0]
                if name:
                    yield name


def circles(graph: Graph) -> list[list[str]]:
    """The sets of more than one node that reach each other (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in graph:
        if node not in index:
            visit(node)
    return found


def depth(graph: Graph) -> int:
    """Nodes on the longest way down; a circle of places counts once."""
    known: dict[str, int] = {}

    def down(node: str, above: tuple[str, ...]) -> int:
        if node not in known:
            known[node] = 1 + max((down(other, (*above, node)) for other in graph[node] if other not in above), default=0)
        return known[node]

    return max(down(node, (node,)) for node in graph)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))


def takes_arrays(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a public function says in its annotations that it takes or gives arrays."""
    notes = [one.annotation for one in (*function.args.args, *function.args.kwonlyargs)] + [function.returns]
    return not function.name.startswith("_") and any(note is not None and ARRAYS.search(ast.unparse(note)) for note in notes)


def counts(checkout: Path) -> dict[str, str]:
    """Each figure of one checkout, by its name."""
    root = checkout / "src" / "partimento"
    trees = modules(root)
    names = set(trees)
    graph = {name: set(imported(tree, names)) - {name} for name, tree in trees.items()}
    places: Graph = {}
    for name, others in graph.items():
        own = name.partition(".")[0]
        places.setdefault(own, set()).update({other.partition(".")[0] for other in others} - {own})
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in root.rglob("*.py")}
    long = max(lines, key=lambda path: lines[path])
    basenames = [path.name for path in lines if path.name not in ("__init__.py", "__main__.py")]
    array = [function for tree in trees.values() for function in functions(tree) if takes_arrays(function)]
    shaped = [function for function in array if SHAPE.search(ast.get_docstring(function) or "")]
    spans = [(f.end_lineno or f.lineno) - f.lineno + 1 for tree in trees.values() for f in functions(tree)]
    return {
        "files": str(len(lines)),
        "lines": f"{sum(lines.values()):,}",
        "lines of tests": f"{sum(len(p.read_text().splitlines()) for p in (checkout / 'tests').rglob('*.py')):,}",
        "floors of places": str(depth({name: others & set(places) for name, others in places.items()})),
        "circles of files": str(len(circles(graph))),
        "circles of places": str(len(circles(places))),
        "basenames that stand twice or more": str(len({name for name in basenames if basenames.count(name) > 1})),
        "median file": str(int(statistics.median(lines.values()))),
        "longest file": f"{lines[long]} ({long.relative_to(root)})",
        "files over 200 lines": str(sum(n > 200 for n in lines.values())),
        f"functions over {LONG_FUNCTION} lines": str(sum(span > LONG_FUNCTION for span in spans)),
        "public array functions with shapes": f"{len(shaped)} of {len(array)} ({100 * len(shaped) / max(1, len(array)):.0f}%)",
    }


def main() -> None:
    checkouts = [Path(name) for name in sys.argv[1:]] or [Path(__file__).parent.parent]
    columns = [counts(checkout) for checkout in checkouts]
    for figure in columns[0]:
        print(f"{figure:38}", *(f"{column[figure]:>34}" for column in columns))
    for checkout in checkouts:
        names = modules(checkout / "src" / "partimento")
        for circle in circles({name: set(imported(tree, set(names))) - {name} for name, tree in names.items()}):
            print(f"circle in {checkout.name}: {', '.join(circle)}")


if __name__ == "__main__":
    main()
