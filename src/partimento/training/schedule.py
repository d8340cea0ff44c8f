"""The learning rate over a run, and when the run ends."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from partimento.models.config import TrainingConfig


@dataclass
class Schedule:
    """Linear warm-up, then what the config names: a plateau schedule, whose rate falls when validations stop gaining and which
    ends after enough falls; or down to zero over a number of steps or a time, as a cosine (Loshchilov and Hutter 2017, section 3)
    or a trapezoid (Zhai et al. 2022, section 3.5).

    `best` is the lowest score so far, in bits per note, and `best_step` its step; `mark` is the score that a validation
    must beat by `min_gain` to count as a gain; `stale` counts validations since.
    """

    best: float = math.inf
    best_step: int = 0
    mark: float = math.inf
    stale: int = 0
    falls: int = 0

    def learning_rate(self, config: TrainingConfig, step: int, left: float | None = None) -> float:
        """The rate of the step after `step` steps; `left` is the share of the run that is to come, where its time or steps are
        given."""
        rate = config.learning_rate * min(1.0, (step + 1) / max(1, config.warmup))
        if config.schedule == "plateau" or (config.schedule == "auto" and left is None):
            return rate * config.decay**self.falls
        if left is None or config.schedule != "auto":
            left = max(0.0, 1 - step / config.steps)
        if config.schedule == "cosine":
            return rate * 0.5 * (1 - math.cos(math.pi * left))
        return rate * min(1.0, left / max(config.cooldown, 1e-9))

    def judge(self, config: TrainingConfig, step: int, bits: float) -> bool:
        """Takes the score of a validation; True where it is the best so far."""
        if bits < self.mark - config.min_gain:
            self.mark, self.stale = bits, 0
        else:
            self.stale += 1
        if self.stale >= config.patience:
            self.falls, self.stale, self.mark = self.falls + 1, 0, min(self.best, bits)
        if bits < self.best:
            self.best, self.best_step = bits, step
            return True
        return False

    def ended(self, config: TrainingConfig, step: int, left: float | None = None) -> bool:
        """Whether the schedule has come to its end after `step` steps, with the share `left` of the run to come."""
        if config.schedule == "auto" and left is not None:
            return False  # the run's time or steps end it
        return self.falls > config.decays if config.schedule in ("plateau", "auto") else step >= config.steps

    def to_json(self) -> dict[str, Any]:
        """Infinity is not JSON: it becomes None."""
        return {name: None if value == math.inf else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, rows: dict[str, Any]) -> Schedule:
        known: dict[str, Any] = {name: math.inf if value is None else value for name, value in rows.items()}
        return cls(**known)
