"""Sizes of fields, columns and intervals, as inputs and heads need them. No torch is imported."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from partimento.encodings import Context, Field, Pitches
from partimento.errors import InvalidOption
from partimento.models.config import ModelConfig

Fields = tuple[Field, ...]
MAX_JOINT = 2**16
WIDEST = 48  # semitones of an interval that have a score of their own
NEAR = 12  # keys on either side that are seen one by one
PART_WIDTH = 8  # of what is said of one part
OCTAVE = 12  # further ones by their place in it


@dataclass(frozen=True)
class Layout:
    """What a model reads and predicts: the fields of an event, the columns of what is known before it, which fields are pitches,
    and the fields of the conditions of a piece."""

    fields: Fields
    columns: tuple[Context, ...] = ()
    pitches: tuple[Pitches, ...] = ()
    conditions: Fields = ()


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
        "instrument": config.parts,
    }
    return [number for number, column in enumerate(columns) if let_in.get(column.kind)]


def blocks_of_parts(config: ModelConfig, columns: Sequence[Context]) -> list[range]:
    """The numbers of the columns that tell of each part, of one kind after the other, if the config lets them in."""
    blocks: dict[str, list[int]] = {}
    for number, column in enumerate(columns):
        if config.parts and column.kind.startswith("part "):
            blocks.setdefault(column.kind, []).append(number)
    return [range(numbers[0], numbers[-1] + 1) for numbers in blocks.values()]


def check_heads(config: ModelConfig, fields: Fields) -> None:
    """Raises `InvalidOption` for heads that cannot do what their config asks, or not with these fields."""
    for option, kind in (("interval_logits", "chained"), ("key_scores", "independent")):
        if getattr(config, option) and config.heads != kind:
            raise InvalidOption(f"{option} need the heads {kind!r}, not {config.heads!r}")
    if config.heads == "joint" and any(field.given_after for field in fields):
        raise InvalidOption("a joint class has no fields that are given; take heads 'chained'")


def reads_pitches(config: ModelConfig, pitches: Sequence[Pitches]) -> bool:
    """Whether the heads count from the pitches that the context says."""
    ascends = config.heads == "chained" and any(one.ascending for one in pitches)
    return bool(pitches) and (config.intervals or config.interval_logits or ascends)
