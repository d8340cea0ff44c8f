"""Figures of music: what can be counted in a piece, each declared once."""
