"""Files made to break a reader: each ends as a piece or as a typed reason, and nothing else happens."""

from __future__ import annotations

from pathlib import Path

from partimento.formats import supervise, unpack
from tests.hostile import VALID, hostile_files

REASONS = {
    "empty file",
    "not MIDI",
    "MIDI 2.0 clip",
    "truncated",
    "no notes",
    "too long",
    "too many notes",
    "too many tracks",
    "too large",
    "bad timing",
    "unsupported",
    "several pieces",
    "not a score",
    "not Humdrum",
    "not ABC",
    "damaged",
    "timed out",
    "out of memory",
}


def test_every_hostile_file_is_accounted_for(tmp_path: Path) -> None:
    files = hostile_files(7)
    assert len(files) >= 100
    for name, data in files.items():
        (tmp_path / name.replace("/", "-")).write_bytes(data)
    names = [name.replace("/", "-") for name in files]
    tasks = [{"name": name} for name in names]
    reasons = {}
    for index, reply in supervise.run(
        "tests.formats.worker_tasks:parse_named", tasks, workers=2, seconds=20, init={"folder": str(tmp_path)}
    ):
        if reply.ok:
            assert len(unpack(reply.data)[0])
        reasons[names[index]] = reply.reason
        assert not reply.reason or reply.reason in REASONS, (names[index], reply)
        assert reply.reason != "damaged" or not names[index].endswith(".mid"), (names[index], reply)
    assert len(reasons) == len(files)
    expected = {
        "valid.mid": "",
        "html.mid": "not MIDI",
        "empty.mid": "empty file",
        "MIDI 2.mid": "MIDI 2.0 clip",
        "division 0.mid": "bad timing",
        "ten byte header.mid": "",
        "RMID.mid": "",
        "MacBinary.mid": "",
        "mail before.mid": "",
        "SMPTE 25.mid": "",
        "velocity over 127.mid": "",
        "unfinished.mid": "",
        "zero length.mid": "",
        "chunk too long.mid": "",
        "chunk too short.mid": "",
        "asks for gigabytes.mid": "",
        "header only.mid": "no notes",
        "note-off alone.mid": "no notes",
        "cut at 8.mid": "truncated",
        "ticks past 2**30.mid": "bad timing",
        "forever.mid": "too long",
        "million notes.mid": "too many notes",
        "valid.musicxml": "",
        "valid.mxl": "",
        "utf-16.musicxml": "",
        "laughs.musicxml": "unsupported",
        "file entity.musicxml": "unsupported",
        "bomb.mxl": "too large",
        "include.abc": "unsupported",
        "include too.abc": "unsupported",
        "book.abc": "several pieces",
        "laughs.mei": "unsupported",
        "remote entity.mei": "damaged",
        "deep.mei": "damaged",
        "deep.musicxml": "damaged",
        "deep beams.mei": "damaged",
        "utf-16.mei": "",
        "endless tuplet.mei": "too long",
        "no notes.mei": "no notes",
        "cut.mei": "damaged",
        "many repeats.musicxml": "",
        "latin-1.musicxml": "",
        "recursive.abc": "",
        "endless parts.abc": "",
        "braces.abc": "no notes",
        "tempo.abc": "",
        "long number.abc": "damaged",
        "labels.krn": "",
    }
    assert {name: reasons[name.replace("/", "-")] for name in expected} == expected


def test_mutants_are_survived() -> None:
    init = {"valid": VALID.hex()}
    replies = dict(supervise.run("tests.formats.worker_tasks:parse_mutant", range(300), workers=2, seconds=10, init=init))
    assert len(replies) == 300
    assert {reply.reason for reply in replies.values()} <= (REASONS | {""}) - {"damaged"}
    assert sum(reply.ok for reply in replies.values()) > 100
    for reply in replies.values():
        if reply.ok:
            unpack(reply.data)
