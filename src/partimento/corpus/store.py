"""A corpus on disk: a sealed manifest, two tables, and encodings made once. It checks every byte before it believes it.

manifest.json             version, fingerprint, and the SHA-256 of every other file
pieces-<fingerprint>.parquet, notes-<fingerprint>.parquet
report.json, report.html  what was taken and what was not, and why
encoded/<key>/            events of one encoding as a memory map; made again when missing or damaged
"""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from partimento.corpus import parquet
from partimento.corpus.encoded import SPLITS, Encoded
from partimento.encodings import make
from partimento.encodings.conditions import Conditions
from partimento.errors import CorpusError, InvalidOption, PartimentoError, WriteFailed
from partimento.files import named_path, seal, sha256, unseal, write_atomic
from partimento.piece import Piece, without_empty_tracks

MANIFEST = "manifest.json"
FORMAT_VERSION = 3
OLDEST_VERSION = 2  # that is still read
ENCODING_VERSION = 2  # raised whenever an encoding changes what it makes of a piece
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Corpus:
    """An open corpus; `rows` describe its pieces, in the order of the notes table."""

    folder: Path
    manifest: dict[str, Any]
    rows: list[parquet.Row]
    heads: list[Piece]  # the pieces without their notes

    @classmethod
    def open(cls, folder: Path | str) -> Corpus:
        """The corpus in a folder. Raises `CorpusError` when it is missing, unfinished, newer, or any bit of it changed."""
        folder = named_path(folder)
        manifest = read_manifest(folder)
        for name, digest in manifest["files"].items():
            try:
                if sha256(folder / name) != digest:
                    raise CorpusError(f"{folder / name}: damaged (its checksum does not match); build the corpus again")
            except OSError:
                raise CorpusError(f"{folder / name}: missing; build the corpus again") from None
        with _damage_named(folder / manifest["pieces_table"]):
            rows, heads = parquet.read_pieces(folder / manifest["pieces_table"])
        return cls(folder, manifest, rows, heads)

    def __repr__(self) -> str:
        return f"<Corpus {str(self.folder)!r}: {len(self.rows):,} pieces, {sum(row.notes for row in self.rows):,} notes>"

    def __str__(self) -> str:
        counts = [sum(SPLITS[row.split] == split for row in self.rows) for split in SPLITS]
        splits = ", ".join(f"{split} {count:,}" for split, count in zip(SPLITS, counts, strict=True))
        works = len({row.work for row in self.rows})
        notes = sum(row.notes for row in self.rows)
        return f"{self.folder}: {len(self.rows):,} pieces of {works:,} works, {notes:,} notes ({splits}); see report.html there"

    @property
    def fingerprint(self) -> str:
        """A hash of every piece, label and split: equal for equal sources and options."""
        return str(self.manifest["fingerprint"])

    @property
    def report(self) -> dict[str, Any]:
        """The health report of the build."""
        with _damage_named(self.folder / "report.json"):
            report: dict[str, Any] = json.loads((self.folder / "report.json").read_bytes())
        return report

    @cached_property
    def notes(self) -> np.ndarray[Any, Any]:
        """All notes, piece after piece."""
        path = self.folder / self.manifest["notes_table"]
        with _damage_named(path):
            notes = parquet.read_notes(path)
            if len(notes) != self.offsets[-1]:
                raise ValueError(f"it holds {len(notes)} notes of {self.offsets[-1]}")
        return notes

    @cached_property
    def offsets(self) -> np.ndarray[Any, Any]:
        """Notes of piece `i` are notes[offsets[i]:offsets[i + 1]]."""
        return np.concatenate([[0], np.cumsum([row.notes for row in self.rows])]).astype(np.int64)

    def __len__(self) -> int:
        return len(self.rows)

    def piece(self, number: int) -> Piece:
        """One piece, whole."""
        notes = self.notes[self.offsets[number] : self.offsets[number + 1]]
        with _damage_named(self.folder / self.manifest["notes_table"]):
            return replace(self.heads[number], notes=notes)

    def licences(self, split: str = "train") -> list[str]:
        """The licences stated by the pieces of a split, "not stated" among them."""
        return sorted({row.about.licence or "not stated" for row in self.rows if SPLITS[row.split] == split})

    def vocabulary(self) -> Conditions:
        """The composers and genres of the pieces to train on."""
        about = [row.about for row in self.rows if row.split == 0]
        return Conditions.of((one.composer for one in about), (one.genre for one in about))

    def matching(self, rules: Sequence[str]) -> np.ndarray[Any, Any]:
        """bool[P]: which pieces fit every rule, such as `genre=folk` or `composer=Bach,Telemann`, in any case.

        Raises `InvalidOption` for what is no rule, and where no piece fits; it names the labels that there are.
        """
        chosen = np.ones(len(self.rows), bool)
        for rule in rules:
            name, equals, values = rule.partition("=")
            if not equals or name not in ("composer", "genre", "title", "licence"):
                raise InvalidOption(f"{rule!r} is no rule: give composer=, genre=, title= or licence= and a name")
            wanted = {value.strip().casefold() for value in values.split(",")}
            labels = [str(getattr(row.about, name)) for row in self.rows]
            fits = np.array([label.casefold() in wanted for label in labels], bool)
            if not fits.any():
                known = ", ".join(sorted({label for label in labels if label})[:20]) or "none"
                raise InvalidOption(f"no piece of {self.folder} has {rule}; its {name}s: {known}")
            chosen &= fits
        if not chosen.any():
            raise InvalidOption(f"no piece of {self.folder} has {' and '.join(rules)} at once; leave one of them out")
        return chosen

    def sets(self, names: Iterable[str] = ()) -> tuple[str, ...]:
        """The set of each piece: the first folder of its name, or its genre where that is one of `names` and the folder is none.

        Raises `InvalidOption` for a name that no piece has.
        """
        wanted = {name.casefold(): name for name in names}
        sets = []
        for row in self.rows:
            folder = row.name.split("/")[0] if "/" in row.name else ""
            either = (wanted.get(folder.casefold()), wanted.get(row.about.genre.casefold()))
            sets.append(next((name for name in either if name), folder))
        if unknown := [name for name in wanted.values() if name not in sets]:
            known = sorted({*sets, *(row.about.genre for row in self.rows)} - {""})
            raise InvalidOption(f"no piece of {self.folder} is of the set or genre {unknown[0]!r}; there are {', '.join(known)}")
        return tuple(sets)

    def conditions(self, vocabulary: Conditions) -> np.ndarray[Any, Any]:
        """The ids of each piece's head, uint16 [P, C]: from the cache, or made now and cached."""
        folder = self.folder / "encoded" / "conditions"
        stamp = {"vocabulary": vocabulary.to_json(), "fingerprint": self.fingerprint, "version": ENCODING_VERSION}
        shape = (len(self), len(vocabulary.fields))
        if not _is_whole(folder, stamp, ("conditions",)):
            made = np.array([vocabulary.encode(self.piece(number)) for number in range(len(self))], "<u2").reshape(shape)
            try:
                _write(folder, {"conditions": made}, stamp)
            except WriteFailed as error:
                log.warning("the conditions are kept in memory only: %s", error)
            return made
        return np.fromfile(folder / "conditions.bin", "<u2").reshape(shape)

    def encoded(self, key: str, vocabulary: Conditions | None = None) -> Encoded:
        """The corpus in an encoding, with its conditions in a vocabulary: from its cache, or made now and cached."""
        encoded = self._encoded(key)
        return encoded if vocabulary is None else replace(encoded, conditions=self.conditions(vocabulary), vocabulary=vocabulary)

    def _encoded(self, key: str) -> Encoded:
        encoding = make(key)
        folder = self.folder / "encoded" / encoding.key.replace(":", "_").replace(",", "_")
        splits = np.array([row.split for row in self.rows], np.uint8)
        stamp = {"key": encoding.key, "fingerprint": self.fingerprint, "version": ENCODING_VERSION}
        if not _is_whole(folder, stamp, ("events", "offsets")):
            fresh = Encoded.of(
                encoding,
                [encoding.encode(without_empty_tracks(self.piece(number))) for number in range(len(self))],
                splits.tolist(),
            )
            try:
                _write(folder, {"events": fresh.events, "offsets": fresh.offsets.astype("<i8")}, stamp)
            except WriteFailed as error:  # a full disk, or a corpus that may only be read: slower the next time, no worse
                log.warning("the encoded corpus is kept in memory only: %s", error)
                return fresh
        offsets = np.fromfile(folder / "offsets.bin", "<i8")
        shape = (int(offsets[-1]), len(encoding.fields))
        events = np.memmap(folder / "events.bin", encoding.dtype, "r", shape=shape) if shape[0] else np.zeros(shape, encoding.dtype)
        return Encoded(encoding, events, offsets, splits)


def _write(folder: Path, arrays: dict[str, np.ndarray[Any, Any]], stamp: dict[str, Any]) -> None:
    """The arrays, then the file that says they are whole. Raises `WriteFailed`."""
    for name, array in arrays.items():
        write_atomic(folder / f"{name}.bin", array.tobytes())
    digests = {name: sha256(folder / f"{name}.bin") for name in arrays}
    write_atomic(folder / "meta.json", seal(stamp | digests))


def _is_whole(folder: Path, stamp: dict[str, Any], names: tuple[str, ...]) -> bool:
    """Whether cached arrays are of this corpus and undamaged; damage is said aloud."""
    try:
        meta = unseal((folder / "meta.json").read_bytes())
        if {name: meta.get(name) for name in stamp} != stamp:
            return False
        if all(sha256(folder / f"{name}.bin") == meta[name] for name in names):
            return True
        error: Exception | str = "its checksum does not match"
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, OSError) as caught:
        error = caught
    log.warning("%s: damaged (%s); encoded again from the notes", folder, error)
    return False


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a corpus. Raises `CorpusError`."""
    path = folder / MANIFEST
    try:
        manifest = unseal(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        state = "an unfinished build; run the same build again" if (folder / ".build").is_dir() else "not a corpus"
        raise CorpusError(f"{folder}: {state} (no {MANIFEST}); make one with: partimento build SOURCE --out {folder}") from None
    except (ValueError, OSError) as error:
        raise CorpusError(f"{path}: damaged ({error}); build the corpus again") from None
    if not isinstance(manifest.get("format_version"), int):
        raise CorpusError(f"{path}: damaged (it states no version); build the corpus again")
    if manifest.get("format_version", 0) < OLDEST_VERSION:
        raise CorpusError(f"{path}: made by an older version ({manifest.get('version')}); build the corpus again from its sources")
    if manifest.get("format_version", 0) > FORMAT_VERSION:
        raise CorpusError(f"{path}: made by a newer version ({manifest.get('version')}); update partimento")
    files = manifest.get("files")
    named = [manifest.get(name) for name in ("notes_table", "pieces_table")] + ["report.json"]
    if not isinstance(files, dict) or not all(map(_is_inside, (*files, *named))) or not {*named} <= {*files}:
        raise CorpusError(f"{path}: damaged (it does not name the files of its folder); build the corpus again")
    if not all(isinstance(manifest.get(name), str) for name in ("fingerprint", "request")):
        raise CorpusError(f"{path}: damaged (fields are missing); build the corpus again")
    return manifest


def _is_inside(name: Any) -> bool:
    """Whether a name is that of a file in the folder itself, on every system."""
    return isinstance(name, str) and name not in ("", ".", "..") and not {*"/\\:\0"}.intersection(name)


@contextlib.contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """What cannot be understood in a file whose checksum is right is an error of that file."""
    try:
        yield
    except CorpusError:
        raise
    except (
        PartimentoError,
        ArithmeticError,
        AttributeError,
        LookupError,
        NotImplementedError,
        OSError,
        TypeError,
        ValueError,
    ) as error:
        why = " ".join(str(error).split())[:200]
        raise CorpusError(f"{path}: damaged ({type(error).__name__}: {why}); build the corpus again") from None
