"""Files: each is of its kind, says inside how it was made, and is read again where it is notation."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import httpx
import numpy as np
import pytest
import soundfile
from PIL import Image

from partimento.composing.pieces import remake
from partimento.errors import PartimentoError
from partimento.formats import parse, read
from partimento.formats.registry import WRITERS
from partimento.studio.workshop.asking import Ask
from partimento.studio.workshop.rules_held import held
from partimento.studio.workshop.samples import sample
from partimento.studio.workshop.workshop import Workshop
from partimento.task import Region
from tests.studio.test_candidates import asked


@pytest.fixture
def edited(bare: Workshop) -> Workshop:
    """A score with two acts, one of which is undone."""
    bare.scores.open(sample("twinkle"), "test")
    bare.edit("s1", [{"edit": "tempo", "qpm": 99}], "test")
    bare.edit("s1", [{"edit": "tempo", "qpm": 199}], "test")
    bare.scores.walk("s1", "undo", "test")
    return bare


def check_note(made: str) -> None:
    told = json.loads(made)["studio"]
    assert told["score"] == "s1"
    assert [act["edits"] for act in told["acts"]] == [[{"edit": "tempo", "qpm": 99}]]


@pytest.mark.parametrize("suffix", WRITERS)
def test_notation_is_read_again_and_says_how_it_was_made(edited: Workshop, suffix: str) -> None:
    made = edited.export("s1", suffix)
    piece, _ = parse(made.content, suffix)
    assert made.name == f"Twinkle Twinkle Little Star{suffix}" or made.name == f"Twinkle, Twinkle, Little Star{suffix}"
    assert len(piece) == 42
    check_note(piece.about.made)


def test_pages_and_sound_say_how_they_were_made(edited: Workshop) -> None:
    svg = edited.export("s1", "svg").content.decode()
    metadata = ElementTree.fromstring(svg).find("{http://www.w3.org/2000/svg}metadata")
    assert metadata is not None
    check_note(metadata.text or "")
    picture = Image.open(io.BytesIO(edited.export("s1", "png").content))
    check_note(str(picture.info["made"]))
    picture.load()
    for suffix in ("wav", "flac", "mp3"):
        with soundfile.SoundFile(io.BytesIO(edited.export("s1", suffix).content)) as file:
            assert file.frames > 20 * 44100
            check_note(file.comment)
    pdf = edited.export("s1", "pdf").content
    assert pdf.startswith(b"%PDF")
    assert '"studio"'.encode("utf-16-be") in pdf


def test_what_cannot_be_exported(edited: Workshop) -> None:
    for suffix in ("exe", "", "../mid"):
        with pytest.raises(PartimentoError):
            edited.export("s1", suffix)
    with pytest.raises(PartimentoError):
        edited.export("s1", "png", page=2)
    edited.blank("test")
    with pytest.raises(PartimentoError):
        edited.export("s2", "mid")


def test_a_kept_candidate_can_be_made_again_from_its_file(workshop: Workshop, tmp_path: Path, raw_model: Path) -> None:
    workshop.scores.open(sample("minuet"), "test")
    record, _ = asked(workshop, Ask("fill", bars=(2, 3), seed=4))
    workshop.keep(record.name, 1, "test")
    path = tmp_path / "kept.mid"
    path.write_bytes(workshop.export("s1", "mid").content)
    again = remake(path, raw_model)
    assert np.array_equal(again.piece.notes, read(path).notes)
    workshop.edit("s1", [{"edit": "velocity", "notes": [0], "to": 9}], "test")
    path.write_bytes(workshop.export("s1", "mid").content)
    told = json.loads(read(path).about.made)["studio"]["acts"]
    assert [act["act"] for act in told] == ["keep", "edit"]
    assert told[0]["seed"] == 4
    assert told[0]["model"]["sha256"] == workshop.warm.checkpoint.sha256


def test_a_project_as_one_file_opens_again(edited: Workshop, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(edited.zip().content)) as archive:
        assert {Path(name).suffix for name in archive.namelist()} == {".jsonl", ".piece", ".mid", ".musicxml"}
        archive.extractall(tmp_path / "again")
    with Workshop(tmp_path / "again") as workshop:
        assert workshop.scores["s1"].state == edited.scores["s1"].state
        workshop.scores.walk("s1", "redo", "test")


@pytest.mark.parametrize(
    ("options", "broken"),
    [
        ({"key": "C major"}, {"key": []}),
        ({"key": "C pentatonic"}, {"key": [3, 5, 7, 11]}),
        ({"ranges": "C4-G4"}, {"ranges": [2, 10]}),
        ({"polyphony": 1}, {"polyphony": []}),
        ({"chords": "C", "bars": (1, 1)}, {"chords": []}),
        ({"chords": "G", "bars": (1, 1)}, {"chords": [1]}),
        ({"chords": "lane"}, {"chords": []}),
    ],
    ids=str,
)
def test_rules_are_judged_bar_by_bar(options: dict[str, object], broken: dict[str, list[int]]) -> None:
    piece = sample("twinkle")
    ask = Ask("fill", **options)  # type: ignore[arg-type]
    rules = ask.rules(piece, Region(ask.bars or (1, 12)))
    assert rules is not None
    found = held(piece, rules, ask.bars)
    assert {name: told["bars"] for name, told in found.items()} == broken


def test_over_http(client: httpx.Client) -> None:
    client.post("/samples/twinkle")
    answer = client.get("/scores/s1/export/mid")
    assert answer.headers["content-type"] == "audio/midi"
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''Twinkle")
    assert client.get("/scores/s1/export/exe").status_code == 422
    assert client.get("/project.zip").headers["content-type"] == "application/zip"
    page = client.get("/scores/s1/page").json()
    assert "<style" not in page["pages"][0]
    ids = [one for _, group in page["onsets"] for one in group]
    assert len(ids) == 42
    assert all(f'id="{one}"' in page["pages"][0] for one in ids)
