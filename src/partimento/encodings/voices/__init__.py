"""The encoding `voices`: a row for each step of a grid, a field for each voice."""

from partimento.encodings.voices.encoding import Voices

__all__ = ["Voices"]
