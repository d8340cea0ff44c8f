"""Sizes of fields, columns and intervals, as inputs and heads need them. No torch is imported."""

from __future__ import annotations

import math
from collections.abc import Sequence

from partimento.encodings import Context, Field
from partimento.errors import InvalidOption
from partimento.models.config import ModelConfig

Fields = tuple[Field, ...]
MAX_JOINT = 2**16
WIDEST = 48  # semitones of an interval that have a score of their own
NEAR = 12  # keys on either side that are seen one by one
OCTAVE = 12  # further ones by their place in it


def first_id(field: Field) -> int:
    """The lowest id that a real event may have."""
    return 0 if field.optional else 1


def joint_size(sizes: Sequence[int]) -> int:
    """How many combinations there are of ids of fields of these sizes. Raises `InvalidOption` where they are too many."""
    product = math.prod(sizes)
    if product > MAX_JOINT:
        raise InvalidOption(f"a joint class of {product} combinations is too large (at most {MAX_JOINT}); take heads 'chained'")
    return product


def columns_let_in(config: ModelConfig, columns: Sequence[Context]) -> list[int]:
    """The numbers of the columns of what is known whose embeddings enter the backbone."""
    let_in = {
        "place": config.place,
        "interval": config.intervals,
        "pitch": config.sounding,
        "since": config.since,
        "field": False,
    }
    return [number for number, column in enumerate(columns) if let_in[column.kind]]
