"""Bytes of a file as text."""

from __future__ import annotations

import re

_BEFORE_ROOT = rb"(?:\xef\xbb\xbf)?(?>\s+|<\?(?s:.*?)\?>|<!--(?s:.*?)-->|<![^>]*>)*+"  # declarations, comments, a DOCTYPE
_ROOT = re.compile(_BEFORE_ROOT + rb"<(?:[\w.-]+:)?([\w.-]+)")
_HEAD = 1 << 16


def text_of(raw: bytes) -> str:
    """A text of a file: UTF-8 where it is that, Latin-1 otherwise."""
    try:
        return raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def xml_root(data: bytes) -> str:
    """The name of the root element without its namespace, "" where the bytes do not begin as XML does."""
    head = data[:_HEAD]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head[:2]:
        head = head.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").replace(b"\0", b"")
    found = _ROOT.match(head)
    return found[1].decode("latin-1") if found else ""
