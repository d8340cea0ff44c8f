"""A score as it is written, between its text format and a `Piece`: notes in quarters with ties, bars with repeat marks, maps.

It knows no text format. Ties are merged, dynamic marks become velocities, an upbeat or any other odd bar becomes a meter of
its own so that bars stay true, and the bars are read in the order written or played.
"""

from __future__ import annotations

import bisect
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from partimento.errors import InvalidOption, InvalidPiece, UnreadableFile
from partimento.formats.limits import Limits, check_piece
from partimento.formats.repeats import Marks, playing_order
from partimento.piece import CHORD, KEY, MAX_TICK, METER, TEMPO, About, Piece, Track, note_array
from partimento.theory import parse_chord

REPEATS = ("written", "played")
VELOCITY = 80  # of notes under no dynamic mark
DYNAMICS = {"pppp": 10, "ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126, "ffff": 127, "fp": 49}
# quarters a minute of the words of Italy, as metronomes print them, for scores without a number
TEMPO_WORDS = {
    **{"larghissimo": 24, "grave": 40, "largo": 48, "lento": 52, "larghetto": 60, "adagio": 66, "adagietto": 72, "andante": 76},
    **{"andantino": 84, "moderato": 108, "allegretto": 114, "allegro": 132, "vivace": 160, "presto": 184, "prestissimo": 208},
}
_FINEST = 10080  # for scores whose fractions have no common grid below 32767
_TIE_GAP = 4  # quarters over which a tie still holds a note: those of a written-out arpeggio end before the chord begins
_SHORT = Fraction(1, 32)  # a bar this close to its meter has it: some programs round tuplets


@dataclass(slots=True)
class Note:
    """One note head: tied ones are joined later. Velocity 0 means that the dynamic marks decide.

    `attack` and `release` are how much later than written it starts and ends.
    """

    onset: Fraction
    end: Fraction
    pitch: int
    track: int
    tied_before: bool = False
    tied_after: bool = False
    velocity: int = 0
    attack: Fraction = Fraction(0)
    release: Fraction = Fraction(0)


@dataclass(slots=True)
class Bar:
    """From one bar line to the next, in quarters."""

    start: Fraction
    stop: Fraction
    marks: Marks = field(default_factory=Marks)


@dataclass
class NotatedScore:
    """What is written. Maps are by place in quarters; where several parts state a key, most of them are believed."""

    notes: list[Note] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    tempos: dict[Fraction, float] = field(default_factory=dict)
    tempo_words: dict[Fraction, float] = field(default_factory=dict)
    meters: dict[Fraction, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Fraction, Counter[tuple[int, bool]]] = field(default_factory=dict)
    dynamics: dict[int, dict[Fraction, int]] = field(default_factory=dict)  # of each track
    chords: dict[Fraction, str] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)  # of the bars as played, where the file lists it; else their marks say it
    title: str = ""
    composer: str = ""
    genre: str = ""
    licence: str = ""
    made: str = ""
    repairs: Counter[str] = field(default_factory=Counter)

    def state_meter(self, place: Fraction, numerator: int, denominator: int) -> None:
        """The first part that says something wins."""
        if 0 < numerator < 256 and denominator in (1, 2, 4, 8, 16, 32, 64, 128):
            self.meters.setdefault(place, (numerator, denominator))
        else:
            self.repairs["bad meter"] += 1

    def state_key(self, place: Fraction, fifths: int, minor: bool = False) -> None:
        if abs(fifths) <= 7:
            self.keys.setdefault(place, Counter())[fifths, minor] += 1

    def state_tempo(self, place: Fraction, qpm: float) -> None:
        if 1 <= qpm <= 10000:
            self.tempos.setdefault(place, qpm)

    def say_tempo(self, place: Fraction, words: str) -> None:
        """A tempo in words, which holds where no number is given."""
        known = [TEMPO_WORDS[word] for word in re.findall(r"[a-z]+", words.lower())[:4] if word in TEMPO_WORDS]
        if known:
            self.tempo_words.setdefault(place, known[0])

    def piece(self, source: str, limits: Limits, repeats: str) -> Piece:
        """The piece, its bars in the order `written` or `played`. Raises `UnreadableFile`."""
        for place, qpm in self.tempo_words.items():
            self.tempos.setdefault(place, qpm)
        self._play_dynamics()
        score = self._played(limits) if repeats == "played" else self
        notes = joined(score.notes)
        if len(notes) > limits.max_notes:
            raise UnreadableFile("too many notes", f"{len(notes)}; the limit is {limits.max_notes}")
        meters = true_meters(score.bars, score.meters)
        keys = {place: votes.most_common(1)[0][0] for place, votes in score.keys.items()}
        places = {place for note in notes for place in (note.onset, note.end)} | {*score.tempos, *meters, *keys, *score.chords}
        if places and max(places) * _FINEST > MAX_TICK:
            raise UnreadableFile("too long", f"{float(max(places)):.0f} quarters")
        grid = _grid(places)
        if any((place * grid).denominator != 1 for place in places):
            self.repairs["moved to the grid"] += 1

        def tick(place: Fraction) -> int:
            return round(place * grid)

        rows = [
            (tick(n.onset), max(1, tick(n.end) - tick(n.onset)), n.pitch, n.velocity, n.track) for n in notes if 0 <= n.pitch <= 127
        ]
        if len(rows) < len(notes):
            self.repairs["pitch out of range"] += len(notes) - len(rows)

        def table(values: dict[Fraction, Any], dtype: np.dtype[Any]) -> Any:
            by_tick = {tick(place): value for place, value in sorted(values.items())}
            changes = zip(by_tick.items(), [None, *by_tick.values()], strict=False)
            return np.array([(at, *value) for (at, value), before in changes if value != before or dtype is CHORD], dtype)

        return Piece(
            note_array(rows),
            tuple(self.tracks),
            grid,
            table({place: (qpm,) for place, qpm in score.tempos.items()}, TEMPO),
            table(meters, METER),
            table(keys, KEY),
            About(self.title, self.composer, self.genre, source, self.licence, self.made),
            table(self._known_chords(score.chords), CHORD),
        )

    def _known_chords(self, symbols: dict[Fraction, str]) -> dict[Fraction, tuple[int, int, int]]:
        known = {}
        for place, symbol in symbols.items():
            try:
                known[place] = parse_chord(symbol)
            except InvalidOption:
                self.repairs["chord symbols left out"] += 1
        return known

    def _play_dynamics(self) -> None:
        marks = {
            track: (sorted(of_track), [of_track[place] for place in sorted(of_track)]) for track, of_track in self.dynamics.items()
        }
        for note in self.notes:
            if not note.velocity:
                places, velocities = marks.get(note.track, ([], []))
                at = bisect.bisect_right(places, note.onset)
                note.velocity = velocities[at - 1] if at else VELOCITY

    def _played(self, limits: Limits) -> NotatedScore:
        """The score with every repeat written out: stretches of bars, one after another."""
        order = self.order or playing_order([bar.marks for bar in self.bars])
        if order == list(range(len(self.bars))):
            return self
        of_bar: list[list[Note]] = [[] for _ in self.bars]
        starts = [bar.start for bar in self.bars]
        for note in self.notes:
            of_bar[max(0, bisect.bisect_right(starts, note.onset) - 1)].append(note)
        if sum(len(of_bar[number]) for number in order) > limits.max_notes:
            raise UnreadableFile("too many notes", f"with its repeats played; the limit is {limits.max_notes}")
        played = NotatedScore()
        maps = [(getattr(self, name), getattr(played, name)) for name in ("tempos", "meters", "keys", "chords")]
        sorted_places = [sorted(mine) for mine, _ in maps]
        end = Fraction(0)
        for number, before in zip(order, [-1, *order], strict=False):
            bar = self.bars[number]
            shift = end - bar.start
            end = bar.stop + shift
            played.bars.append(Bar(bar.start + shift, end))
            played.notes += [replace(note, onset=note.onset + shift, end=note.end + shift) for note in of_bar[number]]
            for (mine, theirs), places in zip(maps, sorted_places, strict=True):
                first = bisect.bisect_left(places, bar.start)
                if number != before + 1 and first and mine is not self.chords:
                    theirs[bar.start + shift] = mine[places[first - 1]]  # what holds at the place that one jumps to
                for place in places[first : bisect.bisect_left(places, bar.stop)]:
                    theirs[place + shift] = mine[place]
        return played


def finished(score: NotatedScore, source: str, limits: Limits, repeats: str) -> tuple[Piece, Counter[str]]:
    """The piece of a score that has been read, and the repairs it took. Raises `UnreadableFile`."""
    try:
        piece = score.piece(source, limits, repeats)
    except InvalidPiece as error:
        raise UnreadableFile("bad timing", str(error)) from None
    check_piece(piece, limits)
    return piece, score.repairs


def joined(notes: list[Note]) -> list[Note]:
    """The notes with tied ones as one, in the order of their onsets; what is tied to nothing stands alone."""
    result: list[Note] = []
    open_ties: dict[tuple[int, int], list[Note]] = {}
    for note in sorted(notes, key=lambda note: note.onset):
        place = (note.track, note.pitch)
        current = note
        if note.tied_before:
            open_ones = [one for one in open_ties.get(place, ()) if note.onset - _TIE_GAP <= one.end <= note.onset]
            if open_ones:
                current = max(open_ones, key=lambda one: (one.end, -one.onset))  # of unisons the one that began first
                open_ties[place].remove(current)
                current.end, current.release = max(current.end, note.end), note.release
        if current is note:
            current = replace(note)
            result.append(current)
        if note.tied_after:
            open_ties.setdefault(place, []).append(current)
    for note in result:
        note.onset, note.end = note.onset + note.attack, note.end + note.release
    return result


def true_meters(bars: list[Bar], meters: dict[Fraction, tuple[int, int]]) -> dict[Fraction, tuple[int, int]]:
    """The meters with an upbeat, and any other bar that is shorter or longer than its meter, as a meter of its own."""
    if not bars or bars[0].start != 0 or not meters:
        return meters
    places = sorted(meters)
    result: dict[Fraction, tuple[int, int]] = {}
    for bar in bars:
        at = bisect.bisect_left(places, bar.stop)
        upper, lower = meters[places[at - 1]] if at else (4, 4)
        length = bar.stop - bar.start
        last = bar is bars[-1] and length < Fraction(4 * upper, lower)  # a last bar cut short is nobody's meter
        if length != Fraction(4 * upper, lower) and not last:
            lower = max(4, (length / 4).denominator)
            odd = length * lower / 4
            if lower > 128 or lower & (lower - 1) or odd.denominator != 1 or not 0 < odd < 256:
                return meters
            upper = int(odd)
        result[bar.start] = (upper, lower)
    return result


def bar_length(content: Fraction, meter: tuple[int, int]) -> Fraction:
    """The length of a bar whose longest voice lasts `content`; an empty one lasts as its meter says."""
    nominal = Fraction(4 * meter[0], meter[1])
    return nominal if not content or abs(content - nominal) < _SHORT else content


def _grid(places: Iterable[Fraction]) -> int:
    """Ticks a quarter at which every place is exact: 480 where that will do, else its multiple; at most 32767."""
    grid = 480
    for denominator in {place.denominator for place in places}:
        grid = math.lcm(grid, denominator)
        if grid > 32767:
            return _FINEST
    return grid
