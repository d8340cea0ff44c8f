"""The workshop: all that a door may ask for, in one place. A door says who asks (`by`), and shows what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from partimento.errors import InvalidOption, UnknownName, UnreadableFile
from partimento.formats import unpack
from partimento.formats.kept import ask as ask_worker
from partimento.formats.registry import MODULES, READERS
from partimento.harmony import find_chords
from partimento.piece import KEY, METER, NOTE, TEMPO, About, Piece, Track
from partimento.render.page import timed_pages, unstyled
from partimento.studio.workshop import edits
from partimento.studio.workshop.asking import Ask
from partimento.studio.workshop.exchange import exchange_text, parse_exchange
from partimento.studio.workshop.expectation import Heard, expected, heard
from partimento.studio.workshop.exports import Exported, exported, made_note, zipped
from partimento.studio.workshop.mailbox import Feed
from partimento.studio.workshop.open_scores import OpenScores, Score
from partimento.studio.workshop.piece_json import chord_rows, summary, whole
from partimento.studio.workshop.planning import Plan
from partimento.studio.workshop.project import Project
from partimento.studio.workshop.recent import Recent
from partimento.studio.workshop.refusals import NotThere, NoWayOn
from partimento.studio.workshop.tasks_in_flight import TaskRecord, TasksInFlight
from partimento.studio.workshop.warm_model import WarmModel
from partimento.task import Region, Task
from partimento.theory import key_of_scale, parse_scale

READ_SECONDS, READ_BYTES = 20.0, 16 << 20
PAGES_KEPT = 16  # scores
LIKE = 0.5  # of the new notes that "more like this one" leaves

Json = dict[str, Any]


class Workshop:
    """Scores, tasks and history of one project, with one model."""

    def __init__(self, folder: Path, model: Path | None = None) -> None:
        """Opens a project. Raises what `Project` does."""
        self.project = Project(folder)
        self.feed = Feed()
        self.warm = WarmModel(model)
        self.scores = OpenScores(self.project, self.feed)
        self.tasks = TasksInFlight(self.scores, self.warm, self.feed)
        self._pages: Recent[Json] = Recent(PAGES_KEPT)
        self._heards: Recent[Heard] = Recent(PAGES_KEPT)

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all work, and closes the project."""
        self.tasks.close()
        self.project.close()

    def open(self, content: bytes, name: str, by: str) -> Score:
        """Opens the bytes of a score; the suffix of its name says what they are, where they do not. Raises `UnreadableFile`."""
        suffix = Path(name).suffix.lower()
        if suffix not in READERS:
            raise UnknownName("suffix", suffix, READERS)
        if len(content) > READ_BYTES:
            raise UnreadableFile("too large", f"{len(content)} bytes; the limit is {READ_BYTES}", name=name)
        reply = ask_worker(
            "partimento.formats.readtask:parse_task", content, seconds=READ_SECONDS, init={"suffix": suffix, "formats": MODULES}
        )
        if not reply.ok:
            raise UnreadableFile(reply.reason, reply.detail, name=name)
        piece, repairs = unpack(reply.data)
        if len(piece) > edits.MOST_NOTES:
            raise UnreadableFile("too many notes", f"{len(piece)}; a score holds {edits.MOST_NOTES} at most", name=name)
        if not piece.about.title:
            piece = replace(piece, about=replace(piece.about, title=Path(name).stem[:200]))
        return self.scores.open(piece, by, source=Path(name).name, repairs=repairs)

    def blank(
        self,
        by: str,
        title: str = "",
        meter: str = "4/4",
        key: str = "C major",
        tempo_qpm: float = 120.0,
        tracks: Sequence[Mapping[str, Any]] = (),
    ) -> Score:
        """A score without notes. Raises `InvalidOption`."""
        piece = Piece(
            np.zeros(0, NOTE),
            (),
            480,
            np.zeros(0, TEMPO),
            np.array([(0, *edits.meter_of(meter))], METER),
            np.array(edits.key_rows(key), KEY),
            About(title=title[:200]),
        )
        piece = edits.tempo(piece, tempo_qpm)
        for one in tracks or ({},):
            piece = edits.edited(piece, [{"edit": "add_track", **one}])
        return self.scores.open(piece, by)

    def edit(self, name: str, made: Sequence[Mapping[str, Any]], by: str, base: str | None = None) -> Score:
        """One act of one edit or several. Raises what `edits.edited` does, and `Conflict`."""
        with self.scores.lock:
            self.scores.check(name, base)
            piece = edits.edited(self.scores.piece(name), made)
            piece = replace(piece, about=replace(piece.about, made=""))  # it is no model's any more
            return self.scores.change(name, "edit", piece, by, edits=list(made))

    def ask(self, name: str, ask: Ask) -> TaskRecord:
        """Puts a task to work on a score."""
        return self.tasks.start(name, ask)

    def ask_new(self, ask: Ask, by: str) -> TaskRecord:
        """Puts a new piece to work, in a score of its own, which is blank until a candidate is kept. Raises `InvalidOption`."""
        if ask.kind != "new":
            raise InvalidOption(f"{ask.kind} is asked of a score; here the kind is new", option="kind")
        Plan.of(ask, Piece(np.zeros(0, NOTE), ()), 0)
        _ = self.warm.checkpoint
        score = self.blank(by, "New piece", ask.meter or "4/4", _signature(ask.key), ask.tempo_qpm or 120.0)
        return self.tasks.start(score.name, ask)

    def exchange(self, text: str, by: str) -> TaskRecord:
        """Opens what a DAW sends as lines, and puts what it asks for to work. Raises what `parse_exchange` does."""
        sent = parse_exchange(text)
        if sent.ask.kind == "new":
            return self.ask_new(sent.ask, by)
        Plan.of(sent.ask, sent.piece, 0)
        _ = self.warm.checkpoint
        return self.ask(self.scores.open(sent.piece, by).name, sent.ask)

    def exchanged(self, record: TaskRecord) -> str:
        """The candidates of a task as lines. Raises `NoWayOn` where there are none."""
        if record.error is not None or not record.candidates:
            error = record.error or {"message": "the task was stopped"}
            raise NoWayOn(error["message"], error.get("bar"), error.get("relax", ()))
        found = [(self.tasks.piece(record.name, one["candidate"]), one) for one in record.candidates]
        return exchange_text(record.score, record.name, record.ranking, found)

    def keep(self, task: str, number: int, by: str, bars: tuple[int, int] | None = None, tracks: Sequence[int] = ()) -> Score:
        """The score becomes a candidate; or takes what of it lies in some bars and tracks. Raises `NotThere`, `InvalidOption`."""
        record = self.tasks[task]
        candidate = self.tasks.piece(task, number)
        asked = {"ask": record.ask, "seed": record.told["seed"], "model": record.told.get("model")}
        told: Json = {"task": task, "candidate": number} | asked
        with self.scores.lock:
            score = self.scores[record.score]
            if bars is None and not tracks and score.state == record.state:
                return self.scores.change(score.name, "keep", candidate, by, **told)
            if record.ask["kind"] == "new" and bars is None and not tracks:
                return self.scores.change(score.name, "keep", candidate, by, **told)
            part = bars or (tuple(record.told["bars"]) if record.told["bars"] else None)
            piece = taken(self.scores.piece(score.name), candidate, part, tracks)
            piece = replace(piece, about=replace(piece.about, made=""))
            return self.scores.change(score.name, "keep", piece, by, **told, bars=bars, tracks=list(tracks))

    def more_like(self, task: str, number: int, count: int = 3, seed: int | None = None) -> TaskRecord:
        """More candidates, in which half of the new notes of one are as they are."""
        record = self.tasks[task]
        told = self.tasks.candidate(task, number)
        piece = self.tasks.piece(task, number)
        options: Json = {key: tuple(value) if isinstance(value, list) else value for key, value in record.ask.items()}
        ask = Ask(**(options | {"count": count, "seed": seed}))
        if ask.kind == "new":
            ask = replace(ask, kind="vary", bars=(1, ask.bars_of_new), meter="", tempo_qpm=None, instruments="", keep=LIKE)

        def plan_of(_: Piece, drawn: int) -> Plan:
            new = np.array(told["new"], np.int64)
            stay = np.random.default_rng([drawn, 0x11CE]).random(len(new)) < LIKE
            tracks = tuple(sorted({track + 1 for track in piece.notes["track"][new].tolist()}))
            keeps = np.setdiff1d(np.arange(len(piece)), new[~stay])
            bars = tuple(record.told["bars"])
            region = Region((bars[0], bars[1]), tracks)
            inside = ~Task(piece, region).stands()
            locked = keeps[inside[keeps]]
            rows = tuple((onset, pitch, of + 1) for onset, _, pitch, _, of in piece.notes[locked].tolist())
            return Plan.of(ask, piece, drawn, replace(region, locked=rows))

        return self.tasks.start(record.score, ask, plan_of)

    def chords(self, name: str) -> Json:
        """The chords that are written, and those found from the notes: tick and symbol of each."""
        piece = self.scores.piece(name)
        return {"lane": chord_rows(piece.chords), "found": chord_rows(find_chords(piece))}

    def score_json(self, score: Score) -> Json:
        """A score for a list: what it is, and where it stands in its history."""
        history = {"can_undo": score.at > 0, "can_redo": score.at + 1 < len(score.states), "acts": score.at}
        told = {"score": score.name, "state": score.state} | summary(self.scores.piece(score.name))
        return told | history | {"repairs": dict(score.repairs)}

    def state_json(self, name: str, state: str | None = None) -> Json:
        """A state in full."""
        with self.scores.lock:
            state = state or self.scores[name].state
            piece = self.scores.piece(name, state)
        return {"score": name, "state": state} | whole(piece)

    def candidate_json(self, task: str, number: int) -> Json:
        """A candidate in full, and the numbers of its new notes."""
        told = self.tasks.candidate(task, number)
        return {"task": task, "candidate": number, "state": told["state"], "new": told["new"]} | whole(
            self.tasks.piece(task, number)
        )

    def pages(self, piece: Piece, state: str, paper: str = "a4") -> Json:
        """The engraved pages of a piece as SVG, without a style of their own, and the notes on them that begin at each tick; kept
        for a while, by its state."""
        if not len(piece):
            return {"pages": [], "onsets": []}

        def engraved() -> Json:
            drawn, onsets = timed_pages(piece, paper=paper)
            return {"pages": [unstyled(page) for page in drawn], "onsets": onsets}

        return self._pages.get((state, paper), engraved)

    def surprise(self, name: str, state: str | None = None) -> Json:
        """Bits of each note of a state under the model; null where its encoding does not hold the note."""
        state, found = self._heard(name, state)
        bits = [round(one, 3) if np.isfinite(one) else None for one in found.bits.tolist()]
        total = round(found.bits_per_note, 3) if np.isfinite(found.bits_per_note) else None
        return {"state": state, "bits": bits, "bits_per_note": total}

    def expected(self, name: str, note: int, state: str | None = None) -> Json:
        """The likeliest pitches where a note of a state begins."""
        state, found = self._heard(name, state)
        if not 0 <= note < len(found.bits):
            raise NotThere(f"there is no note {note}; the score has {len(found.bits)}, from 0")
        pitches = [[pitch, round(share, 4)] for pitch, share in expected(found, note, self.warm.checkpoint)]
        return {"state": state, "note": note, "bits": round(float(found.bits[note]), 3), "pitches": pitches}

    def check(self, name: str, ask: Ask) -> Json:
        """Which of the rules that are asked for hold of some bars of a score, or all of it."""
        from partimento.studio.workshop.rules_held import held  # here, since it takes a while to load

        piece = self.scores.piece(name)
        rules = ask.rules(piece, Region(ask.bars))
        return {"state": self.scores[name].state, "rules": {} if rules is None else held(piece, rules, ask.bars)}

    def originality(self, name: str) -> Json:
        """What of a score is verbatim in the training pieces. Raises `NotThere` where these are not known."""
        reference = self.warm.reference
        if reference is None:
            raise NotThere("what the model was trained on is not known here; put its reference.safetensors beside it")
        found = reference.index.find(self.scores.piece(name))
        over = None if reference.limits is None else reference.limits.crossed(found)
        return {"state": self.scores[name].state} | found.to_json() | {"over": over}

    def export(self, name: str, suffix: str, page: int = 1) -> Exported:
        """A score as a file that says how it was made."""
        with self.scores.lock:
            score = self.scores[name]
            piece, acts = self.scores.piece(name), score.acts[: score.at]
        return exported(piece, suffix, piece.about.made or made_note(name, score.state, acts), page)

    def export_candidate(self, task: str, number: int, suffix: str, page: int = 1) -> Exported:
        """A candidate as a file that says how it was made."""
        piece = self.tasks.piece(task, number)
        return exported(piece, suffix, piece.about.made, page)

    def zip(self) -> Exported:
        """The whole project as one file."""
        scores = [(one.name, self.scores.piece(one.name)) for one in self.scores]
        return Exported("project.zip", "application/zip", zipped(self.project.folder, scores))

    def _heard(self, name: str, state: str | None) -> tuple[str, Heard]:
        state = state or self.scores[name].state
        piece, checkpoint = self.scores.piece(name, state), self.warm.checkpoint
        return state, self._heards.get((state,), lambda: heard(piece, checkpoint))

    def history_json(self, name: str) -> Json:
        """The acts of a score that can be walked, and how many of them hold."""
        score = self.scores[name]
        return {"at": score.at, "acts": list(score.acts)}


def _signature(key: str) -> str:
    """A key for the signature of a score in this key or scale; C major for those that have none."""
    return key if key and key_of_scale(*parse_scale(key)) is not None else "C major"


def taken(piece: Piece, other: Piece, bars: tuple[int, int] | None, tracks: Sequence[int] = ()) -> Piece:
    """A piece with what of another one begins in some bars and tracks in place of its own; chords come along. Tracks that it
    lacks are added."""
    if any(not 0 <= one < len(other.tracks) for one in tracks):
        raise InvalidOption(f"the candidate has tracks 0 to {len(other.tracks) - 1}", option="tracks")
    if piece.ticks_per_quarter != other.ticks_per_quarter:
        other = other.quantise(piece.ticks_per_quarter)
    start, end = Task(other, Region(bars=bars)).span()
    wanted = set(tracks or range(len(other.tracks)))

    def inside(notes: Any) -> Any:
        return (notes["onset"] >= start) & (notes["onset"] < end) & np.isin(notes["track"], list(wanted))

    notes = np.concatenate([piece.notes[~inside(piece.notes)], other.notes[inside(other.notes)]])
    more: tuple[Track, ...] = other.tracks[len(piece.tracks) :]
    chords = piece.chords
    if not tracks:
        of_bars = [(rows["tick"] >= start) & (rows["tick"] < end) for rows in (piece.chords, other.chords)]
        chords = np.concatenate([piece.chords[~of_bars[0]], other.chords[of_bars[1]]])
    return replace(piece, notes=notes, tracks=(*piece.tracks, *more), chords=chords)
