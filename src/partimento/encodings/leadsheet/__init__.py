"""The encoding `leadsheet`: one melody with a chord symbol over each note."""

from partimento.encodings.leadsheet.encoding import Leadsheet

__all__ = ["Leadsheet"]
