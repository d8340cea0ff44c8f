"""Charts as inline SVG, drawn at the width of a phone so that letters are never shrunk."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np

from partimento.analysis.piece_set import Floats, Ints
from partimento.analysis.report.wording import percent, short

COLOURS = ("#2f6db3", "#d1603d", "#3a8f6b", "#8a5aa8", "#c79a1b", "#7b828a")
FAINT = "#5a6068"
WIDTH = 360
_LETTER = 6.1  # width of a letter of 11 pixels
Series = Sequence[tuple[str, Floats]]


def rows(labels: Sequence[str], series: Series, alt: str) -> str:
    """Horizontal bars, one row a label, one bar a set: for labels that are words. Values are shares, 0..1."""
    thick = 14 if len(series) == 1 else max(5, 18 // len(series))
    step = thick * len(series) + (6 if len(series) == 1 else 10)
    left = min(150, 16 + _LETTER * max(map(len, labels), default=0))
    room = WIDTH - left - 46
    widest = max((float(values.max()) for _, values in series if len(values)), default=0) or 1
    parts = []
    for row, label in enumerate(labels):
        y = row * step + 4
        middle = y + thick * len(series) / 2
        parts.append(_text(left - 7, middle + 4, label, "end"))
        for number, (_, values) in enumerate(series):
            long = room * float(values[row]) / widest
            top = y + number * thick
            parts.append(_bar(left, top, max(long, 0.8), thick - 1, COLOURS[number]))
            if len(series) < 3:
                size = 11 if len(series) == 1 else 9.5
                parts.append(
                    _text(left + long + 5, top + thick / 2 + size * 0.34, percent(float(values[row])), size=size, ink=FAINT)
                )
    return _svg(parts, len(labels) * step + 6, alt)


def columns(labels: Sequence[str], series: Series, alt: str, *, every: int = 1) -> str:
    """Vertical bars in the order of the labels, each `every`-th of which is written: for numbers. Three or more sets are lines."""
    height, top, left = 130, 14, 34
    count = len(labels)
    room = (WIDTH - left - 4) / max(count, 1)
    widest = max((float(values.max()) for _, values in series if len(values)), default=0) or 1
    parts = []
    for share in (0.5, 1.0):
        y = top + height * (1 - share)
        parts.append(_line(left, y, WIDTH - 4, y))
        parts.append(_text(left - 5, y + 4, percent(widest * share), "end", 10, ink=FAINT))
    for number, (_, values) in enumerate(series):
        if len(series) > 2:
            path = "".join(
                f"{'L' if at else 'M'}{left + (at + 0.5) * room:.1f} {top + height * (1 - v / widest):.1f}"
                for at, v in enumerate(values)
            )
            parts.append(f'<path d="{path}" fill="none" stroke="{COLOURS[number]}" stroke-width="2" stroke-linejoin="round"/>')
            continue
        wide = max(room * 0.84 / len(series), 0.9)
        for at, value in enumerate(values):
            if value > 0:
                tall = height * float(value) / widest
                parts.append(
                    _bar(left + at * room + room * 0.08 + number * wide, top + height - tall, wide - 0.3, tall, COLOURS[number])
                )
    parts.append(_line(left, top + height, WIDTH - 4, top + height, "#22262b"))
    for at in range(0, count, every):
        parts.append(_text(left + (at + 0.5) * room, top + height + 14, labels[at], "middle", 10.5))
    return _svg(parts, top + height + 20, alt)


def grid(row_labels: Sequence[str], column_labels: Sequence[str], values: Floats, alt: str) -> str:
    """A table of shares [R, C] as shades; the larger ones are written in per cent."""
    left = 12 + _LETTER * max(map(len, row_labels), default=0)
    cell = (WIDTH - left - 2) / max(len(column_labels), 1)
    parts = [_text(left + (at + 0.5) * cell, 12, label, "middle", 10.5) for at, label in enumerate(column_labels)]
    most = float(values.max()) or 1
    for row, label in enumerate(row_labels):
        y = 18 + row * cell * 0.82
        parts.append(_text(left - 6, y + cell * 0.41 + 4, label, "end", 10.5))
        for column in range(len(column_labels)):
            share = float(values[row, column])
            shade = (share / most) ** 0.6
            x = left + column * cell
            parts.append(_bar(x, y, cell - 1, cell * 0.82 - 1, COLOURS[0], 0.05 + 0.9 * shade))
            if share >= 0.1 * most and share >= 0.001:
                ink = "#ffffff" if shade > 0.55 else "#22262b"
                parts.append(_text(x + cell / 2, y + cell * 0.41 + 3.5, f"{100 * share:.1f}", "middle", 9, ink))
    return _svg(parts, 20 + len(row_labels) * cell * 0.82, alt)


def curves(series: Sequence[tuple[str, Ints, Ints]], x_title: str, y_title: str, alt: str) -> str:
    """Lines on two logarithmic axes; each is (name, x [N], y [N]), and its name is written at its end."""
    height, top, left, right = 210, 10, 40, 26
    series = [(name, x[(x > 0) & (y > 0)], y[(x > 0) & (y > 0)]) for name, x, y in series]
    series = [one for one in series if len(one[1])]
    if not series:
        return ""
    x_most = max(float(np.log10(x.max())) for _, x, _ in series) or 1
    y_most = max(float(np.log10(y.max())) for _, _, y in series) or 1
    parts = []

    def place(x: float, y: float) -> tuple[float, float]:
        return left + (WIDTH - left - right) * np.log10(x) / x_most, top + height * (1 - np.log10(y) / y_most)

    for power in range(int(y_most) + 1):
        _, y = place(1, 10**power)
        parts += [_line(left, y, WIDTH - right, y), _text(left - 5, y + 4, short(10**power), "end", 10, ink=FAINT)]
    for power in range(int(x_most) + 1):
        x, _ = place(10**power, 1)
        parts.append(_text(x, top + height + 14, short(10**power), "middle", 10, ink=FAINT))
    ends: list[float] = []
    for number, (name, xs, ys) in enumerate(series):
        points = [place(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
        path = "".join(f"{'L' if at else 'M'}{x:.1f} {y:.1f}" for at, (x, y) in enumerate(points))
        colour = _ramp(number, len(series))
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8" stroke-linejoin="round"/>')
        end = points[-1][1] + 4
        while any(abs(end - other) < 10 for other in ends):
            end -= 2
        ends.append(end)
        parts.append(_text(points[-1][0] + 4, end, name, size=10.5, ink=colour))
    parts.append(_text(left + (WIDTH - left - right) / 2, top + height + 29, x_title, "middle", 10.5))
    turned = f'<g transform="translate(9 {top + height / 2:.0f}) rotate(-90)">'
    parts.append(f"{turned}{_text(0, 0, y_title, 'middle', 10.5)}</g>")
    return _svg(parts, top + height + 35, alt)


def picture(values: Floats, alt: str) -> str:
    """A square matrix [N, N] of values 0..1 as a PNG inside the page, dark where they are high, its first row at the top."""
    from matplotlib.image import imsave

    buffer = io.BytesIO()
    imsave(buffer, np.repeat(np.repeat(values, 2, axis=0), 2, axis=1), cmap="Blues", vmin=0, vmax=1, format="png")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img class="matrix" alt="{escape(alt)}" src="data:image/png;base64,{data}">'


def _ramp(number: int, count: int) -> str:
    """From pale to dark blue."""
    share = number / max(count - 1, 1)
    first, last = np.array([143, 186, 222]), np.array([20, 46, 96])
    red, green, blue = (first + (last - first) * share).astype(int).tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"


def _text(x: float, y: float, text: str, anchor: str = "start", size: float = 11, ink: str = "") -> str:
    fill = f' fill="{ink}"' if ink else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"{fill}>{escape(text)}</text>'


def _bar(x: float, y: float, wide: float, tall: float, colour: str, opacity: float = 1.0) -> str:
    paler = f' fill-opacity="{opacity:.2f}"' if opacity < 1 else ""
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="1" fill="{colour}"{paler}/>'


def _line(x: float, y: float, to_x: float, to_y: float, colour: str = "#dfe3e7") -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="{colour}"/>'


def _svg(parts: Sequence[str], height: float, alt: str) -> str:
    return f'<svg class="chart" role="img" aria-label="{escape(alt)}" viewBox="0 0 {WIDTH} {height:.0f}">{"".join(parts)}</svg>'
