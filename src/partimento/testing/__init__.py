"""Conformance suites for parts of your own: each takes what you registered and raises `AssertionError` where it breaks a promise.

They need `hypothesis`, which `pip install partimento[dev]` brings.
"""
