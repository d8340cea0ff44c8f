"""The instruments of General MIDI by program and name (General MIDI level 1, section "Program Change"), and what they can play."""

from __future__ import annotations

from dataclasses import dataclass

from partimento.errors import InvalidOption

DRUMS = 128  # where programs are numbers, drums come after the 128 of them

NAMES = (
    "Acoustic Grand Piano;Bright Acoustic Piano;Electric Grand Piano;Honky-tonk Piano;Electric Piano 1;Electric Piano 2;"
    "Harpsichord;Clavinet;Celesta;Glockenspiel;Music Box;Vibraphone;Marimba;Xylophone;Tubular Bells;Dulcimer;Drawbar Organ;"
    "Percussive Organ;Rock Organ;Church Organ;Reed Organ;Accordion;Harmonica;Tango Accordion;Acoustic Guitar (nylon);"
    "Acoustic Guitar (steel);Electric Guitar (jazz);Electric Guitar (clean);Electric Guitar (muted);Overdriven Guitar;"
    "Distortion Guitar;Guitar Harmonics;Acoustic Bass;Electric Bass (finger);Electric Bass (pick);Fretless Bass;Slap Bass 1;"
    "Slap Bass 2;Synth Bass 1;Synth Bass 2;Violin;Viola;Cello;Contrabass;Tremolo Strings;Pizzicato Strings;Orchestral Harp;"
    "Timpani;String Ensemble 1;String Ensemble 2;Synth Strings 1;Synth Strings 2;Choir Aahs;Voice Oohs;Synth Voice;"
    "Orchestra Hit;Trumpet;Trombone;Tuba;Muted Trumpet;French Horn;Brass Section;Synth Brass 1;Synth Brass 2;Soprano Sax;"
    "Alto Sax;Tenor Sax;Baritone Sax;Oboe;English Horn;Bassoon;Clarinet;Piccolo;Flute;Recorder;Pan Flute;Blown Bottle;"
    "Shakuhachi;Whistle;Ocarina;Lead 1 (square);Lead 2 (sawtooth);Lead 3 (calliope);Lead 4 (chiff);Lead 5 (charang);"
    "Lead 6 (voice);Lead 7 (fifths);Lead 8 (bass + lead);Pad 1 (new age);Pad 2 (warm);Pad 3 (polysynth);Pad 4 (choir);"
    "Pad 5 (bowed);Pad 6 (metallic);Pad 7 (halo);Pad 8 (sweep);FX 1 (rain);FX 2 (soundtrack);FX 3 (crystal);"
    "FX 4 (atmosphere);FX 5 (brightness);FX 6 (goblins);FX 7 (echoes);FX 8 (sci-fi);Sitar;Banjo;Shamisen;Koto;Kalimba;"
    "Bagpipe;Fiddle;Shanai;Tinkle Bell;Agogo;Steel Drums;Woodblock;Taiko Drum;Melodic Tom;Synth Drum;Reverse Cymbal;"
    "Guitar Fret Noise;Breath Noise;Seashore;Bird Tweet;Telephone Ring;Helicopter;Applause;Gunshot"
).split(";")


def parse_instrument(text: str) -> int:
    """The program of a number 0..127, or of a name or the first whose name has these words; 128 for drums.

    'piano' is 0, 'violin' 40. Raises `InvalidOption` for what no instrument is called.
    """
    wanted = text.strip().lower()
    if wanted in ("drums", "drum", "percussion"):
        return DRUMS
    if wanted.isdecimal() and int(wanted) < len(NAMES):
        return int(wanted)
    lowered = [name.lower() for name in NAMES]
    found = next((number for number, name in enumerate(lowered) if name == wanted), None)
    if found is None and wanted:
        words = wanted.split()
        found = next((n for n, name in enumerate(lowered) if all(f" {word}" in f" {name}" for word in words)), None)
    if found is None:
        raise InvalidOption(f"{text!r} is no instrument; write drums, a program 0..127, or a name such as piano, violin, flute")
    return found


@dataclass(frozen=True)
class Compass:
    """What an instrument can play: MIDI pitches from `low` to `high` as they sound, and `most` of them at once."""

    low: int = 0
    high: int = 127
    most: int = 128


# By name of the instrument. Pitches are the written ranges of professional players as they sound in Adler, "The Study of
# Orchestration" (4th ed., 2016), appendix A; keyboards by their keys (IMSLP, "Instrument ranges"); fretted instruments from the
# lowest open string of standard tuning to the last fret. At once sound as many notes as there are fingers, mallets or strings
# that can be played together; a section of players, or a synthesizer, is not limited, nor is what is not named here.
COMPASS = {
    **dict.fromkeys((0, 1, 2, 3, 4, 5), Compass(21, 108, 10)),  # pianos, A0 to C8
    6: Compass(29, 89, 10),  # harpsichord, F1 to F6
    7: Compass(29, 88, 10),  # clavinet, F1 to E6
    8: Compass(60, 108, 10),  # celesta
    9: Compass(79, 108, 4),  # glockenspiel
    11: Compass(53, 89, 4),  # vibraphone
    12: Compass(36, 96, 4),  # marimba
    13: Compass(65, 108, 4),  # xylophone
    14: Compass(60, 77, 2),  # tubular bells
    **dict.fromkeys((16, 17, 18, 19, 20), Compass(24, 108, 12)),  # organs, with pedals and stops an octave off
    21: Compass(40, 93, 10),  # accordion
    22: Compass(60, 98, 4),  # harmonica of twelve holes
    23: Compass(36, 95, 10),  # bandoneon
    **dict.fromkeys((24, 25), Compass(40, 84, 6)),  # guitars, E2 to C6
    **dict.fromkeys((26, 27, 28, 29, 30, 31), Compass(40, 88, 6)),  # electric guitars, to E6
    32: Compass(24, 67, 2),  # double bass, plucked
    **dict.fromkeys((33, 34, 35, 36, 37), Compass(23, 67, 2)),  # bass guitars of five strings, B0 to G4
    **dict.fromkeys((40, 110), Compass(55, 105, 4)),  # violin, fiddle: G3 to A7
    41: Compass(48, 93, 4),  # viola, C3 to A6
    42: Compass(36, 84, 4),  # cello, C2 to C6
    43: Compass(24, 67, 2),  # double bass, C1 to G4
    **dict.fromkeys((44, 45, 48, 49, 50, 51), Compass(24, 105)),  # sections of strings
    46: Compass(23, 104, 8),  # harp, without little fingers
    47: Compass(36, 60, 2),  # timpani
    **dict.fromkeys((52, 53, 54), Compass(36, 86, 4)),  # voices, C2 to D6; a part of a choir may divide
    56: Compass(52, 86, 1),  # trumpet
    57: Compass(34, 77, 1),  # trombone
    58: Compass(26, 65, 1),  # tuba
    59: Compass(52, 86, 1),
    60: Compass(35, 77, 1),  # horn
    61: Compass(26, 86),
    64: Compass(56, 88, 1),  # soprano, alto, tenor and baritone saxophone
    65: Compass(49, 81, 1),
    66: Compass(44, 76, 1),
    67: Compass(36, 69, 1),
    68: Compass(58, 93, 1),  # oboe
    69: Compass(52, 84, 1),  # English horn
    70: Compass(34, 76, 1),  # bassoon
    71: Compass(49, 94, 1),  # clarinet in A or B flat
    72: Compass(74, 108, 1),  # piccolo
    73: Compass(59, 98, 1),  # flute
    74: Compass(53, 98, 1),  # recorders, bass to soprano
    105: Compass(48, 84, 5),  # banjo
}


def compass(program: int) -> Compass:
    """What the instrument of a program can play; drums, and what the table does not name, anything."""
    return COMPASS.get(program, Compass())
