"""A few notes on a staff, or a rhythm on a line, as a small SVG of plain strokes.

For whole pages there is real engraving; this is for hundreds of short patterns in a table, and needs no music font.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from partimento.theory import PITCH_CLASS_NAMES, STEP_OF_PITCH_CLASS

SPACE = 6.0  # pixels between two lines
_NATURAL = (0, 2, 4, 5, 7, 9, 11)
# strokes in spaces, y downwards from the top line
_G_CLEF = (
    "M1.5 3.5C1 3.5.85 2.95 1.3 2.65C1.9 2.3 2.55 2.75 2.5 3.4C2.45 4 1.85 4.2 1.35 4.1C.6 3.95.15 3.35.25 2.65"
    "C.45 1.55 2 .9 2-.4C2-1 1.75-1.3 1.55-1.2C1.2-1 1.15-.2 1.25.4L1.75 4.8C1.85 5.4 1.5 5.7 1.15 5.6C.85 5.5.8 5.15 1.05 5"
)
_F_CLEF = "M.45 1.1C.3.35.8 0 1.3 0C2 0 2.4.55 2.3 1.3C2.15 2.3 1.3 2.9.3 3.4"
_SHARP = "M-.25-1.1V1.25M.25-1.25V1.1M-.5-.28L.5-.52M-.5.52L.5.28"
_FLAT = "M-.3-1.7V.6C.5.2.6-.6.1-.6C-.1-.6-.3-.35-.3-.15"
_NATURAL_SIGN = "M-.25-1.3V.55M.25 1.3V-.55M-.25-.3L.25-.5M-.25.55L.25.35"
# value in quarters: (flags, hollow head, dots, triplet); a tied value is two of these
_HEADS: dict[float, tuple[int, bool, int, bool]] = {
    1 / 16: (4, False, 0, False),
    1 / 8: (3, False, 0, False),
    1 / 6: (2, False, 0, True),
    1 / 4: (2, False, 0, False),
    1 / 3: (1, False, 0, True),
    3 / 8: (2, False, 1, False),
    1 / 2: (1, False, 0, False),
    2 / 3: (0, False, 0, True),
    3 / 4: (1, False, 1, False),
    1: (0, False, 0, False),
    3 / 2: (0, False, 1, False),
    7 / 4: (0, False, 2, False),
    2: (0, True, 0, False),
    3: (0, True, 1, False),
    4: (-1, True, 0, False),
    6: (-1, True, 1, False),
    8: (-1, True, 0, False),
}
_TIED = {5 / 4: (1, 1 / 4), 5 / 2: (2, 1 / 2)}


def notes_svg(pitches: Sequence[int], *, label: str = "") -> str:
    """MIDI pitches as black heads on a staff, in the clef that needs fewer ledger lines; spelled as sharps and flats by habit."""
    bass = float(np.mean(pitches)) < 57
    steps, signs = _spelled(pitches)
    bottom_line = _step_of(43) if bass else _step_of(64)  # G2 or E4
    places = [step - bottom_line for step in steps]  # half spaces above it
    top = min(-1.6, 2.4 - max(places) / 2)
    bottom = max(4.6 if bass else 5.9, 5.6 - min(places) / 2)
    parts, x = [], 4.2
    for place, sign in zip(places, signs, strict=True):
        y = 4 - place / 2
        if sign is not None:
            x += 0.7
            parts.append(_stroke({1: _SHARP, -1: _FLAT, 0: _NATURAL_SIGN}[sign], 0.16, x - 1.15, y))
        for ledger in [*range(-2, place - 1, -2), *range(10, place + 1, 2)]:
            parts.append(_stroke(f"M-1 {4 - ledger / 2}H1", 0.13, x, 0))
        parts.append(_head(x, y))
        x += 2.1
    width = x - 0.6
    staff = "".join(f"M0 {line}H{width:.1f}" for line in range(5))
    clef = (
        _stroke(_F_CLEF, 0.3, 0.3, 0) + _dot(0.85, 1, 0.34) + _dot(3, 0.5) + _dot(3, 1.5)
        if bass
        else _stroke(_G_CLEF, 0.22, 0.2, 0)
    )
    spoken = label or " ".join(f"{PITCH_CLASS_NAMES[pitch % 12]}{pitch // 12 - 1}" for pitch in pitches)
    return _svg(_stroke(staff, 0.13, 0, 0) + clef + "".join(parts), width, top, bottom, spoken)


def intervals_svg(intervals: Sequence[int]) -> str:
    """Melodic intervals in semitones as notes: from the note around middle C from which they need the fewest signs."""
    offsets = np.concatenate([[0], np.cumsum(intervals)])
    middle = 71 - round(float(offsets.max() + offsets.min()) / 2)
    starts = [start for start in range(middle - 6, middle + 6) if start + offsets.min() >= 0 and start + offsets.max() <= 127]
    if not starts:
        starts = [int(-offsets.min())]
    start = min(starts, key=lambda first: (sum((first + offset) % 12 not in _NATURAL for offset in offsets), abs(first - middle)))
    label = "intervals of " + ", ".join(f"{interval:+d}" for interval in intervals) + " semitones"
    return notes_svg([int(min(start + offset, 127)) for offset in offsets], label=label)


def rhythm_svg(quarters: Sequence[float], *, label: str = "") -> str:
    """Note values in quarters on one line; short ones of the same quarter are beamed, as if the first one began a beat."""
    parts: list[str] = []
    x, now = 1.2, 0.0
    beamed: list[tuple[float, int, int]] = []  # place, flags, quarter
    for value in quarters:
        for tie, piece in enumerate(_TIED.get(value, (value,))):
            flags, hollow, dots, triplet = _HEADS[piece]
            if tie:
                parts.append(
                    _stroke(
                        f"M{-_wide(_TIED[value][0]):.2f} .9q{_wide(_TIED[value][0]) / 2:.2f}.9 {_wide(_TIED[value][0]):.2f} 0",
                        0.16,
                        x,
                        0,
                    )
                )
            parts.append(_head(x, 0, hollow))
            if piece == 8:
                parts.append(_stroke("M-1-.7V.7M1-.7V.7", 0.16, x, 0))
            if flags >= 0:
                parts.append(_stroke("M.55-.2V-3.3", 0.16, x, 0))
            for dot in range(dots):
                parts.append(_dot(x + 1.15 + 0.55 * dot, -0.35))
            if triplet:
                parts.append(f'<text x="{x + 0.5:.1f}" y="-3.9" font-size="1.7" font-style="italic" text-anchor="middle">3</text>')
            if flags > 0:
                beamed.append((x + 0.55, flags, int(now + 1e-6)))
            x += _wide(piece) + 0.5 * dots
            now += piece
    for _, group in _groups(beamed):
        parts.append(_beams(group))
    spoken = label or "note values in quarters: " + ", ".join(f"{value:.3g}" for value in quarters)
    return _svg(_stroke(f"M0 0H{x - 0.6:.1f}", 0.13, 0, 0) + "".join(parts), x - 0.6, -5.4, 1.8, spoken)


def _wide(quarters: float) -> float:
    return 2.1 + 0.55 * float(np.log2(max(quarters, 0.25) * 4))


def _groups(beamed: list[tuple[float, int, int]]) -> list[tuple[int, list[tuple[float, int, int]]]]:
    groups: dict[int, list[tuple[float, int, int]]] = {}
    for note in beamed:
        groups.setdefault(note[2], []).append(note)
    return sorted(groups.items())


def _beams(group: list[tuple[float, int, int]]) -> str:
    """Beams over the stems of a group, or the flags of one note."""
    if len(group) == 1:
        x, flags, _ = group[0]
        return "".join(_stroke(f"M0 {-3.3 + 0.75 * flag}c.2.8 1.1.9.9 2", 0.2, x, 0) for flag in range(flags))
    path = ""
    for level in range(4):
        y = -3.25 + 0.75 * level
        held = [flags > level for _, flags, _ in group]
        joined = [False] * len(group)
        for at, ((one, _, _), (other, _, _)) in enumerate(pairwise(group)):
            if held[at] and held[at + 1]:
                path += f"M{one - 0.08:.2f} {y}H{other + 0.08:.2f}"
                joined[at] = joined[at + 1] = True
        for at, (x, _, _) in enumerate(group):
            if held[at] and not joined[at]:
                path += f"M{x:.2f} {y}h{-0.9 if at else 0.9}"
    return _stroke(path, 0.42, 0, 0)


def _step_of(pitch: int) -> int:
    return pitch // 12 * 7 + int(STEP_OF_PITCH_CLASS[pitch % 12])


def _spelled(pitches: Sequence[int]) -> tuple[list[int], list[int | None]]:
    """The staff step of each pitch, and the sign before it: None where none is needed."""
    steps, signs = [], []
    in_force: dict[int, int] = {}
    for pitch in pitches:
        step = _step_of(pitch)
        sign = pitch % 12 - _NATURAL[step % 7]
        signs.append(sign if in_force.get(step, 0) != sign else None)
        in_force[step] = sign
        steps.append(step)
    return steps, signs


def _head(x: float, y: float, hollow: bool = False) -> str:
    style = 'fill="none" stroke="currentColor" stroke-width=".22"' if hollow else 'fill="currentColor"'
    return f'<ellipse cx="{x:.2f}" cy="{y:g}" rx=".64" ry=".45" transform="rotate(-20 {x:.2f} {y:g})" {style}/>'


def _dot(x: float, y: float, radius: float = 0.18) -> str:
    return f'<circle cx="{x:.2f}" cy="{y:g}" r="{radius}" fill="currentColor"/>'


def _stroke(path: str, width: float, x: float, y: float) -> str:
    moved = f' transform="translate({x:.2f} {y:g})"' if x or y else ""
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="{width}" stroke-linecap="round"{moved}/>'


def _svg(content: str, width: float, top: float, bottom: float, label: str) -> str:
    height = bottom - top
    return (
        f'<svg class="staff" role="img" aria-label="{label}" viewBox="-.2 {top:g} {width + 0.4:.1f} {height:g}" '
        f'width="{(width + 0.4) * SPACE:.0f}" height="{height * SPACE:.0f}">{content}</svg>'
    )
