"""A `Piece`: written music as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.errors import InvalidPiece
from partimento.plugins import imported

NOTE = np.dtype([("onset", "<i4"), ("duration", "<i4"), ("pitch", "u1"), ("velocity", "u1"), ("track", "<u2")])
TEMPO = np.dtype([("tick", "<i4"), ("qpm", "<f8")])
METER = np.dtype([("tick", "<i4"), ("numerator", "u1"), ("denominator", "u1")])
KEY = np.dtype([("tick", "<i4"), ("fifths", "i1"), ("minor", "?")])
CHORD = np.dtype([("tick", "<i4"), ("root", "i1"), ("quality", "u1"), ("bass", "i1")])
PEDAL = np.dtype([("onset", "<i4"), ("duration", "<i4"), ("track", "<u2")])

QUALITIES = (  # of a chord; `chord_symbols.py` knows their notes and how they are written
    *("major", "minor", "augmented", "diminished", "suspended fourth", "suspended second", "fifth", "major sixth", "minor sixth"),
    *("dominant seventh", "major seventh", "minor seventh", "half-diminished seventh", "diminished seventh"),
    *("minor major seventh", "augmented seventh", "suspended seventh"),
)

NOTEBOOK = "partimento.render.notebook:html"  # the function that shows a piece, imported when a notebook asks
MAX_TICK = 2**30  # leaves room for sums in int32
MAX_TRACKS = 2**16

MAPS = ("tempos", "meters", "keys", "chords")

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Track:
    """One part: a General MIDI program (0..127), whether it plays drums, and its name."""

    program: int = 0
    is_drum: bool = False
    name: str = ""


@dataclass(frozen=True)
class About:
    """The title page. `source` is the file the piece came from; `made` is JSON that says how a model made it."""

    title: str = ""
    composer: str = ""
    genre: str = ""
    source: str = ""
    licence: str = ""
    made: str = ""


def _array(rows: Any, dtype: np.dtype[Any]) -> Array:
    array = np.ascontiguousarray(rows, dtype=dtype)
    if array.ndim != 1:
        raise InvalidPiece(f"an array of {dtype.names} has {array.ndim} dimensions; it must have one")
    return array


def _read_only(array: Array) -> Array:
    if array.flags.writeable:
        array = array.copy() if array.base is not None else array
        array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class Piece:
    """Notes in ticks, with tracks, tempos, meters, keys, a title page, chord symbols and pedals.

    `notes` is a structured array (`NOTE`) in canonical order: by track, onset, pitch, duration, velocity. The maps
    (`TEMPO`, `METER`, `KEY`, `CHORD`) are ordered by tick; an empty map means 120 quarters a minute, 4/4, no stated key, no
    chord symbols. A chord holds until the next one; its root and bass are pitch classes, equal where it is not inverted, -1
    where no chord sounds; `quality` is an index into `QUALITIES`. `pedals` (`PEDAL`) are the stretches, by track and onset
    and none within another, in which the sustain pedal of a track is down. Arrays are read-only. Raises `InvalidPiece`
    when a value is out of range. `canonical` vouches for the notes: their values are in range, they are in order.
    """

    notes: Array
    tracks: tuple[Track, ...]
    ticks_per_quarter: int = 480
    tempos: Array = field(default_factory=lambda: np.zeros(0, TEMPO))
    meters: Array = field(default_factory=lambda: np.zeros(0, METER))
    keys: Array = field(default_factory=lambda: np.zeros(0, KEY))
    about: About = field(default_factory=About)
    chords: Array = field(default_factory=lambda: np.zeros(0, CHORD))
    pedals: Array = field(default_factory=lambda: np.zeros(0, PEDAL))
    canonical: InitVar[bool] = False

    def __post_init__(self, canonical: bool) -> None:
        """Refuses what is out of range; brings notes into canonical order and maps into that of their ticks."""
        tracks = tuple(self.tracks)
        if not 1 <= self.ticks_per_quarter <= 32767:
            raise InvalidPiece(f"ticks_per_quarter is {self.ticks_per_quarter}; it must be 1..32767")
        if len(tracks) > MAX_TRACKS:
            raise InvalidPiece(f"{len(tracks)} tracks; at most {MAX_TRACKS} are possible")
        notes = _array(self.notes, NOTE) if canonical else _checked_notes(_array(self.notes, NOTE), len(tracks))
        tempos, meters, keys = _array(self.tempos, TEMPO), _array(self.meters, METER), _array(self.keys, KEY)
        tempos, meters, keys = _by_tick(tempos, "tempos"), _by_tick(meters, "meters"), _by_tick(keys, "keys")
        qpm = tempos["qpm"]
        if len(qpm) and not (np.minimum.reduce(qpm) > 0 and np.maximum.reduce(qpm) < np.inf):  # nor what is not a number
            raise InvalidPiece("a tempo is not a positive number of quarters a minute")
        for _, numerator, denominator in meters.tolist():  # one or two as a rule: faster than five array operations
            if not numerator or not denominator or denominator & (denominator - 1):
                raise InvalidPiece("a meter has a zero, or a lower number that is not a power of two")
        for _, fifths, _ in keys.tolist():
            if not -7 <= fifths <= 7:
                raise InvalidPiece("a key has more than seven sharps or flats")
        chords = _checked_chords(_by_tick(_array(self.chords, CHORD), "chords"))
        pedals = _checked_pedals(_array(self.pedals, PEDAL), len(tracks))
        fields = self.__dict__  # frozen: its own `__setattr__` refuses
        fields["tracks"] = tracks
        fields["notes"], fields["tempos"] = _read_only(notes), _read_only(tempos)
        fields["meters"], fields["keys"] = _read_only(meters), _read_only(keys)
        fields["chords"], fields["pedals"] = _read_only(chords), _read_only(pedals)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Piece):
            return NotImplemented
        return (
            (self.tracks, self.ticks_per_quarter, self.about) == (other.tracks, other.ticks_per_quarter, other.about)
            and np.array_equal(self.notes, other.notes)
            and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in (*MAPS, "pedals"))
        )

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self.notes)

    def __repr__(self) -> str:
        title = self.about.title or self.about.source or "untitled"
        return f"<Piece {title!r}: {len(self)} notes, {len(self.tracks)} tracks, {self.seconds:.1f} s>"

    def _repr_html_(self) -> str:
        """How a notebook shows the piece: a roll and a player."""
        shown: str = imported(NOTEBOOK)(self)
        return shown

    @property
    def end_tick(self) -> int:
        """The tick at which the last note ends; 0 without notes."""
        return int((self.notes["onset"].astype(np.int64) + self.notes["duration"]).max()) if len(self.notes) else 0

    @property
    def seconds(self) -> float:
        """Playing time up to the end of the last note, in seconds."""
        return float(self.second_at(np.array([self.end_tick]))[0])

    def second_at(self, ticks: Array) -> npt.NDArray[np.float64]:
        """The playing time in seconds of each tick [N], through the tempo map."""
        at_tick, qpm = self.tempos["tick"].astype(np.float64), self.tempos["qpm"]
        if not len(at_tick) or at_tick[0] > 0:
            at_tick, qpm = np.insert(at_tick, 0, 0.0), np.insert(qpm, 0, 120.0)
        second_per_tick = 60.0 / qpm / self.ticks_per_quarter
        at_second = np.concatenate([[0.0], np.cumsum(np.diff(at_tick) * second_per_tick[:-1])])
        row = np.searchsorted(at_tick, ticks, side="right") - 1
        result: npt.NDArray[np.float64] = at_second[row] + (np.asarray(ticks) - at_tick[row]) * second_per_tick[row]
        return result

    def transpose(self, semitones: int) -> Piece:
        """The piece `semitones` higher; drums and keys' modes stay. Raises `InvalidPiece` when a pitch would leave 0..127."""
        pitch = self.notes["pitch"].astype(np.int64)
        drums = np.array([track.is_drum for track in self.tracks], bool)
        moved = np.where(drums[self.notes["track"]], pitch, pitch + semitones) if len(pitch) else pitch
        if len(moved) and (moved.min() < 0 or moved.max() > 127):
            raise InvalidPiece(f"transposing by {semitones} semitones leaves the range 0..127")
        notes, keys, chords = self.notes.copy(), self.keys.copy(), self.chords.copy()
        notes["pitch"] = moved
        for name in ("root", "bass"):
            chords[name] = np.where(chords[name] < 0, -1, (chords[name].astype(np.int64) + semitones) % 12)
        # seven fifths to a semitone; the spelling with the fewest signs, as on the circle of fifths
        keys["fifths"] = (
            (self.keys["fifths"].astype(np.int64) + 7 * semitones + 5) % 12 - 5 if semitones % 12 else self.keys["fifths"]
        )
        return replace(self, notes=notes, keys=keys, chords=chords)

    def cut(self, start_tick: int, end_tick: int) -> Piece:
        """The notes that start in [start_tick, end_tick), shortened at its end, moved so that start_tick becomes 0."""
        start_tick, end_tick = (min(max(tick, -MAX_TICK), MAX_TICK + 1) for tick in (start_tick, end_tick))
        onset = self.notes["onset"]
        notes = self.notes[(onset >= start_tick) & (onset < end_tick)].copy()
        notes["duration"] = np.minimum(notes["duration"], end_tick - notes["onset"])
        notes["onset"] -= start_tick
        down = np.maximum(self.pedals["onset"], start_tick)
        up = np.minimum(self.pedals["onset"].astype(np.int64) + self.pedals["duration"], end_tick)
        pedals = self.pedals[up > down].copy()
        pedals["onset"], pedals["duration"] = (down - start_tick)[up > down], (up - down)[up > down]
        maps: dict[str, Any] = {name: _cut_map(getattr(self, name), start_tick, end_tick) for name in MAPS}
        return replace(self, notes=notes, pedals=pedals, **maps)

    def merge(self, other: Piece) -> Piece:
        """Both pieces at once: the tracks of `other` follow one's own; maps and title page are one's own."""
        if other.ticks_per_quarter != self.ticks_per_quarter:
            raise InvalidPiece(
                f"cannot merge {other.ticks_per_quarter} with {self.ticks_per_quarter} ticks a quarter; quantise one first"
            )
        if len(self.tracks) + len(other.tracks) > MAX_TRACKS:
            raise InvalidPiece(f"{len(self.tracks) + len(other.tracks)} tracks; at most {MAX_TRACKS} are possible")
        both: dict[str, Any] = {}
        for name in ("notes", "pedals"):
            rows = getattr(other, name).copy()
            rows["track"] = rows["track"].astype(np.int64) + len(self.tracks)
            both[name] = np.concatenate([getattr(self, name), rows])
        return replace(self, tracks=self.tracks + other.tracks, **both)

    def quantise(self, ticks_per_quarter: int) -> Piece:
        """The piece on a grid of `ticks_per_quarter`: onsets and ends to the nearest line, at least one tick long.

        Raises `InvalidPiece` when that goes beyond the last tick.
        """

        def nearest(tick: Array) -> Array:
            line: Array = nearest_line(tick, self.ticks_per_quarter, ticks_per_quarter)
            if len(line) and line.max() >= 2 * MAX_TICK:
                raise InvalidPiece(f"on a grid of {ticks_per_quarter} ticks a quarter the piece goes beyond tick {MAX_TICK}")
            return line

        notes, pedals = self.notes.copy(), self.pedals.copy()
        for rows, shortest in ((notes, 1), (pedals, 0)):
            end = nearest(rows["onset"].astype(np.int64) + rows["duration"])
            rows["onset"] = nearest(rows["onset"])
            rows["duration"] = np.maximum(shortest, end - rows["onset"])
        maps = {}
        for name in MAPS:
            rows = getattr(self, name).copy()
            rows["tick"] = nearest(rows["tick"])
            maps[name] = rows
        pedals = pedals[pedals["duration"] > 0]
        return replace(self, notes=notes, ticks_per_quarter=ticks_per_quarter, pedals=pedals, **maps)


def without_empty_tracks(piece: Piece) -> Piece:
    """The piece without the tracks that have no notes, and their pedals; itself where each has some."""
    used = np.bincount(piece.notes["track"], minlength=len(piece.tracks)) > 0
    if used.all():
        return piece
    place = (np.cumsum(used) - 1).astype(np.uint16)
    notes, pedals = piece.notes.copy(), piece.pedals[used[piece.pedals["track"]]].copy()
    notes["track"], pedals["track"] = place[notes["track"]], place[pedals["track"]]
    tracks = tuple(track for track, plays in zip(piece.tracks, used.tolist(), strict=True) if plays)
    return replace(piece, notes=notes, tracks=tracks, pedals=pedals)


def nearest_line(ticks: Any, ticks_per_quarter: int, lines_per_quarter: int) -> Any:
    """Ticks on another grid: of each [N] the nearest line, int64 [N]; the later one where two are as near."""
    if isinstance(ticks, np.ndarray):
        ticks = ticks.astype(np.int64, copy=False)
    if ticks_per_quarter == lines_per_quarter:
        return ticks
    return (ticks * (2 * lines_per_quarter) + ticks_per_quarter) // (2 * ticks_per_quarter)


def note_array(rows: Iterable[tuple[int, int, int, int, int]]) -> Array:
    """A `NOTE` array [N] from tuples (onset, duration, pitch, velocity, track)."""
    return np.array(list(rows), dtype=NOTE)


def _checked_notes(notes: Array, tracks: int) -> Array:
    """The notes in canonical order: by track, onset, pitch, duration, velocity, so that parts stand one after another."""
    if not len(notes):
        return notes
    onset, duration = notes["onset"], notes["duration"]
    last_onset = int(np.maximum.reduce(onset.view(np.uint32)))  # unsigned, so one before 0 is huge; `reduce` is faster than `max`
    if np.minimum.reduce(duration) < 1 or last_onset >= 2**31:
        raise InvalidPiece("a note starts before tick 0 or lasts less than one tick")
    if last_onset > MAX_TICK or np.maximum.reduce(duration) > MAX_TICK:
        raise InvalidPiece(f"a note lies beyond tick {MAX_TICK}")
    if not (notes["pitch"] | notes["velocity"]).tobytes().isascii():  # the fastest way to look for the eighth bit
        raise InvalidPiece("a pitch or velocity is above 127")
    key = notes["track"].astype(np.int32)
    last_track = int(np.maximum.reduce(key))
    if last_track >= tracks:
        raise InvalidPiece(f"a note is on track {last_track}; there are {tracks} tracks")
    bits = last_onset.bit_length()
    if last_track.bit_length() + bits + 7 > 31:
        key = key.astype(np.int64)
    key <<= bits  # track, onset and pitch in one number
    key |= onset
    key <<= 7
    key |= notes["pitch"]
    if not np.logical_and.reduce(key[1:] >= key[:-1]):
        order = key.argsort(kind="stable")  # stable: three times faster, since readers give notes nearly in order
        notes, key = notes.take(order), key.take(order)  # `take` is eight times faster than `[order]`
    same = (key[1:] == key[:-1]).nonzero()[0]  # the first of two notes of one track, onset and pitch
    if len(same):
        rest = notes["duration"].astype(np.int64) << 7 | notes["velocity"]
        if (rest.take(same) > rest.take(same + 1)).any():
            notes = notes.take(np.lexsort([rest, key]))
    return notes


def _checked_chords(chords: Array) -> Array:
    if len(chords):
        root, bass = chords["root"], chords["bass"]
        if min(root.min(), bass.min()) < -1 or max(root.max(), bass.max()) > 11 or ((root < 0) != (bass < 0)).any():
            raise InvalidPiece("a chord's root or bass is not -1 (for both) or 0..11")
        if chords["quality"].max() >= len(QUALITIES):
            raise InvalidPiece(f"a chord's quality is above {len(QUALITIES) - 1}")
    return chords


def _checked_pedals(pedals: Array, tracks: int) -> Array:
    """The pedals by track and onset, stretches that overlap joined."""
    if not len(pedals):
        return pedals
    onset, duration, track = (pedals[name].astype(np.int64) for name in ("onset", "duration", "track"))
    if onset.min() < 0 or duration.min() < 1 or (onset + duration).max() > MAX_TICK:
        raise InvalidPiece(f"a pedal is pressed before tick 0, lifted after tick {MAX_TICK}, or down for less than one tick")
    if track.max() >= tracks:
        raise InvalidPiece(f"a pedal is on track {track.max()}; there are {tracks} tracks")
    start = track << 32 | onset
    if np.greater_equal(start[1:], (start + duration)[:-1]).all():
        return pedals
    order = np.lexsort([duration, start])
    start = start[order]
    stop = np.maximum.accumulate(start + duration[order])
    first = np.ones(len(pedals), bool)
    np.greater_equal(start[1:], stop[:-1], out=first[1:])
    joined = pedals[order[first]]
    joined["duration"] = stop[np.append(first[1:], True)] - start[first]
    return joined


def _by_tick(rows: Array, name: str) -> Array:
    """The rows of a map in the order of their ticks."""
    count = len(rows)
    tick = rows["tick"]
    if count > 1 and not np.logical_and.reduce(tick[1:] >= tick[:-1]):
        rows = rows[np.argsort(tick, kind="stable")]
        tick = rows["tick"]
    if count and (tick[0] < 0 or tick[-1] > MAX_TICK):
        raise InvalidPiece(f"{name}: a tick is outside 0..{MAX_TICK}")
    return rows


def _cut_map(rows: Array, start_tick: int, end_tick: int) -> Array:
    """The rows of a map that hold in [start_tick, end_tick): the one in force at its start, moved to 0, and those inside."""
    before = np.flatnonzero(rows["tick"] <= start_tick)[-1:]
    inside = np.flatnonzero((rows["tick"] > start_tick) & (rows["tick"] < end_tick))
    kept: Array = rows[np.concatenate([before, inside])].copy()
    kept["tick"] = np.maximum(kept["tick"] - start_tick, 0)
    return kept
