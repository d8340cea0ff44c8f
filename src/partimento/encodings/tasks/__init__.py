"""The encoding `tasks`: pieces, and notes to generate among fixed notes."""

from partimento.encodings.tasks.encoding import MOST_BARS, Tasks

__all__ = ["MOST_BARS", "Tasks"]
