"""MEI: bytes to `Piece` and back."""
