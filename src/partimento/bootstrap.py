"""Figures with intervals, by a bootstrap over pieces (Efron and Tibshirani 1993, chapter 13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Interval:
    """A figure on all pieces, and the 95% percentile bootstrap interval over pieces; of one piece alone, three times the same."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, value: float, drawn: npt.NDArray[Any]) -> Interval:
        """A value, and the range of 95% of those drawn [R]."""
        low, high = np.percentile(drawn, [2.5, 97.5])
        return cls(float(value), float(low), float(high))

    def to_json(self) -> dict[str, float]:
        return {"mean": self.mean, "low": self.low, "high": self.high}
