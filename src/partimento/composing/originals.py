"""Pieces that copy more than people do, composed anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

MOST_TRIES = 5  # further runs
SEEDS = 2**63

Piece = TypeVar("Piece")


def originals(
    compose: Callable[[int, int], list[Piece]], copies: Callable[[Piece], bool], seed: int, count: int
) -> tuple[list[Piece], int]:
    """`count` pieces of `compose(seed, count)`, those that are `copies` replaced, in their order, by others from runs with the next
    seeds, each of as many pieces as are still wanted; and how many of them are still copies after `MOST_TRIES` of these.

    The same for the same seed, whatever else; each piece says by itself from which run it is.
    """
    pieces = compose(seed, count)
    for tried in range(1, MOST_TRIES + 1):
        wanted = [at for at, piece in enumerate(pieces) if copies(piece)]
        if not wanted:
            return pieces, 0
        for at, piece in zip(wanted, compose((seed + tried) % SEEDS, len(wanted)), strict=False):  # there may be fewer
            if not copies(piece):
                pieces[at] = piece
    return pieces, sum(copies(piece) for piece in pieces)
