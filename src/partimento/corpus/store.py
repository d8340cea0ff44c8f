"""A corpus on disk: a sealed manifest, two tables, and encodings made once. It checks every byte before it believes it.

manifest.json             version, fingerprint, and the SHA-256 of every other file
pieces-<fingerprint>.parquet, notes-<fingerprint>.parquet
report.json, report.html  what was taken and what was not, and why
encoded/<key>/            events of one encoding as a memory map; made again when missing or damaged
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from partimento.corpus import table
from partimento.corpus.encoded import PARTS, Encoded
from partimento.encodings import make
from partimento.errors import CorpusError, WriteFailed
from partimento.files import seal, sha256, unseal, write_atomic
from partimento.piece import Piece

MANIFEST = "manifest.json"
FORMAT_VERSION = 2
ENCODING_VERSION = 1  # raised whenever an encoding changes what it makes of a piece
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Corpus:
    """An open corpus; `rows` describe its pieces, in the order of the notes table."""

    folder: Path
    manifest: dict[str, Any]
    rows: list[table.Row]
    heads: list[Piece]  # the pieces without their notes

    @classmethod
    def open(cls, folder: Path | str) -> Corpus:
        """The corpus in a folder. Raises `CorpusError` when it is missing, unfinished, newer, or any bit of it changed."""
        folder = Path(folder)
        manifest = read_manifest(folder)
        for name, digest in manifest["files"].items():
            try:
                if sha256(folder / name) != digest:
                    raise CorpusError(f"{folder / name}: damaged (its checksum does not match); build the corpus again")
            except OSError:
                raise CorpusError(f"{folder / name}: missing; build the corpus again") from None
        rows, heads = table.read_pieces(folder / manifest["pieces_table"])
        return cls(folder, manifest, rows, heads)

    @property
    def fingerprint(self) -> str:
        """A hash of every piece, label and part: equal for equal sources and options."""
        return str(self.manifest["fingerprint"])

    @property
    def report(self) -> dict[str, Any]:
        """The health report of the build."""
        report: dict[str, Any] = json.loads((self.folder / "report.json").read_bytes())
        return report

    @cached_property
    def notes(self) -> np.ndarray[Any, Any]:
        """All notes, piece after piece."""
        return table.read_notes(self.folder / self.manifest["notes_table"])

    @cached_property
    def offsets(self) -> np.ndarray[Any, Any]:
        """Notes of piece `i` are notes[offsets[i]:offsets[i + 1]]."""
        return np.concatenate([[0], np.cumsum([row.notes for row in self.rows])]).astype(np.int64)

    def __len__(self) -> int:
        return len(self.rows)

    def piece(self, number: int) -> Piece:
        """One piece, whole."""
        notes = self.notes[self.offsets[number] : self.offsets[number + 1]]
        return replace(self.heads[number], notes=notes)

    def licences(self, part: str = "train") -> list[str]:
        """The licences stated by the pieces of a part, "not stated" among them."""
        return sorted({row.about.licence or "not stated" for row in self.rows if PARTS[row.part] == part})

    def encoded(self, key: str) -> Encoded:
        """The corpus in an encoding: from its cache, or made now and cached."""
        encoding = make(key)
        folder = self.folder / "encoded" / encoding.key.replace(":", "_").replace(",", "_")
        parts = np.array([row.part for row in self.rows], np.uint8)
        stamp = {"key": encoding.key, "fingerprint": self.fingerprint, "version": ENCODING_VERSION}
        if not _is_whole(folder, stamp):
            fresh = Encoded.of(encoding, [encoding.encode(self.piece(number)) for number in range(len(self))], parts.tolist())
            try:
                _write(folder, fresh, stamp)
            except WriteFailed as error:  # a full disk, or a corpus that may only be read: slower the next time, no worse
                log.warning("the encoded corpus is kept in memory only: %s", error)
                return fresh
        offsets = np.fromfile(folder / "offsets.bin", "<i8")
        shape = (int(offsets[-1]), len(encoding.fields))
        events = np.memmap(folder / "events.bin", encoding.dtype, "r", shape=shape) if shape[0] else np.zeros(shape, encoding.dtype)
        return Encoded(encoding, events, offsets, parts)


def _write(folder: Path, encoded: Encoded, stamp: dict[str, Any]) -> None:
    """The arrays, then the file that says they are whole. Raises `WriteFailed`."""
    write_atomic(folder / "events.bin", encoded.events.tobytes())
    write_atomic(folder / "offsets.bin", encoded.offsets.astype("<i8").tobytes())
    digests = {name: sha256(folder / f"{name}.bin") for name in ("events", "offsets")}
    write_atomic(folder / "meta.json", seal(stamp | digests))


def _is_whole(folder: Path, stamp: dict[str, Any]) -> bool:
    """Whether a cached encoding is of this corpus and undamaged; damage is said aloud."""
    try:
        meta = unseal((folder / "meta.json").read_bytes())
        if {name: meta.get(name) for name in stamp} != stamp:
            return False
        if all(sha256(folder / f"{name}.bin") == meta[name] for name in ("events", "offsets")):
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
    if manifest.get("format_version", 0) < FORMAT_VERSION:
        raise CorpusError(f"{path}: made by an older version ({manifest.get('version')}); build the corpus again from its sources")
    if manifest.get("format_version", 0) > FORMAT_VERSION:
        raise CorpusError(f"{path}: made by a newer version ({manifest.get('version')}); update partimento")
    return manifest
