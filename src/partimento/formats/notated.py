"""A score as it is written, between its text format and a `Piece`: notes in quarters with ties, bars with repeat marks, maps.

Dynamic marks become velocities, words and equations tempos, and the bars are read in the order
written or played. A reader counts places in quarters, as fractions, or in whole units of its own, which is far faster.
"""

from __future__ import annotations

import bisect
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from partimento.chord_symbols import parse_chord
from partimento.errors import InvalidOption, InvalidPiece, UnreadableFile
from partimento.formats.limits import Limits, check_piece
from partimento.formats.odd_bars import Bar, bar_length, true_meters
from partimento.formats.repeats import playing_order
from partimento.formats.ties import Note, Place, joined
from partimento.piece import CHORD, KEY, MAX_TICK, METER, NOTE, TEMPO, About, Piece, Track

__all__ = ["DYNAMICS", "REPEATS", "Bar", "NotatedScore", "Note", "Place", "bar_length", "finished"]

REPEATS = ("written", "played")
VELOCITY = 80  # of notes under no dynamic mark
DYNAMICS = {"pppp": 10, "ppp": 16, "pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112, "fff": 126, "ffff": 127, "fp": 49}
# quarters a minute of the words of Italy, as metronomes print them, for scores without a number
TEMPO_WORDS = {
    **{"larghissimo": 24, "grave": 40, "largo": 48, "lento": 52, "larghetto": 60, "adagio": 66, "adagietto": 72, "andante": 76},
    **{"andantino": 84, "moderato": 108, "allegretto": 114, "allegro": 132, "vivace": 160, "presto": 184, "prestissimo": 208},
}
_FINEST = 10080  # ticks a quarter, for scores whose places have no common grid below 32767
_TICKS = 480  # a quarter, where they will do
_FINEST_UNIT = 1 << 40  # a quarter; places that need a finer one are rounded


@dataclass
class NotatedScore:
    """What is written. Maps are by place; where several parts state a key, most of them are believed.

    Places are fractions of a quarter where `unit` is 1, else whole numbers of which `unit`, a multiple of 480, make a quarter.
    """

    unit: int = 1
    notes: list[Note] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    tempos: dict[Place, float] = field(default_factory=dict)
    tempo_words: dict[Place, float] = field(default_factory=dict)
    tempo_ratios: dict[Place, float] = field(default_factory=dict)  # of the new tempo to the one before
    meters: dict[Place, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Place, Counter[tuple[int, bool]]] = field(default_factory=dict)
    dynamics: dict[int, dict[Place, int]] = field(default_factory=dict)  # of each staff that notes name
    chords: dict[Place, str] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)  # of the bars as played, where the file lists it; else their marks say it
    title: str = ""
    composer: str = ""
    genre: str = ""
    licence: str = ""
    made: str = ""
    repairs: Counter[str] = field(default_factory=Counter)
    heads: list[Note] = field(default_factory=list)  # of the notes of the piece, in their order, once it is made

    def state_meter(self, place: Place, numerator: int, denominator: int) -> None:
        """The first part that says something wins."""
        if 0 < numerator < 256 and denominator in (1, 2, 4, 8, 16, 32, 64, 128):
            self.meters.setdefault(place, (numerator, denominator))
        else:
            self.repairs["bad meter"] += 1

    def state_key(self, place: Place, fifths: int, minor: bool = False) -> None:
        if abs(fifths) <= 7:
            self.keys.setdefault(place, Counter())[fifths, minor] += 1

    def state_tempo(self, place: Place, qpm: float) -> None:
        if 1 <= qpm <= 10000:
            self.tempos.setdefault(place, qpm)

    def say_tempo(self, place: Place, words: str) -> None:
        """A tempo in words, which holds where no number is given."""
        known = [TEMPO_WORDS[word] for word in re.findall(r"[a-z]+", words.lower())[:4] if word in TEMPO_WORDS]
        if known:
            self.tempo_words.setdefault(place, known[0])

    def state_tempo_ratio(self, place: Place, ratio: float) -> None:
        """A new tempo by an equation of note values, such as quarter = half: so many times the one before."""
        if 0 < ratio < math.inf:
            self.tempo_ratios.setdefault(place, ratio)

    def piece(self, source: str, limits: Limits, repeats: str) -> Piece:
        """The piece, its bars in the order `written` or `played`. Raises `UnreadableFile`."""
        self._count_in_units()
        self._settle_tempos()
        self._play_dynamics()
        score = self._played(limits) if repeats == "played" else self
        notes = joined(score.notes, self.unit)
        if len(notes) > limits.max_notes:
            raise UnreadableFile("too many notes", f"{len(notes)}; the limit is {limits.max_notes}")
        meters = true_meters(score.bars, score.meters, self.unit)
        keys = {place: votes.most_common(1)[0][0] for place, votes in score.keys.items()}
        sounding = [note for note in notes if 0 <= note.pitch <= 127]
        self.heads = sounding
        if len(sounding) < len(notes):
            self.repairs["pitch out of range"] += len(notes) - len(sounding)
        places: set[Any] = {note.onset for note in notes} | {note.end for note in notes}
        places |= {*score.tempos, *meters, *keys, *score.chords}
        grid, tick = self._grid(places)
        longest = max(map(abs, places), default=0)
        if longest * grid > MAX_TICK * self.unit:
            raise UnreadableFile("too long", f"{longest / self.unit:.0f} quarters")

        rows = np.zeros(len(sounding), NOTE)
        rows["onset"] = [tick[note.onset] for note in sounding]
        rows["duration"] = [tick[note.end] for note in sounding] - rows["onset"]
        rows["duration"] = np.maximum(rows["duration"], 1)
        rows["pitch"] = [note.pitch for note in sounding]
        rows["velocity"] = [note.velocity for note in sounding]
        rows["track"] = [note.track for note in sounding]

        def table(values: dict[Place, Any], dtype: np.dtype[Any]) -> Any:
            by_tick = {tick[place]: value for place, value in sorted(values.items())}
            changes = zip(by_tick.items(), [None, *by_tick.values()], strict=False)
            return np.array([(at, *value) for (at, value), before in changes if value != before or dtype is CHORD], dtype)

        return Piece(
            rows,
            tuple(self.tracks),
            grid,
            table({place: (qpm,) for place, qpm in score.tempos.items()}, TEMPO),
            table(meters, METER),
            table(keys, KEY),
            About(self.title, self.composer, self.genre, source, self.licence, self.made),
            table(self._known_chords(score.chords), CHORD),
        )

    def _grid(self, places: Iterable[int]) -> tuple[int, dict[Place, int]]:
        """Ticks a quarter at which every place is exact, 480 where that will do, at most 32767; and the tick of each place."""
        ticks = math.lcm(_TICKS, self.unit // math.gcd(self.unit, *places))
        if ticks <= 32767:
            scale, divisor = Fraction(ticks, self.unit).as_integer_ratio()
            return ticks, {place: place * scale // divisor for place in places}
        self.repairs["moved to the grid"] += 1
        return _FINEST, {place: round(Fraction(place * _FINEST, self.unit)) for place in places}

    def _count_in_units(self) -> None:
        """Turns fractions of quarters into whole numbers of units."""
        if self.unit > 1:
            return
        unit = _TICKS
        for denominator in {place.denominator for place in self._all_places()}:
            unit = math.lcm(unit, denominator)
            if unit > _FINEST_UNIT:
                unit = _FINEST << 10
                self.repairs["moved to the grid"] += 1
                break
        self.unit = unit

        def whole(place: Place) -> int:
            return place.numerator * unit // place.denominator

        for note in self.notes:
            note.onset, note.end = whole(note.onset), whole(note.end)
            note.attack, note.release = whole(note.attack), whole(note.release)
        for bar in self.bars:
            bar.start, bar.stop = whole(bar.start), whole(bar.stop)
        for name in _MAPS:
            setattr(self, name, {whole(place): value for place, value in getattr(self, name).items()})
        self.dynamics = {staff: {whole(place): value for place, value in marks.items()} for staff, marks in self.dynamics.items()}

    def _all_places(self) -> Iterator[Place]:
        for note in self.notes:
            yield from (note.onset, note.end, note.attack, note.release)
        for bar in self.bars:
            yield from (bar.start, bar.stop)
        for places in (*(getattr(self, name) for name in _MAPS), *self.dynamics.values()):
            yield from places

    def _settle_tempos(self) -> None:
        """Numbers for what is stated in words and by equations."""
        tempo = 120.0
        for place in sorted({*self.tempos, *self.tempo_words, *self.tempo_ratios}):
            if place not in self.tempos:
                ratio = self.tempo_ratios.get(place)
                self.state_tempo(place, self.tempo_words[place] if ratio is None else tempo * ratio)
            tempo = self.tempos.get(place, tempo)

    def _known_chords(self, symbols: dict[Place, str]) -> dict[Place, tuple[int, int, int]]:
        known = {}
        for place, symbol in symbols.items():
            try:
                known[place] = parse_chord(symbol)
            except InvalidOption:
                self.repairs["chord symbols left out"] += 1
        return known

    def _play_dynamics(self) -> None:
        marks = {staff: (sorted(of_staff), of_staff) for staff, of_staff in self.dynamics.items()}
        for note in self.notes:
            if not note.velocity:
                places, velocities = marks.get(note.track if note.staff < 0 else note.staff, ([], {}))
                at = bisect.bisect_right(places, note.onset)
                note.velocity = velocities[places[at - 1]] if at else VELOCITY

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
        played = NotatedScore(self.unit)
        maps = [(getattr(self, name), getattr(played, name)) for name in _MAPS if not name.startswith("tempo_")]
        sorted_places = [sorted(mine) for mine, _ in maps]
        end: Place = 0
        for number, before, after in zip(order, [-1, *order], [*order[1:], -1], strict=False):
            bar = self.bars[number]
            shift = end - bar.start
            end = bar.stop + shift
            played.bars.append(Bar(bar.start + shift, end, goes_on=bar.goes_on and after == number + 1))
            played.notes += [replace(note, onset=note.onset + shift, end=note.end + shift) for note in of_bar[number]]
            for (mine, theirs), places in zip(maps, sorted_places, strict=True):
                first = bisect.bisect_left(places, bar.start)
                if number != before + 1 and first and mine is not self.chords:
                    theirs[bar.start + shift] = mine[places[first - 1]]  # what holds at the place that one jumps to
                for place in places[first : bisect.bisect_left(places, bar.stop)]:
                    theirs[place + shift] = mine[place]
        return played


_MAPS = ("tempos", "tempo_words", "tempo_ratios", "meters", "keys", "chords")


def finished(score: NotatedScore, source: str, limits: Limits, repeats: str) -> tuple[Piece, Counter[str]]:
    """The piece of a score that has been read, and the repairs it took. Raises `UnreadableFile`."""
    try:
        piece = score.piece(source, limits, repeats)
    except InvalidPiece as error:
        raise UnreadableFile("bad timing", str(error)) from None
    check_piece(piece, limits)
    return piece, score.repairs
