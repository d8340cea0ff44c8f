"""The five things worth knowing, found in the numbers and said in plain words. It measures nothing and draws nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from partimento.explore.analysis import Beside, Exploration, Explored
from partimento.explore.charts import percent
from partimento.explore.features import CADENCES, FEATURES, FIGURES, LARGEST_INTERVAL, SHARES
from partimento.explore.lines import VALUE_NAMES
from partimento.theory import MAJOR_KEYS

FACTS = 5
FIGURE_LENGTHS = (4, 5, 6)
CLEARLY = 3.0  # times as often as chance
# what may stand in a sentence; other histograms say little by a single label
SPEAKING = (
    "interval",
    "duration",
    "place",
    "meter",
    "chord",
    "quality",
    "root_motion",
    "cadence",
    "polyphony",
    "instrument",
    "degree",
)
SPEAKING_FIGURES = (
    *(
        "pitch_class_entropy",
        "scale_consistency",
        "groove_consistency",
        "notes_per_bar",
        "polyphony",
        "repetition",
        "steps",
        "minor",
    ),
    *("pitches", "pitch_range", "chords_per_beat"),
)
_CHANCE = " So this may be chance."


@dataclass(frozen=True)
class Fact:
    """A headline and a sentence or two; `figure`, (kind, symbols), is drawn beside it where there is one."""

    headline: str
    text: str
    figure: tuple[str, tuple[int, ...]] | None = None


def facts(exploration: Exploration) -> list[Fact]:
    """Five facts: of one set, what its melody, rhythm, harmony, figures and data are like; of several, what tells them apart."""
    if not exploration.beside:
        one = exploration.sets[0]
        return [_melody(one), _rhythm(one), _harmony(one), _figure(one), _data(one)]
    found = [_verdict(exploration.beside), *_differences(exploration.beside)]
    figures = [figure for beside in exploration.beside if (figure := _telling(beside))]
    rest = [fact(one) for one in exploration.sets for fact in (_melody, _rhythm, _data)]  # where there is little to compare
    return [*[*found, *rest][: FACTS - bool(figures)], *figures[:1]]


def _melody(one: Explored) -> Fact:
    share = one.measures.share("interval")
    size = np.arange(-LARGEST_INTERVAL, LARGEST_INTERVAL + 1)

    def of(least: int, most: int, sign: int = 0) -> float:
        inside = (np.abs(size) >= least) & (np.abs(size) <= most)
        return float(share[inside & (size * sign > 0 if sign else True)].sum())

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
        labels = FEATURES["degree"].labels
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
    change = FEATURES["chord_change"].labels[best]
    return Fact(
        f"{change} is the commonest change of chord, and {percent(cadence[ending])} of the pieces {last}",
        f"It is {percent(changes[best])} of all changes. The root moves up a fourth in {percent(motion[5])} of them "
        f"and up a fifth in {percent(motion[7])}. {percent(minor)} of the pieces are in minor.",
    )


def _figure(one: Explored) -> Fact:
    """The most surprising figure of four to six symbols: the first in its list of those that are clearly more than chance."""
    candidates = [
        (gram.count >= CLEARLY * gram.expected, gram.score, gram, kind)
        for kind in ("interval", "rhythm")
        for n in FIGURE_LENGTHS
        for gram in one.patterns[kind, n].surprising
        if len(set(gram.symbols)) > 1
    ]
    long = one.patterns["interval", 8]
    rest = (
        f"Of the {long.different:,} different figures of nine notes, {percent(long.once)} occur once. "
        f"{percent(_mean(one, 'repetition'))} of the eight-note figures of a piece were heard in it before."
    )
    if not candidates:
        return Fact("No figure stands out", f"None occurs more often than its parts let expect. {rest}")
    *_, gram, kind = max(candidates, key=lambda one: one[:2])
    what = "rhythm" if kind == "rhythm" else "melodic figure"
    return Fact(
        f"One {what} returns {_times(gram.count / gram.expected)} as often as its parts let expect",
        f"It occurs {gram.count:,} times, in {gram.pieces:,} of {len(one.music):,} pieces; "
        f"{number(gram.expected)} times would be chance. {rest}",
        (kind, gram.symbols),
    )


def _data(one: Explored) -> Fact:
    """What someone who trains on this music should know of the files."""
    measures, heads = one.measures, one.music.heads
    flat = float((measures.figure("velocity_spread") < 1e-9).mean())
    tempo = float((np.abs(measures.figure("tempo_qpm") - 120) < 1e-6).mean())
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


def _verdict(beside: Sequence[Beside]) -> Fact:
    first = beside[0]
    inside, of = first.within()
    human, other = first.human.music.name, first.other.music.name
    if not first.overlaps:
        return Fact(f"{human} and {other} cannot be compared", f"Halves of {human} give no floor; name more pieces.")
    rest = "; ".join(f"{one.other.music.name} {one.within()[0]} of {one.within()[1]}" for one in beside[1:])
    rows = {name: row for name, row in first.overlaps.items() if name in SPEAKING} or first.overlaps
    nearest = max(rows, key=lambda name: rows[name].value.mean - rows[name].floor.mean)
    close = rows[nearest]
    return Fact(
        f"In {inside} of {of} statistics {other} is as near to {human} as {human} is to itself",
        f"Nearest come {FEATURES[nearest].title.lower()}: an overlap of {percent(close.value.mean)}, "
        f"where two halves of {human} have {percent(close.floor.mean)}.{f' The others: {rest}.' if rest else ''}",
    )


def _differences(beside: Sequence[Beside]) -> list[Fact]:
    """What lies furthest beyond the floor: one histogram of a section, and two figures, at most."""
    rows: list[tuple[bool, float, str, str, Beside]] = []
    for one in beside:
        for name in (name for name in SPEAKING if name in one.overlaps):
            row = one.overlaps[name]
            excess = (row.floor.mean - row.value.mean) / max(row.floor.mean - row.floor.low, 0.01)
            rows.append((not row.touches_floor(), excess, FEATURES[name].section, name, one))
        for name in (name for name in SPEAKING_FIGURES if name in one.figures):
            row = one.figures[name][2]
            rows.append((not row.touches_floor(), abs(row.value.mean) / max(row.floor.high, 1e-9), "figures", name, one))
    chosen: list[Fact] = []
    taken: Counter[str] = Counter()
    names: set[str] = set()
    for _, _, section, name, one in sorted(rows, key=lambda row: row[:2], reverse=True):
        if taken[section] < (2 if section == "figures" else 1) and name not in names:
            taken[section] += 1
            names.add(name)
            chosen.append((_figure_apart if section == "figures" else _distribution)(name, one))
    return chosen


def _distribution(name: str, one: Beside) -> Fact:
    feature, row = FEATURES[name], one.overlaps[name]
    here, there = one.other.measures.share(name), one.human.measures.share(name)
    best = int(np.argmax(np.abs(here - there)))
    human, other, label = one.human.music.name, one.other.music.name, feature.labels[best]
    return Fact(
        f"{feature.title}, {label}: {percent(here[best])} of the {feature.things} in {other}, {percent(there[best])} in {human}",
        f"The two distributions overlap by {percent(row.value.mean)} ({percent(row.value.low)} to {percent(row.value.high)}); "
        f"two halves of {human} by {percent(row.floor.mean)}.{_CHANCE if row.touches_floor() else ''}",
    )


def _figure_apart(name: str, one: Beside) -> Fact:
    human, other, row = one.figures[name]
    here, there, low, high, floor = (
        figure_text(name, value) for value in (other.mean, human.mean, row.value.low, row.value.high, row.floor.high)
    )
    title = FIGURES[name][0].upper() + FIGURES[name][1:]
    return Fact(
        f"{title}: {here} in {one.other.music.name}, {there} in {one.human.music.name}",
        f"The difference is {low} to {high}; halves of {one.human.music.name} differ by up to {floor}."
        f"{_CHANCE if row.touches_floor() else ''}",
    )


def _telling(one: Beside) -> Fact | None:
    if not one.telling:
        return None
    best = max(one.telling, key=lambda telling: abs(telling.score))
    what = "rhythm" if best.kind == "rhythm" else "melodic figure"
    here, there = per_thousand(best.share_other), per_thousand(best.share)
    return Fact(
        f"One {what} tells them apart: {here} in a thousand in {one.other.music.name}, {there} in {one.human.music.name}",
        "Of all figures of four, it is the one whose share in a piece differs most surely.",
        (best.kind, best.symbols),
    )


def per_thousand(share: float) -> str:
    """How many in a thousand."""
    return number(round(1000 * share, 1))


def _mean(one: Explored, name: str) -> float:
    """The mean of a figure over the pieces that have it; 0 where none has."""
    known = one.measures.figure(name)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else 0.0


def figure_text(name: str, value: float) -> str:
    """The value of one of `FIGURES` as people read it."""
    if name in SHARES and np.isfinite(value):
        return percent(value) if value >= 0 else f"−{abs(100 * value):.{int(value > -0.0995)}f}%"
    return number(value)


def number(value: float) -> str:
    """A number with three digits that count."""
    if not np.isfinite(value):
        return "–"
    size = abs(value)
    text = (
        f"{size:,.0f}"
        if size >= 100
        else f"{size:.3g}"
        if size >= 0.01
        else f"{size:.1g}"
        if size >= 0.001
        else "<0.001"
        if size
        else "0"
    )
    return f"−{text}" if value < 0 else text


def _times(ratio: float) -> str:
    return f"{ratio:.1f} times" if ratio < 10 else f"{ratio:,.0f} times"
