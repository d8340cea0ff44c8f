"""MIDI: bytes to `Piece` and back."""
