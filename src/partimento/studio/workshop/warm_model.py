"""The one model that is kept ready: loaded once, in the background, with what its music is compared with."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partimento.errors import PartimentoError
from partimento.studio.workshop.refusals import NoModel

if TYPE_CHECKING:
    from partimento.analysis.human_reference import Reference
    from partimento.models.checkpoint import Checkpoint


class WarmModel:
    """A model that is being loaded, or is there, or cannot be. All but `start` wait until that is known."""

    def __init__(self, path: Path | None) -> None:
        """The model at a path (a run or a checkpoint); without one the one that comes with the package."""
        self.path = path
        self._checkpoint: Checkpoint | None = None
        self._reference: Reference | None = None
        self._problem = ""
        self._known = threading.Event()
        self._started = threading.Lock()

    def start(self) -> WarmModel:
        """Begins to load it."""
        if self._started.acquire(blocking=False):
            threading.Thread(target=self._load, daemon=True, name="model").start()
        return self

    @property
    def is_known(self) -> bool:
        """Whether it is there, or it is known why not."""
        return self._known.is_set()

    @property
    def problem(self) -> str:
        """Why there is none; "" where there is one."""
        self._wait()
        return self._problem

    @property
    def checkpoint(self) -> Checkpoint:
        """Raises `NoModel`."""
        self._wait()
        if self._checkpoint is None:
            raise NoModel(self._problem)
        return self._checkpoint

    @property
    def reference(self) -> Reference | None:
        """The index of its training pieces and the figures of human ones, where they are to be had by now."""
        return self._reference if self.checkpoint else None

    def to_json(self) -> dict[str, Any] | None:
        """What it is; None where there is none."""
        if self.problem:
            return None
        one = self.checkpoint
        known = one.vocabulary
        conditions: dict[str, Any] = {}
        if known is not None:
            from partimento.encodings.conditions import KEYS, METERS, SCALES

            conditions = {"composer": known.composers, "genre": known.genres, "key": KEYS, "meter": METERS}
            conditions |= {name: scale.unit for name, scale in SCALES.items()}
        return {
            "name": "/".join(one.path.parts[-2:]),
            "sha256": one.sha256,
            "recipe": one.recipe.name,
            "encoding": one.encoding.key,
            "completes_tasks": one.encoding.completes_tasks,
            "parameters": one.model.parameter_count,
            "conditions": conditions,
            "knows_copies": self.reference is not None,
        }

    def _wait(self) -> None:
        self.start()
        self._known.wait()

    def _load(self) -> None:
        try:
            import torch

            from partimento.analysis.human_reference import beside, reference_of
            from partimento.models.checkpoint import Checkpoint
            from partimento.models.whereabouts import remember

            torch.set_num_threads(1)  # work is shared among tasks, not within one
            checkpoint = Checkpoint.load(self.path)
            remember(checkpoint.sha256, checkpoint.path)
            self._reference = beside(checkpoint.path.parent, checkpoint.metadata)
            if self._reference is not None:
                _ = self._reference.index.known
            _warm_up(checkpoint)
            self._checkpoint = checkpoint
            self._known.set()
            if self._reference is None:  # made of the corpus, which takes minutes where it is large: work does not wait for it
                self._reference = reference_of(checkpoint.path, checkpoint.metadata)
        except PartimentoError as error:
            self._problem = str(error)
        except Exception as error:  # whatever it is, no one may wait for ever
            self._problem = f"the model could not be loaded ({type(error).__name__}: {error}); name another one with --model"
        finally:
            self._known.set()


def _warm_up(checkpoint: Checkpoint) -> None:
    """Writes a note, so that what is imported and compiled at first use is there."""
    from partimento.composing.compose import compose
    from partimento.piece import Piece, Track, note_array
    from partimento.task import Task

    tune = Piece(note_array([(480 * n, 480, 60 + n % 5, 80, 0) for n in range(16)]), (Track(),))
    if checkpoint.encoding.completes_tasks:
        compose(checkpoint, task=Task(tune, "bars=2"))
    else:
        compose(checkpoint, given=tune, notes=1, ending=False)
