"""ABC: bytes to `Piece` and back."""
