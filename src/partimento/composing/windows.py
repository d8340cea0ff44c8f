"""Tasks as models see them: windows of a few bars, one after another; and what was written, back in the piece. It draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from partimento.bars import BarGrid
from partimento.composing.players import players, programs_of
from partimento.composing.rules import Inside
from partimento.encodings import Events
from partimento.encodings.tasks import MOST_BARS, Tasks
from partimento.errors import InvalidOption
from partimento.piece import Array, Piece, Track, nearest_line
from partimento.task import LONGEST_HOLE, Region, Task

LONGEST_LINE = 16  # bars of a line or a variation that are written at a time
EVENTS_PER_NOTE = 1.35  # with bar lines and waits
SHARE = 0.4  # of a window that what is written may take, or what is written and what is fixed in its bars, twice

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """Bars of a piece, on the encoding's grid from its first bar on: `piece` with the fixed notes, the region to write in
    it, the tick of the whole piece at which it begins, and the tracks written to, from 0."""

    piece: Piece
    region: Region
    start_tick: int
    written: tuple[int, ...] = (0,)

    @property
    def bar_ticks(self) -> int:
        return int(BarGrid.of(self.piece).bar[0])

    @property
    def span(self) -> tuple[int, int]:
        """First tick of the region in the window, and the one after its last."""
        assert self.region.bars is not None
        return (self.region.bars[0] - 1) * self.bar_ticks, self.region.bars[1] * self.bar_ticks

    def start(self, task: Task) -> int:
        """The tick in this window from which rules count: that of the region's first full bar. It may lie before the window."""
        grid = BarGrid.of(replace(task.given, pedals=task.given.pedals[:0]).quantise(self.piece.ticks_per_quarter))
        first, _ = task.places()
        return int(grid.tick_of(max(first, int(grid.upbeat)))) - self.start_tick

    def asked(self, encoding: Tasks) -> Events:
        """The prompt: events [T, F] of the piece and the region, up to where the answer begins."""
        return encoding.prompt(self.piece, np.ones(len(self.piece), bool), self.region, self.written)

    def inside(self, task: Task, encoding: Tasks, is_last: bool) -> Inside:
        """The rule of the region of a task, for notes that are written into its tracks."""
        notes = self.piece.notes[np.isin(self.piece.notes["track"], self.written)]
        notes = notes[np.argsort(notes["onset"], kind="stable")]
        times = np.stack([notes["onset"], notes["onset"] + notes["duration"]], 1).astype(np.int64)
        player = encoding.players(self.piece)
        who = np.stack([player[notes["track"]], notes["pitch"]], 1)
        fixed = {tuple(one): times[(who == one).all(1)] for one in np.unique(who, axis=0).tolist()}
        start, end = self.span
        rests = bool(self.region.tracks) or self.region.keep is not None  # a voice may, to the end
        return Inside(
            *(start, end, fixed, start if rests else end - self.bar_ticks, self.start(task)),
            players=programs_of(task, self.written) if encoding.layout.instrument else frozenset({0}),
            written=frozenset(player[list(self.written)].tolist()) if encoding.layout.parts else None,
            is_last=is_last,
        )


def regions(task: Task, encoding: Tasks, longest: int) -> list[tuple[int, int]]:
    """The bars of the region in stretches that fit into windows of `longest` events, each in one meter: the places of the first
    and the last bar of each, from 0."""
    piece, grid = task.given, BarGrid.of(task.given)
    first, stop = task.places()
    a_bar = EVENTS_PER_NOTE * len(piece) / grid.count + 2
    most, a_bar = (LONGEST_HOLE, a_bar) if task.write.role == "all" else (LONGEST_LINE, 1.5 * a_bar)
    size = int(np.clip(SHARE * longest / a_bar, 1, most))
    changes = set(grid.bars_before.tolist())
    stretches: list[tuple[int, int]] = []
    begin = first
    for bar in range(first + 1, stop + 1):
        if bar == stop or bar in changes or bar - begin == size:
            stretches.append((begin, bar - 1))
            begin = bar
    return stretches


def window(
    task: Task, fixed: Piece, bars: tuple[int, int], encoding: Tasks, longest: int, tracks: Sequence[int] | None = None
) -> Window:
    """The bars to write into some `tracks`, from 0 (None: those of `players`), by their places from 0; and as many around them, of
    the same meter, as fit into `longest` events with what is written. `fixed` is the piece with the fixed notes, on the
    encoding's grid.

    Raises `InvalidOption` where even the bars themselves do not fit.
    """
    whole = replace(task.given, pedals=task.given.pedals[:0]).quantise(fixed.ticks_per_quarter)
    grid = BarGrid.of(whole)
    first, last = bars[0], bars[1] + 1
    lines = grid.tick_of(np.arange(max(grid.count, last) + 1))
    count = np.searchsorted(np.sort(fixed.notes["onset"]), lines)
    in_force = grid.row(lines[:-1])
    gone = np.searchsorted(np.sort(whole.notes["onset"][~task.stands()]), lines)
    usual = 0.7 * len(whole) / (len(lines) - 1) * (last - first) if task.write.part else 0
    written = max(usual, int(gone[last] - gone[first]))
    again = int(count[last] - count[first])  # what is fixed there comes once more among what is written
    likely = EVENTS_PER_NOTE * (written + again) + 2 * (last - first)

    def fits(first: int, last: int) -> bool:
        if last - first > MOST_BARS:
            return False
        return bool(EVENTS_PER_NOTE * (count[last] - count[first]) + 2 * (last - first) + likely <= longest - 16)

    if not fits(first, last):
        numbers = "-".join(map(str, grid.number_of(np.array(bars)).tolist()))
        raise InvalidOption(f"bars {numbers} hold more notes than the model sees at once; write fewer bars at a time")
    grows = True
    while grows:
        grows = False
        for before, after in ((1, 0), (0, 1)):
            wider = first - before, last + after
            inside = wider[0] >= 0 and wider[1] < len(lines) and len(set(in_force[wider[0] : wider[1]])) == 1
            if inside and fits(*wider):
                (first, last), grows = wider, True
    start, end = int(lines[first]), int(lines[last])
    cut = fixed.cut(start, end)
    region = replace(task.write, bars=(bars[0] - first + 1, bars[1] - first + 1))
    return Window(cut, region, start, tuple(players(task) if tracks is None else tracks))


def rejoined(task: Task, fixed: Bools, windows: Sequence[tuple[Window, Piece]], encoding: Tasks) -> tuple[Piece, Bools]:
    """The piece with what was written in its windows, and which of its notes are new, bool [N]. The fixed notes are as they
    were, bit for bit; new ones lie on the nearest of the piece's own ticks. Where the encoding has no velocity they are as loud
    as the others."""
    given = task.given
    loudness = int(np.median(given.notes["velocity"])) if len(given) else 80
    tracks = list(given.tracks)
    old, rows = given.notes[fixed], []
    for one, piece in windows:
        notes = piece.notes.copy()
        grid = piece.ticks_per_quarter
        onset = nearest_line(notes["onset"].astype(np.int64) + one.start_tick, grid, given.ticks_per_quarter)
        end = nearest_line(notes["onset"].astype(np.int64) + notes["duration"] + one.start_tick, grid, given.ticks_per_quarter)
        notes["onset"], notes["duration"] = onset, np.maximum(1, end - onset)
        if not encoding.layout.velocity:
            notes["velocity"] = loudness
        homes = _homes(task, one, piece, encoding)
        notes["track"] = [
            _track(task, tracks, homes[track], piece.tracks[track], pitch) for track, pitch in notes[["track", "pitch"]].tolist()
        ]
        rows.append(notes)
    written = _free(np.concatenate([*rows, given.notes[:0]]), old)
    both = np.concatenate([old, written])
    order = np.lexsort([both["velocity"], both["duration"], both["pitch"], both["onset"], both["track"]])
    return replace(given, notes=both, tracks=tuple(tracks)), order >= len(old)


def _free(written: Array, old: Array) -> Array:
    """New notes without what of them, off the grid, sounds into a fixed note of their track and pitch; a file could not tell."""
    begin, end = written["onset"].astype(np.int64), written["onset"].astype(np.int64) + written["duration"]
    for at, (track, pitch) in enumerate(written[["track", "pitch"]].tolist()):
        same = old[(old["track"] == track) & (old["pitch"] == pitch)]
        onset, stop = same["onset"].astype(np.int64), same["onset"].astype(np.int64) + same["duration"]
        begin[at] = stop[(onset <= begin[at]) & (stop > begin[at])].max(initial=begin[at])
        end[at] = onset[onset > begin[at]].min(initial=end[at])
    kept: Array = written[end > begin].copy()
    kept["onset"], kept["duration"] = begin[end > begin], (end - begin)[end > begin]
    return kept


def _homes(task: Task, one: Window, piece: Piece, encoding: Tasks) -> list[list[int]]:
    """Of each track of what was written in a window, the tracks of the task that are played alike; none of an added part's that
    has no track yet."""
    who = encoding.players(one.piece)
    named = range(len(piece.tracks)) if encoding.layout.parts else encoding.players(piece)
    homes = [[track for track in one.written if who[track] == player] for player in named]
    return [home or list(one.written[:1]) for home in homes]


def _track(task: Task, tracks: list[Track], fitting: Sequence[int], player: Track, pitch: int) -> int:
    """Where a new note goes: of the `fitting` tracks the one whose notes lie nearest; an added part has its own."""
    if not fitting:
        name = task.write.part
        old = range(len(task.given.tracks), len(tracks))
        at = next((n for n in old if tracks[n].program == player.program and tracks[n].is_drum == player.is_drum), len(tracks))
        if at == len(tracks):
            tracks.append(replace(player, name=name))
        return at
    if len(fitting) == 1:
        return fitting[0]
    notes = task.given.notes
    middle = {n: float(np.median(of)) if len(of := notes["pitch"][notes["track"] == n]) else 64.0 for n in fitting}
    return min(fitting, key=lambda n: abs(middle[n] - pitch))


def generated(encoding: Tasks, asked: Events, answer: Events) -> Piece:
    """What was written in the answer [T, F] to the prompt `asked` [T, F], without the fixed notes."""
    head = asked[np.flatnonzero(asked[:, 0] == encoding.separator)[0] + 1 :]
    return encoding.generated(np.concatenate([head, answer]), len(head))
