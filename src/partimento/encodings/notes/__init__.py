"""The encoding `notes`: one event for one note, with bars, meters, keys and tempos among them."""

from partimento.encodings.notes.encoding import Notes

__all__ = ["Notes"]
