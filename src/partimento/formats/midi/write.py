"""The bytes of a Standard MIDI File from a `Piece`, the same for the same piece, with nothing lost that the format can say.

A first chunk carries title page, tempos, meters, keys and, as markers, chords; each track follows in a chunk of its own. It
reads nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import numpy.typing as npt

from partimento.chord_symbols import chord_name
from partimento.errors import WriteFailed
from partimento.formats.midi.container import END_OF_TRACK, SIGNATURE, varlen
from partimento.formats.midi.maps import CHORD_MARK
from partimento.piece import MAX_TICK, Array, Piece

_MAX_DELTA = 2**28 - 1
_CHANNELS = [channel for channel in range(16) if channel != 9]
_MAX_LAYERS = 64  # chunks that one track may need for notes of one pitch inside one another

Event = tuple[int, bytes]


def midi_from_piece(piece: Piece) -> bytes:
    """A MIDI file of format 1. Raises `WriteFailed` where the format has no room: 65,535 chunks, tick 2**30.

    Tempos are rounded to microseconds a quarter, velocity 0 becomes 1, of map rows at one tick the last is kept. The
    pedals of tracks without notes are left out.
    """
    if piece.end_tick > MAX_TICK:
        raise WriteFailed(f"the piece ends at tick {piece.end_tick}; MIDI files are written up to {MAX_TICK}: quantise it first")
    order = np.argsort(piece.notes["track"], kind="stable")
    bounds = np.searchsorted(piece.notes["track"][order], np.arange(len(piece.tracks) + 1))
    parts: list[int] = []
    silent: list[tuple[int, int]] = []
    chunks: list[bytes] = []
    for number, track in enumerate(piece.tracks):
        notes = piece.notes[order[bounds[number] : bounds[number + 1]]]
        place = number % len(_CHANNELS)
        channel = 9 if track.is_drum else _CHANNELS[place]
        head = [_meta(0x03, track.name.encode("utf-8", "surrogatepass"))]
        if len(piece.tracks) > len(_CHANNELS):  # more parts than channels: players with several ports keep them apart
            head.append(_meta(0x21, bytes([number // len(_CHANNELS) & 127])))
        head.append(bytes([0xC0 | channel, track.program]))
        pedals = piece.pedals[piece.pedals["track"] == number]
        for layer in _layers(notes):
            chunks.append(_chunk(b"".join(b"\x00" + event for event in head), _events(layer, pedals, channel)))
            parts.append(number)
            pedals = pedals[:0]
        if not len(notes):
            silent.append((len(chunks), track.program | track.is_drum << 7))
    if len(chunks) >= 65535:
        raise WriteFailed(f"{len(chunks)} track chunks are needed; a MIDI file holds 65,535")
    conductor = _conductor(piece, parts, silent)
    header = b"MThd\x00\x00\x00\x06\x00\x01" + (len(chunks) + 1).to_bytes(2, "big") + piece.ticks_per_quarter.to_bytes(2, "big")
    return b"".join([header, conductor, *chunks])


def _conductor(piece: Piece, parts: list[int], silent: list[tuple[int, int]]) -> bytes:
    page: dict[str, object] = {name: text for name, text in asdict(piece.about).items() if text}
    page |= {"parts": parts, "silent": silent} if silent else {"parts": parts}
    text = SIGNATURE[:-1] + json.dumps(page, separators=(",", ":")).encode("ascii")
    events: list[Event] = [(0, _meta(0x03, piece.about.title.encode("utf-8", "surrogatepass"))), (0, _meta(0x01, text))]
    for rows, encode in ((piece.tempos, _tempo), (piece.meters, _meter), (piece.keys, _key), (piece.chords, _chord)):
        latest = {int(row["tick"]): row for row in rows}  # of several at one tick the last one holds
        events += [(tick, encode(row)) for tick, row in latest.items()]
    events.sort(key=lambda event: event[0])
    out, now = [], 0
    for tick, event in events:
        out += [_wait(tick - now), event]
        now = tick
    return _chunk(b"".join(out))


def _tempo(row: Array) -> bytes:
    return _meta(0x51, min(max(round(6e7 / float(row["qpm"])), 1), 2**24 - 1).to_bytes(3, "big"))


def _meter(row: Array) -> bytes:
    lower = int(row["denominator"]).bit_length() - 1
    return _meta(0x58, bytes([int(row["numerator"]), lower, 24, 8]))


def _key(row: Array) -> bytes:
    return _meta(0x59, bytes([int(row["fifths"]) & 255, int(row["minor"])]))


def _chord(row: Array) -> bytes:
    name = chord_name(int(row["root"]), int(row["quality"]), int(row["bass"]))
    return _meta(0x06, (CHORD_MARK + name).encode())


def _wait(ticks: int) -> bytes:
    """The delta before an event; a wait longer than a delta can say is filled with empty texts."""
    out = b""
    while ticks > _MAX_DELTA:
        out += varlen(_MAX_DELTA) + _meta(0x01, b"")
        ticks -= _MAX_DELTA
    return out + varlen(ticks)


def _meta(kind: int, body: bytes) -> bytes:
    return bytes([0xFF, kind]) + varlen(len(body)) + body


def _chunk(head: bytes, body: bytes = b"") -> bytes:
    content = head + body + b"\x00" + END_OF_TRACK
    return b"MTrk" + len(content).to_bytes(4, "big") + content


def _layers(notes: Array) -> list[Array]:
    """The notes in as many layers as MIDI needs: in each, notes of one pitch end in the order they start.

    Readers pair note-offs first in, first out, so a note inside a longer one of its pitch would swap ends with it.
    """
    layers: list[Array] = []
    while True:
        order = np.lexsort([notes["velocity"], notes["duration"], notes["onset"], notes["pitch"]])
        span = notes["pitch"].astype(np.int64)[order] << 32
        end = span + notes["onset"][order] + notes["duration"][order]
        inside = np.zeros(len(notes), bool)
        inside[order] = end < np.maximum.accumulate(end) if len(end) else False
        if not inside.any() or len(layers) == _MAX_LAYERS:
            return [*layers, notes]
        layers.append(notes[~inside])
        notes = notes[inside]


def _events(notes: Array, pedals: Array, channel: int) -> bytes:
    """Notes and pedals with their deltas; at a tick first what ends, pedals before notes, then what begins."""
    if not len(notes):
        return b""
    starts, ends, events = [], [], []
    for rows in (pedals, notes):
        starts.append(rows["onset"].astype(np.int64))
        ends.append(starts[-1] + rows["duration"])
    velocity = np.maximum(notes["velocity"], 1)
    for status, number, value in (
        (0xB0, np.full(len(pedals), 64, np.uint8), np.zeros(len(pedals), np.uint8)),
        (0x80, notes["pitch"], np.full(len(notes), 64, np.uint8)),
        (0xB0, np.full(len(pedals), 64, np.uint8), np.full(len(pedals), 127, np.uint8)),
        (0x90, notes["pitch"], velocity),
    ):
        events.append(np.stack([np.full(len(number), status | channel, np.uint8), number, value], axis=1))
    tick = np.concatenate([*ends, *starts])
    rank = np.repeat(np.arange(4), [len(some) for some in events])
    order = np.argsort(tick << 2 | rank, kind="stable")
    delta, sorted_events = np.diff(tick[order], prepend=0), np.concatenate(events)[order]
    if delta.max() > _MAX_DELTA:
        return b"".join(_wait(ticks) + bytes(event) for ticks, event in zip(delta.tolist(), sorted_events.tolist(), strict=True))
    return _interleave(delta, sorted_events)


def _interleave(delta: npt.NDArray[np.int64], events: npt.NDArray[np.uint8]) -> bytes:
    """Each delta as a variable-length number before its event of three bytes."""
    digits = np.stack([delta >> 21 & 127 | 128, delta >> 14 & 127 | 128, delta >> 7 & 127 | 128, delta & 127], axis=1).astype(
        np.uint8
    )
    used = np.stack([delta >= 1 << 21, delta >= 1 << 14, delta >= 1 << 7, np.ones(len(delta), bool)], axis=1)
    keep = np.concatenate([used, np.ones((len(delta), 3), bool)], axis=1)
    return bytes(np.concatenate([digits, events], axis=1)[keep])
