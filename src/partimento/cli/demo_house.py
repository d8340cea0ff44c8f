"""The first part of `partimento demo`: the house model writes four pieces and completes a tune, seen and heard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from partimento.cli.screen import Screen, duration, short

if TYPE_CHECKING:
    from partimento.composing.composition import Composition
    from partimento.composing.rules import Rules
    from partimento.models.checkpoint import Checkpoint

# "Ah ! vous dirai-je, maman", France, before 1761; of no known composer
TUNE = """X:1
T:Ah! vous dirai-je, maman
C:trad.
M:2/4
L:1/4
Q:1/4=100
K:C
C C|G G|A A|G2|F F|E E|D D|C2|
G G|F F|E E|D2|G G|F F|E E|D2|
C C|G G|A A|G2|F F|E E|D D|C2|]
"""


@dataclass(frozen=True)
class Asked:
    """A piece that is asked for: its file, what is said of it, and the rules, the genre and the task that say so to a model."""

    name: str
    words: str
    rules: dict[str, Any] = field(default_factory=dict)
    genre: str = ""
    write: str = ""


ASKED = (
    Asked("hymn", "a hymn in G major", {"key": "G major", "meter": "4/4", "tempo_qpm": "100"}, "hymn"),
    Asked("song", "a song in F major", {"key": "F major", "meter": "3/4", "tempo_qpm": "88"}, "song"),
    Asked("dance", "a polonaise in A minor", {"key": "A minor", "meter": "3/4", "tempo_qpm": "96"}, "polonaise"),
    Asked("piano", "a piano piece over four chords, twice", {"chords": "C Am F G7 C Am F G7", "bars": 8, "tempo_qpm": "92"}),
    Asked("completed", "an accompaniment to the tune", write="accompaniment"),
)


def perform(screen: Screen, out: Path, seed: int) -> list[dict[str, Any]]:
    """Writes the pieces into a folder; a row for each: asked, files, notes, bits_per_note, originality (or null).

    Raises `CheckpointError` where this copy has no weights.
    """
    from partimento.models.checkpoint import Checkpoint

    checkpoint = Checkpoint.load()
    screen.say(f"The house model ({checkpoint.parameter_count / 1e6:.1f} million weights) writes into {short(out)}/")
    rows = []
    for asked, made, bits in composed(checkpoint, out, seed):
        files = written(made, out / asked.name)
        given = f", {len(made.piece) - made.new_notes} given" if asked.write else ""
        screen.say(f"   {asked.name}: {asked.words}; {made.new_notes} new notes{given}, {bits:.2f} bits per note")
        screen.say(f"      {', '.join(file.name for file in files)}")
        for line in made.judgement():
            screen.say(f"      {line}")
        rows.append(
            {"asked": asked.words, "files": [str(file) for file in files], "notes": made.new_notes, "bits_per_note": bits}
            | {"originality": made.to_json()["originality"]}
        )
    screen.say(f"   Bits per note say how surprising a piece is to the model itself. {duration(screen.seconds)} so far.\n")
    return rows


def composed(checkpoint: Checkpoint, out: Path, seed: int) -> Iterator[tuple[Asked, Composition, float]]:
    """Each piece that is asked for, and how surprising its new notes are, in bits per note."""
    from partimento.composing.pieces import compose
    from partimento.composing.ranking import bits_per_note
    from partimento.composing.rules import Rules
    from partimento.files import write_atomic

    tune = out / "tune.abc"
    write_atomic(tune, TUNE.encode())
    known = () if checkpoint.vocabulary is None else checkpoint.vocabulary.genres
    for asked in ASKED:
        conditions: dict[str, str | float] = {"genre": asked.genre} if asked.genre in known else {}
        rules: Rules | None = Rules(**asked.rules) if asked.rules else None
        given, write = (tune, asked.write) if asked.write else (None, None)
        made = compose(checkpoint, given=given, write=write, rules=rules, conditions=conditions, seed=seed, notes=120)
        yield asked, made[0], bits_per_note(checkpoint, made, conditions)[0]


def written(made: Composition, stem: Path) -> list[Path]:
    """A piece as MIDI, piano roll, page and sound."""
    from partimento.cli.compose import write_rolls
    from partimento.files import write_atomic
    from partimento.formats import write
    from partimento.render.audio import write_audio
    from partimento.render.page import pages

    midi, page, sound = (stem.with_suffix(suffix) for suffix in (".mid", ".svg", ".flac"))
    write(made.piece, midi)
    roll = write_rolls([made], [midi])[0]
    write_atomic(page, pages(made.piece)[0])
    write_audio(made.piece, sound)
    return [midi, roll, page, sound]
