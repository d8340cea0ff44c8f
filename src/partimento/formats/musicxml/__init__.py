"""MusicXML: bytes to `Piece` and back."""
