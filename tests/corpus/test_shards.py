"""A shard keeps the replies of its items through a kill, and is made anew when a bit of it has changed."""

from __future__ import annotations

import random
from pathlib import Path

from partimento.corpus.shards import ITEMS_PER_SHARD, Shard
from partimento.formats.sources import Item
from partimento.formats.supervise import Reply

ITEMS = [Item(f"a/{n:03}.mid", f"/somewhere/{n}", suffix=".mid", size=n, stamp=f"{n}-1") for n in range(ITEMS_PER_SHARD + 3)]


def test_replies_come_back(tmp_path: Path) -> None:
    shard = Shard.plan(ITEMS[:3], tmp_path, "")[0]
    assert not shard.is_done()
    replies = [Reply(b"piece"), Reply(reason="damaged", detail="naïve\n\udcff"), Reply(bytes(10_000))]
    shard.write(replies)
    assert shard.is_done()
    assert list(shard.read()) == list(zip(ITEMS, replies, strict=False))


def test_a_flipped_bit_makes_it_undone(tmp_path: Path) -> None:
    shard, chance = Shard.plan(ITEMS[:2], tmp_path, "")[0], random.Random(0)
    shard.write([Reply(b"piece"), Reply(reason="damaged")])
    was = shard.path.read_bytes()
    for _ in range(200):
        content = bytearray(was)
        content[chance.randrange(len(was))] ^= 1 << chance.randrange(8)
        shard.path.write_bytes(content)
        assert not shard.is_done()
        assert not shard.path.exists()
    for stop in (0, 10, 31, 32, len(was) - 1):
        shard.path.write_bytes(was[:stop])
        assert not shard.is_done()


def test_the_name_says_what_is_in_it(tmp_path: Path) -> None:
    plan = Shard.plan(ITEMS, tmp_path, "options")
    assert [len(shard.items) for shard in plan] == [ITEMS_PER_SHARD, 3]
    names = [shard.path.name for shard in plan]
    assert names == [shard.path.name for shard in Shard.plan(ITEMS, tmp_path / "elsewhere", "options")]
    moved = [Item(**{**vars(item), "path": "/elsewhere"}) for item in ITEMS]
    assert names == [shard.path.name for shard in Shard.plan(moved, tmp_path, "options")]
    assert not set(names) & {shard.path.name for shard in Shard.plan(ITEMS, tmp_path, "others")}
    for change in ({"name": "b.mid"}, {"stamp": "9"}, {"start": 7}, {"stop": 9}):
        other = [*ITEMS[:-1], Item(**{**vars(ITEMS[-1]), **change})]
        assert [a == b.path.name for a, b in zip(names, Shard.plan(other, tmp_path, "options"), strict=True)] == [True, False]


def test_slow_files_are_kept_sooner(tmp_path: Path) -> None:
    scores = [Item(f"{n:03}.krn", "", suffix=".krn") for n in range(20)]
    plan = Shard.plan([*scores, *ITEMS[:10]], tmp_path, "")
    assert [len(shard.items) for shard in plan] == [8, 8, 14]
    assert [item for shard in plan for item in shard.items] == [*scores, *ITEMS[:10]]
