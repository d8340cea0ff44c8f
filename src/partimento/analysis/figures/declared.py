"""What is counted of a set: one histogram a piece for each feature, and figures that a piece has once. It counts nothing itself.

Keeping the pieces apart is what makes intervals by bootstrap and halves of a set cheap: both are weights on rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from partimento.analysis.beat_chords import DEGREES, NUMERALS, QUALITY_NAMES
from partimento.analysis.melodic_lines import VALUE_NAMES
from partimento.analysis.piece_set import Floats
from partimento.theory import MAJOR_KEYS, MINOR_KEYS, PITCH_CLASS_NAMES

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
LENGTH_SECONDS = (30, 60, 120, 240, 480, 960)
LENGTHS = ("< ½ min", "½–1", "1–2", "2–4", "4–8", "8–16", "> 16 min")
TEMPO_STEP, TEMPOS = 20, 12
MOST_VOICES = 10


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
        Feature("pitch", "Pitches", "Pitch", "notes", tuple(map(str, range(128))), "C4 is middle C."),
        Feature(
            "interval",
            "Melodic intervals",
            "Pitch",
            "moves",
            tuple(_interval_label(i) for i in range(-LARGEST_INTERVAL, LARGEST_INTERVAL + 1)),
            "From note to note in the line of each track, in semitones; wider ones at the ends.",
        ),
        Feature(
            "harmonic", "Intervals above the bass", "Pitch", "notes", INTERVAL_NAMES[1:12], "On every beat, octaves taken off."
        ),
        Feature("duration", "Durations", "Time", "notes", VALUE_NAMES, "Each as the nearest note value."),
        Feature(
            "wait", "From onset to onset", "Time", "moves", VALUE_NAMES, "In the line of each track; rests count with the note."
        ),
        Feature("place", "Place in the beat", "Time", "notes", PLACES, "Where notes begin, by the meter in force."),
        *(
            Feature(
                f"place_{meter.replace('/', '_')}",
                f"Place in the bar, {meter}",
                "Time",
                "notes",
                tuple(map(str, range(size))),
                "In sixteenths.",
            )
            for meter, size in GRIDS.items()
        ),
        Feature("meter", "Meters", "Time", "pieces", METERS, "The one in force for most of the piece."),
        Feature(
            "tempo",
            "Tempo",
            "Time",
            "pieces",
            tuple(str(TEMPO_STEP * (i + 1)) for i in range(TEMPOS)),
            "Quarters a minute, mean of the piece.",
        ),
        Feature("length", "Length", "Time", "pieces", LENGTHS, "Playing time."),
        Feature("key_found", "Keys found", "Harmony", "pieces", _KEYS, "From the notes of the whole piece."),
        Feature("key_written", "Keys written", "Harmony", "pieces", (*_KEYS, "not stated"), "As the files state them."),
        Feature("chord", "Chords", "Harmony", "beats", NUMERALS, "By degree of the key found; sevenths put with their triads."),
        Feature("quality", "Kinds of chord", "Harmony", "beats", QUALITY_NAMES),
        Feature(
            "root_motion", "Moves of the root", "Harmony", "changes of chord", INTERVAL_NAMES[:12], "Upwards, octaves taken off."
        ),
        Feature(
            "cadence", "How pieces end", "Harmony", "pieces", CADENCES, "The last change of chord, by degrees of the key found."
        ),
        Feature(
            "polyphony",
            "Notes at once",
            "Texture",
            "beats",
            (*map(str, range(MOST_VOICES)), f"{MOST_VOICES} +"),
            "At the start of each beat.",
        ),
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
    "steps": "steps among moves",
    "wait_quarters": "mean time between onsets, quarters",
    "minor": "in minor",
    "chords_per_beat": "changes of chord a beat",
    "velocity_spread": "spread of velocity",
    "off_grid": "onsets off the grid",
}
# those that are shares of something, read in per cent
SHARES = frozenset("scale_consistency groove_consistency repetition loops steps minor off_grid".split())


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
