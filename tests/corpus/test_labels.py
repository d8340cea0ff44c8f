"""Labels from tables, rules, files, folders and titles, the strongest first."""

from __future__ import annotations

from pathlib import Path

import pytest

from partimento.corpus.labels import Labels
from partimento.errors import InvalidOption
from partimento.piece import About


def of(
    name: str, *rules: str, about: About | None = None, table: Path | None = None, sets: tuple[str, ...] = ()
) -> tuple[About, str]:
    return Labels.of(rules, table, sets).apply(about or About(), name)


def write_table(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


# -- folders and file names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "composer"),
    [
        ("midi/Bach/air.mid", "Bach"),
        ("midi/bach/air.mid", "Bach"),
        ("midi/Bach, J.S/air.mid", "Bach"),
        ("midi/Johann_Sebastian_Bach/air.mid", "Bach"),
        ("midi/Bach/arranged by Busoni/air.mid", "Busoni"),
        ("midi/chopin_op10_no3.mid", "Chopin"),
        ("midi/saint-saens/cygne.mid", "Saint-Saens"),
        ("midi/Nobody_Known/tune.mid", "Nobody Known"),
        ("midi/Nobody/Bach/tune.mid", "Bach"),
        ("midi/jazz/tune.mid", ""),
        ("midi/Jazz/tune.mid", ""),
        ("midi/ABC/tune.mid", ""),
        ("midi/Disc1/tune.mid", ""),
        ("midi/Unknown/tune.mid", ""),
        ("Bach/air.mid", "Bach"),
        ("Nobody/air.mid", ""),
        ("tune.mid", ""),
        ("midi/bachelor.mid", ""),
        ("guitar/Coste/coste_op12_divertissement_rossini.mid", "Coste"),
        ("guitar/coste_op12_divertissement_rossini.mid", ""),
        ("guitar/Coste, Fantasy on Rossini.mid", ""),
        ("guitar/Variations on a theme by Handel.mid", ""),
        ("guitar/Brahms - Variations on a theme by Handel.mid", "Brahms"),
        ("guitar/Air (Bach).mid", "Bach"),
        ("guitar/Air by J. S. Bach.mid", "Bach"),
        ("guitar/Bach - Air.mid", "Bach"),
        ("songs/Schumann, Clara/lied.mid", "Schumann, Clara"),
        ("songs/Carl Philipp Emanuel Bach/solfeggietto.mid", "Carl Philipp Emanuel Bach"),
        ("songs/Johann Christian Bach/sonata.mid", "Johann Christian Bach"),
    ],
)
def test_composer(name: str, composer: str) -> None:
    """The folders below the source, the nearest first, then the file's name; the source itself only where it is known."""
    assert of(name)[0].composer == composer


@pytest.mark.parametrize(
    ("name", "genre"),
    [
        ("midi/jazz/tune.mid", "jazz"),
        ("midi/JAZZ_standards/tune.mid", "jazz"),
        ("midi/rock/ballad/tune.mid", "ballad"),
        ("jazz/tune.mid", "jazz"),
        ("midi/rockets/tune.mid", ""),
        ("midi/jazz.mid", ""),
        ("midi/classical-guitar/tune.mid", ""),
        ("classical-midi/Bach/tune.mid", "classical"),
        ("jazz/rock-garden/tune.mid", "jazz"),
        ("midi/The Irish Folk Collection/tune.mid", "irish"),
    ],
)
def test_genre(name: str, genre: str) -> None:
    assert of(name)[0].genre == genre


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("midi/Bach/air.on.g.mid", "air.on.g"),
        ("book.abc#X12", "book.abc#X12"),
        ("midi/Prélude no 1.mid", "Prélude no 1"),
        ("noending", "noending"),
    ],
)
def test_title(name: str, title: str) -> None:
    assert of(name)[0].title == title


def test_sets_of_music21() -> None:
    about, _ = of("bach/bwv66.6.mxl", sets=("bach",))
    assert (about.composer, about.genre) == ("Bach", "chorale")
    assert "music21" in about.licence
    assert of("bach/bwv66.6.mxl")[0].licence == "", "a folder of one's own with that name is no set"
    assert of("bach/bwv66.6.mxl", about=About(composer="Rinck"), sets=("bach",))[0].composer == "Rinck"


# -- rules --------------------------------------------------------------------------------------------------------------


def test_constants() -> None:
    about, work = of("midi/jazz/tune.mid", "composer=Ellington", "licence=CC0", "work=w1")
    assert (about.composer, about.genre, about.licence, work) == ("Ellington", "jazz", "CC0", "w1")
    assert of("a.mid", "title=a=b")[0].title == "a=b"


@pytest.mark.parametrize(
    ("rule", "name", "labels"),
    [
        ("{genre}/{composer}/*", "midi/swing/Duke_Ellington/tune.mid", {"genre": "swing", "composer": "Duke Ellington"}),
        ("{composer}/*", "midi/Ellington/tune.mid", {"composer": "Ellington", "genre": ""}),
        ("{composer} - {title}", "midi/Ellington - Caravan.mid", {"composer": "Ellington", "title": "Caravan"}),
        ("{composer} - {title}", "midi/Ellington - Take - Five.mid", {"composer": "Ellington", "title": "Take - Five"}),
        ("{composer}_*", "midi/Ellington_caravan.mid", {"composer": "Ellington"}),
        ("{title}", "midi/book.abc#X3", {"title": "book"}),
        ("set (1)/{composer}/*", "midi/set (1)/Ellington/tune.mid", {"composer": "Ellington"}),
        ("{genre}/{composer}/*", "tune.mid", {"genre": "", "composer": ""}),
    ],
)
def test_patterns(rule: str, name: str, labels: dict[str, str]) -> None:
    about, _ = of(name, rule)
    assert {label: getattr(about, label) for label in labels} == labels


def test_a_pattern_may_name_the_work() -> None:
    assert of("midi/bwv1080/fugue_1.mid", "{work}/*")[1] == "bwv1080"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("composer", "neither NAME=VALUE"),
        ("key=C", "neither NAME=VALUE"),
        ("Composer=Bach", "neither NAME=VALUE"),
        ("=Bach", "neither NAME=VALUE"),
        ("", "neither NAME=VALUE"),
        ("{key}/*", "unknown name key"),
        ("{genre}/{key}/{mood}/*", "unknown name key, mood"),
        ("{title}/{title}", "occurs twice"),
    ],
)
def test_impossible_rules(rule: str, message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        Labels.of([rule])


# -- tables -------------------------------------------------------------------------------------------------------------


def test_table(tmp_path: Path) -> None:
    text = '\ufefffile,composer,work,mood\nBach/air.mid, Johann ,w7,sad\nair.mid,Other,,\n"with, comma.mid",Third,,\n'
    table = write_table(tmp_path, text)
    about, work = of("midi/Bach/air.mid", table=table)
    assert (about.composer, work) == ("Johann", "w7"), "the longest end of the name that stands in the table"
    assert of("midi/Handel/air.mid", table=table)[0].composer == "Other"
    assert of("midi/Handel/fair.mid", table=table)[0].composer == "Handel", "ends of names are cut at folders"
    assert of("x/with, comma.mid", table=table)[0].composer == "Third"


@pytest.mark.parametrize("content", [b"", b"\n", b"name,composer\na,b\n", b"file,composer\n", b"file\n\xff\xfe\n"])
def test_impossible_tables(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidOption, match=r"labels\.csv"):
        Labels.of((), path)


def test_no_table_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"absent\.csv:? cannot be read"):
        Labels.of((), tmp_path / "absent.csv")


def test_a_short_row_has_no_further_labels(tmp_path: Path) -> None:
    assert of("m/Bach/air.mid", table=write_table(tmp_path, "file,genre,composer\nair.mid,dance\n"))[0].composer == "Bach"


# -- which is the strongest ---------------------------------------------------------------------------------------------


def test_precedence(tmp_path: Path) -> None:
    """Table, constants, patterns, the file itself, folders."""
    name, table = "midi/Folder/air.mid", write_table(tmp_path, "file,composer\nair.mid,Table\n")
    inside = About(composer="File")
    every = ("composer=Constant", "{composer}/*")
    assert of(name, *every, about=inside, table=table)[0].composer == "Table"
    assert of(name, *every, about=inside)[0].composer == "Constant"
    assert of(name, every[1], about=inside)[0].composer == "Folder"
    assert of(name, about=inside)[0].composer == "File"
    assert of(name)[0].composer == "Folder"


def test_empty_cells_take_nothing_away(tmp_path: Path) -> None:
    table = write_table(tmp_path, "file,composer,title\nair.mid,,\n")
    about, _ = of("midi/Bach/air.mid", about=About(title="Air"), table=table)
    assert (about.composer, about.title) == ("Bach", "Air")


def test_the_rest_of_the_title_page_stays() -> None:
    about = About(title="Air", source="s.mid", made="{}", licence="CC0")
    assert of("midi/x.mid", about=about)[0] == about
