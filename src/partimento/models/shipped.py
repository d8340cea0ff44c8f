"""The model that is used where none is named. It knows no other model."""

from __future__ import annotations

from pathlib import Path

from partimento.errors import CheckpointError


def default_model() -> Path:
    """The checkpoint that comes with the package. Raises `CheckpointError`: no model comes with it yet."""
    raise CheckpointError("no model comes with this version; train one, and name it with --model RUN")
