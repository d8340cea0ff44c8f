"""Open scores: each a line of states that is walked back and forth. All that changes them is an act of the project.

An act is written down first and done then, by the same code that does it again when a project is opened.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from partimento.piece import Piece
from partimento.studio.workshop.mailbox import Feed
from partimento.studio.workshop.project import Act, Project
from partimento.studio.workshop.refusals import Conflict, NotThere, TooMany

MOST_OPEN = 200


@dataclass
class Score:
    """The states of a score and the acts that led to each but the first; `at` is the place of the one that holds."""

    name: str
    states: list[str]
    acts: list[Act] = field(default_factory=list)
    at: int = 0
    repairs: Mapping[str, int] = field(default_factory=dict)

    @property
    def state(self) -> str:
        return self.states[self.at]

    def go_on(self, state: str, act: Act) -> None:
        """To a new state; those that were undone are left behind."""
        self.states[self.at + 1 :] = [state]
        self.acts[self.at :] = [act]
        self.at += 1


class OpenScores:
    """The open scores of a project by name."""

    def __init__(self, project: Project, feed: Feed) -> None:
        self.project, self.feed = project, feed
        self.lock = threading.RLock()
        self._scores: dict[str, Score] = {}
        self._named = 0
        for act in project.acts:
            self._do(act)

    def __iter__(self) -> Any:
        return iter(list(self._scores.values()))

    def __getitem__(self, name: str) -> Score:
        if name not in self._scores:
            raise NotThere(f"there is no open score {name!r}; open ones: {', '.join(self._scores) or 'none'}")
        return self._scores[name]

    def piece(self, name: str, state: str | None = None) -> Piece:
        """A score as it is, or as it was in another of its states."""
        with self.lock:
            score = self[name]
            if state is not None and state not in score.states:
                raise NotThere(f"the score {name} has no state {state!r}")
            return self.project.get(state or score.state)

    def open(self, piece: Piece, by: str, *, source: str = "", repairs: Mapping[str, int] | None = None) -> Score:
        """A new score. Raises `TooMany`."""
        with self.lock:
            if len(self._scores) >= MOST_OPEN:
                raise TooMany(f"{MOST_OPEN} scores are open; close some")
            name = f"s{self._named + 1}"
            told = {"source": source, "repairs": dict(repairs or {})}
            self._write({"act": "open", "score": name, "to": self.project.put(piece), "by": by} | told)
            return self._scores[name]

    def check(self, name: str, base: str | None) -> None:
        """Raises `Conflict` where `base` is given and is not the state that holds."""
        if base is not None and base != self[name].state:
            raise Conflict(f"the score {name} is in state {self[name].state} now, not {base[:40]!r}; take its notes again")

    def change(self, name: str, act: str, piece: Piece, by: str, **told: Any) -> Score:
        """A new state of a score, by an act that `told` describes; nothing where it is the state that holds."""
        with self.lock:
            score = self[name]
            state = self.project.put(piece)
            if state != score.state:
                self._write({"act": act, "score": name, "from": score.state, "to": state, "by": by} | told)
            return score

    def walk(self, name: str, act: str, by: str) -> Score:
        """One act back ("undo") or forth ("redo"). Raises `Conflict` where there is none."""
        with self.lock:
            score = self[name]
            at = score.at + (1 if act == "redo" else -1)
            if not 0 <= at < len(score.states):
                raise Conflict(f"there is nothing to {act} in the score {name}")
            self._write({"act": act, "score": name, "from": score.state, "to": score.states[at], "by": by})
            return score

    def close(self, name: str, by: str) -> None:
        with self.lock:
            self._write({"act": "close", "score": self[name].name, "by": by})

    def _write(self, act: Act) -> None:
        whole = self.project.append(act)
        self._do(whole)
        self.feed.tell("act", {key: whole.get(key) for key in ("act", "score", "from", "to", "by")})

    def _do(self, act: Act) -> None:
        """What an act does to the scores; those of others do nothing."""
        kind, name = act["act"], act.get("score", "")
        if kind == "open":
            self._scores[name] = Score(name, [act["to"]], repairs=act.get("repairs", {}))
            self._named += 1
        elif kind == "close":
            self._scores.pop(name, None)
        elif kind in ("undo", "redo"):
            self._scores[name].at += 1 if kind == "redo" else -1
        elif "to" in act:
            self._scores[name].go_on(act["to"], act)
