"""Sizes of the fields of an event, as inputs and heads need them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from partimento.encodings import Field
from partimento.errors import InvalidOption

Fields = tuple[Field, ...]
MAX_JOINT = 2**16


def first_id(field: Field) -> int:
    """The lowest id that a real event may have."""
    return 0 if field.optional else 1


def joint_size(sizes: Sequence[int]) -> int:
    """How many combinations there are of ids of fields of these sizes. Raises `InvalidOption` where they are too many."""
    product = math.prod(sizes)
    if product > MAX_JOINT:
        raise InvalidOption(f"a joint class of {product} combinations is too large (at most {MAX_JOINT}); take heads 'chained'")
    return product
