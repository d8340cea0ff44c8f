"""What an MEI file has in several versions or once for several places: editorial choices, copies."""

from __future__ import annotations

from collections.abc import Iterator

from partimento.errors import UnreadableFile
from partimento.formats.safe_xml import Element

ID = "{http://www.w3.org/XML/1998/namespace}id"
_MOST_ELEMENTS = 2_000_000  # with all copies written out
_DEEPEST = 120
_PREFERRED = ("lem", "reg", "corr", "expan", "add")
_PASSED = {"beam", "add", "supplied", "corr", "unclear", "sic", "orig", "reg", "rdg", "lem", "damage", "restore", "expan", "ref"}
_PASSED |= {"ossia"}  # its `staff` is the main one, `oStaff` the other


def target(pointer: str | None) -> str:
    """The identifier that a pointer such as `#n1` names; "" for none."""
    return (pointer or "").strip().rpartition("#")[2]


def targets(pointers: str | None) -> list[str]:
    return [target(one) for one in (pointers or "").split()]


def chosen(parent: Element) -> Iterator[Element]:
    """The children, with editorial marks passed through and the first of alternatives taken."""
    for element in parent:
        if element.tag in ("app", "choice", "subst"):
            inner = next((one for one in element if one.tag in _PREFERRED), element[0] if len(element) else None)
            if inner is not None:
                yield from chosen(inner)
        elif element.tag in _PASSED:
            yield from chosen(element)
        else:
            yield element


def write_out_copies(root: Element) -> None:
    """Gives elements with `copyof`, and empty ones that hold others with `sameas`, what they point to.

    Raises `UnreadableFile` for copies of copies without end.
    """
    by_id = {one.get(ID, ""): one for one in root.iter()}
    copies = [one for one in root.iter() if one.get("copyof") or (one.get("sameas") and not len(one) and one.tag not in _HEADS)]
    for copy in copies:
        original = copy
        for _ in range(len(copies)):
            pointed = by_id.get(target(original.get("copyof") or original.get("sameas")))
            if pointed is None or pointed is copy:
                break
            original = pointed
            if not (original.get("copyof") or original.get("sameas")):
                break
        if original is copy:
            continue
        for name, value in original.items():
            if name != ID and copy.get(name) is None:
                copy.set(name, value)
        if not len(copy):
            copy.extend(list(original))
    if copies:
        _count(root, {}, 0)


_HEADS = {"note", "chord", "rest", "space"}


def _count(element: Element, known: dict[int, int], depth: int) -> int:
    """How many elements there are with all copies written out; each shared one is looked at once."""
    if depth > _DEEPEST:
        raise UnreadableFile("damaged", "copies within themselves")
    count = known.get(id(element))
    if count is None:
        count = known[id(element)] = 1 + sum(_count(one, known, depth + 1) for one in element)
        if count > _MOST_ELEMENTS:
            raise UnreadableFile("too large", f"over {_MOST_ELEMENTS} elements with its copies")
    return count
