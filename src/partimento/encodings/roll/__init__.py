"""The encoding `roll`: a field for each of 88 keys in each step."""

from partimento.encodings.roll.encoding import Roll

__all__ = ["Roll"]
