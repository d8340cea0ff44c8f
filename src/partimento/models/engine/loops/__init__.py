"""Loops for `partimento.native`: functions of pointers to numbers and of whole numbers. They alone import numba."""
