"""Music that a command is given: corpora, files, folders, archives and runs, each as a set."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from partimento.errors import UnreadableFile
from partimento.progress import OnProgress

if TYPE_CHECKING:
    from partimento.analysis.piece_set import Music

MODEL, MANIFEST = "model.safetensors", "manifest.json"


def groups(sources: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The sources, files named one after another put together."""

    def is_file(source: str) -> bool:
        return os.path.isfile(source) and not source.lower().endswith((".zip", MODEL))

    return [
        group for files, some in groupby(sources, is_file) for group in ([tuple(some)] if files else [(source,) for source in some])
    ]


class Reader:
    """Reads a group of sources as one set of music."""

    def __init__(
        self, split: str, count: int, notes: int, seed: int, workers: int, refused: dict[str, str], on_progress: OnProgress
    ) -> None:
        self.split, self.count, self.notes, self.seed = split, count, notes, seed
        self.workers, self.refused, self.on_progress = workers, refused, on_progress

    def read(self, group: tuple[str, ...]) -> Music:
        path = Path(group[0])
        if (path / MANIFEST).is_file():
            return self._corpus(path)
        if (path / MODEL).is_file() or path.name.endswith(MODEL):
            return self._run(path)
        return self._files(group)

    def _corpus(self, folder: Path) -> Music:
        from partimento.analysis.piece_set import Music
        from partimento.corpus import SPLITS, Corpus
        from partimento.errors import UnknownName

        if self.split and self.split not in SPLITS:
            raise UnknownName("split", self.split, SPLITS)
        return Music.of_corpus(Corpus.open(folder), split=self.split)

    def _run(self, run: Path) -> Music:
        from partimento.analysis.piece_set import Music
        from partimento.composing.compose import compose
        from partimento.models.checkpoint import Checkpoint

        checkpoint = Checkpoint.load(run)
        name = (run.resolve() if run.is_dir() else run.resolve().parent).name

        def on_progress(done: int, of: int) -> None:
            self.on_progress(f"{name} writes", done, of)

        made = compose(checkpoint, notes=self.notes, seed=self.seed, count=self.count, on_progress=on_progress)
        return Music.of(name, [one.piece for one in made])

    def _files(self, group: tuple[str, ...]) -> Music:
        from partimento.analysis.piece_set import Music
        from partimento.corpus import Labels
        from partimento.errors import CorpusError
        from partimento.formats import read_all

        labels = Labels.of(sets=[source.partition(":")[2] for source in group if source.startswith("music21:")])
        pieces, names = [], []
        title = _title(group)
        for done, (name, piece) in enumerate(read_all(group, workers=self.workers, seconds=20.0), 1):
            if isinstance(piece, UnreadableFile):
                self.refused[name] = ": ".join(text for text in (piece.reason, piece.detail) if text)
                continue
            pieces.append(replace(piece, about=labels.apply(piece.about, name)[0]))
            names.append(name)
            if done % 50 == 0:
                self.on_progress(f"reading {title}", done, max(done, len(group)))
        if not pieces:
            why = next(iter(self.refused.items()), ("", ""))
            raise CorpusError(f"{group[0]}: no music in it{f' ({why[0]}: {why[1]})' if why[0] else ''}")
        return Music.of(title, pieces, names)


def _title(group: tuple[str, ...]) -> str:
    """What a set of files is called: the source, or the folder of several files."""
    if len(group) == 1:
        return group[0].removeprefix("music21:") if group[0].startswith("music21:") else Path(group[0]).resolve().stem
    folders = {Path(source).resolve().parent.name for source in group}
    return folders.pop() if len(folders) == 1 else f"{len(group)} files"
