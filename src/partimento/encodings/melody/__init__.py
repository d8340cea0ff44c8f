"""The encoding `melody`: parts one after another, a pitch and a note value for each note or chord."""

from partimento.encodings.melody.encoding import Melody

__all__ = ["Melody"]
