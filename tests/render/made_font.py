"""A small SoundFont made byte by byte: sine waves, looped and not."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

RATE, CYCLE = 44100, 100  # a looped sine of 441 Hz, one cycle a loop


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _list(kind: bytes, *chunks: bytes) -> bytes:
    return _chunk(b"LIST", kind + b"".join(chunks))


def made_font(path: Path, zones: list[list[tuple[int, int]]], preset: list[tuple[int, int]] = [], bank: int = 0) -> Path:  # noqa: B006
    """One preset of one instrument with these zones, each a list of (generator, amount) that ends with its sample (53)."""
    wave = np.round(20000 * np.sin(2 * np.pi * np.arange(40 * CYCLE) / CYCLE)).astype("<i2")
    samples = wave.tobytes() + b"\0" * 92
    generators, bags = b"", b""
    for zone in zones:
        bags += struct.pack("<HH", len(generators) // 4, 0)
        generators += b"".join(struct.pack("<Hh", *one) for one in zone)
    bags += struct.pack("<HH", len(generators) // 4, 0)
    own = b"".join(struct.pack("<Hh", *one) for one in [*preset, (41, 0)])
    header = struct.pack("<20sIIIIIBbHH", b"sine", 0, len(wave), 10 * CYCLE, 11 * CYCLE, RATE, 69, 0, 0, 1)
    tables = _list(
        b"pdta",
        _chunk(b"phdr", struct.pack("<20sHHH12x", b"one", 0, bank, 0) + struct.pack("<20sHHH12x", b"EOP", 0, 0, 1)),
        _chunk(b"pbag", struct.pack("<HHHH", 0, 0, len(own) // 4, 0)),
        _chunk(b"pgen", own + b"\0" * 4),
        _chunk(b"inst", struct.pack("<20sH20sH", b"one", 0, b"EOI", len(zones))),
        _chunk(b"ibag", bags),
        _chunk(b"igen", generators + b"\0" * 4),
        _chunk(b"shdr", header + b"\0" * 46),
    )
    path.write_bytes(
        _chunk(b"RIFF", b"sfbk" + _list(b"INFO", _chunk(b"ifil", b"\2\0\1\0")) + _list(b"sdta", _chunk(b"smpl", samples)) + tables)
    )
    return path
