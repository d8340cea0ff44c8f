"""An agent: a real client of the SDK starts the command, and does what a person would ask it for, on real scores."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from mcp import StdioServerParameters
from mcp.client import Client

from partimento.formats import read
from partimento.piece import Piece, Track, note_array
from partimento.studio.agents.score_text import MOST_BARS, bars_text, head
from partimento.studio.agents.tools import server_of
from partimento.studio.workshop.workshop import Workshop
from tests.made import made_piece

MOST_TOKENS = 12  # a note


def chorale() -> Path:
    """Bach's chorale BWV 66.6, which music21 brings."""
    spec = importlib.util.find_spec("music21")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "corpus" / "bach" / "bwv66.6.mxl"


def tokens(text: str) -> int:
    """More than the usual tokenizers of language models make of it: up to three letters or digits are one, every sign is one."""
    return len(re.findall(r"[A-Za-z]{1,3}|\d{1,3}|[^\sA-Za-z\d]", text))


Call = Callable[..., Awaitable[str]]


def talk(server: Any, conversation: Callable[[Call], Awaitable[None]]) -> None:
    """Lets an agent talk to a server; what a tool says comes as text, what it shows as its kind."""

    async def main() -> None:
        async with Client(server, read_timeout_seconds=120) as client:

            async def call(tool: str, **arguments: Any) -> str:
                answer = await client.call_tool(tool, arguments)
                (content,) = answer.content
                text = content.text if content.type == "text" else f"{content.type}: {len(content.data)}"  # type: ignore[union-attr]
                assert bool(answer.is_error) == text.startswith("Error"), text
                return text

            await conversation(call)

    anyio.run(main)


def test_ten_tasks_on_a_real_score_over_stdio(tmp_path: Path, raw_model: Path) -> None:
    command = ["-m", "partimento", "mcp", "--model", str(raw_model), "--project", str(tmp_path / "project")]
    said: list[str] = []

    async def conversation(call: Call) -> None:
        # 1: open a chorale, and say what it is
        text = await call("open_score", file=str(chorale()))
        assert re.search(r"F# minor, 4/4", text), text
        # 2: which chord is bar 5
        text = await call("read_score", score="s1", bars=[5, 5])
        said.append(text)
        # 3: fill bars of two voices under a key, and keep a candidate
        text = await call("write", kind="fill", score="s1", bars=[3, 4], tracks=[1, 2], key="F# minor", seed=1, count=2)
        assert "key held" in text
        assert len(re.findall(r"^candidate \d", text, re.M)) == 2
        await call("keep", task="t1", candidate=2)
        # 4: take it back, and do it again
        before = await call("read_score", score="s1")
        await call("undo", score="s1")
        assert await call("read_score", score="s1") != before
        await call("redo", score="s1")
        assert await call("read_score", score="s1") == before
        # 5: go on for two bars
        text = await call("write", kind="continue", score="s1", length=2, seed=2, count=1)
        assert "bars 10-11" in text
        # 6: harmonise a tune under given chords
        await call("open_score", file="twinkle")
        text = await call("write", kind="harmonise", score="s2", bars=[1, 4], chords="lane", seed=3, count=1)
        assert "chords held" in text
        await call("keep", task="t3", candidate=1)
        assert "bars 1-12" in await call("scores")
        # 7: what cannot be done is said where, and what to relax
        text = await call("write", kind="bass", score="s2", bars=[1, 4], chords="C G F# C", key="C major")
        assert "fails in bar 3. Relax one of: key, chords" in text
        # 8: check rules and originality
        text = await call("check_rules", score="s2", key="C major", polyphony=8)
        assert "key: " in text
        assert "s1: " in await call("originality", score="s1")
        # 9: vary, and ask for more of one
        text = await call("write", kind="vary", score="s2", bars=[5, 6], keep=0.7, seed=4, count=1)
        task = text.partition(":")[0]
        assert "best first" in await call("more_like", task=task, candidate=1, count=1)
        # 10: see it, hear it, write it out
        assert (await call("render_page", score="s2")).startswith("image")
        assert (await call("render_sound", score="s2")).startswith("audio")
        file = await call("export", score="s2", suffix="musicxml")
        assert read(file).about.title == "Twinkle, Twinkle, Little Star"

    talk(StdioServerParameters(command=sys.executable, args=command), conversation)
    bar = said[0].splitlines()[-1]
    number, chord, *_ = bar.split()
    assert number == "5"
    assert chord in ("F#m", "B7", "Bm", "E", "A", "E/G#", "F#m/A")
    with Workshop(tmp_path / "project") as workshop:
        assert {act["by"] for act in workshop.project.acts if "by" in act} == {"agent"}


def test_an_agent_makes_a_piece_of_its_own_and_edits_it(workshop: Workshop) -> None:
    async def conversation(call: Call) -> None:
        text = await call("write", kind="new", length=2, key="D dorian", meter="3/4", seed=1, count=1)
        assert "key held" in text
        await call("keep", task="t1", candidate=1)
        text = await call("edit", score="s1", edits=[{"edit": "transpose", "semitones": 2}, {"edit": "about", "title": "New"}])
        assert "New" in text
        assert "Error" in await call("edit", score="s1", edits=[{"edit": "wobble"}])
        assert "Error" in await call("open_score", file="/etc/passwd")
        assert "Error" in await call("open_score", file="/nowhere.mid")
        assert "least expected" in await call("surprise", score="s1", most=2)
        assert "candidate 1" in await call("read_candidate", task="t1", candidate=1)

    talk(server_of(workshop), conversation)


def test_every_tool_says_what_it_does(bare: Workshop) -> None:
    async def main() -> None:
        async with Client(server_of(bare)) as client:
            tools = (await client.list_tools()).tools
            assert all(len(tool.description or "") > 20 for tool in tools)
            assert tokens(json.dumps([tool.model_dump(mode="json", exclude_none=True) for tool in tools])) < 8000

    anyio.run(main)


PLAYED = Piece(note_array([(37 * n + n % 5, 31 + n % 7, 40 + (7 * n) % 50, 80, n % 3) for n in range(300)]), (Track(),) * 3, 96)


@pytest.mark.parametrize("name", ["chorale", "made", "played"])
def test_the_text_costs_little(name: str) -> None:
    piece = {"chorale": lambda: read(chorale()), "made": lambda: made_piece(2, 90), "played": lambda: PLAYED}[name]()
    text = "\n".join([head("s1", piece), bars_text(piece)])
    assert tokens(text) <= MOST_TOKENS * len(piece)


def test_the_text_says_all_notes() -> None:
    """Read back by a few lines of the test's own: onsets, pitches and durations to a hundredth of a quarter."""
    piece = made_piece(4, 50)
    piece = Piece(piece.notes, piece.tracks, piece.ticks_per_quarter)
    found = []
    for line in bars_text(piece).splitlines():
        bar, *parts = line.split(" | ")
        start = 4.0 * (int(bar.split()[0]) - 1)
        for part in parts:
            track, *words = part.split()
            at = 0.0
            for word in words:
                if word.startswith("@"):
                    at = float(word[1:])
                    continue
                names, _, duration = word.partition(":")
                found += [(int(track), round(start + at, 2), name, float(duration)) for name in names.split("+")]
                at += float(duration)
    classes = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
    quarter = piece.ticks_per_quarter
    wanted = [
        (track, round(onset / quarter, 2), f"{classes[pitch % 12]}{pitch // 12 - 1}", duration / quarter)
        for onset, duration, pitch, _, track in piece.notes.tolist()
    ]
    assert sorted(found) == sorted(wanted)


def test_a_long_score_is_read_in_parts(bare: Workshop) -> None:
    notes = note_array([(1920 * n, 480, 60, 80, 0) for n in range(MOST_BARS + 50)])
    bare.scores.open(Piece(notes, (Track(),)), "test")

    async def conversation(call: Call) -> None:
        assert "Error" in await call("read_score", score="s1")
        text = await call("read_score", score="s1", bars=[100, 101])
        assert np.array_equal([line.split()[0] for line in text.splitlines()[-2:]], ["100", "101"])

    talk(server_of(bare), conversation)
