"""What is counted of a set: one histogram a piece for each feature, and figures a piece has once. It compares nothing.

Keeping the pieces apart is what makes intervals by bootstrap and halves of a set cheap: both are weights on rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from partimento.evaluation import statistics
from partimento.explore.harmony import DEGREES, NUMERALS, QUALITY_NAMES, THIRD_OF_QUALITY, Beats, keys_found, tonic
from partimento.explore.lines import VALUE_NAMES, Lines, note_value
from partimento.explore.music import Floats, Ints, Music
from partimento.piece import Array
from partimento.theory import MAJOR_KEYS, MINOR_KEYS, PITCH_CLASS_NAMES

Tell = Callable[[int, int], None]
INTERVAL_NAMES = (
    *("unison", "minor 2nd", "major 2nd", "minor 3rd", "major 3rd", "4th", "tritone", "5th", "minor 6th", "major 6th"),
    *("minor 7th", "major 7th", "octave"),
)
LARGEST_INTERVAL = 14  # semitones; larger ones are counted with it
METERS = ("2/4", "3/4", "4/4", "2/2", "3/8", "6/8", "9/8", "12/8", "3/2", "4/2", "6/4", "5/4", "other", "not stated")
PLACES = ("downbeat", "other beats", "halves, thirds", "quarters, sixths", "elsewhere")
GRIDS = {"2/4": 8, "3/4": 12, "4/4": 16, "6/8": 12}  # sixteenths in a bar
CADENCES = ("V–I", "vii°–I", "IV–I", "others to I", "ends on V", "others")
FAMILIES = tuple(
    "piano,mallets,organ,guitar,bass,strings,ensemble,brass,reed,pipe,synth lead,synth pad,effects,ethnic,percussive,sounds,drums"
    "".split(",")
)
LENGTHS = ("< ½ min", "½–1", "1–2", "2–4", "4–8", "8–16", "> 16 min")
TEMPO_STEP, TEMPOS = 20, 12
MOST_VOICES = 10
_PLACE_OF_TWELFTH = np.array([0, 4, 3, 3, 2, 4, 2, 4, 2, 3, 3, 4])  # of a beat: 6 is its half, 4 and 8 are its thirds
_CLOSE = 0.03  # of a beat
NUMERAL_COUNT = len(NUMERALS)


@dataclass(frozen=True)
class Feature:
    """A histogram: its `labels`, what `things` it counts, and a sentence on how. Features without a section are not drawn."""

    name: str
    title: str
    section: str
    things: str
    labels: tuple[str, ...]
    how: str = ""


def _interval_label(semitones: int) -> str:
    name = INTERVAL_NAMES[abs(semitones)] if abs(semitones) <= 12 else "wider"
    return name if not semitones else f"{name} {'up' if semitones > 0 else 'down'}"


def _pairs(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{one} → {other}" for one in labels for other in labels)


_KEYS = (*(f"{name}" for name in MAJOR_KEYS), *(f"{name}m" for name in MINOR_KEYS))
FEATURES: dict[str, Feature] = {
    feature.name: feature
    for feature in (
        Feature("pitch_class", "Pitch classes", "Pitch", "notes", PITCH_CLASS_NAMES, "As written, octaves put together."),
        Feature("degree", "Degrees of the scale", "Pitch", "notes", DEGREES, "Counted from the tonic of the key found."),
        Feature("pitch", "Pitches", "Pitch", "notes", tuple(map(str, range(128))), "MIDI numbers; 60 is middle C."),
        Feature(
            "interval",
            "Melodic intervals",
            "Pitch",
            "moves",
            tuple(_interval_label(i) for i in range(-LARGEST_INTERVAL, LARGEST_INTERVAL + 1)),
            "From note to note of the line of each track.",
        ),
        Feature("harmonic", "Intervals above the bass", "Pitch", "notes", INTERVAL_NAMES[1:12], "On every beat, octaves taken off."),
        Feature("duration", "Durations", "Time", "notes", VALUE_NAMES, "Each as the nearest note value."),
        Feature("wait", "From onset to onset", "Time", "moves", VALUE_NAMES, "In the line of each track; rests count with the note."),
        Feature("place", "Place in the beat", "Time", "notes", PLACES, "Where notes begin, by the meter in force."),
        *(
            Feature(f"place_{meter.replace('/', '_')}", f"Place in the bar, {meter}", "Time", "notes", tuple(map(str, range(size))), "In sixteenths.")
            for meter, size in GRIDS.items()
        ),
        Feature("meter", "Meters", "Time", "pieces", METERS, "The one in force for most of the piece."),
        Feature(
            "tempo", "Tempo", "Time", "pieces", tuple(str(TEMPO_STEP * (i + 1)) for i in range(TEMPOS)), "Quarters a minute, mean of the piece."
        ),
        Feature("length", "Length", "Time", "pieces", LENGTHS, "Playing time."),
        Feature("key_found", "Keys found", "Harmony", "pieces", _KEYS, "From the notes of the whole piece."),
        Feature("key_written", "Keys written", "Harmony", "pieces", (*_KEYS, "not stated"), "As the files state them."),
        Feature("chord", "Chords", "Harmony", "beats", NUMERALS, "By degree of the key found; sevenths put with their triads."),
        Feature("quality", "Kinds of chord", "Harmony", "beats", QUALITY_NAMES),
        Feature("root_motion", "Moves of the root", "Harmony", "changes of chord", INTERVAL_NAMES[:12], "Upwards, octaves taken off."),
        Feature("cadence", "How pieces end", "Harmony", "pieces", CADENCES, "The last change of chord, by degrees of the key found."),
        Feature("polyphony", "Notes at once", "Texture", "beats", (*map(str, range(MOST_VOICES)), f"{MOST_VOICES} +"), "At the start of each beat."),
        Feature("velocity", "Velocity", "Texture", "notes", tuple(str(8 * i) for i in range(16))),
        Feature("instrument", "Instruments", "Texture", "notes", FAMILIES, "General MIDI families."),
        Feature("chord_change", "Changes of chord", "", "changes of chord", _pairs(NUMERALS)),
        Feature("pitch_class_change", "Pitch-class transitions", "", "moves", _pairs(PITCH_CLASS_NAMES)),
        Feature("duration_change", "Note-value transitions", "", "moves", _pairs(VALUE_NAMES)),
    )
}
FIGURES: dict[str, str] = {
    "pitch_class_entropy": "pitch-class entropy, bits",
    "scale_consistency": "scale consistency",
    "groove_consistency": "groove consistency",
    "notes_per_bar": "notes a bar",
    "polyphony": "polyphony",
    "repetition": "repetition of 8-note figures",
    "loops": "bars that repeat the one before",
    "bars": "bars",
    "notes": "notes",
    "seconds": "seconds",
    "tempo_qpm": "quarters a minute",
    "pitches": "different pitches",
    "pitch_range": "range, semitones",
    "mean_interval": "mean melodic interval, semitones",
    "steps": "share of steps among moves",
    "wait_quarters": "mean time between onsets, quarters",
    "minor": "share in minor",
    "chords_per_beat": "changes of chord a beat",
    "velocity_spread": "spread of velocity",
    "off_grid": "share of onsets off the grid",
}


@dataclass(frozen=True, eq=False)
class Measures:
    """`counts`: for each feature int64 [P, labels]; `figures`: float64 [P, len(FIGURES)], not a number where a piece has none."""

    counts: dict[str, npt.NDArray[np.int64]]
    figures: Floats

    def shares(self, name: str) -> Floats:
        """Each piece's histogram over its sum [pieces that have any, labels]."""
        counts = self.counts[name]
        total = counts.sum(axis=1, keepdims=True)
        filled = total[:, 0] > 0
        result: Floats = counts[filled] / total[filled]
        return result

    def share(self, name: str) -> Floats:
        """The mean of the pieces' shares [labels], so that every piece counts alike; zeros when no piece has any."""
        shares = self.shares(name)
        return shares.mean(axis=0) if len(shares) else np.zeros(self.counts[name].shape[1])

    def figure(self, name: str) -> Floats:
        return self.figures[:, list(FIGURES).index(name)]


def measure(music: Music, tell: Tell | None = None) -> Measures:
    """Counts a whole set, block by block; `tell(pieces done, of)` is told how far it is."""
    blocks, figures = [], []
    done = 0
    for block in music.blocks():
        counts, found = _measure_block(block)
        blocks.append(counts)
        figures.append(found)
        done += len(block)
        if tell is not None:
            tell(done, len(music))
    return Measures({name: np.concatenate([counts[name] for counts in blocks]) for name in FEATURES}, np.concatenate(figures))


def _measure_block(music: Music) -> tuple[dict[str, Ints], Floats]:
    lines, beats = Lines.of(music), Beats.of(music)
    fifths, minor, _ = keys_found(music)
    root_of_key = tonic(fifths, minor)
    piece, notes, tuned = music.piece_of_note, music.notes, ~music.is_drum
    pitch = notes["pitch"].astype(np.int64)

    def table(pieces: Ints, values: Array, size: int) -> Ints:
        return np.bincount(pieces * size + values, minlength=len(music) * size).reshape(len(music), size)

    counts = {
        "pitch_class": table(piece[tuned], pitch[tuned] % 12, 12),
        "degree": table(piece[tuned], (pitch[tuned] - root_of_key[piece[tuned]]) % 12, 12),
        "pitch": table(piece[tuned], pitch[tuned], 128),
        "duration": table(piece[tuned], note_value(music.in_quarters(notes["duration"]))[tuned], len(VALUE_NAMES)),
        "velocity": table(piece, notes["velocity"] // 8, 16),
        "instrument": table(piece, music.program // 8, 17),
        "polyphony": table(beats.piece, np.minimum(beats.voices, MOST_VOICES), MOST_VOICES + 1),
    }
    on = np.flatnonzero(lines.goes_on)
    step = lines.pitch[on + 1] - lines.pitch[on]
    wait = note_value(lines.wait_quarters[on]).astype(np.int64)
    line_piece, largest = lines.piece[on], LARGEST_INTERVAL
    counts["interval"] = table(line_piece, np.clip(step, -largest, largest) + largest, 2 * largest + 1)
    counts["wait"] = table(line_piece, wait, len(VALUE_NAMES))
    counts["pitch_class_change"] = table(line_piece, lines.pitch[on] % 12 * 12 + lines.pitch[on + 1] % 12, 144)
    follows = np.flatnonzero(np.diff(on) == 1)  # two moves in a row
    counts["duration_change"] = table(
        line_piece[follows], wait[follows] * len(VALUE_NAMES) + wait[follows + 1], len(VALUE_NAMES) ** 2
    )
    counts |= _places(music, table)
    counts |= _harmony(beats, root_of_key, table)
    counts |= _once_a_piece(music, fifths, minor)
    figures = _figures(music, counts, step, lines.wait_quarters[on], line_piece, minor)
    return counts, figures


Table = Callable[[Ints, Array, int], Ints]


def _places(music: Music, table: Table) -> dict[str, Ints]:
    """Where in the beat, and where in the bars of the commonest meters, notes begin."""
    clock, piece, onset = music.clock, music.piece_of_note, music.notes["onset"].astype(np.int64)
    row = clock.row(piece, onset)
    in_bar = np.fmod(onset - clock.tick[row], clock.bar[row])
    in_beat = np.fmod(in_bar / clock.beat[row], 1)
    twelfth = np.rint(in_beat * 12).astype(np.int64)
    exact = np.abs(in_beat * 12 - twelfth) < 12 * _CLOSE
    place = np.where(exact, _PLACE_OF_TWELFTH[twelfth % 12], len(PLACES) - 1)
    on_beat = place == 0
    first = (in_bar < _CLOSE * clock.beat[row]) | (in_bar > clock.bar[row] - _CLOSE * clock.beat[row])
    place[on_beat & ~first] = 1
    counts = {"place": table(piece, place, len(PLACES))}
    stated = np.array([len(head.meters) > 0 for head in music.heads], bool)[piece]
    sixteenth = np.rint(in_bar / music.ticks_per_quarter[piece] * 4).astype(np.int64)
    for meter, size in GRIDS.items():
        upper, lower = map(int, meter.split("/"))
        inside = stated & (clock.upper[row] == upper) & (clock.lower[row] == lower)
        counts[f"place_{upper}_{lower}"] = table(piece[inside], sixteenth[inside] % size, size)
    return counts


def _harmony(beats: Beats, root_of_key: Ints, table: Table) -> dict[str, Ints]:
    heard = np.flatnonzero((beats.bass < 128) & ((beats.weight > 0.1).sum(axis=1) > 1))
    above = (beats.bass[heard, None] + np.arange(1, 12)) % 12
    row, interval = np.nonzero(np.take_along_axis(beats.weight[heard], above, axis=1) > 0.1)
    chord = np.flatnonzero(beats.root >= 0)

    def numeral(piece: Ints, root: Ints, quality: Ints) -> Ints:
        return (root - root_of_key[piece]) % 12 * 3 + THIRD_OF_QUALITY[quality]

    piece, root, quality = beats.changes()
    symbol = numeral(piece, root, quality)
    same_piece = np.flatnonzero(np.diff(piece) == 0)
    move = same_piece[symbol[same_piece + 1] != symbol[same_piece]]
    turn = same_piece[root[same_piece + 1] != root[same_piece]]
    last = np.flatnonzero(np.diff(piece, append=-1) != 0)
    return {
        "harmonic": table(beats.piece[heard[row]], interval, 11),
        "chord": table(beats.piece[chord], numeral(beats.piece[chord], beats.root[chord], beats.quality[chord]), NUMERAL_COUNT),
        "quality": table(beats.piece[chord], beats.quality[chord], len(QUALITY_NAMES)),
        "root_motion": table(piece[turn], (root[turn + 1] - root[turn]) % 12, 12),
        "chord_change": table(piece[move], symbol[move] * NUMERAL_COUNT + symbol[move + 1], NUMERAL_COUNT**2),
        "cadence": table(piece[last], _cadence(piece, symbol, last), len(CADENCES)),
    }


def _cadence(piece: Ints, symbol: Ints, last: Ints) -> Ints:
    """An index into `CADENCES` for the last chord of each piece and the one of another degree before it."""
    degree = symbol // 3
    before = last.copy()
    for _ in range(3):  # V and V7 are one degree
        back = np.maximum(before - 1, 0)
        before = np.where((degree[before] == degree[last]) & (piece[back] == piece[last]), back, before)
    to_tonic = np.select([degree[before] == 7, degree[before] == 11, degree[before] == 5], [0, 1, 2], 3)
    result: Ints = np.where(degree[last] == 0, to_tonic, np.where(degree[last] == 7, 4, 5))
    return result


def _once_a_piece(music: Music, fifths: Ints, minor: npt.NDArray[np.bool_]) -> dict[str, Ints]:
    """What a piece has once: a row with a single 1."""
    written, meter = [], []
    for head in music.heads:
        key, time = head.longest("keys"), head.longest("meters")
        written.append(2 * len(MAJOR_KEYS) if key is None else int(key["fifths"]) + 7 + len(MAJOR_KEYS) * bool(key["minor"]))
        name = "not stated" if time is None else f"{time['numerator']}/{time['denominator']}"
        meter.append(METERS.index(name) if name in METERS else METERS.index("other"))
    ends = _end_ticks(music)
    seconds, tempo = _seconds(music, ends), _tempo(music, ends)
    return {
        "meter": _one_of(meter, len(METERS)),
        "key_written": _one_of(written, len(_KEYS) + 1),
        "key_found": _one_of(fifths + 7 + len(MAJOR_KEYS) * minor, len(_KEYS)),
        "length": _one_of(np.searchsorted([30, 60, 120, 240, 480, 960], seconds), len(LENGTHS)),
        "tempo": _one_of(np.clip(tempo // TEMPO_STEP - 1, 0, TEMPOS - 1).astype(np.int64), TEMPOS),
    }
