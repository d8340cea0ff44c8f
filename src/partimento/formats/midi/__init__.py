"""Standard MIDI Files."""

from partimento.formats.format import KEEPS, Format, deferred

FORMAT = Format(
    "MIDI",
    (".mid", ".midi", ".kar", ".rmi", ".smf"),
    recognises=lambda data: data[:4] in (b"MThd", b"RIFF"),
    read=deferred("partimento.formats.midi.read:piece_from_midi"),
    writers=dict.fromkeys((".mid", ".midi"), deferred("partimento.formats.midi.write:midi_from_piece")),
    keeps=dict.fromkeys(KEEPS, ""),
)
