"""Foreign XML as a tree: what is dangerous is refused before and while it is parsed."""

from __future__ import annotations

import gc
import math
import re
from xml.etree import ElementTree

from partimento.errors import UnreadableFile
from partimento.formats.decode import text_of

MAX_DEPTH = 100  # scores of the real world have 20

_INDENT = re.compile(r"\n\s*<")  # which would become a text behind every element

Element = ElementTree.Element


def tree_of(data: bytes) -> Element:
    """The root of the XML, without namespaces. Raises `UnreadableFile`; entities of its own are refused, external ones unread."""
    text = text_of_xml(data)
    if "<!ENTITY" in text or re.search(r"<!DOCTYPE[^>]*\[", text):
        raise UnreadableFile("unsupported", "XML that declares entities")
    try:
        root = _parse(text)
    except ElementTree.ParseError as error:
        raise UnreadableFile("damaged", f"XML: {error}") from None
    _check_depth(root)
    if root.tag.startswith("{"):
        for element in root.iter():
            element.tag = element.tag[element.tag.rfind("}") + 1 :]
    return root


def _parse(text: str) -> Element:
    """The tree, made by C code alone. While elements come into being none can be garbage, and looking for it takes a third."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return ElementTree.fromstring(_INDENT.sub("<", text))
    finally:
        if collecting:
            gc.enable()


def _check_depth(root: Element) -> None:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [inner for element in level for inner in element]
        if not level:
            return
    raise UnreadableFile("damaged", f"XML nested deeper than {MAX_DEPTH}")


def text_of_xml(data: bytes) -> str:
    """The XML as text, without its declaration, so that what it says of its encoding no longer matters."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    elif data[:2] in (b"<\0", b"\0<"):
        text = data.decode("utf-16-le" if data[0] else "utf-16-be", "replace")
    else:
        text = text_of(data.removeprefix(b"\xef\xbb\xbf"))
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", text)


def text_in(element: Element, path: str, default: str = "") -> str:
    """The text at a path below an element, stripped."""
    return (element.findtext(path) or default).strip()


def whole(text: str | None, default: int = 0) -> int:
    """A number as people and programs write whole ones ("2", " 2.0"); `default` for anything else."""
    try:
        return int(float(text or ""))
    except (ValueError, OverflowError):
        return default


def number(text: str | None) -> float:
    """A number, with or without a fraction; 0 for anything else."""
    try:
        value = float(text or 0)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0
