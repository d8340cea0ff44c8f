"""Bars of a DAW as lines of plain text, and candidates back: what a script without JSON can write and read.

```
partimento 1
meter 3 4
tempo 120
track 0 40 violin
note 0 1.5 74 80 0
ask fill 3 4
option key G major
```

A track has a number, a program (128: drums) and a name; a note its onset and duration in quarters, pitch, velocity and track;
`ask` a kind and the first and last bar; options are those of a task. Empty lines, and those that begin with `#`, say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

import numpy as np

from partimento.errors import InvalidOption
from partimento.instruments import DRUMS
from partimento.piece import METER, NOTE, TEMPO, About, Piece, Track
from partimento.studio.workshop.asking import Ask
from partimento.studio.workshop.edits import MOST_NOTES

VERSION = 1
QUARTER = 960  # ticks, as REAPER has them
MOST_LINES = MOST_NOTES + 1000
LONGEST_QUARTERS = 100_000.0


@dataclass(frozen=True)
class Exchange:
    """What a DAW sends: a piece, and what is asked of it."""

    piece: Piece
    ask: Ask


def parse_exchange(text: str) -> Exchange:
    """Reads the lines. Raises `InvalidOption`, which names the line, and what `Ask` and `Piece` raise."""
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise InvalidOption(f"{len(lines)} lines; {MOST_LINES} at most")
    reading = _Reading()
    for number, line in enumerate(lines, 1):
        word, _, rest = line.strip().partition(" ")
        if not word or word.startswith("#"):
            continue
        if not reading.version and word != "partimento":
            raise InvalidOption(f"line {number}: the first line is `partimento {VERSION}`")
        take = getattr(reading, f"take_{word}", None)
        if take is None:
            raise InvalidOption(f"line {number}: {word!r} is none of partimento, title, meter, tempo, track, note, ask, option")
        try:
            take(rest)
        except (ValueError, LookupError, TypeError, OverflowError) as error:
            raise InvalidOption(f"line {number}: {line[:100]!r} cannot be read ({error})") from None
    return reading.done()


class _Reading:
    """What the lines so far have said."""

    def __init__(self) -> None:
        self.version = 0
        self.title = ""
        self.meter, self.tempo = (4, 4), 120.0
        self.tracks: dict[int, Track] = {}
        self.notes: list[tuple[int, int, int, int, int]] = []
        self.asked: dict[str, Any] = {}

    def take_partimento(self, rest: str) -> None:
        self.version = int(rest)
        if self.version != VERSION:
            raise ValueError(f"this version reads {VERSION}")

    def take_title(self, rest: str) -> None:
        self.title = rest[:200]

    def take_meter(self, rest: str) -> None:
        upper, lower = map(int, rest.split())
        self.meter = upper, lower

    def take_tempo(self, rest: str) -> None:
        self.tempo = float(rest)

    def take_track(self, rest: str) -> None:
        number, program, *name = rest.split(maxsplit=2)
        if not (0 <= int(number) < 1000 and 0 <= int(program) <= DRUMS):
            raise ValueError("a track is 0..999, its program 0..128")
        is_drum = int(program) == DRUMS
        self.tracks[int(number)] = Track(0 if is_drum else int(program), is_drum, "".join(name)[:200])

    def take_note(self, rest: str) -> None:
        onset, duration, pitch, velocity, track = rest.split()
        first, last = (float(onset), float(onset) + float(duration))
        if not 0 <= first < last <= LONGEST_QUARTERS:
            raise ValueError("a note begins at 0 or later, and lasts")
        begin = round(first * QUARTER)
        self.notes.append((begin, max(1, round(last * QUARTER) - begin), int(pitch), int(velocity), int(track)))

    def take_ask(self, rest: str) -> None:
        kind, *bars = rest.split()
        self.asked["kind"] = kind
        if bars:
            self.asked["bars"] = int(bars[0]), int(bars[-1])

    def take_option(self, rest: str) -> None:
        name, _, value = rest.partition(" ")
        self.asked[name] = option_value(name, value.strip())

    def done(self) -> Exchange:
        if "kind" not in self.asked:
            raise InvalidOption("nothing is asked; write a line such as `ask fill 3 4`")
        order = sorted({*self.tracks, *(note[4] for note in self.notes)})
        place = {number: at for at, number in enumerate(order)}
        notes = np.array([(*note[:4], place[note[4]]) for note in self.notes], np.int64).reshape(-1, 5)
        if len(notes) and not (notes[:, 2:4].min() >= 0 and notes[:, 2:4].max() <= 127):
            raise InvalidOption("a pitch or velocity is outside 0..127")
        rows = np.zeros(len(notes), NOTE)
        for name, column in zip(NOTE.names or (), notes.T, strict=True):
            rows[name] = column
        piece = Piece(
            rows,
            tuple(self.tracks.get(number, Track()) for number in order),
            QUARTER,
            np.array([(0, self.tempo)], TEMPO),
            np.array([(0, *self.meter)], METER),
            about=About(title=self.title or "From a DAW"),
        )
        return Exchange(piece, Ask(**self.asked))


def exchange_text(score: str, task: str, ranking: Sequence[int], candidates: Sequence[tuple[Piece, dict[str, Any]]]) -> str:
    """Candidates as lines: of each `candidate NUMBER BITS`, its tracks, and its notes, each with 1 at its end where it is new."""
    return "\n".join(_lines(score, task, ranking, candidates)) + "\n"


def _lines(score: str, task: str, ranking: Sequence[int], candidates: Sequence[tuple[Piece, dict[str, Any]]]) -> Iterator[str]:
    yield f"partimento {VERSION}"
    yield f"score {score}"
    yield f"task {task}"
    yield "best " + " ".join(map(str, ranking))
    for piece, told in candidates:
        bits = told["bits_per_note"]
        yield f"candidate {told['candidate']} {'-' if bits is None else round(bits, 3)}"
        for number, track in enumerate(piece.tracks):
            yield f"track {number} {DRUMS if track.is_drum else track.program} {' '.join(track.name.split())}".rstrip()
        new = set(told["new"])
        for number, (onset, duration, pitch, velocity, track) in enumerate(piece.notes.tolist()):
            quarter = piece.ticks_per_quarter
            yield f"note {onset / quarter:.6g} {duration / quarter:.6g} {pitch} {velocity} {track} {int(number in new)}"
    yield "end"


def option_value(name: str, text: str) -> Any:
    """An option of a task from its words. Raises `ValueError` or `KeyError` for what is none."""
    kinds = get_type_hints(Ask)
    if name not in kinds or name in ("kind", "bars"):
        raise ValueError(f"an option is one of {', '.join(sorted(set(kinds) - {'kind', 'bars'}))}")
    kind = kinds[name]
    if kind is bool:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
    if kind in (int, int | None):
        return int(text)
    if kind in (float, float | None):
        return float(text)
    if kind is str:
        return text
    if kind == tuple[int, ...]:
        return tuple(int(one) for one in text.replace(",", " ").split())
    return dict(part.strip().split("=", 1) for part in text.split(","))  # conditions: composer=Bach, density=3
