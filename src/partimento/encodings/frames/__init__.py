"""The encoding `frames`: the keys that sound in each step, one after another."""

from partimento.encodings.frames.encoding import Frames

__all__ = ["Frames"]
