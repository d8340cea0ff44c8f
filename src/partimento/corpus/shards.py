"""What a build has read so far: shards of parsed files that survive a kill."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from partimento.files import write_atomic
from partimento.formats.sources import Item
from partimento.formats.supervise import Reply

ITEMS_PER_SHARD = 64
FAST = (".mid", ".midi", ".kar", ".rmi", ".smf")  # a file of another kind takes as long as several of these
SLOW_ITEM = 8
PARSE_VERSION = 3  # raised whenever reading a file gives another piece than before


@dataclass(frozen=True)
class Shard:
    """A run of items, and the file that holds what became of them. Its name changes when any of the items does."""

    items: tuple[Item, ...]
    path: Path

    @classmethod
    def plan(cls, items: Sequence[Item], folder: Path, options: str) -> list[Shard]:
        """The shards of all items; `options` is what else decides about the outcome."""
        shards = []
        for some in _groups(items):
            identity = [(item.name, item.start, item.stop, item.stamp) for item in some]
            digest = hashlib.sha256(json.dumps([PARSE_VERSION, options, identity]).encode()).hexdigest()
            shards.append(cls(some, folder / f"{digest[:32]}.shard"))
        return shards

    def is_done(self) -> bool:
        """Whether the file is there, whole; a damaged one is removed, to be made again."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return False
        if hashlib.sha256(data[32:]).digest() == data[:32]:
            return True
        with contextlib.suppress(OSError):
            self.path.unlink()
        return False

    def write(self, replies: Sequence[Reply]) -> None:
        """One reply for each item, in their order. Raises `WriteFailed`."""
        records = []
        for reply in replies:
            head = json.dumps([len(reply.data), reply.reason, reply.detail]).encode()
            records += [len(head).to_bytes(4, "big"), head, reply.data]
        body = b"".join(records)
        write_atomic(self.path, hashlib.sha256(body).digest() + body)

    def read(self) -> Iterator[tuple[Item, Reply]]:
        """Items with their replies."""
        data = memoryview(self.path.read_bytes())
        at = 32
        for item in self.items:
            start = at + 4 + int.from_bytes(data[at : at + 4], "big")
            size, reason, detail = json.loads(bytes(data[at + 4 : start]))
            at = start + size
            yield item, Reply(bytes(data[start:at]), reason, detail)


def _groups(items: Sequence[Item]) -> Iterator[tuple[Item, ...]]:
    """Items in their order, so many at a time that a kill costs about as much whatever their kind."""
    group: list[Item] = []
    weight = 0
    for item in items:
        group.append(item)
        weight += 1 if item.suffix in FAST else SLOW_ITEM
        if weight >= ITEMS_PER_SHARD:
            yield tuple(group)
            group, weight = [], 0
    if group:
        yield tuple(group)
