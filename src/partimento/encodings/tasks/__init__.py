"""The encoding `tasks`: pieces, and notes to generate among fixed notes."""

from partimento.encodings.tasks.encoding import Tasks

__all__ = ["Tasks"]
