"""The encoding `tasks`: pieces, and notes to write among notes that stand."""

from partimento.encodings.tasks.encoding import MOST_BARS, Tasks

__all__ = ["MOST_BARS", "Tasks"]
