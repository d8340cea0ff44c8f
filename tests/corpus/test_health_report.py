"""The health report: every number in it follows from the rows, and nothing in a file's name reaches the page as HTML."""

from __future__ import annotations

import json

from partimento.corpus.health_report import make_report, to_html, to_json
from partimento.corpus.parquet import Row
from partimento.piece import About
from tests.made import made_piece

EVIL = "<script>alert(1)</script>&.mid"


def row(number: int, split: int, **changes: object) -> Row:
    piece = made_piece(number)
    values: dict[str, object] = {
        "name": f"{number}.mid",
        "about": About(composer="Bach" if number % 2 else "", genre="jig", licence=""),
        "work": f"work{number // 2}",
        "split": split,
        "notes": len(piece),
        "seconds": 3600.0,
        "content": f"{number:032x}",
        "repairs": {},
    }
    return Row(**{**values, **changes})  # type: ignore[arg-type]


def report_of_five() -> dict[str, object]:
    rows = [row(0, 0), row(1, 0, repairs={"chunk length": 2}), row(2, 1), row(3, 1), row(4, 2, name=EVIL)]
    return make_report(
        files=9,
        scores=12,
        rows=rows,
        pieces=[made_piece(n) for n in range(5)],
        refused={"damaged": [f"{EVIL}: {EVIL}", "b.mid"], "empty file": ["c.mid"]},
        ignored=["readme.txt"],
        duplicates={"0.mid": ["copy.mid"]},
        other_forms=1,
        fingerprint="f" * 32,
    )


def test_the_numbers() -> None:
    report = report_of_five()
    assert (report["files"], report["scores"], report["taken"], report["works"], report["works_of_several_pieces"]) == (
        9,
        12,
        5,
        3,
        2,
    )
    assert (report["notes"], report["hours"]) == (300, 5.0)
    assert report["composers"] == {"not stated": 3, "Bach": 2}
    assert report["genres"] == {"jig": 5}
    assert report["licences"] == {"not stated": 5}
    assert report["splits"] == {
        "train": {"pieces": 2, "works": 1, "notes": 120},
        "valid": {"pieces": 2, "works": 1, "notes": 120},
        "test": {"pieces": 1, "works": 1, "notes": 60},
    }
    assert report["notes_per_piece"] == {"least": 60, "median": 60, "most": 60}
    assert report["tracks"] == {"2": 5}
    assert report["rescued"] == {"1.mid": {"chunk length": 2}}
    assert report["repairs"] == {"chunk length": 1}


def test_json_is_the_same_for_the_same_report() -> None:
    assert to_json(report_of_five()) == to_json(report_of_five())
    assert json.loads(to_json(report_of_five())) == report_of_five()


def test_the_page_names_every_file_and_escapes_it() -> None:
    page = to_html(report_of_five()).decode()
    assert "<script>" not in page
    for name in ("&lt;script&gt;alert(1)&lt;/script&gt;&amp;.mid", "b.mid", "c.mid", "copy.mid", "readme.txt", "1.mid"):
        assert name in page
    assert "http" not in page.replace("http://www.w3.org", "")  # self-contained
    assert page.startswith("<!DOCTYPE html>") or page.startswith("<!doctype html>")
