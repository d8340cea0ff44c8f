"""The encoding `tasks`: pieces, and notes to write among notes that stand."""

from partimento.encodings.tasks.encoding import NOTE_BY_NOTE, Tasks

__all__ = ["NOTE_BY_NOTE", "Tasks"]
