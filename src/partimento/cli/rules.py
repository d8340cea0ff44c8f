"""The rules of `partimento compose` as people type them. It knows texts; what rules are, `composing/rules` knows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from partimento.errors import InvalidOption

if TYPE_CHECKING:
    from partimento.composing.rules import Rules

ROWS = Parameter(show_default=False)


@Parameter(name="*", group="Rules")
@dataclass(frozen=True, kw_only=True)
class RuleOptions:
    """What must hold of every new note.

    Parameters
    ----------
    key
        All notes in this key or scale: "G major", "A minor", "D dorian", "C pentatonic".
    meter
        The meter: 3/4.
    tempo
        Quarters a minute.
    bars
        So many new bars, ending on a bar line, however many notes.
    end_on_tonic
        The last bar ends over the tonic of --key.
    chords
        Chord symbols, one a bar, over and over: "C G/B Am7 Dm7 G7".
    chord_beats
        A new chord after so many beats instead of a bar.
    passing
        Short notes off the beat may be outside the chord.
    bass
        Notes of the bass, placed like chords: "C B A G".
    range
        Lowest and highest pitch, of all or of an instrument: C3-C6, or piano=A0-C8,violin=G3-E7.
    polyphony
        At most so many notes at once.
    instruments
        Who plays: piano, or "violin,cello,drums".
    no_parallel_fifths
        Not between the lowest and the highest voice.
    rhythm_of
        A score whose onsets and durations the new notes take.
    """

    key: Annotated[str, ROWS] = ""
    meter: Annotated[str, ROWS] = ""
    tempo: Annotated[float | None, ROWS] = None
    bars: Annotated[int, ROWS] = 0
    end_on_tonic: Annotated[bool, ROWS] = False
    chords: Annotated[str, ROWS] = ""
    chord_beats: Annotated[int, ROWS] = 0
    passing: Annotated[bool, ROWS] = False
    bass: Annotated[str, ROWS] = ""
    range: Annotated[str, ROWS] = ""
    polyphony: Annotated[int, ROWS] = 0
    instruments: Annotated[str, ROWS] = ""
    no_parallel_fifths: Annotated[bool, ROWS] = False
    rhythm_of: Annotated[Path | None, ROWS] = None

    def rules(self) -> Rules | None:
        """The rules that are asked for; None when none is. Raises `InvalidOption`, and what reading a score raises."""
        if self == RuleOptions():
            return None
        from partimento.composing.rules import Rules
        from partimento.instruments import parse_instrument

        return Rules(
            key=self.key,
            meter=_meter(self.meter) if self.meter else None,
            tempo_qpm=self.tempo,
            bars=self.bars,
            end_on_tonic=self.end_on_tonic,
            chords=_words(self.chords),
            chord_beats=self.chord_beats,
            passing=self.passing,
            bass=_words(self.bass),
            ranges=_ranges(self.range),
            polyphony=self.polyphony,
            instruments=tuple(parse_instrument(name) for name in self.instruments.split(",") if name.strip()),
            no_parallel_fifths=self.no_parallel_fifths,
            rhythm=_rhythm(self.rhythm_of) if self.rhythm_of is not None else (),
        )


def _words(text: str) -> tuple[str, ...]:
    """Words apart by spaces, commas or bar lines."""
    return tuple(word for word in re.split(r"[\s,|]+", text) if word)


def _meter(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)/(\d+)", text.strip())
    if match is None:
        raise InvalidOption(f"--meter {text}: write 4/4, 3/4, 6/8")
    return int(match[1]), int(match[2])


def _ranges(text: str) -> dict[int, tuple[int, int]]:
    from partimento.instruments import parse_instrument
    from partimento.theory import parse_pitch

    ranges = {}
    for part in text.split(","):
        if not part.strip():
            continue
        name, _, span = part.rpartition("=")
        ends = re.fullmatch(r"\s*(-?\w[#b♯♭]*-?\d*)\s*-\s*(\w[#b♯♭]*-?\d*)\s*", span)
        if ends is None:
            raise InvalidOption(f"--range {part.strip()}: write C3-C6, or piano=A0-C8")
        low, high = parse_pitch(ends[1]), parse_pitch(ends[2])
        if low > high:
            raise InvalidOption(f"--range {part.strip()}: {ends[1]} is above {ends[2]}")
        ranges[parse_instrument(name) if name else -1] = low, high
    return ranges


def _rhythm(path: Path) -> Any:
    """Onsets and durations in quarters, as the score has them; those of its highest voice where several begin together."""
    from partimento.formats import read

    piece = read(path)
    highest: dict[int, tuple[int, int]] = {}
    for onset, duration, pitch, _, track in piece.notes.tolist():
        if not piece.tracks[track].is_drum:
            highest[onset] = max(highest.get(onset, (-1, 0)), (pitch, duration))
    grid = piece.ticks_per_quarter
    return tuple((onset / grid, duration / grid) for onset, (_, duration) in sorted(highest.items()))
