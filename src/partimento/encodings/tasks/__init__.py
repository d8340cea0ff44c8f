"""The encoding `tasks`: pieces, and notes to write among notes that stand."""

from partimento.encodings.tasks.encoding import Tasks

__all__ = ["Tasks"]
