"""The tools of an agent: each calls the workshop, and answers in a few words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, ParamSpec

from partimento.errors import InvalidOption, PartimentoError
from partimento.files import write_atomic
from partimento.plugins import extra
from partimento.studio.agents.answers import copies, rules_answer, score_answer, surprise_answer, task_answer
from partimento.studio.agents.score_text import HOW, bars_text, head
from partimento.studio.workshop.asking import Ask
from partimento.studio.workshop.samples import SAMPLES, sample
from partimento.studio.workshop.tasks_in_flight import TaskRecord
from partimento.studio.workshop.workshop import Workshop
from partimento.version import VERSION

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

BY = "agent"
LOOK_SECONDS = 0.02
EXPORTS = "exports"  # a folder of the project
INSTRUCTIONS = (
    "Scores are read and written bar by bar. Read a score first. `write` asks the model for candidates and changes nothing; "
    "`keep` puts one into the score; `undo` takes it back. Tracks and notes are numbered from 0, bars as on a page."
)

Kind = Literal["continue", "fill", "vary", "accompany", "harmonise", "melody", "bass", "new"]
Bars = tuple[int, int] | None
Options = ParamSpec("Options")


def server_of(workshop: Workshop) -> MCPServer:
    """The tools for one workshop. Raises `InvalidOption` where the package mcp is not installed."""
    mcp = extra("mcp.server.mcpserver", "mcp", "the server for agents")
    server: MCPServer = mcp.MCPServer("partimento", instructions=INSTRUCTIONS, version=VERSION, log_level="WARNING")
    for tools in (_scores, _writing, _judging):
        for tool in tools(workshop):
            server.tool(structured_output=False)(_explained(tool))
    for tool in _shown(workshop, mcp.Image, mcp.Audio):
        server.tool(structured_output=False)(_explained(tool))
    return server


def _explained(tool: Callable[Options, Any]) -> Callable[Options, Any]:
    """The tool; what the workshop refuses it answers in words, in a thread of its own."""
    import inspect

    from anyio import to_thread
    from mcp.server.mcpserver.exceptions import ToolError

    @wraps(tool)
    async def told(*args: Options.args, **named: Options.kwargs) -> Any:
        try:
            if inspect.iscoroutinefunction(tool):
                return await tool(*args, **named)
            return await to_thread.run_sync(partial(tool, *args, **named))
        except (PartimentoError, OSError) as error:
            raise ToolError(str(error)) from None

    return told


def _scores(workshop: Workshop) -> list[Callable[..., Any]]:
    def scores() -> str:
        """Lists the open scores, and samples that can be opened."""
        lines = [head(one.name, workshop.scores.piece(one.name)) for one in workshop.scores]
        return "\n".join([*lines, f"samples: {', '.join(SAMPLES)}"])

    def open_score(file: str) -> str:
        """Opens a score: a file of this machine (MIDI, MusicXML, MEI, Humdrum, ABC), or the name of a sample."""
        if file in SAMPLES:
            name = workshop.scores.open(sample(file), BY, source=file).name
        else:
            path = Path(file).expanduser()
            if not path.is_file():
                raise InvalidOption(f"{file}: no such file")
            name = workshop.open(path.read_bytes(), path.name, BY).name
        return head(name, workshop.scores.piece(name))

    def read_score(score: str, bars: Bars = None) -> str:
        """Reads a score, or some of its bars: key, meter, chords of each bar (as written, else as found), notes of each track."""
        return score_answer(workshop, score, bars)

    def edit(score: str, edits: list[dict[str, Any]]) -> str:
        """Edits a score, in one act that `undo` takes back. Edits are such as {"edit": "add", "notes": [[onset_tick, ticks, pitch,
        velocity, track]]}, {"edit": "delete"|"move"|"velocity"|"stretch", "notes": [numbers], ...}, {"edit": "copy_bars",
        "bars": [1, 4], "to": 9}, {"edit": "transpose", "semitones": 2, "bars": [1, 4], "tracks": [0]}, {"edit": "quantise",
        "lines_per_quarter": 4}, {"edit": "chords", "chords": [[tick, "Am7"]]}, {"edit": "tempo", "qpm": 96}, {"edit": "key",
        "key": "G major"}, {"edit": "track", "track": 0, "program": 40}, {"edit": "about", "title": "..."}."""
        workshop.edit(score, edits, BY)
        return score_answer(workshop, score, act="edited")

    def undo(score: str) -> str:
        """Takes the last act on a score back."""
        workshop.scores.walk(score, "undo", BY)
        return score_answer(workshop, score, act="undone")

    def redo(score: str) -> str:
        """Does the act again that was taken back."""
        workshop.scores.walk(score, "redo", BY)
        return score_answer(workshop, score, act="done again")

    return [scores, open_score, read_score, edit, undo, redo]


def _writing(workshop: Workshop) -> list[Callable[..., Any]]:
    async def write(
        kind: Kind,
        score: str = "",
        bars: Bars = None,
        length: int | None = None,
        tracks: Sequence[int] = (),
        keep: float = 0.5,
        count: int = 3,
        seed: int | None = None,
        chords: str = "",
        chord_beats: int = 0,
        key: str = "",
        ranges: str = "",
        polyphony: int = 0,
        end_on_tonic: bool = False,
        no_parallel_fifths: bool = False,
        conditions: dict[str, str | float] | None = None,
        temperature: float = 1.0,
        meter: str = "",
        tempo_qpm: float | None = None,
        instruments: str = "",
    ) -> str:
        """Asks the model for candidates; the score stays as it is until one is kept. Kinds: continue (after the last bar, `length`
        bars), fill (`bars` anew, or only `tracks` there), vary (a share of the notes stays: `keep`), accompany, harmonise,
        melody, bass (a part is added), new (a piece of `length` bars, with meter, tempo_qpm, instruments). Rules that hold of
        every new note: chords ("C G/B Am", one a bar, or `chord_beats`; "lane": those of the score), key ("G major",
        "D dorian"), ranges ("C3-C6"), polyphony, end_on_tonic, no_parallel_fifths."""
        ask = Ask(
            *(kind, bars, length, tuple(tracks), (), keep, count, seed, chords, chord_beats, False, key, "", ranges, polyphony),
            *(end_on_tonic, no_parallel_fifths, dict(conditions or {}), temperature, 1.0, 0.0, meter, tempo_qpm, instruments),
        )
        return await _finished(workshop, partial(workshop.ask_new, ask, BY) if kind == "new" else partial(workshop.ask, score, ask))

    async def more_like(task: str, candidate: int, count: int = 3) -> str:
        """Asks for more candidates like one: half of its new notes stay."""
        return await _finished(workshop, partial(workshop.more_like, task, candidate, count))

    def read_candidate(task: str, candidate: int, bars: Bars = None) -> str:
        """Reads a candidate as the score would be with it."""
        piece = workshop.tasks.piece(task, candidate)
        return "\n".join([head(f"{task}, candidate {candidate}", piece), HOW, bars_text(piece, bars)])

    def keep(task: str, candidate: int, bars: Bars = None, tracks: Sequence[int] = ()) -> str:
        """Puts a candidate into its score: all of it, or what lies in some bars and tracks."""
        name = workshop.keep(task, candidate, BY, bars, tracks).name
        return score_answer(workshop, name, act="kept")

    return [write, more_like, read_candidate, keep]


def _judging(workshop: Workshop) -> list[Callable[..., Any]]:
    def check_rules(
        score: str,
        bars: Bars = None,
        chords: str = "",
        chord_beats: int = 0,
        key: str = "",
        ranges: str = "",
        polyphony: int = 0,
        no_parallel_fifths: bool = False,
    ) -> str:
        """Says which rules hold of the notes of some bars, and in which bars they are broken. Rules as in `write`."""
        rules: dict[str, Any] = {"chords": chords, "chord_beats": chord_beats, "key": key, "ranges": ranges}
        ask = Ask("fill", bars, polyphony=polyphony, no_parallel_fifths=no_parallel_fifths, **rules)
        return rules_answer(workshop.check(score, ask))

    def originality(score: str) -> str:
        """Says what of a score is verbatim in the pieces that the model was trained on, and where."""
        found = workshop.originality(score)
        return f"{score}: {copies(found)}; {100 * found['share']['2']:.1f}% of its notes lie in copied runs of two bars or more"

    def surprise(score: str, most: int = 10) -> str:
        """Names the notes that the model expects least: wrong notes, perhaps, or the best ones."""
        return surprise_answer(workshop.scores.piece(score), workshop.surprise(score), most)

    return [check_rules, originality, surprise]


def _shown(workshop: Workshop, image: Any, audio: Any) -> list[Callable[..., Any]]:
    def render_page(score: str, page: int = 1) -> Any:
        """Shows an engraved page of a score."""
        return image(data=workshop.export(score, "png", page).content, format="png")

    def render_sound(score: str) -> Any:
        """Plays a score, as MP3."""
        return audio(data=workshop.export(score, "mp3").content, format="mp3")

    def export(score: str, suffix: str = "mid") -> str:
        """Writes a score into the project's folder of exports, and says where. Suffixes: mid, musicxml, mei, krn, abc, pdf, svg,
        png, wav, flac, ogg, mp3. The file says inside how it was made."""
        made = workshop.export(score, suffix)
        path = workshop.project.folder / EXPORTS / f"{score} {made.name}"
        write_atomic(path, made.content)
        return str(path)

    return [render_page, render_sound, export]


async def _finished(workshop: Workshop, start: Callable[[], TaskRecord]) -> str:
    """Starts a task and waits for its end; a call that is cancelled stops it."""
    from anyio import sleep, to_thread

    record = await to_thread.run_sync(start)
    try:
        while not record.mailbox.finished:
            record.mailbox.take()
            await sleep(LOOK_SECONDS)
    finally:
        record.mailbox.close()
    return await to_thread.run_sync(task_answer, workshop, record)
