"""Foreign XML as a tree: what is dangerous is refused before and while it is parsed. It knows no format of music."""

from __future__ import annotations

import gc
import io
import math
import re
import zipfile
import zlib
from xml.etree import ElementTree

from partimento.errors import UnreadableFile
from partimento.formats.midi.container import text_of

MAX_BYTES = 32 << 20  # of a score in an archive
MAX_RATIO = 200
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


def unpack(data: bytes) -> bytes:
    """The score inside an .mxl archive, never more than `MAX_BYTES` of it; other bytes as they are."""
    if data[:2] != b"PK":
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = {info.filename: info for info in archive.infolist()}
            name = ""
            if "META-INF/container.xml" in infos and infos["META-INF/container.xml"].file_size < 1 << 16:
                match = re.search(rb"full-path\s*=\s*[\"']([^\"']+)[\"']", archive.read("META-INF/container.xml"))
                name = text_of(match[1]) if match else ""
            if name not in infos:
                name = next((n for n in infos if n.lower().endswith((".xml", ".musicxml")) and not n.startswith("META-INF/")), "")
            if not name:
                raise UnreadableFile("not a score", "an archive without a score")
            info = infos[name]
            if info.file_size > MAX_BYTES or info.file_size > (1 << 20) + MAX_RATIO * info.compress_size:
                raise UnreadableFile("too large", f"an archive whose score unpacks to {info.file_size} bytes")
            with archive.open(info) as member:
                text = member.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, ValueError, RuntimeError, NotImplementedError) as error:
        raise UnreadableFile("damaged", f"the archive: {error}") from None
    if len(text) > MAX_BYTES:
        raise UnreadableFile("too large", f"an archive whose score has over {MAX_BYTES} bytes")
    return text


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
