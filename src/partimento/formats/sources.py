"""What a user names as music (files, folders, zip archives, `music21:bach`) as a sorted list of items to read.

Archives are read in place: nothing is extracted, and no name from inside one is ever a path.
"""

from __future__ import annotations

import importlib.util
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from partimento.errors import InvalidOption, UnreadableFile
from partimento.files import named_path
from partimento.formats.abc.tunebook import file_header, split_tunebook, tune_number
from partimento.formats.limits import DEFAULT_LIMITS
from partimento.formats.registry import READERS

MUSIC21_SETS = {"bach": "bach", "oneills": "oneills1850", "ryans": "ryansMammoth", "airds": "airdsAirs", "essen": "essenFolksong"}
MAX_RATIO, RATIO_BYTES = 200, 64 << 20  # an archive that unpacks to more than both is a bomb
_SETS_ORDER = {".mxl": 0, ".musicxml": 1, ".xml": 2, ".krn": 3, ".abc": 4}


@dataclass(frozen=True, order=True)
class Item:
    """One piece to read: bytes [start, stop) of a file, or of a `member` of the archive at `path`.

    `name` is unique and the same on every machine. `stamp` changes when the content changes.
    """

    name: str
    path: str
    member: str = ""
    start: int = 0
    stop: int = -1  # -1: to the end
    suffix: str = ""
    size: int = 0
    stamp: str = ""


@dataclass
class Listing:
    """The items, sorted by name; the names of files that no reader reads; and what was refused unread, with reasons."""

    items: list[Item] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    refused: list[UnreadableFile] = field(default_factory=list)


def list_items(sources: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> Listing:
    """All that the sources hold. Raises `InvalidOption` for a source that does not exist."""
    listing = Listing()
    for source in [sources] if isinstance(sources, str | os.PathLike) else sources:
        text = os.fspath(source)
        if text.startswith("music21:"):
            _list_music21(text.removeprefix("music21:"), listing)
            continue
        path = named_path(text)
        if path.is_dir():
            _list_folder(path, path.resolve().name, listing)
        elif path.exists():
            _list_file(path, path.name, listing)
        else:
            raise InvalidOption(f"{text}: no such file or folder")
    _finish(listing)
    return listing


def _finish(listing: Listing) -> None:
    unique: dict[tuple[str, str, int], Item] = {}
    for item in listing.items:
        unique.setdefault((os.path.realpath(item.path), item.member, item.start), item)
    taken: dict[str, int] = {}
    named = []
    for item in sorted(unique.values()):
        taken[item.name] = count = taken.get(item.name, 0) + 1
        named.append(item if count == 1 else replace(item, name=f"{item.name}~{count}"))
    listing.items = sorted(named)
    listing.ignored = sorted(set(listing.ignored))


def _list_folder(folder: Path, name: str, listing: Listing) -> None:
    seen: set[tuple[int, int]] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        status = os.stat(place)
        if (status.st_dev, status.st_ino) in seen:  # a link led back to where we were
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(entry for entry in folders if not entry.startswith("."))
        inner = Path(place).relative_to(folder).as_posix()
        prefix = name if inner == "." else f"{name}/{inner}"
        for file in sorted(files):
            if not file.startswith("."):
                _list_file(Path(place) / file, f"{prefix}/{file}", listing)


def _list_file(path: Path, name: str, listing: Listing) -> None:
    suffix = path.suffix.lower()
    if suffix != ".zip" and suffix not in READERS:
        listing.ignored.append(name)
        return
    try:
        status = path.stat()
    except OSError as error:  # a link to nowhere
        listing.refused.append(UnreadableFile("cannot be opened", error.strerror or "", name=name))
        return
    if not stat.S_ISREG(status.st_mode):
        listing.refused.append(_not_a_file(name))
        return
    if suffix == ".zip":
        try:
            _list_archive(path, name.removesuffix(path.suffix), listing)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            listing.refused.append(UnreadableFile("damaged archive", str(error), name=name))
        return
    item = Item(name, str(path), suffix=suffix, size=status.st_size, stamp=f"{status.st_size}-{status.st_mtime_ns}")
    _add(item, listing)


def _not_a_file(name: str) -> UnreadableFile:
    return UnreadableFile("not a file", "a device, a pipe or a socket", name=name)


def _list_archive(path: Path, name: str, listing: Listing) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
    unpacked, packed = sum(info.file_size for info in members), sum(info.compress_size for info in members)
    if unpacked > RATIO_BYTES and unpacked > MAX_RATIO * max(packed, 1):
        listing.refused.append(
            UnreadableFile("too large", f"an archive of {packed} bytes that unpacks to {unpacked}", name=path.name)
        )
        return
    stem = name.rsplit("/", 1)[-1]
    doubled = bool(members) and all(info.filename.startswith(f"{stem}/") for info in members)
    last = {info.filename: info for info in members}  # of two members of one name only the last can be had, as in any unpacking
    for info in members:
        inner = info.filename.removeprefix(f"{stem}/") if doubled else info.filename
        full = f"{name}/{inner}"
        suffix = Path(inner).suffix.lower()
        if any(part.startswith(".") or part == "__MACOSX" for part in inner.split("/")) or suffix not in READERS:
            listing.ignored.append(full)
        elif info is not last[info.filename]:
            listing.refused.append(UnreadableFile("name taken", "another file of the archive has this name", name=full))
        elif info.flag_bits & 1:
            listing.refused.append(UnreadableFile("encrypted", "inside an archive", name=full))
        elif info.file_size > DEFAULT_LIMITS.max_bytes:
            listing.refused.append(UnreadableFile("too large", f"{info.file_size} bytes", name=full))
        else:
            stamp = f"{info.CRC:08x}-{info.file_size}"
            _add(Item(full, str(path), info.filename, suffix=suffix, size=info.file_size, stamp=stamp), listing)


def _add(item: Item, listing: Listing) -> None:
    """Adds a file; an ABC book as one item for each of its tunes."""
    if item.suffix != ".abc" or item.size > DEFAULT_LIMITS.max_bytes:
        listing.items.append(item)
        return
    try:
        data = load(item)
    except UnreadableFile as error:
        listing.refused.append(UnreadableFile(error.reason, error.detail, name=item.name))
        return
    tunes = split_tunebook(data)
    if len(tunes) < 2:
        listing.items.append(item)
        return
    taken: dict[str, int] = {}
    of_all = zlib.crc32(file_header(data))
    for start, stop in tunes:
        number = tune_number(data[start:stop])
        taken[number] = count = taken.get(number, 0) + 1
        label = f"{item.name}#X{number}" + (f".{count}" if count > 1 else "")
        tune = data[start:stop]
        stamp = f"{zlib.crc32(tune, of_all):08x}-{len(tune)}"
        listing.items.append(replace(item, name=label, start=start, stop=stop, size=stop - start, stamp=stamp))


def _list_music21(name: str, listing: Listing) -> None:
    """One of music21's own sets, read where pip put it, without importing music21."""
    spec = importlib.util.find_spec("music21")
    if spec is None or not spec.submodule_search_locations:
        raise InvalidOption(f"music21:{name} needs music21, which is not installed: pip install 'partimento[corpora]'")
    corpus = Path(spec.submodule_search_locations[0]) / "corpus"
    if name not in MUSIC21_SETS:
        raise InvalidOption(f"music21:{name}: no such set; known: {', '.join(sorted(MUSIC21_SETS))}")
    folder = corpus / MUSIC21_SETS[name]
    found = Listing()
    for path in sorted(folder.iterdir(), key=lambda path: (_SETS_ORDER.get(path.suffix, 9), path.name)):
        if path.is_file() and path.suffix in _SETS_ORDER:
            _list_file(path, f"{name}/{path.name}", found)
    stems: dict[str, Item] = {}
    for item in found.items:  # the same chorale may be there as .mxl and .krn; the first of the order above is taken
        key = item.name if item.stop >= 0 else item.name.rsplit(".", 1)[0]
        if stems.setdefault(key, item) is not item:
            listing.ignored.append(item.name)
    listing.items += stems.values()


_book: list[Any] = [None, b"", b""]  # the book that was read last, of this process: what it is, its bytes, its header
_archives: dict[tuple[str, int, int, int], zipfile.ZipFile] = {}  # open handles of this process


def load(item: Item) -> bytes:
    """The bytes of an item, read in place. Raises `UnreadableFile` when they are gone, damaged or too many."""
    try:
        if item.stop >= 0:
            return _load_tune(item)
        return _load_whole(item)
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise UnreadableFile("cannot be opened", str(error), name=item.name) from None


def _load_tune(item: Item) -> bytes:
    """One tune of a book, which is kept for the next: reading all of it for each of its tunes would take the square of its size."""
    status = os.stat(item.path)
    key = (item.path, item.member, status.st_ino, status.st_size, status.st_mtime_ns)
    if _book[0] != key:
        _book[0] = None
        _book[1] = _load_whole(item)
        _book[0], _book[2] = key, file_header(_book[1])
    return bytes(_book[2] + _book[1][item.start : item.stop])


def _load_whole(item: Item) -> bytes:
    data = _load_member(item) if item.member else _load_file(item)
    if len(data) > DEFAULT_LIMITS.max_bytes:
        raise UnreadableFile("too large", f"more than {DEFAULT_LIMITS.max_bytes} bytes", name=item.name)
    return data


def _load_file(item: Item) -> bytes:
    handle = os.open(item.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))  # a pipe would wait
    with open(handle, "rb", buffering=0) as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise _not_a_file(item.name)
        if status.st_size <= DEFAULT_LIMITS.max_bytes:
            return file.read()  # a given size would be allocated, however small the file is
        return file.read(DEFAULT_LIMITS.max_bytes + 1)


def _load_member(item: Item) -> bytes:
    status = os.stat(item.path)
    key = (item.path, status.st_ino, status.st_size, status.st_mtime_ns)  # another file may have taken its place
    archive = _archives.get(key)
    if archive is None:
        while len(_archives) >= 8:
            _archives.pop(next(iter(_archives))).close()
        archive = _archives[key] = zipfile.ZipFile(item.path)
    with archive.open(item.member) as file:
        return file.read(DEFAULT_LIMITS.max_bytes + 1)
