"""The instruments of General MIDI by program and name (General MIDI level 1, section "Program Change")."""

from __future__ import annotations

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
