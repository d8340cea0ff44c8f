"""The container of a Standard MIDI File: unwrapped and checked, so that no length can lie, and the texts at the head of a chunk.

Header and chunks are read here, and a handful of events that can be found without walking; `events.py` walks.
Everything is a few calls of bytes methods, because this runs on every file of a corpus.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from partimento.errors import UnreadableFile

MAX_BYTES = 64 << 20
SIGNATURE = b"partimento {"  # the text event that carries the title page
END_OF_TRACK = b"\xff\x2f\x00"
_END_AND_NEXT = END_OF_TRACK + b"MTrk"
_SEARCH = 4096  # how far into a chunk its name, and into a file its `MThd`, may lie


def varlen(value: int) -> bytes:
    """A number as MIDI writes it: seven bits a byte, the high bit set on all but the last."""
    out = bytes([value & 127])
    while value := value >> 7:
        out = bytes([value & 127 | 128]) + out
    return out


@dataclass(frozen=True, slots=True)
class Container:
    """A MIDI file taken apart: where its track chunks lie in `data`, and what its header says.

    `mspq` is the fixed microseconds a quarter of a file timed in SMPTE frames, 0 for one timed in quarters.
    """

    data: bytes
    chunks: list[tuple[int, int]]
    format: int
    ticks_per_quarter: int
    mspq: int = 0
    repairs: Counter[str] = field(default_factory=Counter)


def open_container(data: bytes, *, max_bytes: int = MAX_BYTES) -> Container:
    """Finds header and track chunks. Raises `UnreadableFile`; never trusts a length that leaves the data."""
    repairs: Counter[str] = Counter()
    size = len(data)
    if size > max_bytes:
        raise UnreadableFile("too large", f"{size} bytes; the limit is {max_bytes}")
    start = 0
    if data[:4] != b"MThd":
        start = _find_header(data)
        repairs["unwrapped"] += 1
    if size < start + 14:
        raise UnreadableFile("truncated", "the header is not complete")
    header_length = int.from_bytes(data[start + 4 : start + 8], "big")
    if header_length < 6 or header_length > size - start - 8:
        if data[start + 14 : start + 18] != b"MTrk":
            raise UnreadableFile("not MIDI", f"a header of {header_length} bytes")
        repairs["bad header"] += 1
        header_length = 6
    kind = int.from_bytes(data[start + 8 : start + 10], "big")
    declared = int.from_bytes(data[start + 10 : start + 12], "big")
    ticks_per_quarter, mspq = _division(data[start + 12], data[start + 13], repairs)
    chunks = _chunks(data, start + 8 + header_length, declared, repairs)
    if len(chunks) > 65535:
        raise UnreadableFile("too many tracks", f"{len(chunks)} track chunks; the format allows 65535")
    if not chunks:
        raise UnreadableFile("truncated" if declared else "no notes", "there is no track chunk")
    if kind == 2 and len(chunks) > 1:
        raise UnreadableFile("unsupported", "MIDI file format 2: sequences that are not played together")
    if kind > 2:  # a damaged word before tracks that are sound
        repairs["bad format"] += 1
        kind = int(len(chunks) > 1)
    return Container(data, chunks, kind, ticks_per_quarter, mspq, repairs)


def _find_header(data: bytes) -> int:
    if not data:
        raise UnreadableFile("empty file")
    if data.startswith(b"SMF2CLIP"):
        raise UnreadableFile("MIDI 2.0 clip", "only Standard MIDI Files 1.0 are read")
    start = data.find(b"MThd", 0, _SEARCH)  # RIFF/RMID, a 128-byte MacBinary header, mail headers, other junk
    if start < 0:
        raise UnreadableFile("not MIDI", "there is no MThd header")
    return start


def _division(high: int, low: int, repairs: Counter[str]) -> tuple[int, int]:
    """Ticks a quarter and 0; or, for SMPTE frames, the pair of ticks and microseconds that says the same."""
    if high < 128:
        if high == low == 0:
            raise UnreadableFile("bad timing", "zero ticks to a quarter")
        return high << 8 | low, 0
    frames = 256 - high
    if frames not in (24, 25, 29, 30) or low == 0:
        raise UnreadableFile("bad timing", f"{frames} SMPTE frames a second, {low} ticks a frame")
    repairs["SMPTE"] += 1
    if frames == 29:  # "29" stands for 30000/1001, so a second of 30 frames lasts 1.001 s
        return 30 * low, 1_001_000
    return frames * low, 1_000_000


def _chunks(data: bytes, at: int, declared: int, repairs: Counter[str]) -> list[tuple[int, int]]:
    """The [start, stop) of each track chunk."""
    chunks: list[tuple[int, int]] = []
    size = len(data)
    while at + 8 <= size:
        name, stop = data[at : at + 4], at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
        if name == b"MTrk":
            early = data.find(_END_AND_NEXT, at + 8, stop) + len(END_OF_TRACK)
            if early >= len(END_OF_TRACK):  # a length that leads past the next chunk
                repairs["bad length"] += 1
                stop = early
            chunks.append((at + 8, min(stop, size)))
            if stop > size:
                return chunks
        elif len(chunks) >= declared:
            break  # what follows the last track belongs to a wrapper, or is padding
        elif name.isalnum() and stop <= size:
            repairs["foreign chunk"] += 1
        else:
            return _hunt(data)
        at = stop
    if len(chunks) < declared:
        repairs["missing track"] += 1
    return chunks


def _hunt(data: bytes) -> list[tuple[int, int]]:
    """Chunks found by name alone, where a length led astray; each ends where the next begins."""
    starts: list[int] = []
    at = data.find(b"MTrk")
    while at >= 0 and len(starts) <= 65535:
        starts.append(at)
        at = data.find(b"MTrk", at + 8)
    return [(start + 8, stop) for start, stop in zip(starts, [*starts[1:], len(data)], strict=False) if stop >= start + 8]


def chunk_name(data: bytes, start: int, stop: int) -> bytes:
    """The first track or sequence name at the head of a chunk; empty when it has none."""
    at = data.find(b"\x00\xff\x03", start, min(stop, start + _SEARCH))
    return _body(data, at + 3, stop) if at >= 0 else b""


def title_page(data: bytes, start: int, stop: int) -> bytes:
    """The JSON of the title page in the first chunk, empty when the file is not ours."""
    at = data.find(SIGNATURE, start, stop)
    if at < 0:
        return b""
    for begin in range(at - 1, at - 5, -1):  # the length before the text has one to four bytes
        if data[begin - 2 : begin] == b"\xff\x01":
            return _body(data, begin, stop)[len(SIGNATURE) - 1 :]
    return b""


def _body(data: bytes, at: int, stop: int) -> bytes:
    """The bytes of a meta event whose length starts at `at`; empty when they would leave the chunk."""
    if at < stop and data[at] < 128:  # one byte of length is the rule
        end = at + 1 + data[at]
        return data[at + 1 : end] if end <= stop else b""
    length = 0
    for byte in data[at : min(at + 4, stop)]:
        at += 1
        length = length << 7 | byte & 127
        if byte < 128:
            return data[at : at + length] if at + length <= stop else b""
    return b""
