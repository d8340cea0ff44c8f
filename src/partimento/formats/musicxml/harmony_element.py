"""How a MusicXML `harmony` becomes a chord symbol as musicians write it."""

from __future__ import annotations

from partimento.formats.safe_xml import Element, text_in, whole

KINDS = {  # of chords, as chord symbols are written; others go by the text that the file prints
    **{"major": "", "minor": "m", "augmented": "+", "diminished": "dim", "power": "5", "none": "N.C."},
    **{"dominant": "7", "major-seventh": "maj7", "minor-seventh": "m7", "diminished-seventh": "dim7", "half-diminished": "m7b5"},
    **{"augmented-seventh": "7#5", "major-minor": "mMaj7", "major-sixth": "6", "minor-sixth": "m6", "dominant-ninth": "9"},
    **{"major-ninth": "maj9", "minor-ninth": "m9", "dominant-11th": "11", "major-11th": "maj11", "minor-11th": "m11"},
    **{"dominant-13th": "13", "major-13th": "maj13", "minor-13th": "m13", "suspended-second": "sus2", "suspended-fourth": "sus4"},
}


def chord_symbol(harmony: Element) -> str:
    """A chord symbol such as `F#m7b5/E`; empty for one without a root, as Roman numerals and functions are."""
    root = harmony.find("root")
    kind = harmony.find("kind")
    name = (kind.text or "").strip() if kind is not None else ""
    if name == "none":
        return "N.C."
    if root is None:
        return ""
    symbol = KINDS.get(name, (kind.get("text") or "") if kind is not None else "")
    for degree in harmony.findall("degree"):
        alter = {-1: "b", 1: "#"}.get(whole(degree.findtext("degree-alter")), "")
        kind_of = text_in(degree, "degree-type")
        value = text_in(degree, "degree-value")
        if kind_of in ("add", "alter") and value.isdigit():
            symbol += f"add{value}" if not alter else f"{alter}{value}"
    symbol = symbol.replace("sus4add7", "7sus4")  # an added seventh is minor
    bass = harmony.find("bass")
    return _spelled(root, "root") + symbol + (f"/{_spelled(bass, 'bass')}" if bass is not None else "")


def _spelled(element: Element, name: str) -> str:
    alter = max(-2, min(2, whole(element.findtext(f"{name}-alter"))))
    return text_in(element, f"{name}-step").upper() + ("#" * alter if alter > 0 else "b" * -alter)
