"""Tasks: asked for, written by one of a few workers, kept as an act when done. A task without a reader ends."""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from partimento.errors import PartimentoError
from partimento.piece import Piece
from partimento.studio.workshop.asking import Ask
from partimento.studio.workshop.mailbox import Feed, Mailbox
from partimento.studio.workshop.open_scores import OpenScores
from partimento.studio.workshop.piece_json import track_json
from partimento.studio.workshop.planning import Plan
from partimento.studio.workshop.project import Act
from partimento.studio.workshop.refusals import NotThere, NoWayOn, Stopped, TooMany
from partimento.studio.workshop.warm_model import WarmModel
from partimento.system import processors

MOST_WAITING = 64
SEEDS = 2**31
log = logging.getLogger(__name__)

Json = dict[str, Any]


@dataclass
class TaskRecord:
    """A task and what came of it. `status` is waiting, writing, done, stopped or failed."""

    name: str
    score: str
    state: str
    ask: Json
    told: Json
    status: str = "waiting"
    candidates: list[Json] = field(default_factory=list)
    ranking: list[int] = field(default_factory=list)
    error: Json | None = None
    mailbox: Mailbox = field(default_factory=Mailbox)

    def to_json(self) -> Json:
        """All but the mailbox."""
        whole = {key: value for key, value in vars(self).items() if key not in ("mailbox", "name", "told")}
        return {"task": self.name, "kind": self.ask["kind"]} | whole | self.told


class TasksInFlight:
    """The tasks of a workshop by name."""

    def __init__(self, scores: OpenScores, warm: WarmModel, feed: Feed) -> None:
        self.scores, self.warm, self.feed = scores, warm, feed
        self.project = scores.project
        self._tasks: dict[str, TaskRecord] = {}
        self._named = 0
        self._lock = threading.Lock()
        self._workers = ThreadPoolExecutor(max(1, min(2, processors())), "task")
        for act in self.project.acts:
            self._remember(act)

    def __getitem__(self, name: str) -> TaskRecord:
        if name not in self._tasks:
            raise NotThere(f"there is no task {name!r}")
        return self._tasks[name]

    def __iter__(self) -> Any:
        return iter(list(self._tasks.values()))

    def close(self) -> None:
        for one in self._tasks.values():
            one.mailbox.close()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def start(self, score: str, ask: Ask, plan_of: Callable[[Piece, int], Plan] | None = None) -> TaskRecord:
        """Puts a task to work; its mailbox is to be read. Raises `InvalidOption` for what the score does not have, `NoModel`, and
        `TooMany`."""
        _ = self.warm.checkpoint
        state = self.scores[score].state
        piece = self.scores.piece(score)
        seed = secrets.randbelow(SEEDS) if ask.seed is None else ask.seed
        plan = plan_of(piece, seed) if plan_of is not None else Plan.of(ask, piece, seed)
        model = {"name": "/".join(self.warm.checkpoint.path.parts[-2:]), "sha256": self.warm.checkpoint.sha256}
        told = plan.to_json() | {"seed": seed, "model": model}
        with self._lock:
            if sum(one.status in ("waiting", "writing") for one in self._tasks.values()) >= MOST_WAITING:
                raise TooMany(f"{MOST_WAITING} tasks are at work or wait; let some end")
            self._named += 1
            record = TaskRecord(f"t{self._named}", score, state, ask.to_json() | {"kind": ask.kind}, told)
            self._tasks[record.name] = record
        record.mailbox.put("accepted", self._accepted(record, plan))
        self._tell(record)
        self._workers.submit(self._work, record, plan)
        return record

    def stop(self, name: str) -> None:
        """Ends a task; nothing where it has ended."""
        self[name].mailbox.close()

    def candidate(self, name: str, number: int) -> Json:
        """What is known of a candidate. Raises `NotThere`."""
        for one in self[name].candidates:
            if one["candidate"] == number:
                return one
        raise NotThere(f"the task {name} has no candidate {number} yet")

    def piece(self, name: str, number: int) -> Piece:
        """A candidate's piece."""
        return self.project.get(self.candidate(name, number)["state"])

    def _accepted(self, record: TaskRecord, plan: Plan) -> Json:
        quarter = plan.task.given.ticks_per_quarter if plan.task else self.warm.checkpoint.encoding.cursor().ticks_per_quarter
        tracks = list(plan.task.given.tracks) if plan.task is not None else []
        shown = [track_json(one, 0) for one in tracks]
        if plan.task is not None and plan.task.write.part:
            shown.append(track_json(replace(tracks[0], is_drum=False, program=0, name=plan.task.write.part), 0))
        whole = record.to_json()
        told = {key: whole[key] for key in ("task", "kind", "score", "state", "bars", "span", "seed", "stands")}
        return told | {"count": plan.ask.count, "tracks": shown, "ticks_per_quarter": quarter}

    def _work(self, record: TaskRecord, plan: Plan) -> None:
        from partimento.studio.workshop.writing import ranking, written

        began = time.monotonic()
        try:
            record.mailbox.check()
            record.status = "writing"
            self._tell(record)
            candidates = written(plan, self.warm, record.mailbox)
            for number, one in candidates.items():
                told = {"candidate": number, "state": self.project.put(one.piece)} | one.to_json()
                record.candidates.append(told)
                record.mailbox.put("candidate", told)
            record.ranking = ranking(candidates)
            self._keep(record)
            record.status = "done"
            seconds = round(time.monotonic() - began, 3)
            record.mailbox.put("done", {"task": record.name, "ranking": record.ranking, "seconds": seconds})
        except Stopped:
            record.status = "stopped" if record.status != "done" else "done"
        except PartimentoError as error:
            self._fail(record, error)
        except Exception as error:  # a mistake of the program: the reader must not wait for ever
            log.exception("the task %s", record.name)
            self._fail(record, error)
        finally:
            record.mailbox.finish()
            self._tell(record)

    def _fail(self, record: TaskRecord, error: Exception) -> None:
        record.status = "failed"
        record.error = {"kind": type(error).__name__, "message": str(error)}
        if isinstance(error, NoWayOn):
            record.error |= {"bar": error.bar, "relax": list(error.relax)}
        with contextlib.suppress(Stopped):
            record.mailbox.put("error", record.error)

    def _keep(self, record: TaskRecord) -> None:
        act = {"act": "task", "task": record.name, "score": record.score, "state": record.state, "ask": record.ask}
        with self.scores.lock:
            self.project.append(act | {"told": record.told, "candidates": record.candidates, "ranking": record.ranking})

    def _remember(self, act: Act) -> None:
        if act["act"] != "task":
            return
        record = TaskRecord(act["task"], act["score"], act["state"], act["ask"], act["told"], "done")
        record.candidates, record.ranking = act["candidates"], act["ranking"]
        self._tasks[record.name] = record
        self._named = max(self._named, int(record.name[1:]))

    def _tell(self, record: TaskRecord) -> None:
        self.feed.tell("task", {"task": record.name, "score": record.score, "status": record.status})
