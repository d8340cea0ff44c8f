"""Standard MIDI File bytes before any parser sees them: unwrapped, checked, and rebuilt so that no length can lie.

It knows the container (header, chunks, their ends) and a handful of events it can find without walking; it does not
walk events (`walk.py` does, slowly and tolerantly) and knows no `Piece`. Everything is a few calls of bytes methods,
because this runs on every file of a corpus.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from partimento.errors import UnreadableFile

MAX_BYTES = 64 << 20
SIGNATURE = b"partimento {"  # the text event that carries the title page
END_OF_TRACK = b"\xff\x2f\x00"
OPEN_TICKS = 2**27  # a note this long was closed by the probe below: its own note-off never came
LABEL = "\x01part"  # before the number of a chunk, put where its name was; absent if a parser stopped before the chunk's end
_LABELLED_END = b"\xff\x03\x0a" + LABEL.encode() + b"%05d\x00" + END_OF_TRACK
_SEARCH = 4096  # how far into a chunk its name, and into a file its `MThd`, may lie
_PADDING = bytes(64)  # symusic reads a few bytes past its buffer


def varlen(value: int) -> bytes:
    """A number as MIDI writes it: seven bits a byte, the high bit set on all but the last."""
    out = bytes([value & 127])
    while value := value >> 7:
        out = bytes([value & 127 | 128]) + out
    return out


# takes over the delta of the end of track, waits, ends every pitch of a channel by running status, and lifts its pedal
_WAIT = b"\xff\x01\x00" + varlen(OPEN_TICKS)
_OFFS = [
    bytes([0x80 | channel]) + b"\x00".join(bytes([pitch, 0]) for pitch in range(128)) + bytes([0, 0xB0 | channel, 64, 0])
    for channel in range(16)
]
_NOTE_ONS = bytes(range(0x90, 0xA0))
_LOOKS = 4  # how many places of a byte are looked at before it is taken for a note-on


class NeedsWalk(Exception):
    """The bytes break the rules in a way only the tolerant walker can read; its text says how."""


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
    sound: bool = True  # False: chunk lengths did not add up, the walker must look
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
        raise UnreadableFile("not MIDI", f"a header of {header_length} bytes")
    kind = int.from_bytes(data[start + 8 : start + 10], "big")
    declared = int.from_bytes(data[start + 10 : start + 12], "big")
    ticks_per_quarter, mspq = _division(data[start + 12], data[start + 13], repairs)
    chunks, sound = _chunks(data, start + 8 + header_length, declared, repairs)
    if len(chunks) > 65535:
        raise UnreadableFile("too many tracks", f"{len(chunks)} track chunks; the format allows 65535")
    if not chunks:
        raise UnreadableFile("truncated" if declared else "no notes", "there is no track chunk")
    if kind > 2 or (kind == 2 and len(chunks) > 1):
        raise UnreadableFile("unsupported", f"MIDI file format {kind}")
    return Container(data, chunks, kind, ticks_per_quarter, mspq, sound, repairs)


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


def _chunks(data: bytes, at: int, declared: int, repairs: Counter[str]) -> tuple[list[tuple[int, int]], bool]:
    """The [start, stop) of each track chunk, and whether all lengths added up."""
    chunks: list[tuple[int, int]] = []
    size = len(data)
    while at + 8 <= size:
        name, stop = data[at : at + 4], at + 8 + int.from_bytes(data[at + 4 : at + 8], "big")
        if name == b"MTrk":
            if stop > size:
                chunks.append((at + 8, size))
                return chunks, False
            chunks.append((at + 8, stop))
        elif len(chunks) >= declared:
            break  # what follows the last track belongs to a wrapper, or is padding
        elif name.isalnum() and stop <= size:
            repairs["foreign chunk"] += 1
        else:
            return _hunt(data), False
        at = stop
    if len(chunks) < declared:
        repairs["missing track"] += 1
    return chunks, True


def _hunt(data: bytes) -> list[tuple[int, int]]:
    """Chunks found by name alone, where a length led astray; each ends where the next begins."""
    starts: list[int] = []
    at = data.find(b"MTrk")
    while at >= 0 and len(starts) <= 65535:
        starts.append(at)
        at = data.find(b"MTrk", at + 8)
    return [(start + 8, stop) for start, stop in zip(starts, [*starts[1:], len(data)], strict=False) if stop >= start + 8]


def probed(container: Container) -> bytes:
    """The file rebuilt for a fast parser, with true lengths and a probe at the end of each track.

    A parser drops notes that never end in silence. So each track gets a late note-off (`OPEN_TICKS` after its end) for
    all pitches of the channels that may sound in it: a note that lasts so long was never ended. The last track name in
    each chunk becomes its number, since parsers do not say which chunk a track came from. Raises `NeedsWalk`.
    """
    data = container.data
    if not container.sound:
        raise NeedsWalk("chunk lengths")
    parts = [b"MThd\0\0\0\6\0\1" + len(container.chunks).to_bytes(2, "big") + container.ticks_per_quarter.to_bytes(2, "big")]
    for number, (start, stop) in enumerate(container.chunks):
        if not data.endswith(END_OF_TRACK, start, stop):
            raise NeedsWalk("end of track")
        body = data[start : stop - 3]
        # all note-ons less those that do not occur: one pass over the chunk instead of sixteen searches
        note_ons = _NOTE_ONS.translate(None, _NOTE_ONS.translate(None, body))
        if len(note_ons) > 1:
            note_ons = _plausible(note_ons, data, start, stop)
        if note_ons:
            probe, end = _probe(note_ons), _LABELLED_END % number
            parts += (b"MTrk", (len(body) + len(probe) + len(end)).to_bytes(4, "big"), body, probe, end)
        else:
            parts += (b"MTrk", (stop - start).to_bytes(4, "big"), body, END_OF_TRACK)
    parts.append(_PADDING)
    return b"".join(parts)


def _plausible(note_ons: bytes, data: bytes, start: int, stop: int) -> bytes:
    """Those of the bytes that may be a note-on in a chunk: half of them are but parts of times, which a few looks tell.

    A note-on stands between bytes below 128: the end of its time, its pitch and its velocity (parsers refuse larger ones).
    """
    plausible = []
    for status in note_ons:
        at = data.find(status, start, stop)
        for _ in range(_LOOKS):
            if data[at - 1] < 128 and data[at + 1] < 128 and data[at + 2] < 128:
                plausible.append(status)
                break
            at = data.find(status, at + 1, stop)
            if at < 0:
                break
        else:
            plausible.append(status)
    return bytes(plausible)


@lru_cache(maxsize=256)
def _probe(note_ons: bytes) -> bytes:
    return _WAIT + b"".join(_OFFS[status & 15] + b"\x00" for status in note_ons)


def text_of(raw: bytes) -> str:
    """A text of a file: UTF-8 where it is that, Latin-1 otherwise."""
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


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
