"""A piano roll of a piece as PNG or SVG.

Time runs to the right and breaks into systems, pitch upwards; each track has a colour, soft notes are paler, given notes
are grey on a tinted ground before the written ones, and drums have a strip of their own beneath.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.errors import InvalidOption, InvalidPiece
from partimento.files import write_atomic
from partimento.piece import Piece
from partimento.render.bars_on_page import Bars, Floats, bars_of, label_stride, systems_of

SUFFIXES = (".png", ".svg")
Given = npt.NDArray[np.bool_] | None

PALETTE = ("#2f6db3", "#d1603d", "#3a8f6b", "#8a5aa8", "#c79a1b", "#c4527f", "#3d9fb0", "#7d7445")
INK, PALE_INK, PAPER, BLACK_KEY, BAR, BEAT, OCTAVE = "#22262b", "#7b828a", "#ffffff", "#f5f6f8", "#a9b0b8", "#e4e7ea", "#cdd2d8"
GIVEN_GROUND, GIVEN_INK = "#faf1dc", "#9a7a2c"
GIVEN_GREY = "#8a8780"

WIDTH_INCH, DPI = 12.0, 160
_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 0.62, 0.25, 0.92, 0.42, 0.5  # margins in inches
_MOST_INCH = 24.0  # height of all systems together
_LEAST_SEMITONES = 14  # of a system, so that it shows an octave line
_DRUM_ROWS, _DRUM_ROW = 10, 1.3  # most rows, and the height of one in semitones
_RC: Any = {
    "font.family": ["DejaVu Sans"],
    "text.parse_math": False,  # a dollar in a title is a dollar
    "text.usetex": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "partimento",
    "path.simplify": False,
    "agg.path.chunksize": 0,
}


def roll(
    piece: Piece, path: str | Path, *, title: str | None = None, given_until_tick: int | None = None, given: Given = None
) -> None:
    """Draws `picture` into a PNG or SVG file, by the suffix.

    Raises `InvalidPiece` for a piece without notes, `InvalidOption` for another suffix, `WriteFailed` when the file
    cannot be written; what stood there before then still stands.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise InvalidOption(f"{path}: a piano roll is written as {' or '.join(SUFFIXES)}; give the file one of these suffixes")
    kind = path.suffix.lower()[1:]
    write_atomic(path, picture(piece, kind, title=title, given_until_tick=given_until_tick, given=given))


def picture(
    piece: Piece, kind: str, *, title: str | None = None, given_until_tick: int | None = None, given: Given = None
) -> bytes:
    """The piece drawn as "png" or "svg"; the same bytes for the same piece and version of matplotlib.

    `title` is the piece's own unless given. Notes that start before `given_until_tick` stand greyed on a tinted ground as
    given; where given and written notes mix, `given` [N] says which notes are greyed. The grid shows bars and beats by the
    meters (4/4 where none is stated), C of each octave as C2, C3, .. (MIDI pitch 60 is C4). Raises `InvalidPiece` for a
    piece without notes.
    """
    if not len(piece):
        raise InvalidPiece(f"{title or piece.about.title or 'the piece'} has no notes; there is nothing to draw")
    import matplotlib

    with matplotlib.rc_context(_RC), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        title = piece.about.title or Path(piece.about.source).stem if title is None else title
        return _saved(_figure(piece, title, given_until_tick, given), kind)


@dataclass(frozen=True)
class _Look:
    """The notes as boxes: start and end in ticks, centre `y` in semitones (drums: rows below 0), colours [N, 3]."""

    start: Floats
    end: Floats
    y: Floats
    colours: Floats
    drum_rows: int


@dataclass(frozen=True)
class _System:
    """A range of ticks and of pitches, high enough to show an octave; drums take `drum_rows` below."""

    left: float
    right: float
    low: int
    high: int
    drum_rows: int

    @property
    def bottom(self) -> float:
        return self.low - 0.5 - (self.drum_rows * _DRUM_ROW + 1.0 if self.drum_rows else 0.0)

    @property
    def top(self) -> float:
        return self.high + 0.5

    @property
    def pitches(self) -> range:
        return range(self.low, self.high + 1)


def _figure(piece: Piece, title: str, given_until_tick: int | None, given: Given) -> Any:
    from matplotlib.figure import Figure

    if given is None and given_until_tick is not None:
        given = piece.notes["onset"] < given_until_tick
    look = _look(piece, given)
    bars = bars_of(piece)
    ranges = systems_of(piece, bars)
    systems = [_system(look, bars.ticks[first], bars.ticks[last]) for first, last in ranges]
    longest = max(system.right - system.left for system in systems)
    spans = [system.top - system.bottom for system in systems]
    semitone_inch = min(0.07, _MOST_INCH / sum(spans))
    height_inch = _TOP + _BOTTOM + sum(spans) * semitone_inch + (len(systems) - 1) * _GAP
    width_inch = WIDTH_INCH - _LEFT - _RIGHT
    figure = Figure(figsize=(WIDTH_INCH, height_inch), dpi=DPI, facecolor=PAPER)
    bottom_inch = height_inch - _TOP + _GAP
    for system, span, (first, last) in zip(systems, spans, ranges, strict=True):
        bottom_inch -= span * semitone_inch + _GAP
        box = (_LEFT / WIDTH_INCH, bottom_inch / height_inch, width_inch / WIDTH_INCH, span * semitone_inch / height_inch)
        axes = figure.add_axes(box)
        axes.set_xlim(system.left, system.left + longest)
        axes.set_ylim(system.bottom, system.top)
        _ground(axes, system, given_until_tick)
        _grid(axes, system, bars, first, last)
        _notes(axes, look, system, longest)
    ground = given_until_tick is not None and given_until_tick > 0
    _head(figure, piece, title, height_inch, GIVEN_GROUND if ground else GIVEN_GREY if given is not None and given.any() else "")
    return figure


def _look(piece: Piece, given: Given) -> _Look:
    notes = piece.notes
    y = notes["pitch"].astype(np.float64)
    is_drum = np.array([track.is_drum for track in piece.tracks], bool)[notes["track"]]
    rgb = np.array([_rgb(colour) for colour in PALETTE])[_colour_of_track(piece)][notes["track"]]
    rgb[is_drum] = _rgb(INK)
    if given is not None:
        rgb[given] = 0.35 * rgb[given] + 0.65 * np.array(_rgb(GIVEN_GREY))
    strength = 0.4 + 0.6 * np.minimum(notes["velocity"].astype(np.float64) / 90, 1)[:, None]  # paler means softer
    start = notes["onset"].astype(np.float64)
    end = start + notes["duration"]
    # a stroke has no length worth showing
    end[is_drum] = np.minimum(end[is_drum], start[is_drum] + piece.ticks_per_quarter / 6)
    drums, number = np.unique(notes["pitch"][is_drum], return_inverse=True)
    rows = min(len(drums), _DRUM_ROWS)
    y[is_drum] = number * rows // max(len(drums), 1) - rows  # the lowest drum in the lowest row
    return _Look(start, end, y, rgb * strength + (1 - strength), rows)


def _system(look: _Look, left: float, right: float) -> _System:
    seen = look.y[(look.start < right) & (look.end > left) & (look.y >= 0)]
    seen = seen if len(seen) else look.y[look.y >= 0][:1]
    if not len(seen):
        return _System(left, right, 0, -1, look.drum_rows)
    low, high = int(seen.min()) - 1, int(seen.max()) + 1
    missing = max(0, _LEAST_SEMITONES - (high - low + 1))
    return _System(left, right, low - missing // 2, high + missing - missing // 2, look.drum_rows)


def _colour_of_track(piece: Piece) -> npt.NDArray[np.int64]:
    """The palette's number for each track: tuned tracks with notes take the colours in turn."""
    colours = np.zeros(len(piece.tracks), np.int64)
    tuned = _tuned_tracks(piece)
    colours[tuned] = np.arange(len(tuned)) % len(PALETTE)
    return colours


def _tuned_tracks(piece: Piece) -> list[int]:
    return [int(number) for number in np.unique(piece.notes["track"]) if not piece.tracks[number].is_drum]


def _rgb(colour: str) -> tuple[float, float, float]:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def _ground(axes: Any, system: _System, given_until_tick: int | None) -> None:
    """What lies behind the grid: black keys, and the tint of what was given."""
    from matplotlib.collections import PolyCollection

    black = np.array([pitch for pitch in system.pitches if pitch % 12 in (1, 3, 6, 8, 10)], np.float64)
    axes.add_collection(
        PolyCollection(_boxes(system.left, system.right, black - 0.5, 1.0), facecolors=BLACK_KEY, linewidths=0, zorder=0)
    )
    if given_until_tick is None or given_until_tick <= system.left:
        return
    until = min(float(given_until_tick), system.right)
    tint = _boxes(system.left, until, np.array([system.bottom]), system.top - system.bottom)
    axes.add_collection(PolyCollection(tint, facecolors=GIVEN_GROUND, linewidths=0, zorder=0.5, alpha=0.8))
    if until < system.right:
        axes.plot([until, until], [system.bottom, system.top], color=GIVEN_INK, linewidth=1.3, zorder=4)


def _grid(axes: Any, system: _System, bars: Bars, first: int, last: int) -> None:
    """Lines at bars, beats and octaves, with bar numbers below and octaves at the left."""
    from matplotlib.collections import LineCollection

    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=7.5, colors=PALE_INK, pad=3)
    octaves = [pitch for pitch in system.pitches if pitch % 12 == 0]
    lines = [[(system.left, pitch - 0.5), (system.right, pitch - 0.5)] for pitch in octaves]
    axes.add_collection(LineCollection(lines, colors=OCTAVE, linewidths=0.7, zorder=1))
    beats = bars.beats[(bars.beats > system.left) & (bars.beats < system.right)]
    if len(beats) <= 200:
        axes.add_collection(LineCollection(_verticals(beats, system), colors=BEAT, linewidths=0.6, zorder=1))
    lines_at = np.append(bars.ticks[first:last][:: label_stride(last - first, 64)], system.right)
    axes.add_collection(LineCollection(_verticals(lines_at, system), colors=BAR, linewidths=0.7, zorder=1.5))
    labels = [(float(pitch), f"C{pitch // 12 - 1}") for pitch in octaves]
    if system.drum_rows:
        labels.append(((system.bottom + system.low - 0.5) / 2, "drums"))
        axes.plot([system.left, system.right], [system.low - 0.5] * 2, color=BAR, linewidth=0.7, zorder=1.5)
    axes.set_yticks([at for at, _ in labels], [text for _, text in labels])
    shown = range(first, last, label_stride(last - first, 24))
    axes.set_xticks([bars.ticks[bar] for bar in shown], [str(bars.numbers[bar]) for bar in shown], ha="left")


def _notes(axes: Any, look: _Look, system: _System, longest: float) -> None:
    """The notes that sound in a system, each cut at its borders, a hair apart from the next, never thinner than one."""
    from matplotlib.collections import PolyCollection

    seen = np.flatnonzero((look.start < system.right) & (look.end > system.left))
    seen = seen[np.argsort(look.start[seen] - look.end[seen], kind="stable")]  # short notes lie on long ones
    pixel = longest / ((WIDTH_INCH - _LEFT - _RIGHT) * DPI)
    start, stop = np.maximum(look.start[seen], system.left), np.minimum(look.end[seen], system.right)
    stop = np.maximum(stop - np.minimum(1.8 * pixel, (stop - start) * 0.25), start + 0.8 * pixel)
    y = look.y[seen]
    drums = y < 0
    half = np.where(drums, 0.4 * _DRUM_ROW, 0.44)
    y = np.where(drums, system.bottom + 0.5 + _DRUM_ROW * (y + system.drum_rows + 0.5), y)
    stop = np.where(drums, np.maximum(stop, start + 3 * pixel), stop)
    corners = ((start, y - half), (stop, y - half), (stop, y + half), (start, y + half))
    vertices: Any = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    axes.add_collection(PolyCollection(vertices, facecolors=look.colours[seen], linewidths=0, zorder=3))


def _boxes(left: float, right: float, y: Floats, height: float) -> Any:
    return [[(left, level), (right, level), (right, level + height), (left, level + height)] for level in y]


def _verticals(ticks: Floats, system: _System) -> Any:
    return [[(tick, system.bottom), (tick, system.top)] for tick in ticks]


def _head(figure: Any, piece: Piece, title: str, height_inch: float, given: str) -> None:
    """The title, and beneath it what the colours mean."""
    from matplotlib.patches import Rectangle

    left, y_title, y_legend = _LEFT / WIDTH_INCH, 1 - 0.36 / height_inch, 1 - 0.66 / height_inch
    figure.text(left, y_title, _plain(title, 96), fontsize=13, color=INK, va="center", fontweight="bold")
    entries: list[tuple[str, Any]] = []
    tuned, colours = _tuned_tracks(piece), _colour_of_track(piece)
    if given:
        entries.append(("given", given))
    names = {number: _plain(piece.tracks[number].name, 24) for number in tuned}
    unclear = len(tuned) > 1 and (len(set(names.values())) < len(tuned) or not all(names.values()))
    for number in tuned[: len(PALETTE)]:
        name = f"track {number + 1}" if unclear else names[number] or ("written" if entries else "notes")
        entries.append((name, PALETTE[colours[number]]))
    if len(tuned) > len(PALETTE):
        entries.append((f"and {len(tuned) - len(PALETTE)} more", None))
    x_inch = _LEFT
    for name, colour in entries:
        if colour is not None:
            edge = GIVEN_INK if colour == GIVEN_GROUND else colour
            box = (x_inch / WIDTH_INCH, y_legend - 0.055 / height_inch)
            figure.add_artist(Rectangle(box, 0.2 / WIDTH_INCH, 0.11 / height_inch, facecolor=colour, edgecolor=edge, linewidth=0.6))
            x_inch += 0.27
        figure.text(x_inch / WIDTH_INCH, y_legend, name, fontsize=8, color=PALE_INK, va="center")
        x_inch += 0.066 * len(name) + 0.26
    seconds = round(piece.seconds)
    facts = f"{len(piece):,} notes, {seconds // 60}:{seconds % 60:02d}"
    figure.text(1 - _RIGHT / WIDTH_INCH, y_legend, facts, fontsize=8, color=PALE_INK, va="center", ha="right")


def _plain(text: str, longest: int) -> str:
    """One printable line of at most so many letters."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _saved(figure: Any, kind: str) -> bytes:
    metadata = {"Date": None, "Creator": "Partimento"} if kind == "svg" else {"Software": "Partimento"}
    file = io.BytesIO()
    figure.savefig(file, format=kind, metadata=metadata, facecolor=PAPER)
    return file.getvalue()
