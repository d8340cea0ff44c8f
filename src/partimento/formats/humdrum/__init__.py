"""Humdrum: bytes to `Piece` and back."""
