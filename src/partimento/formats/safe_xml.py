"""Foreign XML as a tree: what is dangerous is refused before and while it is parsed. It knows no format of music."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from partimento.errors import UnreadableFile
from partimento.formats.decode import text_of

MAX_DEPTH = 100  # scores of the real world have 20

Element = ElementTree.Element


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree without namespaces, not deeper than `MAX_DEPTH`."""

    depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise UnreadableFile("damaged", f"XML nested deeper than {MAX_DEPTH}")
        return super().start(tag[tag.rfind("}") + 1 :], attrs)

    def end(self, tag: str, /) -> Element:
        self.depth -= 1
        return super().end(tag[tag.rfind("}") + 1 :])


def tree_of(data: bytes) -> Element:
    """The root of the XML, without namespaces. Raises `UnreadableFile`; entities of its own are refused, external ones unread."""
    text = text_of_xml(data)
    if "<!ENTITY" in text or re.search(r"<!DOCTYPE[^>]*\[", text):
        raise UnreadableFile("unsupported", "XML that declares entities")
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(text)
        root: Element = parser.close()
    except ElementTree.ParseError as error:
        raise UnreadableFile("damaged", f"XML: {error}") from None
    return root


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
