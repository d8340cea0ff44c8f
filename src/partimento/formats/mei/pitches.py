"""How MEI notes sound: octave, accidentals written and sounding, key signatures, ties."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from partimento.formats.safe_xml import Element, whole

STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SIGNS = "fcgdaeb"  # in the order of sharps
_SEMITONES = {
    **{"s": 1.0, "f": -1.0, "ss": 2.0, "x": 2.0, "ff": -2.0, "xs": 3.0, "sx": 3.0, "ts": 3.0, "tf": -3.0, "n": 0.0},
    **{"nf": -1.0, "ns": 1.0, "1qs": 0.5, "3qs": 1.5, "1qf": -0.5, "3qf": -1.5, "su": 1.5, "sd": 0.5, "fu": -0.5, "fd": -1.5},
    **{"nu": 0.5, "nd": -0.5, "xu": 2.5, "ffd": -2.5},
}
Spelled = tuple[str, str]  # letter and octave


@dataclass
class Accidentals:
    """What holds in one layer of one bar, beside the key signature, and what ties bring into it."""

    signature: dict[str, float]
    spelled_out: bool  # the file says how its accidentals sound, so that signature and bar say nothing
    tied: dict[Spelled, float] = field(default_factory=dict)
    in_bar: dict[Spelled, float] = field(default_factory=dict)

    def semitones(self, note: Element, place: Spelled, goes_on: bool) -> float:
        """The alteration of a note; one that a tie brings keeps that of the note before."""
        written = [sign for one in (note, *note.iter("accid")) if (sign := one.get("accid.ges") or one.get("accid"))]
        if written:
            alter = self.in_bar[place] = _SEMITONES.get(written[0], 0.0)
        elif self.spelled_out:
            alter = 0.0
        elif goes_on and place in self.tied:
            alter = self.tied[place]
        else:
            alter = self.in_bar.get(place, self.signature.get(place[0], 0.0))
        return alter


def spelled(note: Element, octave: str) -> Spelled:
    """Letter and octave of a note; `octave` where it states none."""
    return note.get("pname.ges", note.get("pname", "")), note.get("oct.ges") or note.get("oct") or octave


def sounding(place: Spelled, alter: float, repairs: Counter[str]) -> int:
    """The key on the keyboard. A quarter tone sounds as the next key above, and is counted."""
    key = math.floor(alter + 0.5)
    if key != alter:
        repairs["quarter tones moved to the next key"] += 1
    return 12 * (min(max(whole(place[1], 4), -100), 100) + 1) + STEPS[place[0]] + key


def on_the_staff(note: Element) -> int:
    """The pitch of a place on a staff without letters, as drums have it; the lowest line is E4."""
    steps = 30 + min(max(whole(note.get("loc")), -50), 50)
    return 12 * (steps // 7 + 1) + list(STEPS.values())[steps % 7]


def key_signature(key: Element | None, sign: str | None) -> tuple[dict[str, float], int | None] | None:
    """The altered letters of a signature, and how many sharps it has where it is a usual one; None where none is stated."""
    letters: dict[str, float] = {}
    for one in key.iter("keyAccid") if key is not None else ():
        letters[one.get("pname", "")] = _SEMITONES.get(one.get("accid", ""), 0.0)
    if sign and sign.rstrip("sf").isdecimal() and not letters:
        count = min(int(sign.rstrip("sf")), 7) * (-1 if sign.endswith("f") else 1)
        return usual_signature(count), count
    if letters:
        fifths = next((count for count in range(-7, 8) if usual_signature(count) == letters), None)
        return letters, fifths
    return None


def usual_signature(fifths: int) -> dict[str, float]:
    letters = _SIGNS[:fifths] if fifths > 0 else _SIGNS[7 + fifths :] if fifths else ""
    return dict.fromkeys(letters, 1.0 if fifths > 0 else -1.0)
