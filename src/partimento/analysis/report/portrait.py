"""One set in five facts: its melody, rhythm, harmony, patterns, and what its files are like. It compares nothing."""

from __future__ import annotations

from collections import Counter

import numpy as np

from partimento.analysis.exploration import Explored
from partimento.analysis.figures.histograms import HISTOGRAMS
from partimento.analysis.figures.of_harmony import CADENCES
from partimento.analysis.figures.of_pitch import LARGEST_INTERVAL
from partimento.analysis.melodic_lines import VALUE_NAMES
from partimento.analysis.report.wording import Fact, number, percent
from partimento.theory import MAJOR_KEYS

FIGURE_LENGTHS = (4, 5, 6)
CLEARLY = 3.0  # times as often as chance


def portrait(one: Explored) -> list[Fact]:
    """Five facts of a set."""
    return [_melody(one), _rhythm(one), _harmony(one), _figure(one), _data(one)]


def _melody(one: Explored) -> Fact:
    share = one.measures.share("interval")
    size = np.arange(-LARGEST_INTERVAL, LARGEST_INTERVAL + 1)

    def of(least: int, most: int, sign: int = 0) -> float:
        inside = (np.abs(size) >= least) & (np.abs(size) <= most)
        return float(share[inside & (size * sign > 0 if sign else True)].sum())

    if not share.any():
        return Fact("There is no melody", "No line of a track has two notes one after the other.")
    steps, repeats = of(1, 2), of(0, 0)
    wide = of(8, LARGEST_INTERVAL)
    headline = f"Lines move by step: {percent(steps)} of all moves are seconds"
    if repeats > steps:
        headline = f"Lines stay where they are: {percent(repeats)} of all moves repeat the note"
    return Fact(
        headline,
        f"{percent(repeats)} repeat the note, {percent(of(3, 4))} are thirds, {percent(wide)} are wider than a fifth. "
        f"Steps go down in {percent(of(1, 2, -1) / max(steps, 1e-9))} of cases, "
        f"moves of a fourth or more in {percent(of(5, LARGEST_INTERVAL, -1) / max(of(5, LARGEST_INTERVAL), 1e-9))}.",
    )


def _rhythm(one: Explored) -> Fact:
    share, place = one.measures.share("duration"), one.measures.share("place")
    first, second, third = np.argsort(-share)[:3].tolist()
    return Fact(
        f"The {VALUE_NAMES[first]} is the commonest note value: {percent(share[first])} of the notes",
        f"Then come the {VALUE_NAMES[second]} ({percent(share[second])}) and the {VALUE_NAMES[third]} ({percent(share[third])}). "
        f"{percent(place[0] + place[1])} of the notes begin on a beat, {percent(place[0])} on the first one of the bar.",
    )


def _harmony(one: Explored) -> Fact:
    changes, cadence = one.measures.share("chord_change"), one.measures.share("cadence")
    minor = _mean(one, "minor")
    if not changes.any():
        degree = one.measures.share("degree")
        labels = HISTOGRAMS["degree"].labels
        first, second, third = np.argsort(-degree)[:3].tolist()
        return Fact(
            f"Degree {labels[first]} of the scale is the commonest: {percent(degree[first])} of the notes",
            f"Then {labels[second]} ({percent(degree[second])}) and {labels[third]} ({percent(degree[third])}). "
            f"There are no chords, never three pitch classes in a beat. {percent(minor)} of the pieces are in minor.",
        )
    best = int(np.argmax(changes))
    motion = one.measures.share("root_motion")
    ending = int(np.argmax(cadence))
    end = {"ends on V": "end on V", "others": "end elsewhere", "others to I": "reach I from another chord"}
    last = end.get(CADENCES[ending], f"end {CADENCES[ending]}")
    change = HISTOGRAMS["chord_change"].labels[best]
    return Fact(
        f"{change} is the commonest change of chord, and {percent(cadence[ending])} of the pieces {last}",
        f"It is {percent(changes[best])} of all changes. The root moves up a fourth in {percent(motion[5])} of them "
        f"and up a fifth in {percent(motion[7])}. {percent(minor)} of the pieces are in minor.",
    )


def _figure(one: Explored) -> Fact:
    """The most surprising pattern of four to six symbols: the first in its list of those that are clearly more than chance."""
    candidates = [
        (gram.count >= CLEARLY * gram.expected, gram.score, gram, kind)
        for kind in ("interval", "rhythm")
        for n in FIGURE_LENGTHS
        for gram in one.patterns[kind, n].surprising
        if len(set(gram.symbols)) > 1
    ]
    long = one.patterns["interval", 8]
    rest = (
        f"Of the {long.different:,} different patterns of nine notes, {percent(long.once)} occur once. "
        f"{percent(_mean(one, 'repeated_runs'))} of the eight-note patterns of a piece came before in it."
    )
    if not candidates:
        return Fact("No pattern stands out", f"None occurs more often than its parts let expect. {rest}")
    *_, gram, kind = max(candidates, key=lambda one: one[:2])
    what = "rhythm" if kind == "rhythm" else "melodic pattern"
    return Fact(
        f"One {what} returns {_times(gram.count / gram.expected)} as often as its parts let expect",
        f"It occurs {gram.count:,} times, in {gram.pieces:,} of {len(one.music):,} pieces; "
        f"{number(gram.expected)} times would be chance. {rest}",
        (kind, gram.symbols),
    )


def _data(one: Explored) -> Fact:
    """What someone who trains on this music should know of the files."""
    measures, heads = one.measures, one.music.heads
    flat = float((measures.figures["velocity_spread"] < 1e-9).mean())
    tempo = float((np.abs(measures.figures["tempo_qpm"] - 120) < 1e-6).mean())
    composer, pieces = Counter(head.about.composer or "" for head in heads).most_common(1)[0]
    written, found = measures.share("key_written"), measures.share("key_found")
    c_major = MAJOR_KEYS.index("C")
    excess = float(written[c_major] - found[c_major])
    off_grid = _mean(one, "off_grid")
    candidates = [
        (
            flat - 0.1,
            f"{percent(flat)} of the pieces have a single velocity",
            "They were typed, not played: nothing about dynamics can be learnt from them.",
        ),
        (
            2 * excess,
            f"C major is written in {percent(float(written[c_major]))} of the pieces and found in {percent(float(found[c_major]))}",
            "Many files carry C major only because nobody set a key: do not trust written keys here.",
        ),
        (
            tempo - 0.2,
            f"{percent(tempo)} of the pieces run at exactly 120 quarters a minute",
            "That is what a file says that states no tempo: do not trust tempos here.",
        ),
        (
            3 * off_grid,
            f"{percent(off_grid)} of the onsets lie off the grid of the beat",
            "Some of this music was played, not written: note values are readings of it.",
        ),
        (
            pieces / len(heads) - 0.2 if composer and pieces < len(heads) else -1.0,
            f"{composer} wrote {percent(pieces / len(heads))} of the pieces",
            "What holds for the whole set holds for this music first; look at the others apart with --by composer.",
        ),
    ]
    (strength, headline, text), (next_strength, other, _) = sorted(candidates, reverse=True)[:2]
    if strength < 0:
        middle = int(np.median(np.diff(one.music.offsets)))
        return Fact(
            "The files look clean",
            f"Velocities, tempos, keys and onsets show no sign of defaults. The median piece has {middle:,} notes.",
        )
    return Fact(headline, f"{text} Also: {other}." if next_strength > 0 else text)


def _mean(one: Explored, name: str) -> float:
    """The mean of a figure over the pieces that have it; 0 where none has."""
    known = one.measures.figures[name]
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else 0.0


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times" if ratio < 10 else f"{ratio:,.0f} times"
