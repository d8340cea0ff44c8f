"""Sources become a corpus: read in worker processes, labelled, freed of duplicates, split by work, written once.

This file orders the steps and keeps what an interruption would lose; each step has a file of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from partimento.corpus import health_report as reports
from partimento.corpus import parquet
from partimento.corpus.duplicates import Sketch, content_hash, other_forms, works
from partimento.corpus.encoded import SHARES
from partimento.corpus.labels import Labels
from partimento.corpus.shards import Shard
from partimento.corpus.splits import assign_splits
from partimento.corpus.store import FORMAT_VERSION, MANIFEST, Corpus, read_manifest
from partimento.errors import CorpusError, InvalidOption, UnknownName
from partimento.files import seal, sha256, unseal, write_atomic, write_atomic_with
from partimento.formats import READ_TASK, item_to_json, supervise, unpack
from partimento.formats.limits import DEFAULT_LIMITS, Limits
from partimento.formats.notated import REPEATS
from partimento.formats.registry import FORMATS, READERS
from partimento.formats.serialise import piece_to_bytes
from partimento.formats.sources import Item, Listing, list_items
from partimento.piece import NOTE, Piece
from partimento.progress import OnProgress, silent
from partimento.system import locked, processors
from partimento.version import VERSION


@dataclass(frozen=True)
class Options:
    """How to build: workers and their limits, repeats "written" or "played", labels, shares of the splits, and a list of item
    names (or their ends) to keep to."""

    workers: int = field(default_factory=processors)
    seconds_per_file: float = 20.0
    memory_bytes: int = 1 << 30
    limits: Limits = DEFAULT_LIMITS
    repeats: str = "written"
    labels: Labels = field(default_factory=Labels)
    shares: tuple[float, float, float] = SHARES
    only: frozenset[str] | None = None


@dataclass
class _Taken:
    """A piece on its way into the corpus."""

    name: str
    piece: Piece
    content: str
    sketch: Sketch | None
    work: str
    repairs: dict[str, int]
    suffix: str


def build(
    sources: Iterable[str | os.PathLike[str]],
    out: Path | str,
    options: Options | None = None,
    on_progress: OnProgress = silent,
) -> Corpus:
    """Builds the corpus at `out`, or finishes a build that was interrupted; the same sources give the same fingerprint.

    `on_progress` is called with the stage, what is done and the total. Raises `CorpusError` when too little music is found,
    `InvalidOption` for a source that is not there or a folder that holds something else, `WriteFailed` on a full disk.
    """
    options, out = options or Options(), Path(out)
    if options.repeats not in REPEATS:
        raise UnknownName("order of repeats", options.repeats, REPEATS)
    _check_is_ours(out)
    listing = _keep_only(list_items(sources), options.only)
    plan = Shard.plan(listing.items, out / ".build", json.dumps([asdict(options.limits), options.repeats]))
    request = _request(plan, listing, options)
    with contextlib.suppress(CorpusError):
        if read_manifest(out)["request"] == request:
            return Corpus.open(out)
    refusal = f"{out}: another build is at work there; wait for it or choose another --out"
    with contextlib.ExitStack() as at_last, locked(out / ".build" / "lock", refusal):
        _read_all(plan, options, on_progress)
        at_last.callback(_remove_if_empty, out / ".build", out)
        try:
            _finish(plan, listing, out, options, request, on_progress)
        except CorpusError:  # nothing can come of it: nothing stays
            _remove_shards(out / ".build")
            raise
        _remove_shards(out / ".build")
    return Corpus.open(out)


def _remove_shards(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != "lock":
            path.unlink()


def _remove_if_empty(*folders: Path) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):  # it holds something: shards of an unfinished build, a corpus, another build's lock
            folder.rmdir()


def _check_is_ours(out: Path) -> None:
    """A build writes only where nothing is, or where a corpus or an unfinished build is."""
    above = next(place for place in (out, *out.resolve().parents) if place.exists())
    if not above.is_dir():
        raise InvalidOption(f"--out {out}: {'a file' if above == out else f'the file {above}'} is in the way")
    if out.is_dir() and any(out.iterdir()) and not (_is_corpus(out) or (out / ".build").is_dir()):
        raise InvalidOption(f"--out {out}: this folder holds something that is not a corpus; choose an empty one")


def _is_corpus(out: Path) -> bool:
    """Whether a corpus is or was there: others have a manifest.json too, and Parquet files that are not ours to remove."""
    try:
        unseal((out / MANIFEST).read_bytes())
        return True
    except (OSError, ValueError):
        return any(out.glob("pieces-*.parquet"))


def _keep_only(listing: Listing, only: frozenset[str] | None) -> Listing:
    if only is None:
        return listing
    kept = [item for item in listing.items if not only.isdisjoint(_ends(item.name))]
    found = {end for item in kept for end in _ends(item.name)}
    if missing := sorted(only - found):
        raise InvalidOption(f"--only: {len(missing)} of the names are in no source, such as {missing[0]!r}")
    return Listing(kept)


def _ends(name: str) -> list[str]:
    """`a/b/c`, `b/c` and `c`."""
    parts = name.split("/")
    return ["/".join(parts[at:]) for at in range(len(parts))]


def _request(plan: Sequence[Shard], listing: Listing, options: Options) -> str:
    """A hash of all that decides about the outcome."""
    refused = [str(error) for error in listing.refused]
    labels = [
        options.labels.table,
        options.labels.constants,
        [p.pattern for p in options.labels.patterns],
        sorted(options.labels.sets),
    ]
    everything = [
        VERSION,
        FORMAT_VERSION,
        [shard.path.name for shard in plan],
        listing.ignored,
        refused,
        labels,
        options.shares,
    ]
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()


def _read_all(plan: Sequence[Shard], options: Options, on_progress: OnProgress) -> None:
    """Parses what no shard holds yet; a shard is written as soon as all of its items are answered."""
    todo = [shard for shard in plan if not shard.is_done()]
    place = [(number, at) for number, shard in enumerate(todo) for at in range(len(shard.items))]
    total = sum(len(shard.items) for shard in plan)
    done = total - len(place)
    on_progress("reading", done, total)
    answers: dict[int, dict[int, supervise.Reply]] = {}
    replies = supervise.run(
        READ_TASK,
        ({"item": item_to_json(item)} for shard in todo for item in shard.items),
        workers=options.workers,
        seconds=options.seconds_per_file,
        memory_bytes=options.memory_bytes,
        init={"limits": asdict(options.limits), "repeats": options.repeats},
    )
    with contextlib.closing(replies):  # type: ignore[type-var]
        for index, reply in replies:
            number, at = place[index]
            of_shard = answers.setdefault(number, {})
            of_shard[at] = reply
            if len(of_shard) == len(todo[number].items):
                todo[number].write([of_shard[at] for at in range(len(of_shard))])
                del answers[number]
            done += 1
            on_progress("reading", done, total)


def _finish(plan: Sequence[Shard], listing: Listing, out: Path, options: Options, request: str, on_progress: OnProgress) -> None:
    refused: dict[str, list[str]] = {}
    for error in listing.refused:
        refused.setdefault(error.reason, []).append(f"{error.name}: {error.detail}".removesuffix(": "))
    taken, duplicates = _take(plan, options.labels, refused, on_progress)
    scores = sum(len(shard.items) for shard in plan) + len(listing.refused)
    files = len({(item.path, item.member) for item in listing.items}) + len(listing.refused)
    reasons = ", ".join(f"{reason} ({len(names)})" for reason, names in sorted(refused.items())) or "none"
    if not taken:
        raise CorpusError(f"no music found in {files} files; refused: {reasons}; ignored: {len(listing.ignored)}")
    on_progress("finding works", 0, 1)
    sketches = [one.sketch for one in taken if one.sketch]
    of_work = works(sketches, [one.content for one in taken], [one.work for one in taken])
    left_out = other_forms(sketches, [_richness(one.suffix) for one in taken], of_work)
    for number, kept in left_out.items():
        name = taken[number].name
        duplicates.setdefault(taken[kept].name, []).extend([name, *duplicates.pop(name, [])])
    taken = [one for number, one in enumerate(taken) if number not in left_out]
    of_work = [work for number, work in enumerate(of_work) if number not in left_out]
    try:
        splits = assign_splits(of_work, options.shares)
    except CorpusError as error:
        counts = f"files: {files}; duplicates: {sum(map(len, duplicates.values()))}; refused: {reasons}"
        raise CorpusError(f"{error} ({counts}; ignored: {len(listing.ignored)})") from None
    on_progress("finding works", 1, 1)
    rows, identity = [], hashlib.sha256(options.repeats.encode())
    for one, work, split in zip(taken, of_work, splits.tolist(), strict=True):
        piece = one.piece
        rows.append(parquet.Row(one.name, piece.about, work, split, len(piece), piece.seconds, one.content, one.repairs))
        identity.update(json.dumps([one.name, work, split]).encode() + hashlib.sha256(piece_to_bytes(piece)).digest())
    fingerprint = identity.hexdigest()[:32]
    heads = [replace(one.piece, notes=np.zeros(0, NOTE)) for one in taken]
    report = reports.make_report(
        files=files,
        scores=scores,
        rows=rows,
        pieces=[one.piece for one in taken],
        refused=dict(sorted(refused.items())),
        ignored=listing.ignored,
        duplicates=duplicates,
        other_forms=len(left_out),
        fingerprint=fingerprint,
    )
    _write(out, rows, [one.piece for one in taken], heads, report, request, options.repeats)


def _take(
    plan: Sequence[Shard], labels: Labels, refused: dict[str, list[str]], on_progress: OnProgress
) -> tuple[list[_Taken], dict[str, list[str]]]:
    """The pieces of all shards, exact duplicates left out; what was refused goes into `refused`."""
    taken: dict[str, _Taken] = {}
    duplicates: dict[str, list[str]] = {}
    for number, shard in enumerate(plan):
        on_progress("comparing", number, len(plan))
        for item, reply in shard.read():
            if not reply.ok:
                refused.setdefault(reply.reason, []).append(f"{item.name}: {reply.detail}".removesuffix(": "))
                continue
            one = _prepare(item, reply, labels)
            if one.content in taken:
                duplicates.setdefault(taken[one.content].name, []).append(one.name)
            else:
                one.sketch = Sketch.of(one.piece)
                taken[one.content] = one
    on_progress("comparing", len(plan), len(plan))
    return list(taken.values()), duplicates


def _richness(suffix: str) -> int:
    """0 for the format that says most of a score, and so on; MIDI says least."""
    name = READERS[suffix].name
    return len(FORMATS) if name == "MIDI" else list(FORMATS).index(name)


def _prepare(item: Item, reply: supervise.Reply, labels: Labels) -> _Taken:
    piece, repairs = unpack(reply.data)
    about, work = labels.apply(piece.about, item.name)
    piece = replace(piece, about=about)
    return _Taken(item.name, piece, content_hash(piece), None, work, dict(repairs), item.suffix)


def _write(
    out: Path, rows: list[parquet.Row], pieces: list[Piece], heads: list[Piece], report: dict[str, Any], request: str, repeats: str
) -> None:
    """Data files under names of their own, then the manifest that names them, then the old ones go."""
    fingerprint = report["fingerprint"]
    notes_table, pieces_table = f"notes-{fingerprint[:8]}.parquet", f"pieces-{fingerprint[:8]}.parquet"
    write_atomic_with(out / notes_table, lambda path: parquet.write_notes(path, pieces))
    write_atomic_with(out / pieces_table, lambda path: parquet.write_pieces(path, rows, heads))
    write_atomic(out / "report.json", reports.to_json(report))
    write_atomic(out / "report.html", reports.to_html(report))
    manifest = {
        "format_version": FORMAT_VERSION,
        "version": VERSION,
        "fingerprint": fingerprint,
        "request": request,
        "repeats": repeats,
        "notes_table": notes_table,
        "pieces_table": pieces_table,
        "files": {name: sha256(out / name) for name in (notes_table, pieces_table, "report.json", "report.html")},
    }
    write_atomic(out / MANIFEST, seal(manifest))
    leftovers = [*out.glob(".*.tmp"), *out.glob("encoded/*/.*.tmp")]  # of builds that were killed while they wrote
    for old in [*out.glob("notes-*.parquet"), *out.glob("pieces-*.parquet"), *leftovers]:
        if old.name not in (notes_table, pieces_table):
            old.unlink(missing_ok=True)
