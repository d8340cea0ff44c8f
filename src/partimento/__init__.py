"""Partimento trains, measures and plays models of written music. Nothing is imported until it is asked for."""

__version__ = "0.1.0"
