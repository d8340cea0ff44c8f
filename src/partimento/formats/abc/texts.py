"""Texts of ABC: comments, escapes and accents, and the blocks that are no music (standard 2.1, sections 2.2.2, 8.2 and 11.4)."""

from __future__ import annotations

import html
import re
import unicodedata

_BLOCK = re.compile(r"^[ \t]*(?:%%|I:)begin(\w+)[^\n]*\n.*?(?:^[ \t]*(?:%%|I:)end\1[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
_COMMENT_LINE = re.compile(r"^[ \t]*%(?!%(?:MIDI|partimento|propagate|linebreak)).*\r?\n", re.MULTILINE)
_CONTINUED = re.compile(r"\\(?:[ \t]+%.*|[ \t]*)\r?\n(?![A-Za-z]:)")
_ACCENTS = {"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "c": "\u0327", "u": "\u0306", "v": "\u030c"}
_LETTERS = {"AA": "Å", "aa": "å", "/O": "Ø", "/o": "ø", "AE": "Æ", "ae": "æ", "OE": "Œ", "oe": "œ", "ss": "ß"}
_ESCAPE = re.compile(r"""\\(?:u([0-9a-fA-F]{4})|(AA|aa|/O|/o|AE|ae|OE|oe|ss)|([`'^~"cuv])([A-Za-z])|([\\%&]))""")


def music_lines(text: str) -> list[str]:
    """The lines that are read one by one: without blocks of text, PostScript and pictures, without lines that are comments
    alone, and with lines that go on joined to the next."""
    return _CONTINUED.sub("", _COMMENT_LINE.sub("", _BLOCK.sub("", text))).splitlines()


def without_comment(line: str) -> str:
    """A line up to its comment; `\\%` is no comment."""
    return re.sub(r"(?<!\\)%.*", "", line).rstrip()


def plain(text: str) -> str:
    """A text string as people read it: `caf\\'e` is café, `\\%` a per cent sign."""
    return html.unescape(_ESCAPE.sub(_unescape, text))


def escaped(text: str) -> str:
    """A text in one line from which `plain` makes it again."""
    return " ".join(re.sub(r"[\\%&]", r"\\\g<0>", text).split())


def _unescape(match: re.Match[str]) -> str:
    if match[1]:
        character = chr(int(match[1], 16))
        return character if character.isprintable() else ""
    if match[2]:
        return _LETTERS[match[2]]
    if match[3]:
        return unicodedata.normalize("NFC", match[4] + _ACCENTS[match[3]])
    return match[5] if match[5] != "&" else "&amp;"
