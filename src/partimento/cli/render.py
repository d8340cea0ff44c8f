"""`partimento render`: pieces to look at and to listen to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
from cyclopts import Parameter

from partimento.cli.screen import Flag, Problem, Screen, check_parents, counted, duration, positive, short, typed
from partimento.errors import InvalidOption, PartimentoError, UnknownName, UnreadableFile
from partimento.system import processors

if TYPE_CHECKING:
    from partimento.piece import Piece

SUFFIXES = {
    "roll": (".png", ".svg"),
    "page": (".svg", ".png", ".pdf"),
    "audio": (".flac", ".wav", ".ogg", ".mp3"),
}  # the first: in a folder
BY_SUFFIX = {".png": "roll", ".svg": "page", ".pdf": "page", ".wav": "audio", ".flac": "audio", ".ogg": "audio", ".mp3": "audio"}


def render(
    *files: str,
    out: Annotated[Path, Parameter(alias="-o")],
    as_: Annotated[str | None, Parameter(name="--as")] = None,
    suffix: str | None = None,
    given: Path | None = None,
    rate: int = 44100,
    soundfont: Path | None = None,
    json: Flag = False,
) -> None:
    """Draws pieces as piano rolls, engraves them, or plays them into sound files.

    Examples:
      partimento render tune.mid -o tune.png
      partimento render tune.mid -o tune.svg
      partimento render tune.mid -o roll.svg --as roll
      partimento render tune.mid -o tune.pdf
      partimento render tune.mid -o tune.flac
      partimento render new.mid -o new.png --given tune.mid
      partimento render music.zip out/*.mid -o pictures --as roll

    By the suffix: .png is a roll, .svg an engraved page, .pdf all pages, .wav, .flac, .ogg and .mp3 are sound. Several
    pages are page-1.svg, page-2.svg and so on. Several files, a folder or an archive become files in the folder that -o names.

    With --json: kind, rendered (of each piece name, files, notes, seconds: of
    the sound, or of the piece), refused (name to reason), seconds.

    Parameters
    ----------
    files
        Scores; folders and zip archives are read through.
    out
        The file, or the folder for several.
    as_
        roll, page or audio; needed where the suffix does not say it.
    suffix
        Of the files in a folder: .png, .svg or .pdf, .flac, .wav, .ogg or .mp3.
    given
        A score: its notes are greyed in the roll, what was written to them is not.
    rate
        Samples of sound a second.
    soundfont
        A SoundFont (.sf2) to play with; by default the one that pretty_midi brings.
    json
        Print one JSON object for scripts.
    """
    from partimento.formats import read, read_all

    screen = Screen(json)
    if not files:
        raise Problem("render: name at least one file, folder or archive")
    single = len(files) == 1 and Path(files[0]).suffix.lower() != ".zip" and not Path(files[0]).is_dir()
    kind = _kind(as_, suffix, out, single)
    positive("--rate", rate)
    if given is not None and kind != "roll":
        raise InvalidOption(f"--given: only a roll tells given notes apart, and this is {kind}; add --as roll, or leave it out")
    known = read(given) if given is not None else None
    rendered: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    taken: set[Path] = set()
    check_parents("-o", out)
    pieces = [(Path(files[0]).name, read(files[0]))] if single else read_all(files, workers=processors())
    with screen.progress() as on_progress:
        for name, piece in pieces:
            path = out if single else _place(out, name, suffix or SUFFIXES[kind][0], taken)
            try:
                if isinstance(piece, UnreadableFile):
                    raise piece
                path.parent.mkdir(parents=True, exist_ok=True)
                paths, seconds = _render(
                    kind, piece, path, known, rate, soundfont, lambda done, of: on_progress("seconds", done, of)
                )
            except PartimentoError as error:
                if single or isinstance(error, InvalidOption):
                    raise
                refused[name] = str(error)
                screen.errors.print(f"left out: {error}", markup=False)
                continue
            rendered.append({"name": name, "files": paths, "notes": len(piece), "seconds": round(seconds, 3)})
            if not single:
                on_progress("pieces", len(rendered) + len(refused), len(rendered) + len(refused))
    if not rendered:
        raise UnreadableFile("nothing to render", f"{counted(len(refused), 'file')} refused, named above", name=str(files[0]))
    _summary(screen, kind, rendered, refused)
    if single and kind != "audio":
        screen.say(f"\nNext: {typed('partimento', 'render', files[0], '-o', out.with_suffix('.flac'))}  # to hear it")
    screen.result({"kind": kind, "rendered": rendered, "refused": refused, "seconds": screen.seconds})


def _kind(as_: str | None, suffix: str | None, out: Path, single: bool) -> str:
    """roll, page or audio. Raises when the options do not say which, or contradict each other."""
    if as_ is not None and as_ not in SUFFIXES:
        raise UnknownName("--as", as_, SUFFIXES)
    if not single:
        if out.is_file():
            raise InvalidOption(f"-o {out}: a file is in the way; several pieces are written into a folder")
        kind = as_ or BY_SUFFIX.get(suffix or "")
        if kind is None:
            raise Problem("render: several pieces; say what they become with --as roll, --as page or --as audio")
        if suffix is not None and suffix not in SUFFIXES[kind]:
            raise InvalidOption(f"--suffix {suffix}: {kind} is written as {', '.join(SUFFIXES[kind])}")
        return kind
    if suffix is not None:
        raise InvalidOption(f"--suffix {suffix}: there is one piece, and -o names its file; leave --suffix out")
    if out.is_dir():
        raise InvalidOption(f"-o {out}: a folder is in the way; name a file")
    kind = as_ or BY_SUFFIX.get(out.suffix.lower())
    if kind is None:
        raise InvalidOption(f"-o {out}: ends in none of {', '.join(BY_SUFFIX)}")
    if out.suffix.lower() not in SUFFIXES[kind]:
        raise InvalidOption(f"-o {out}: {kind} is written as {', '.join(SUFFIXES[kind])}")
    return kind


def _place(out: Path, name: str, suffix: str, taken: set[Path]) -> Path:
    """Where in the folder a piece goes: by its name, which an archive may have made up, and never where another one went."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    folders = [part for part in parts[:-1] if part not in ("/", "..") and ":" not in part]
    last = PurePosixPath(parts[-1].replace("..", "_")) if parts else PurePosixPath("piece")
    stem = last.name.replace("#", "-") if "#" in last.name else last.stem  # a tune of a book
    path, number = out.joinpath(*folders, f"{stem}{suffix}"), 1
    while path in taken:
        number += 1
        path = out.joinpath(*folders, f"{stem}~{number}{suffix}")
    taken.add(path)
    return path


def _render(
    kind: str,
    piece: Piece,
    path: Path,
    known: Piece | None,
    rate: int,
    soundfont: Path | None,
    on_progress: Callable[[int, int], None],
) -> tuple[list[str], float]:
    """Writes one piece; returns its files and its seconds."""
    if kind == "audio":
        from partimento.render.audio import write_audio

        return [str(path)], write_audio(piece, path, rate, soundfont=soundfont, on_progress=on_progress)
    if kind == "roll":
        from partimento.render.roll import roll

        roll(piece, path, given=None if known is None else given_of(piece, known))
        return [str(path)], piece.seconds
    return _pages(piece, path), piece.seconds


def given_of(piece: Piece, known: Piece) -> npt.NDArray[np.bool_]:
    """bool [N]: which notes of a piece another one has too, at the same time in quarters and of the same pitch."""

    def places(one: Piece, other: Piece) -> Any:
        return (one.notes["onset"].astype(np.int64) * other.ticks_per_quarter) << 7 | one.notes["pitch"]

    return np.isin(places(piece, known), places(known, piece))


def _pages(piece: Piece, path: Path) -> list[str]:
    """The engraved pages: one under the name itself, several with their numbers."""
    try:
        from partimento.render.page import pages, pdf, png
    except ImportError as error:
        raise InvalidOption(f"{path}: pages cannot be engraved here ({error}); take --as roll") from None
    from partimento.files import write_atomic

    drawn = pages(piece)
    if path.suffix.lower() == ".pdf":
        write_atomic(path, pdf(drawn))
        return [str(path)]
    names = _numbered(path, len(drawn))
    for name, svg in zip(names, drawn, strict=True):
        write_atomic(name, png(svg) if path.suffix.lower() == ".png" else svg)
    return [str(name) for name in names]


def _numbered(path: Path, count: int) -> Sequence[Path]:
    return [path] if count == 1 else [path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, count + 1)]


def _summary(screen: Screen, kind: str, rendered: list[dict[str, Any]], refused: dict[str, str]) -> None:
    paths = [Path(path) for one in rendered for path in one["files"]]
    sound = f" ({duration(sum(one['seconds'] for one in rendered))} of sound)" if kind == "audio" else ""
    left_out = f", {len(refused):,} left out" if refused else ""
    screen.say(f"{counted(len(rendered), 'piece')} as {kind}{sound} in {duration(screen.seconds)}{left_out}")
    for path in paths[:8]:
        screen.say(f"  {short(path)}")
    if len(paths) > 8:
        screen.say(f"  and {len(paths) - 8:,} more")
