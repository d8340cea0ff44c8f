"""What parts are called, and which of them belong together on the page. Names of instruments are General MIDI's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from partimento.notate.staves import is_keyboard
from partimento.piece import Track

# General MIDI level 1, programs 0..127
PROGRAMS = (
    "Piano;Piano;Electric Grand Piano;Honky-tonk Piano;Electric Piano;Electric Piano;Harpsichord;Clavinet;"
    "Celesta;Glockenspiel;Music Box;Vibraphone;Marimba;Xylophone;Tubular Bells;Dulcimer;"
    "Organ;Organ;Rock Organ;Church Organ;Reed Organ;Accordion;Harmonica;Bandoneon;"
    "Guitar;Guitar;Jazz Guitar;Electric Guitar;Muted Guitar;Overdriven Guitar;Distortion Guitar;Guitar Harmonics;"
    "Double Bass;Electric Bass;Electric Bass;Fretless Bass;Slap Bass;Slap Bass;Synth Bass;Synth Bass;"
    "Violin;Viola;Violoncello;Double Bass;Tremolo Strings;Pizzicato Strings;Harp;Timpani;"
    "Strings;Strings;Synth Strings;Synth Strings;Choir;Voice;Synth Voice;Orchestra Hit;"
    "Trumpet;Trombone;Tuba;Muted Trumpet;Horn;Brass;Synth Brass;Synth Brass;"
    "Soprano Saxophone;Alto Saxophone;Tenor Saxophone;Baritone Saxophone;Oboe;English Horn;Bassoon;Clarinet;"
    "Piccolo;Flute;Recorder;Pan Flute;Bottle;Shakuhachi;Whistle;Ocarina;"
    "Square Lead;Saw Lead;Calliope Lead;Chiff Lead;Charang Lead;Voice Lead;Fifths Lead;Bass Lead;"
    "New Age Pad;Warm Pad;Polysynth Pad;Choir Pad;Bowed Pad;Metallic Pad;Halo Pad;Sweep Pad;"
    "Rain;Soundtrack;Crystal;Atmosphere;Brightness;Goblins;Echoes;Sci-fi;"
    "Sitar;Banjo;Shamisen;Koto;Kalimba;Bagpipe;Fiddle;Shanai;"
    "Tinkle Bell;Agogo;Steel Drums;Woodblock;Taiko Drum;Melodic Tom;Synth Drum;Reverse Cymbal;"
    "Guitar Fret Noise;Breath Noise;Seashore;Bird Tweet;Telephone;Helicopter;Applause;Gunshot"
).split(";")

_FAMILIES = ((40, 46, "strings"), (48, 52, "strings"), (52, 55, "voices"), (56, 64, "brass"), (64, 80, "winds"))


def part_names(tracks: Sequence[Track]) -> list[str]:
    """A name for each track: its own, or its instrument's, numbered where several without a name have the same."""
    unnamed = [("Drums" if track.is_drum else PROGRAMS[track.program]) if not track.name.strip() else "" for track in tracks]
    count = Counter(unnamed)
    used: Counter[str] = Counter()
    names = []
    for track, instrument in zip(tracks, unnamed, strict=True):
        used[instrument] += 1
        numbered = f"{instrument} {used[instrument]}" if count[instrument] > 1 else instrument
        names.append(track.name.strip() or numbered)
    return names


def family_of(track: Track) -> str:
    """The group of a score order that a track belongs to; "" for those that stand alone."""
    if track.is_drum:
        return ""
    if is_keyboard(track):
        return f"keyboard {track.program}"
    return next((name for first, last, name in _FAMILIES if first <= track.program < last), "")


def short_name(name: str) -> str:
    """What stands before the later systems: "Vio. 1" for "Violin 1"."""
    words = name.split()[:4]
    return " ".join(word if len(word) < 4 else f"{word[:3]}." for word in words)
