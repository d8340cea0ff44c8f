"""Who wrote a piece, and of which genre: from the file itself, a table, rules, its folders and its title."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from partimento.errors import InvalidOption
from partimento.piece import About

LABELS = ("composer", "genre", "title", "licence", "work")

GENRES = frozenset(
    """ambient anime ballad baroque bluegrass blues carol chorale christmas classical country dance disco electronic ethnic
    film folk funk game gospel hiphop hymn irish jazz jig latin lieder march metal musical opera pop punk ragtime rap reggae
    reel rnb rock romantic song soul soundtrack swing tango techno waltz world""".split()
)
NO_NAMES = frozenset("midi midis music score scores songs unknown various".split())
FILLERS = NO_NAMES | frozenset("archive classics collection files hits mid of pieces set sets standards the tunes".split())
RELATIVES = {  # who bears a known name and is not its bearer
    "bach": frozenset("bernhard carl christian christoph cpe emanuel friedemann jc jcf philipp wf wilhelm".split()),
    "haydn": frozenset(["michael"]),
    "mendelssohn": frozenset("fanny hensel".split()),
    "mozart": frozenset(["leopold"]),
    "scarlatti": frozenset(["alessandro"]),
    "schumann": frozenset(["clara"]),
    "wagner": frozenset(["siegfried"]),
}
_BORROWED = frozenset("after aus from hommage homage nach on theme thema tema tribute variations variationen über".split())
COMPOSERS = frozenset(
    """Albeniz Alkan Bach Balakirev Bartok Beethoven Bellini Berlioz Bizet Borodin Brahms Britten Bruckner Busoni Buxtehude
    Byrd Chaminade Chopin Clementi Corelli Couperin Czerny Debussy Dowland Dufay Dvorak Elgar Faure Franck Frescobaldi
    Gershwin Gesualdo Gibbons Ginastera Glinka Gluck Godowsky Gottschalk Granados Grieg Handel Haydn Hummel Ives Janacek
    Joplin Josquin Kuhlau Lassus Liszt Lully Mahler Massenet Mendelssohn Milhaud Monteverdi Moszkowski Mozart Mussorgsky
    Nielsen Pachelbel Paganini Palestrina Pergolesi Poulenc Prokofiev Puccini Purcell Rachmaninoff Rachmaninov Rameau Ravel
    Reger Respighi Rossini Saint-Saens Satie Scarlatti Schoenberg Schubert Schumann Schutz Scriabin Shostakovich Sibelius
    Smetana Sor Strauss Stravinsky Tallis Tchaikovsky Telemann Verdi Victoria Vivaldi Wagner Weber Webern Wolf""".split()
)
_KNOWN = {name.lower(): name for name in COMPOSERS}
_MUSIC21 = "music21 corpus, no blanket licence"
SETS = {
    "bach": {"composer": "Bach", "genre": "chorale", "licence": _MUSIC21},
    "oneills": {"genre": "folk", "licence": _MUSIC21},
    "ryans": {"genre": "folk", "licence": _MUSIC21},
    "airds": {"genre": "folk", "licence": _MUSIC21},
    "essen": {"genre": "folk", "licence": _MUSIC21},
}
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")


@dataclass(frozen=True)
class Labels:
    """Rules of one build. Strongest first: the table, the rules, the file itself, the folders, the title.

    `table` gives labels by item name, or by its end (`Bach/air.mid`). A rule is `composer=Bach`, for every piece, or a
    path with names in braces, `{genre}/{composer}/*`, matched against the end of an item's name.
    """

    table: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    patterns: tuple[re.Pattern[str], ...] = ()
    sets: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rules: Iterable[str] = (), table_path: Path | None = None, sets: Iterable[str] = ()) -> Labels:
        """Raises `InvalidOption` for a rule or a table that cannot be read. `sets` names the music21 sets among the sources."""
        constants, patterns = {}, []
        for rule in rules:
            name, equals, value = rule.partition("=")
            if "{" in rule:
                patterns.append(_pattern(rule))
            elif equals and name in LABELS:
                constants[name] = value
            else:
                raise InvalidOption(
                    f"{rule}: neither NAME=VALUE nor a path with {{NAME}}; names: {', '.join(LABELS)}", option="label"
                )
        return cls(_read_table(table_path) if table_path else {}, constants, tuple(patterns), frozenset(sets))

    def apply(self, about: About, name: str) -> tuple[About, str]:
        """The title page with labels filled in, and the name of the work given by hand ("" if none)."""
        parts = name.split("/")
        found = dict(SETS[parts[0]]) if parts[0] in self.sets else {}
        if guess := _composer_of(parts):
            found.setdefault("composer", guess)
        if genre := _genre_of(parts[:-1]):
            found.setdefault("genre", genre)
        found |= {label: getattr(about, label) for label in LABELS[:4] if getattr(about, label)}
        found["composer"] = _known(found.get("composer", "")) or found.get("composer", "")  # J. S. Bach is Bach
        for pattern in self.patterns:
            if match := pattern.search(name):
                found |= {label: text.replace("_", " ").strip() for label, text in match.groupdict().items() if text}
        found |= self.constants
        found |= {label: text for label, text in self._row(parts).items() if text}
        if not found.get("title"):
            found["title"] = parts[-1].rsplit(".", 1)[0] if "#" not in parts[-1] else parts[-1]
        work = found.pop("work", "")
        return replace(about, **{label: found.get(label, "") for label in LABELS[:4]}), work

    def _row(self, parts: list[str]) -> Mapping[str, str]:
        if not self.table:
            return {}
        return next((self.table[key] for at in range(len(parts)) if (key := "/".join(parts[at:])) in self.table), {})


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text.replace("_", " "))]


def _known(text: str) -> str:
    """The known composer that a text names as the one who wrote it: not the one whose theme it is, nor a relative of that name."""
    words = _words(text)
    for at, word in enumerate(words):
        if word in _KNOWN:
            return (
                "" if _BORROWED.intersection(words[:at]) or RELATIVES.get(word, frozenset()).intersection(words) else _KNOWN[word]
            )
    return ""


def _composer_of(parts: list[str]) -> str:
    """The composer whom the nearest folder names, known or like a name, or else the file's name where it says so."""
    for at, part in reversed([*enumerate(parts[:-1])]):
        is_name = at > 0 and len(part) > 3 and part[0].isupper() and not part.isupper() and not re.search(r"\d", part)
        if known := _known(part):
            return known
        if is_name and not (GENRES | NO_NAMES).intersection(_words(part.replace("-", " "))):
            return part.replace("_", " ")
    return _composer_in_title(parts[-1].partition("#")[0].rpartition(".")[0] or parts[-1])


def _composer_in_title(title: str) -> str:
    """`Bach - Air`, `Air (Bach)`, `chopin_op10` and `Air by J. S. Bach` say it; `Coste, Fantasy on Rossini` does not."""
    before, by, after = title.partition(" by ")
    for segment in re.split(r" - |__|[()\[\],;]", before):
        words = [word for word in _words(segment) if len(word) > 1]
        is_a_name = words and (words[0] in _KNOWN or (segment != title and words[-1] in _KNOWN and len(words) <= 3))
        if is_a_name and (known := _known(segment)):
            return known
    return _known(after) if by and not _BORROWED.intersection(_words(before)) else ""


def _genre_of(folders: list[str]) -> str:
    """The genre that the nearest folder is named by: `jazz` and `JAZZ_standards`, but not `classical-guitar`."""
    for folder in reversed(folders):
        words = _words(folder.replace("-", " "))
        named = [word for word in words if word in GENRES]
        if named and all(word in GENRES or word in FILLERS for word in words):
            return named[0]
    return ""


def _pattern(rule: str) -> re.Pattern[str]:
    names = re.findall(r"\{(\w+)\}", rule)
    if unknown := set(names) - set(LABELS):
        raise InvalidOption(f"{rule}: unknown name {', '.join(sorted(unknown))}; known: {', '.join(LABELS)}", option="label")
    if len(names) != len(set(names)):
        raise InvalidOption(f"{rule}: a name occurs twice", option="label")
    text = re.escape(rule).replace(r"\*", "[^/]*")
    text = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+?)", text)
    return re.compile(rf"(?:^|/){text}(?:\.\w+)?(?:#\S*)?$")


def _read_table(path: Path) -> dict[str, dict[str, str]]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else f"it is no CSV in UTF-8: {error}"
        raise InvalidOption(f"{path} cannot be read ({why})", option="labels") from None
    if not rows or "file" not in rows[0]:
        needed = f"a table needs a first line with the column 'file' and any of {', '.join(LABELS)}"
        raise InvalidOption(f"{path}: {needed}", option="labels")
    return {row["file"]: {label: (row.get(label) or "").strip() for label in LABELS} for row in rows if row["file"]}
