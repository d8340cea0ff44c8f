"""What sounds in a growing sequence, and its outer voices, by hand."""

from __future__ import annotations

from partimento.encodings import make
from partimento.encodings.cursor import Note
from partimento.encodings.texture import Texture
from partimento.instruments import DRUMS


def texture(*notes: Note, given: tuple[Note, ...] = ()) -> Texture:
    here = make("notes").cursor()
    assert isinstance(here, Texture)
    here.given = given
    for note in notes:
        here.begin(note)
    return here


def test_what_sounds_at_a_tick() -> None:
    """Not a note that ends there, nor a drum; a given note that begins there does."""
    held, short, drum = Note(0, 96, 48), Note(0, 48, 72), Note(0, 96, 35, DRUMS)
    here = texture(held, short, drum, given=(Note(48, 96, 76), Note(49, 96, 90)))
    assert here.pitched(47) == [held, short]
    assert here.pitched(48) == [Note(48, 96, 76), held]
    assert here.outer(48) == (48, 76)
    assert here.outer(96) is None
    here.begin(Note(48, 96, 60))
    assert (here.last_onset, here.chord_size, here.outer(48)) == (48, 1, (48, 76))


def test_outer_voices_before_and_now() -> None:
    """Where a given note begins between two that are written, the voices move there too."""
    here = texture(Note(0, 96, 48), Note(0, 96, 60), given=(Note(24, 36, 72), Note(48, 60, 79)))
    assert here.outer_until(24) == (48, 60)
    assert here.outer_until(48) == (48, 72)
    assert here.outer_until(49) == (48, 79)
    here.begin(Note(48, 96, 65))
    assert here.outer_before == (48, 72)
    assert here.outer(48) == (48, 79)
