"""Deliberately broken score files, made from small MIDI bytes of our own. Names say what is wrong; the same for a seed."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

END = b"\x00\xff\x2f\x00"
TUNE = b"".join(bytes([0, 0x90, 60 + step, 80, 96, 0x80, 60 + step, 64]) for step in (0, 2, 4, 5, 7))


def flip(path: Path, chance: random.Random) -> bytes:
    """Flips one bit of a file; returns what it was."""
    was = path.read_bytes()
    content = bytearray(was)
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    return was


def chunk(body: bytes, *, length: int | None = None) -> bytes:
    """A track chunk; `length` may lie."""
    return b"MTrk" + (len(body) if length is None else length).to_bytes(4, "big") + body


def midi(*bodies: bytes, kind: int = 1, division: bytes = b"\x01\xe0", tracks: int | None = None) -> bytes:
    """A MIDI file from the bodies of its chunks."""
    count = len(bodies) if tracks is None else tracks
    header = b"MThd\x00\x00\x00\x06" + kind.to_bytes(2, "big") + count.to_bytes(2, "big") + division
    return header + b"".join(chunk(body) for body in bodies)


VALID = midi(
    b"\x00\xff\x03\x05title\x00\xff\x51\x03\x07\xa1\x20\x00\xff\x58\x04\x04\x02\x18\x08" + END, b"\x00\xc0\x28" + TUNE + END
)


def archive(**members: bytes) -> bytes:
    """A zip archive; `__` in a name stands for a slash."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name.replace("__", "/") + ".xml", data)
    return out.getvalue()


def mei_of(layer: str) -> bytes:
    """An MEI file of one bar."""
    bar = f"<measure><staff n='1'><layer>{layer}</layer></staff></measure>"
    score = f"<score><scoreDef><staffGrp><staffDef n='1'/></staffGrp></scoreDef><section>{bar}</section></score>"
    return f"<mei><music><body><mdiv>{score}</mdiv></body></music></mei>".encode()


def hostile_files(seed: int) -> dict[str, bytes]:
    """At least 100 files: the name (its suffix decides the reader) and the bytes."""
    files = {**_crafted_midi(), **_crafted_text()}
    for stop in range(0, len(VALID), 4):
        files[f"cut at {stop}.mid"] = VALID[:stop]
    rng = random.Random(seed)
    for number in range(20):
        mutant = bytearray(VALID)
        for _ in range(rng.randint(1, 4)):
            mutant[rng.randrange(len(mutant))] ^= 1 << rng.randrange(8)
        files[f"flipped {number}.mid"] = bytes(mutant)
    for number in range(6):
        files[f"noise {number}.mid"] = b"MThd\0\0\0\6\0\1\0\1\1\xe0" + chunk(rng.randbytes(400))
    return files


def _crafted_midi() -> dict[str, bytes]:
    on, big = b"\x00\x90\x3c\x50", b"\xff\xff\xff\x7f"
    mac = bytes(65) + b"Midi" + bytes(59)
    rmid = b"RIFF" + (len(VALID) + 12).to_bytes(4, "little") + b"RMIDdata" + len(VALID).to_bytes(4, "little") + VALID
    files = {
        "valid": VALID,
        "empty": b"",
        "one byte": b"M",
        "html": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "zeros": bytes(4096),
        "ones": b"\xff" * 4096,
        "header only": midi(),
        "no tracks but a million": midi(tracks=65535),
        "asks for gigabytes": b"MThd\0\0\0\6\0\1\0\1\1\xe0" + chunk(TUNE, length=0xFFFFFFF0),
        "text of gigabytes": midi(b"\x00\xff\x01" + big + b"abc"),
        "exclusive of gigabytes": midi(b"\x00\xf0" + big + b"abc"),
        "giant header": b"MThd\xff\xff\xff\xff\0\1\0\1\1\xe0" + chunk(TUNE + END),
        "tiny header": b"MThd\0\0\0\2\0\1" + chunk(TUNE + END),
        "ten byte header": b"MThd\0\0\0\x0a\0\1\0\1\1\xe0\0\0\0\0" + chunk(TUNE + END),
        "chunk too short": b"MThd\0\0\0\6\0\1\0\1\1\xe0" + chunk(TUNE + END, length=9),
        "chunk too long": b"MThd\0\0\0\6\0\1\0\1\1\xe0" + chunk(TUNE + END, length=900),
        "chunk of length 0": b"MThd\0\0\0\6\0\1\0\1\1\xe0" + chunk(TUNE + END, length=0),
        "foreign chunk": b"MThd\0\0\0\6\0\1\0\1\1\xe0" + b"XFIH\0\0\0\4abcd" + chunk(TUNE + END),
        "division 0": midi(TUNE + END, division=b"\0\0"),
        "SMPTE 25": midi(TUNE + END, division=b"\xe7\x28"),
        "SMPTE 29": midi(TUNE + END, division=b"\xe3\x50"),
        "SMPTE 1": midi(TUNE + END, division=b"\xff\x28"),
        "SMPTE 0 ticks": midi(TUNE + END, division=b"\xe7\0"),
        "format 2": midi(TUNE + END, TUNE + END, kind=2),
        "format 9": midi(TUNE + END, kind=9),
        "RMID": rmid,
        "MacBinary": mac + VALID + bytes(128),
        "mail before": b"From: someone\r\nSubject: tune\r\n\r\n" + VALID,
        "MIDI 2": b"SMF2CLIP" + bytes(64),
        "pitch over 127": midi(b"\x00\x90\xbc\x50\x60\x80\xbc\x40" + END),
        "velocity over 127": midi(b"\x00\x90\x3c\xd0\x60\x80\x3c\x40" + END),
        "program over 127": midi(b"\x00\xc0\x90" + TUNE + END),
        "unfinished": midi(on + END),
        "unfinished last": midi(TUNE + on + b"\x60" + END[1:]),
        "unfinished thousand": midi(on * 1000 + END),
        "zero length": midi(on + b"\x00\x80\x3c\x40" + END),
        "note-off alone": midi(b"\x00\x80\x3c\x40" + END),
        "running status at once": midi(b"\x00\x3c\x50\x60\x3c\x00" + END),
        "deep running status": midi(b"\x00\x90" + b"\x3c\x50\x01\x3c\x00\x01" * 20000 + b"\x3c\x00" + END),
        "no end of track": midi(TUNE),
        "two ends": midi(TUNE + END + TUNE + END),
        "end first": midi(END + TUNE),
        "no status after real time": midi(b"\x00\xf8\x3c\x50" + TUNE + END),
        "delta of five bytes": midi(b"\xff\xff\xff\xff\x7f" + TUNE[1:] + END),
        "huge delta": midi(big + TUNE[1:] + END),
        "ticks past 2**30": midi((big + b"\xff\x01\x00") * 5 + TUNE + END),
        "ticks past 2**31": midi((big + b"\xff\x01\x00") * 9 + TUNE + END),
        "ticks past 2**32": midi((big + b"\xff\x01\x00") * 17 + TUNE + END),
        "forever": midi(on + big + b"\x80\x3c\x40" + END, division=b"\0\1"),
        "tempo 0": midi(b"\x00\xff\x51\x03\0\0\0" + TUNE + END),
        "tempo of 1 byte": midi(b"\x00\xff\x51\x01\x07" + TUNE + END),
        "tempo of 9 bytes": midi(b"\x00\xff\x51\x09" + bytes(9) + TUNE + END),
        "meter x/2**255": midi(b"\x00\xff\x58\x04\x04\xff\x18\x08" + TUNE + END),
        "meter 0": midi(b"\x00\xff\x58\x04\x00\x02\x18\x08" + TUNE + END),
        "meter of 0 bytes": midi(b"\x00\xff\x58\x00" + TUNE + END),
        "key 99": midi(b"\x00\xff\x59\x02\x63\x07" + TUNE + END),
        "name not UTF-8": midi(b"\x00\xff\x03\x04\xe9\xff\xfe\x00" + TUNE + END),
        "title page of lies": midi(b"\x00\xff\x01\x22" + b'partimento {"parts":[7],"silent":1}'[:34] + END, TUNE + END),
        "title page nested": midi(b"\x00\xff\x01\xe0\x00" + b'partimento {"a":'.ljust(12288, b"[") + END, TUNE + END),
        "hundred thousand notes": midi(b"\x00\x90" + b"\x3c\x50\x01\x3c\x00\x00" * 100000 + b"\x3c\x00" + END),
        "million notes": midi(b"\x00\x90" + b"\x3c\x50\x01\x3c\x00\x00" * 1000001 + b"\x3c\x00" + END),
        "thousand tracks": midi(*[TUNE + END] * 1000),
        "header in header": VALID[:14] + VALID,
        "chunks without end": b"MThd\0\0\0\6\0\1\xff\xff\1\xe0" + b"MTrk\0\0\0\0" * 70000,
    }
    return {f"{name}.mid": data for name, data in files.items()}


def _crafted_text() -> dict[str, bytes]:
    score = '<score-partwise><part-list><score-part id="P"><part-name>a</part-name></score-part></part-list>{}</score-partwise>'
    note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>{}</duration></note>"
    measure = '<part id="P"><measure number="1"><attributes><divisions>{}</divisions></attributes>{}</measure></part>'
    tune = score.format(measure.format(1, note.format(4)))
    again = f'<measure>{note.format(4)}<barline><repeat direction="backward" times="999999999"/></barline></measure>'
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    container = b'<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'
    return {
        "valid.musicxml": tune.encode(),
        "valid.mxl": archive(**{"META-INF__container": container, "score": tune.encode()}),
        "laughs.musicxml": f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]>{tune}&l9;'.encode(),
        "file entity.musicxml": f'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>{tune}&x;'.encode(),
        "utf-16.musicxml": f'<?xml version="1.0" encoding="UTF-16"?>{tune}'.encode("utf-16"),
        "cut.musicxml": tune.encode()[:120],
        "no notes.musicxml": score.format("").encode(),
        "page.xml": b"<html><body/></html>",
        "divisions 0.musicxml": score.format(measure.format(0, note.format(4))).encode(),
        "endless note.musicxml": score.format(measure.format(1, note.format(10**12))).encode(),
        "deep.musicxml": (tune[:-17] + "<a>" * 50000).encode(),
        "bomb.mxl": archive(score=b"<score-partwise>" + bytes(40 << 20)),
        "no score.mxl": archive(readme=b"nothing"),
        "cut.mxl": archive(score=tune.encode())[:60],
        "not a zip.mxl": b"PK" + bytes(100),
        "include.abc": b"X:1\nT:a\n%%abc-include /etc/passwd\nK:C\nCDEF|\n",
        "include too.abc": b"X:1\nI:abc-include /etc/passwd\nK:C\nCDEF|\n",
        "book.abc": b"X:1\nK:C\nCDEF|\nX:2\nK:G\nGABc|\n",
        "empty.abc": b"",
        "noise.abc": b"X:1\nK:C\n" + bytes(range(256)) * 4,
        "meter 0.abc": b"X:1\nM:0/0\nL:1/0\nK:C\nCDEF|\n",
        "long.abc": b"X:1\nK:C\n" + b"[" * 3000 + b"(" * 3000,
        "tuplet.abc": b"X:1\nL:1/4\nK:C\n(99:0:0CDE|\n",
        "laughs.mei": f'<!DOCTYPE mei [<!ENTITY l0 "ha">{laughs}]><mei>&l9;</mei>'.encode(),
        "remote entity.mei": b'<!DOCTYPE mei SYSTEM "http://127.0.0.1/x.dtd"><mei><music>&x;</music></mei>',
        "deep.mei": b"<mei><music><body><mdiv><score><section>" + b"<section>" * 50000,
        "deep beams.mei": mei_of("<beam>" * 99 + "<note pname='c' oct='4' dur='4'/>" + "</beam>" * 99),
        "utf-16.mei": mei_of("<note pname='c' oct='4' dur='4'/>").decode().encode("utf-16"),
        "endless tuplet.mei": mei_of("<tuplet num='1' numbase='999999999'><note pname='c' oct='4' dur='long'/></tuplet>"),
        "no notes.mei": mei_of("<mRest/>"),
        "cut.mei": mei_of("<mRest/>")[:90],
        "many repeats.musicxml": score.format(f'<part id="P">{again * 50}</part>').encode(),
        "latin-1.musicxml": ('<?xml version="1.0" encoding="ISO-8859-1"?>' + tune.replace(">a<", ">é<")).encode("latin-1"),
        "recursive.abc": b"X:1\nm:n=nn\nm:~n=n~n~n\nU:T=!trill!\nL:1/4\nK:C\n~A ~B TC|\n",
        "endless parts.abc": b"X:1\nP:" + b"(" * 20 + b"A9" + b")9" * 20 + b"\nL:1/4\nK:C\nP:A\nABC|\n",
        "braces.abc": b"X:1\nK:C\n" + b"{" * 300000 + b"[K:" * 100000 + b'"' * 100001,
        "tempo.abc": b"X:1\nQ:" + b"1/111" * 4000 + b"\nM:" + b"1 " * 40000 + b"\nK:C\nABC|\n",
        "long number.abc": b"X:1\nL:1/4\nK:C\nA" + b"9" * 5000 + b"|\n",
        "labels.krn": b"**kern\n*>[" + b"A," * 900 + b"A]\n*>A\n" + b"4c\n=\n" * 3000 + b"*-\n",
        "noise.krn": b"**kern\n" + bytes(range(128, 256)),
        "spines.krn": b"**kern\n*^\n" + b"*^\t*^\n" * 30 + b"4c\n*-\n",
        "none.krn": b"!! only a comment\n",
        "empty.krn": b"",
    }
