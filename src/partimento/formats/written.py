"""What a score says of its notes and a `Piece` does not hold: the step that each is written on, its staff, its voice, its ties.

It is the truth that notation is measured by. MusicXML and Humdrum say all of it; of other formats the columns hold -1.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from partimento.errors import UnreadableFile
from partimento.formats import format_of, item_to_json, pack, parse, sources, supervise, unpack
from partimento.formats.limits import DEFAULT_LIMITS
from partimento.formats.notated import NotatedScore, finished
from partimento.piece import Array, Piece

# the step 0..6 (C..B), the staff of its part from 0 (the highest), the voice of the piece, how many notes its tuplet has (0: it is
# in none); -1 where it is not said
WRITTEN = np.dtype([("step", "i1"), ("staff", "i2"), ("voice", "i4"), ("tuplet", "i2")])
TIE = np.dtype([("note", "<i4"), ("tick", "<i4")])  # where a note is written as one head more

TASK = "partimento.formats.written:written_task"


@dataclass(frozen=True, eq=False)
class Written:
    """A piece with what is written: `notes` (`WRITTEN`) stands beside `piece.notes`, row by row; `ties` (`TIE`) by note and tick.
    A voice is a number that no other part or staff shares."""

    piece: Piece
    notes: Array
    ties: Array

    @classmethod
    def of(cls, piece: Piece) -> Written:
        """A piece of which nothing more is known."""
        notes = np.full(len(piece), -1, WRITTEN) if len(piece) else np.zeros(0, WRITTEN)
        return cls(piece, notes, np.zeros(0, TIE))


def parse_written(data: bytes, suffix: str, *, source: str = "") -> Written:
    """The piece in `data`, its bars as written, and what is written, in this process. Raises `UnreadableFile`."""
    one = format_of(data, suffix)
    if one is None or one.written is None:
        return Written.of(parse(data, suffix, source=source)[0])
    try:
        score: NotatedScore = one.written(data)
        piece = finished(score, source, DEFAULT_LIMITS, "written")[0]
    except UnreadableFile as error:
        raise UnreadableFile(error.reason, error.detail, name=source) from None
    return _aligned(score, piece)


def _aligned(score: NotatedScore, piece: Piece) -> Written:
    """The heads of a score in the order of the notes that they became."""
    ticks = piece.ticks_per_quarter

    def tick(place: Any) -> int:
        return round(int(place) * ticks / score.unit)

    heads = score.heads
    rows = np.array([(note.track, tick(note.onset), note.pitch, tick(note.end - note.onset), note.velocity) for note in heads])
    order = np.lexsort(rows.T[::-1])
    heads = [heads[row] for row in order.tolist()]
    voices: dict[tuple[int, int, str], int] = {}
    notes = np.zeros(len(heads), WRITTEN)
    ties = []
    for row, note in enumerate(heads):
        voice = voices.setdefault((note.track, note.staff, note.voice), len(voices))
        notes[row] = (note.step, max(0, (note.staff & 255) - 1) if note.staff >= 0 else -1, voice, note.tuplet)
        ties += [(row, tick(place)) for place in note.heads]
    if (piece.notes["pitch"] != rows[order, 2]).any():  # never in all sets read so far
        raise UnreadableFile("bad timing", "the notes cannot be told apart")
    return Written(piece, notes, np.array(ties, TIE))


def written_task(task: dict[str, Any]) -> bytes:
    """What is written in an item, as the task of a worker."""
    item = sources.Item(**task)
    found = parse_written(sources.load(item), item.suffix, source=item.name)
    head = json.dumps([len(found.notes), len(found.ties)]).encode()
    arrays = found.notes.tobytes() + found.ties.tobytes()
    return len(head).to_bytes(4, "big") + head + arrays + pack(found.piece, Counter())


def read_written(
    items: Sequence[sources.Item], *, workers: int = 1, seconds: float = 60.0
) -> Iterator[tuple[sources.Item, Written | UnreadableFile]]:
    """Each item, as it is done, with what is written in it, or with the reason why it cannot be read."""
    for index, reply in supervise.run(TASK, map(item_to_json, items), workers=workers, seconds=seconds):
        item = items[index]
        yield item, _unpacked(reply.data) if reply.ok else UnreadableFile(reply.reason, reply.detail, name=item.name)


def _unpacked(data: bytes) -> Written:
    at = 4 + int.from_bytes(data[:4], "big")
    notes, ties = json.loads(data[4:at])
    middle = at + notes * WRITTEN.itemsize
    stop = middle + ties * TIE.itemsize
    return Written(unpack(data[stop:])[0], np.frombuffer(data[at:middle], WRITTEN), np.frombuffer(data[middle:stop], TIE))
