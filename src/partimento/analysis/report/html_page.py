"""An exploration as one self-contained HTML page. It chooses and arranges charts and tables; it counts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from partimento.analysis.beat_chords import NUMERALS
from partimento.analysis.exploration import Beside, Exploration, Explored
from partimento.analysis.figures.figure import Histogram
from partimento.analysis.figures.histograms import HISTOGRAMS, SECTIONS
from partimento.analysis.figures.registry import FIGURES
from partimento.analysis.melodic_lines import QUARTERS
from partimento.analysis.ngrams import KINDS, LONGEST, Gram
from partimento.analysis.piece_set import Ints
from partimento.analysis.report import charts
from partimento.analysis.report.facts import facts
from partimento.analysis.report.numbers import values
from partimento.analysis.report.wording import figure_text, number, per_thousand, percent
from partimento.render.snippet import intervals_svg, notes_svg, rhythm_svg
from partimento.version import VERSION

LEAST_SHARE = 0.004  # of a label that is drawn in a list of words
MOST_LABELS, MOST_CHORDS = 14, 9
ROWS_SHOWN = {1: 8, 2: 6}  # patterns in a table, by the number of sets; fewer sets have more room
CALLED = {"pitch": "Notes", "interval": "Melodic patterns, in any key", "rhythm": "Rhythms"}


def to_html(exploration: Exploration, *, title: str = "", notes: Sequence[str] = (), folder: str = "") -> bytes:
    """The page. `notes` are printed beneath the title; `folder` is where the numbers lie, as seen from the page."""
    from importlib.resources import files

    from jinja2 import Environment
    from markupsafe import Markup

    source = files("partimento.analysis.report").joinpath("report.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = number
    environment.filters["per_thousand"] = per_thousand
    sets = exploration.sets
    page = environment.from_string(source).render(
        title=title or (" beside " if len(sets) == 2 else ", ").join(one.music.name for one in sets),
        notes=notes,
        folder=folder,
        version=VERSION,
        sets=[_tile(one, at) for at, one in enumerate(sets)],
        facts=[(fact, Markup(_figure(*fact.figure)) if fact.figure else "") for fact in facts(exploration)],
        sections=[(name, [(one, Markup(picture)) for one, picture in _section(name, sets)]) for name in SECTIONS],
        changes=[(one.music.name, Markup(_changes(one))) for one in sets if one.measures.counts["chord_change"].any()],
        beside=[_beside(one) for one in exploration.beside],
        kinds=[(kind, CALLED[kind], _patterns(kind, sets)) for kind in KINDS],
        curves=[(CALLED[kind], *map(Markup, _curves(kind, sets[0]))) for kind in KINDS],
        likeness=[(one, one.music.names[one.typical], Markup(_likeness(one))) for one in sets if len(one.similarity)],
    )
    return page.encode()


def _tile(one: Explored, at: int) -> dict[str, Any]:
    seconds = float(np.nansum(one.measures.figures["seconds"]))
    return {
        "name": one.music.name,
        "colour": charts.COLOURS[at],
        "made": one.music.made,
        "pieces": f"{len(one.music):,}",
        "works": f"{len(set(one.music.works)):,}",
        "notes": f"{len(one.music.notes):,}",
        "hours": f"{seconds / 3600:,.1f} hours" if seconds >= 5400 else f"{seconds / 60:,.0f} minutes",
    }


def _section(section: str, sets: Sequence[Explored]) -> list[tuple[Histogram, str]]:
    found = []
    notes = sum(len(one.music.notes) for one in sets)
    for name, histogram in HISTOGRAMS.items():
        counted = sum(int(one.measures.counts[name].sum()) for one in sets)
        if histogram.section == section and counted and counted >= histogram.least_share * notes:
            found.append((histogram, _chart(histogram, sets)))
    return found


def _chart(histogram: Histogram, sets: Sequence[Explored]) -> str:
    series = [(one.music.name, one.measures.share(histogram.name)) for one in sets]
    most = np.max([shares for _, shares in series], axis=0)
    shown = np.arange(len(histogram.labels))
    if histogram.every:
        if histogram.trim:
            used = np.flatnonzero(most > LEAST_SHARE / 8)
            group = histogram.trim
            shown = np.arange(int(used[0]) // group * group, min(int(used[-1]) // group * group + group + 1, len(shown)))
        labels = [(histogram.axis or histogram.labels)[at] for at in shown]
        return charts.columns(
            labels, [(name, shares[shown]) for name, shares in series], _alt(histogram, sets), every=histogram.every
        )
    if histogram.commonest_first:
        shown = np.argsort(-most, kind="stable")
    shown = shown[most[shown] >= LEAST_SHARE]
    if histogram.commonest_first:
        shown = shown[:MOST_LABELS]
    labels = [histogram.labels[at] for at in shown]
    return charts.rows(labels, [(name, shares[shown]) for name, shares in series], _alt(histogram, sets))


def _alt(histogram: Histogram, sets: Sequence[Explored]) -> str:
    parts = []
    for one in sets:
        share = one.measures.share(histogram.name)
        top = [at for at in np.argsort(-share)[:3].tolist() if share[at] > 0]
        parts.append(f"{one.music.name}: " + ", ".join(f"{histogram.labels[at]} {percent(float(share[at]))}" for at in top))
    return f"{histogram.title}. " + "; ".join(parts)


def _changes(one: Explored) -> str:
    """The commonest chords against each other."""
    shares = one.measures.share("chord_change").reshape(len(NUMERALS), -1)
    best = np.argsort(-(shares.sum(axis=0) + shares.sum(axis=1)), kind="stable")[:MOST_CHORDS]
    names = [NUMERALS[at] for at in best]
    return charts.grid(
        names, names, shares[np.ix_(best, best)], f"Changes of chord in {one.music.name}, in per cent of all changes"
    )


def _figure(kind: str, symbols: Sequence[int]) -> str:
    found = values(kind, symbols)
    if kind == "rhythm":
        return rhythm_svg([float(QUARTERS[symbol - 1]) for symbol in symbols])
    return (notes_svg if kind == "pitch" else intervals_svg)([int(value) for value in found])


def _patterns(kind: str, sets: Sequence[Explored]) -> list[dict[str, Any]]:
    rows = ROWS_SHOWN.get(len(sets), 5)
    return [
        {
            "n": n,
            "open": n == 4,
            "sets": [
                {
                    "name": one.music.name,
                    "pieces": len(one.music),
                    "different": f"{one.patterns[kind, n].different:,}",
                    "commonest": [_row(kind, gram, one) for gram in one.patterns[kind, n].commonest[:rows]],
                    "surprising": [_row(kind, gram, one) for gram in one.patterns[kind, n].surprising[:rows]],
                }
                for one in sets
            ],
        }
        for n in range(1, LONGEST + 1)
    ]


def _row(kind: str, gram: Gram, one: Explored) -> dict[str, Any]:
    from markupsafe import Markup

    return {
        "picture": Markup(_figure(kind, gram.symbols)),
        "count": f"{gram.count:,}",
        "share": percent(gram.pieces / len(one.music)),
        "where": [_short(one.music.names[piece]) for piece in gram.where[:2]],
        "ratio": number(gram.count / gram.expected) if gram.expected == gram.expected else "",
    }


def _short(name: str) -> str:
    """The last folder and the file, without its suffix."""
    parts = name.rsplit(".", 1)[0].split("/") if "." in name.rsplit("/", 1)[-1] else name.split("/")
    text = "/".join(parts[-2:])
    return text if len(text) <= 44 else text[:20] + "…" + text[-22:]


def _curves(kind: str, one: Explored) -> tuple[str, str]:
    def lines(which: str) -> list[tuple[str, Ints, Ints]]:
        return [(str(n), *getattr(one.patterns[kind, n], which)) for n in range(1, LONGEST + 1)]

    called = CALLED[kind].lower()
    return (
        charts.curves(
            lines("zipf"),
            "rank",
            "times",
            f"{called} of {one.music.name}: how often the pattern of each rank occurs, for n = 1 to 8",
        ),
        charts.curves(
            lines("growth"),
            "patterns so far",
            "different ones",
            f"{called} of {one.music.name}: how the number of different ones grows",
        ),
    )


def _likeness(one: Explored) -> str:
    return charts.picture(
        one.similarity, f"How alike the {len(one.similarity)} bars of {one.music.names[one.typical]} are, bar against bar"
    )


def _beside(one: Beside) -> dict[str, Any]:
    from markupsafe import Markup

    inside, of = one.within()
    overlaps = [
        {
            "title": HISTOGRAMS[name].title,
            "overlap": row,
            "bits": one.divergences[name],
            "inside": row.touches_floor(),
            "bar": _floor_bar(row.value.mean, row.value.low, row.value.high, row.floor.low, row.floor.high),
        }
        for name, row in one.overlaps.items()
    ]
    figures = [
        {
            "title": FIGURES[name].title,
            "human": figure_text(name, human.mean),
            "other": figure_text(name, other.mean),
            "change": figure_text(name, row.value.mean),
            "low": figure_text(name, row.value.low),
            "high": figure_text(name, row.value.high),
            "floor": figure_text(name, row.floor.high),
            "inside": row.touches_floor(),
        }
        for name, (human, other, row) in one.figures.items()
    ]
    telling = sorted(one.telling, key=lambda row: -abs(row.score))
    sides = [
        [
            row
            for kind in KINDS
            for row in [row for row in telling if row.kind == kind and (row.share > row.share_other) == human][:4]
        ]
        for human in (False, True)
    ]
    return {
        "human": one.human.music.name,
        "other": one.other.music.name,
        "inside": inside,
        "of": of,
        "overlaps": overlaps,
        "figures": figures,
        "mgeval": [
            {"title": title, "area": area, "nats": nats, "inside": area.touches_floor()}
            for title, (area, nats) in one.mgeval.items()
        ],
        "telling": [[(row, Markup(_figure(row.kind, row.symbols))) for row in side] for side in sides],
    }


def _floor_bar(value: float, low: float, high: float, floor_low: float, floor_high: float) -> Any:
    """A tiny line from 0 to 1: the floor as a band, the interval as a line, the value as a dot."""
    from markupsafe import Markup

    def at(share: float) -> str:
        return f"{2 + 96 * share:.1f}"

    wide = max(96 * (floor_high - floor_low), 1.5)
    return Markup(
        f'<svg class="gauge" viewBox="0 0 100 12" aria-hidden="true"><path d="M2 6H98" stroke="#dfe3e7"/>'
        f'<rect x="{at(floor_low)}" y="2" width="{wide:.1f}" height="8" fill="#3a8f6b" fill-opacity=".35"/>'
        f'<path d="M{at(low)} 6H{at(high)}" stroke="#22262b" stroke-width="1.5"/>'
        f'<circle cx="{at(value)}" cy="6" r="2.6" fill="#22262b"/></svg>'
    )
