"""What the network of spelling sees of each note, turned so that its signature has no signs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

WINDOWS = (4, 12, 40, 160, 500)  # notes before a note, and as many after it
STEPS_NEAR = 2  # semitones from one note to another that leads to it
NOTES_NEAR = 12  # and how many notes away it may be
INPUTS = 12 + 2 * len(WINDOWS) * 12 + 12 + 2 * (2 * STEPS_NEAR + 1) + 2


def views(pitch: Ints, onset: Ints, fifths: Ints, start: int, stop: int) -> npt.NDArray[np.float32]:
    """The inputs [M, I] of the notes from `start` to `stop` of N, in the order of onset and pitch, by MIDI pitch [N], onset in
    ticks [N] and signature [N].

    The pitch class of the note; those in each window before it and after it, as shares; those that begin with it; whether a note
    a step or a unison away comes before and after it, and how soon; the signature, and how many signs it has.
    """
    low = max(0, min(start - WINDOWS[-1], int(np.searchsorted(onset, onset[start]))))
    high = min(len(pitch), max(stop + WINDOWS[-1], int(np.searchsorted(onset, onset[stop - 1], side="right"))))
    pitch, onset, signature = pitch[low:high], onset[low:high], fifths[start:stop]
    note = np.arange(start - low, stop - low)
    total = np.zeros((len(pitch) + 1, 12), np.float32)
    np.cumsum(np.eye(12, dtype=np.float32)[pitch % 12], axis=0, out=total[1:])
    seen = np.zeros((len(note), INPUTS), np.float32)
    seen[np.arange(len(note)), (pitch[note] - 7 * signature) % 12] = 1
    spans = [(np.maximum(note - window, 0), note, window) for window in WINDOWS]
    spans += [(note + 1, np.minimum(note + 1 + window, len(pitch)), window) for window in WINDOWS]
    spans.append((np.searchsorted(onset, onset[note]), np.searchsorted(onset, onset[note], side="right"), 1))
    for one in np.unique(signature).tolist():
        rows = np.flatnonzero(signature == one)
        turned = total[:, (np.arange(12) + 7 * one) % 12]
        for number, (first, last, window) in enumerate(spans, 1):
            seen[rows, 12 * number : 12 * number + 12] = (turned[last[rows]] - turned[first[rows]]) / np.float32(window)
    column = 12 * len(spans)
    seen[:, column : column + 12] = seen[:, column : column + 12] > 0
    column += 12
    for way in (1, -1):
        for far in range(NOTES_NEAR, 0, -1):  # the nearest one is written last
            other = note + way * far
            inside = (other >= 0) & (other < len(pitch))
            rows, other = np.flatnonzero(inside), other[inside]
            step = pitch[other] - pitch[note[rows]]
            leads = (np.abs(step) <= STEPS_NEAR) & (onset[other] != onset[note[rows]])
            seen[rows[leads], column + STEPS_NEAR + step[leads]] = np.exp(-far / 6)
        column += 2 * STEPS_NEAR + 1
    seen[:, column] = signature / 7
    seen[:, column + 1] = np.abs(signature) / 7
    return seen
