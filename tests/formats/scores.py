"""Small scores as text, made of parts that tests put together."""

from __future__ import annotations

NOTE = "<note>{chord}<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch><duration>{length}</duration>{rest}</note>"


def note(name: str, length: int = 4, rest: str = "", *, chord: bool = False) -> str:
    """A MusicXML note such as `note("F#4", 2)`; `rest` is what stands after its duration."""
    alter = {"#": "<alter>1</alter>", "b": "<alter>-1</alter>"}.get(name[1:-1], "")
    return NOTE.format(chord="<chord/>" * chord, step=name[0], alter=alter, octave=name[-1], length=length, rest=rest)


def musicxml(*parts: str, declared: str = "", head: str = "") -> bytes:
    """A score-partwise of parts, each the text of its measures."""
    names = "".join(f'<score-part id="P{number}"><part-name>part {number}</part-name></score-part>' for number in range(len(parts)))
    body = "".join(f'<part id="P{number}">{part}</part>' for number, part in enumerate(parts))
    return f"<score-partwise>{head}<part-list>{declared or names}</part-list>{body}</score-partwise>".encode()


def measure(content: str, attributes: str = "") -> str:
    """A measure; `attributes` stand in its attributes element."""
    return f"<measure>{f'<attributes>{attributes}</attributes>' if attributes else ''}{content}</measure>"


FOUR = "<divisions>4</divisions><time><beats>4</beats><beat-type>4</beat-type></time>"


def mei(
    measures: str, staves: str = '<staffDef n="1"/>', attributes: str = 'meter.count="4" meter.unit="4"', head: str = ""
) -> bytes:
    """An MEI file with one score."""
    score = f"<scoreDef {attributes}><staffGrp>{staves}</staffGrp></scoreDef><section>{measures}</section>"
    body = f"<music><body><mdiv><score>{score}</score></mdiv></body></music>"
    return f'<mei xmlns="http://www.music-encoding.org/ns/mei"><meiHead>{head}</meiHead>{body}</mei>'.encode()


def layer(content: str, *others: str, attributes: str = "") -> str:
    """A measure of one staff with one layer, and elements beside the staff."""
    return f'<measure {attributes}><staff n="1"><layer n="1">{content}</layer></staff>{"".join(others)}</measure>'
