"""Every figure of music: one entry each. To add one, write its function and its entry here; what it is, its docstring says.

Shares are 0..1. Drums are left out of all that speaks of pitch. `docs/figures.md` is printed from this table.
"""

from __future__ import annotations

from partimento.analysis.figures import of_form, of_harmony, of_pitch, of_texture, of_time
from partimento.analysis.figures.block import Block
from partimento.analysis.figures.figure import Figure, of_piece
from partimento.prevailing import notes_per_quarter

_WU = "Wu and Yang 2020, 4.2"
_MUSPY = "MusPy (Dong et al. 2020), 5"
_OURS = "ours"

_CARD = (
    Figure("pitch_class_entropy", of_pitch.pitch_class_entropy, "pitch-class entropy", "bits", 3, _WU),
    Figure("scale_consistency", of_pitch.scale_consistency, "scale consistency", "", 3, f"Mogren 2016, 4.1; {_MUSPY}", share=True),
    Figure("groove_consistency", of_piece(of_form.groove_consistency), "groove consistency", "", 3, _WU, share=True),
    Figure("notes_per_bar", of_piece(of_time.notes_per_bar), "notes per bar", "", 1),
    Figure("polyphony", of_piece(of_texture.polyphony), "polyphony", "pitches at once", 2, _MUSPY),
    Figure("repeated_runs", of_piece(of_form.repeated_runs), "repeated runs of 8 notes", "%", 1, _OURS, share=True),
    Figure("repeated_bars", of_piece(of_form.repeated_bars), "bars like the bar before", "%", 1, _OURS, share=True, speaks=False),
    Figure("ending", of_piece(of_form.ending), "last note over the mean note", "", 2, _OURS, speaks=False),
    Figure("bars", of_piece(of_time.bars), "length", "bars", 1, speaks=False),
)
_TIME = (
    Figure("notes", of_time.notes, "notes", "", 0, in_card=False, speaks=False),
    Figure("seconds", of_time.seconds, "playing time", "seconds", 1, changes_with=("tempo",), in_card=False, speaks=False),
    Figure("tempo_qpm", of_time.tempo_qpm, "tempo", "quarters per minute", 1, changes_with=("tempo",), in_card=False, speaks=False),
    Figure("notes_per_quarter", of_piece(notes_per_quarter), "notes per quarter", "", 2, in_card=False, speaks=False),
    Figure("wait_quarters", of_time.wait_quarters, "mean time between onsets", "quarters", 2, in_card=False, speaks=False),
    Figure("off_grid", of_time.off_grid, "onsets off the grid", "%", 1, share=True, in_card=False, speaks=False),
)
_PITCH = (
    Figure("pitches", of_pitch.different_pitches, "different pitches", "", 1, in_card=False),
    Figure("pitch_range", of_pitch.pitch_range, "range", "semitones", 1, in_card=False),
    Figure("mean_interval", of_pitch.mean_interval, "mean melodic interval", "semitones", 2, in_card=False, speaks=False),
    Figure("steps", of_pitch.steps, "steps among moves", "%", 1, share=True, in_card=False),
)
_TEXTURE = (
    Figure("most_at_once", of_piece(of_texture.most_at_once), "most pitches at once", "", 1, in_card=False, speaks=False),
    Figure("parts", of_piece(of_texture.parts), "parts", "", 1, in_card=False, speaks=False),
    Figure("empty_bars", of_piece(of_texture.empty_bars), "empty bars", "%", 1, share=True, in_card=False, speaks=False),
    Figure("onsets_per_bar", of_piece(of_texture.onsets_per_bar), "onsets per bar", "", 1, in_card=False, speaks=False),
)
_OTHERS = (
    Figure("minor", of_harmony.minor, "in minor", "%", 1, "Krumhansl 1990, 4", share=True, in_card=False),
    Figure("chords_per_beat", of_harmony.chords_per_beat, "changes of chord per beat", "", 2, in_card=False),
    Figure(
        "velocity_spread",
        of_texture.velocity_spread,
        "spread of velocity",
        "",
        1,
        changes_with=("velocity",),
        in_card=False,
        speaks=False,
    ),
)
FIGURES: dict[str, Figure[Block]] = {figure.name: figure for figure in (*_CARD, *_TIME, *_PITCH, *_TEXTURE, *_OTHERS)}
