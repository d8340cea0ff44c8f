"""What came of a task or a check, in words for an agent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from partimento.analysis.originality import stretch
from partimento.bars import BarGrid
from partimento.piece import Piece
from partimento.studio.agents.score_text import HOW, bars_text, head, pitch_text
from partimento.studio.workshop.tasks_in_flight import TaskRecord
from partimento.studio.workshop.workshop import Workshop

Json = Mapping[str, Any]


def score_answer(workshop: Workshop, name: str, bars: tuple[int, int] | None = None, act: str = "") -> str:
    """A score in full; after an act only what it is now."""
    piece = workshop.scores.piece(name)
    if act:
        return f"{act}. {head(name, piece)}"
    return "\n".join([head(name, piece), HOW, bars_text(piece, bars)]) if len(piece) else head(name, piece)


def task_answer(workshop: Workshop, record: TaskRecord) -> str:
    """The candidates of a task, the best first, each with its new notes; or why there are none."""
    if record.error is not None:
        return failure(record.error)
    if not record.candidates:
        return f"{record.name} was stopped."
    first, last = record.told["bars"]
    lines = [f"{record.name}: {record.ask['kind']}, bars {first}-{last} of {record.score}, best first. Keep one with `keep`. {HOW}"]
    for number in record.ranking:
        told = workshop.tasks.candidate(record.name, number)
        lines.append(f"candidate {number}: {judgement(told)}")
        lines.append(bars_text(workshop.tasks.piece(record.name, number), (first, last), told["new"]))
    return "\n".join(lines)


def failure(error: Json) -> str:
    """Why a task failed, where, and what to relax."""
    where = f" It fails in bar {error['bar']}." if error.get("bar") is not None else ""
    relax = f" Relax one of: {', '.join(error['relax'])}." if error.get("relax") else ""
    return f"It cannot be done: {error['message']}.{where}{relax}"


def judgement(told: Json) -> str:
    """How a candidate was judged, in a line."""
    parts = [f"{told['new_notes']} new notes"]
    if told["bits_per_note"] is not None:
        parts.append(f"{told['bits_per_note']:.2f} bits a note")
    parts += [f"{name} {'held' if not times else f'broken {times} times'}" for name, times in told["rules"].items()]
    if (copied := told["copied"]) is not None:
        parts.append(copies(copied))
    return ", ".join(parts)


def copies(copied: Json) -> str:
    """What is verbatim in other pieces."""
    if not copied["runs"]:
        return "nothing copied"
    run = copied["runs"][0]
    over = ", more than human pieces copy" if copied.get("over") else ""
    return f"{run['notes']} notes, bars {stretch(run['bars'])}, are bars {stretch(run['known_bars'])} of {run['known']}{over}"


def rules_answer(found: Json) -> str:
    """Which rules hold."""
    if not found["rules"]:
        return "No rule was named; give key, chords, ranges or polyphony."
    lines = []
    for name, told in found["rules"].items():
        bars = f" in bars {', '.join(map(str, told['bars']))}" if told["bars"] else ""
        lines.append(f"{name}: broken {told['broken']} times{bars}" if told["broken"] else f"{name}: holds")
    return "\n".join(lines)


def surprise_answer(piece: Piece, found: Json, most: int) -> str:
    """The notes that the model expects least."""
    bits = np.array([np.nan if one is None else one for one in found["bits"]], np.float64)
    known = np.flatnonzero(np.isfinite(bits))
    if not len(known):
        return "The model's encoding holds none of the notes."
    grid = BarGrid.of(piece)
    lines = [f"{found['bits_per_note']:.2f} bits a note; the least expected notes (bar, beat, pitch, track, note number, bits):"]
    for number in known[np.argsort(-bits[known], kind="stable")[:most]].tolist():
        onset, _, pitch, _, track = piece.notes[number].tolist()
        bar, beat, _ = grid.position(onset)
        lines.append(f"{bar} {beat} {pitch_text(pitch)} {track} {number} {bits[number]:.1f}")
    return "\n".join(lines)
