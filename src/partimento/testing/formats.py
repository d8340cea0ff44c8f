"""`check_format`: whether a registered format keeps what it claims to keep, and survives what is not its own."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from partimento.errors import UnknownName
from partimento.formats import FORMATS, MODULES, Format, format_of, parse, supervise, unpack
from partimento.piece import Piece, Track, note_array
from partimento.testing.written_pieces import played_pieces, titled_pieces, written_pieces

_PARSE_TASK = "partimento.formats.readtask:parse_task"
_MUTANTS = 120
_SECONDS = 20.0  # that a worker may take for one of them


def check_format(name: str, *, examples: int = 40) -> None:
    """Raises `AssertionError` where the format breaks what it declares.

    A file that it writes is recognised as its own, by it alone; the same piece gives the same bytes; each of `keeps` comes back,
    over made pieces; and what is cut, changed or no file at all becomes a piece or an `UnreadableFile`, in time.
    """
    if name not in FORMATS:
        raise UnknownName("format", name, FORMATS)
    one = FORMATS[name]
    assert one.suffixes, f"{name}: it has no suffix"
    assert not set(one.writers) - set(one.suffixes), f"{name}: it writes suffixes that it does not read"
    for suffix in one.writers:
        _check_round_trips(one, suffix, examples)
    _check_hostile(one)


def sounding(piece: Piece, *, drums: bool = True) -> Counter[tuple[Any, ...]]:
    """Each note as onset and duration in quarters, pitch and track; `drums` False leaves out how long drums last."""
    grid = piece.ticks_per_quarter
    of_drums = [track.is_drum and not drums for track in piece.tracks]
    return Counter(
        (round(onset / grid, 6), 0.0 if of_drums[track] else round(duration / grid, 6), pitch, track)
        for onset, duration, pitch, _, track in piece.notes.tolist()
    )


def _check_round_trips(one: Format, suffix: str, examples: int) -> None:
    exact = "exact times" in one.keeps

    def back(piece: Piece) -> Piece:
        written = one.writers[suffix](piece)
        assert one.writers[suffix](piece) == written, f"{suffix}: the same piece was written in two ways"
        found = format_of(written, "")
        assert found is one, f"{suffix}: what it writes is recognised as {found.name if found else 'nothing'}"
        again, repairs = parse(written, suffix)
        assert not repairs, f"{suffix}: what it writes needs repairs: {dict(repairs)}"
        return again

    def check_notes(piece: Piece) -> None:
        _same(one, "notes", sounding(back(piece), drums=exact), sounding(piece, drums=exact))

    def check_playing(piece: Piece) -> None:
        again = back(piece)
        if exact:
            _same(one, "exact times", sounding(again), sounding(piece))
        if "velocity" in one.keeps:
            loudness = [Counter(some.notes[["pitch", "velocity", "track"]].tolist()) for some in (again, piece)]
            _same(one, "velocity", *loudness)

    def check_titled(piece: Piece) -> None:
        again = back(piece)
        found: dict[str, Callable[[Piece], Any]] = {
            "maps": lambda some: [_in_quarters(some, table) for table in ("tempos", "meters", "keys")],
            "chords": lambda some: _in_quarters(some, "chords"),
            "pedals": lambda some: [
                (row[0] / some.ticks_per_quarter, row[1] / some.ticks_per_quarter, row[2]) for row in some.pedals.tolist()
            ],
            "names": lambda some: [track.name for track in some.tracks],
            "programs": lambda some: [track.program for track in some.tracks],
            "about": lambda some: replace(some.about, source=""),
        }
        for word, of in found.items():
            if word in one.keeps:
                _same(one, word, of(again), of(piece))

    drums = exact and "drums" in one.keeps
    _over(written_pieces(plain=not drums), check_notes, examples)
    if "drums" in one.keeps and not exact:
        _over(written_pieces().filter(_one_drum_at_a_time), check_notes, examples)
    if exact or "velocity" in one.keeps:
        _over(played_pieces(), check_playing, examples)
    _over(titled_pieces(), check_titled, examples)


def _one_drum_at_a_time(piece: Piece) -> bool:
    """Where no note overlaps another of its pitch and track: what only exact times can say."""
    rows = sorted((track, pitch, onset, onset + duration) for onset, duration, pitch, _, track in piece.notes.tolist())
    return all(a[:2] != b[:2] or a[3] <= b[2] for a, b in pairwise(rows))


def _same(one: Format, word: str, again: Any, before: Any) -> None:
    assert again == before, f"{one.name} claims to keep {word!r}: {before} came back as {again}"


def _in_quarters(piece: Piece, table: str) -> list[tuple[Any, ...]]:
    return [
        (row[0] / piece.ticks_per_quarter, *(round(value, 3) if isinstance(value, float) else value for value in row[1:]))
        for row in getattr(piece, table).tolist()
    ]


def _over(pieces: st.SearchStrategy[Piece], check: Callable[[Piece], None], examples: int) -> None:
    settings(max_examples=examples, deadline=None, database=None)(given(pieces)(check))()


def _check_hostile(one: Format) -> None:
    """Files of all formats, cut and changed, under each suffix of this one, each in a worker."""
    chance = random.Random(7)
    piece = Piece(note_array([(at * 480, 480, 60 + at % 12, 80, 0) for at in range(32)]), (Track(),))
    whole = [writer(piece) for other in FORMATS.values() for writer in dict.fromkeys(other.writers.values())]
    own = [writer(piece) for writer in dict.fromkeys(one.writers.values())] or whole
    data = [b"", b"\0", b"\xff" * 4096, bytes(range(256)) * 16, b"<html></html>", *whole]
    for number in range(_MUTANTS):
        mutant = bytearray(own[number % len(own)])
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(mutant))
            kind = number % 3
            if kind == 0:
                mutant[at] = chance.randrange(256)
            elif kind == 1:
                del mutant[at : at + chance.randint(1, 9)]
            else:
                mutant[at:at] = mutant[at : at + chance.randint(1, 400)]
        data += [bytes(mutant), own[number % len(own)][: chance.randrange(len(own[number % len(own)]))]]
    init = {"suffix": one.suffixes[0], "formats": MODULES}
    replies = supervise.run(_PARSE_TASK, data, workers=1, seconds=_SECONDS, init=init)
    for index, reply in replies:
        assert reply.reason not in ("crashed", "timed out", "out of memory"), f"{one.name}: {reply}: {data[index][:200]!r}"
        if reply.ok:
            assert len(unpack(reply.data)[0]), f"{one.name}: a piece without notes"
