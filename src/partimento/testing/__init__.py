"""Conformance suites for parts of your own: each takes what you registered and raises `AssertionError` where it breaks a promise.

They need `hypothesis`, which `pip install partimento[dev]` brings. Nothing is imported before it is asked for.
"""

from typing import Any

from partimento.plugins import imported

__all__ = ["check_backbone", "check_encoding", "check_format", "check_rule"]


def __getattr__(name: str) -> Any:
    """A suite lives in the module of its kind: `check_format` in `testing/formats.py`."""
    if name in __all__:
        return imported(f"{__name__}.{name.removeprefix('check_')}s:{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
