"""Every histogram that is counted of a piece, with its labels and how it is drawn. To add one, write its function and its entry."""

from __future__ import annotations

from partimento.analysis.beat_chords import DEGREES, NUMERALS, QUALITY_NAMES
from partimento.analysis.figures import of_harmony, of_pitch, of_texture, of_time
from partimento.analysis.figures.figure import Histogram
from partimento.analysis.melodic_lines import VALUE_NAMES
from partimento.theory import PITCH_CLASS_NAMES

_ANY_PITCH = ("transposition",)


def _pairs(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{one} → {other}" for one in labels for other in labels)


def _interval_label(semitones: int) -> str:
    name = INTERVAL_NAMES[abs(semitones)] if abs(semitones) <= 12 else "wider"
    return name if not semitones else f"{name} {'up' if semitones > 0 else 'down'}"


def _interval_axis(semitones: int) -> str:
    return "" if semitones % 4 else f"{semitones:+d}".replace("-", "−") if semitones else "0"


INTERVAL_NAMES = (
    *("unison", "minor 2nd", "major 2nd", "minor 3rd", "major 3rd", "4th", "tritone", "5th", "minor 6th", "major 6th"),
    *("minor 7th", "major 7th", "octave"),
)
SECTIONS = ("Pitch", "Time", "Harmony", "Texture")
_SIZES = range(-of_pitch.LARGEST_INTERVAL, of_pitch.LARGEST_INTERVAL + 1)
_BEATS_OF_METER = {(2, 4): 4, (3, 4): 4, (4, 4): 4, (6, 8): 2}  # sixteenths of the beat that the axis counts

HISTOGRAMS: dict[str, Histogram] = {
    histogram.name: histogram
    for histogram in (
        Histogram(
            "pitch_class",
            of_pitch.pitch_classes,
            "Pitch classes",
            "Pitch",
            "notes",
            PITCH_CLASS_NAMES,
            "As written, octaves put together.",
            every=1,
            additive=True,
            changes_with=_ANY_PITCH,
        ),
        Histogram(
            "degree",
            of_pitch.degrees,
            "Degrees of the scale",
            "Pitch",
            "notes",
            DEGREES,
            "Counted from the tonic of the key found.",
            every=1,
            speaks=True,
        ),
        Histogram(
            "pitch",
            of_pitch.pitches,
            "Pitches",
            "Pitch",
            "notes",
            tuple(map(str, range(128))),
            "C4 is middle C.",
            every=12,
            axis=tuple(f"C{pitch // 12 - 1}" for pitch in range(128)),
            trim=12,
            additive=True,
            changes_with=("transposition", "octave"),
        ),
        Histogram(
            "interval",
            of_pitch.intervals,
            "Melodic intervals",
            "Pitch",
            "moves",
            tuple(map(_interval_label, _SIZES)),
            "From note to note in the line of each track, in semitones; wider ones at the ends.",
            every=1,
            axis=tuple(map(_interval_axis, _SIZES)),
            speaks=True,
        ),
        Histogram(
            "harmonic",
            of_harmony.intervals_above_bass,
            "Intervals above the bass",
            "Pitch",
            "notes",
            INTERVAL_NAMES[1:12],
            "On every beat, octaves taken off.",
        ),
        Histogram(
            "duration",
            of_time.durations,
            "Durations",
            "Time",
            "notes",
            VALUE_NAMES,
            "Each as the nearest note value.",
            speaks=True,
            additive=True,
        ),
        Histogram(
            "wait",
            of_time.waits,
            "From onset to onset",
            "Time",
            "moves",
            VALUE_NAMES,
            "In the line of each track; rests count with the note.",
        ),
        Histogram(
            "place",
            of_time.places,
            "Place in the beat",
            "Time",
            "notes",
            of_time.PLACES,
            "Where notes begin, by the meter in force.",
            speaks=True,
            additive=True,
        ),
        *(
            Histogram(
                f"place_{upper}_{lower}",
                of_time.places_in_bar(upper, lower, 16 * upper // lower),
                f"Place in the bar, {upper}/{lower}",
                "Time",
                "notes",
                tuple(map(str, range(16 * upper // lower))),
                "In sixteenths.",
                every=6 if lower == 8 else 4,
                axis=tuple(str(at // beat + 1) for at in range(16 * upper // lower)),
                least_share=0.1,
                additive=True,
            )
            for (upper, lower), beat in _BEATS_OF_METER.items()
        ),
        Histogram(
            "meter",
            of_time.meters,
            "Meters",
            "Time",
            "pieces",
            of_time.METERS,
            "The one in force for most of the piece.",
            commonest_first=True,
            speaks=True,
        ),
        Histogram(
            "tempo",
            of_time.tempos,
            "Tempo",
            "Time",
            "pieces",
            tuple(str(of_time.TEMPO_STEP * (at + 1)) for at in range(of_time.TEMPOS)),
            "Quarters a minute, mean of the piece.",
            every=2,
            changes_with=("tempo",),
        ),
        Histogram(
            "length",
            of_time.lengths,
            "Length",
            "Time",
            "pieces",
            of_time.LENGTHS,
            "Playing time.",
            every=1,
            changes_with=("tempo",),
        ),
        Histogram(
            "key_found",
            of_harmony.keys_found,
            "Keys found",
            "Harmony",
            "pieces",
            of_harmony.KEYS,
            "From the notes of the whole piece.",
            commonest_first=True,
            changes_with=_ANY_PITCH,
        ),
        Histogram(
            "key_written",
            of_harmony.keys_written,
            "Keys written",
            "Harmony",
            "pieces",
            (*of_harmony.KEYS, "not stated"),
            "As the files state them.",
            commonest_first=True,
            changes_with=_ANY_PITCH,
        ),
        Histogram(
            "chord",
            of_harmony.chords,
            "Chords",
            "Harmony",
            "beats",
            NUMERALS,
            "By degree of the key found; sevenths put with their triads.",
            commonest_first=True,
            speaks=True,
        ),
        Histogram(
            "quality",
            of_harmony.qualities,
            "Kinds of chord",
            "Harmony",
            "beats",
            QUALITY_NAMES,
            commonest_first=True,
            speaks=True,
        ),
        Histogram(
            "root_motion",
            of_harmony.root_motions,
            "Moves of the root",
            "Harmony",
            "changes of chord",
            INTERVAL_NAMES[:12],
            "Upwards, octaves taken off.",
            commonest_first=True,
            speaks=True,
        ),
        Histogram(
            "cadence",
            of_harmony.cadences,
            "How pieces end",
            "Harmony",
            "pieces",
            of_harmony.CADENCES,
            "The last change of chord, by degrees of the key found.",
            speaks=True,
        ),
        Histogram(
            "polyphony",
            of_texture.notes_at_once,
            "Notes at once",
            "Texture",
            "beats",
            (*map(str, range(of_texture.MOST_VOICES)), f"{of_texture.MOST_VOICES} +"),
            "At the start of each beat.",
            every=1,
            speaks=True,
        ),
        Histogram(
            "velocity",
            of_texture.velocities,
            "Velocity",
            "Texture",
            "notes",
            tuple(str(8 * step) for step in range(16)),
            every=2,
            additive=True,
            changes_with=("velocity",),
        ),
        Histogram(
            "instrument",
            of_texture.instruments,
            "Instruments",
            "Texture",
            "notes",
            of_texture.FAMILIES,
            "General MIDI families.",
            commonest_first=True,
            speaks=True,
            additive=True,
            changes_with=("instrument",),
        ),
        Histogram("chord_change", of_harmony.chord_changes, "Changes of chord", "", "changes of chord", _pairs(NUMERALS)),
        Histogram(
            "pitch_class_change",
            of_pitch.pitch_class_changes,
            "Pitch-class transitions",
            "",
            "moves",
            _pairs(PITCH_CLASS_NAMES),
            changes_with=_ANY_PITCH,
        ),
        Histogram("duration_change", of_time.duration_changes, "Note-value transitions", "", "moves", _pairs(VALUE_NAMES)),
    )
}
