"""A piece as sound: samples, and WAV, FLAC, Ogg or MP3 files. `soundfont_voice.py` plays one key.

Memory does not grow with the length of the piece: the sound is made in blocks, and a file is written from a temporary one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from partimento.errors import InvalidOption, InvalidPiece
from partimento.files import write_atomic_with
from partimento.pedal import pedalled
from partimento.piece import Array, Piece
from partimento.render.soundfont import SoundFont, Zone, default_path
from partimento.render.soundfont_voice import Voices

FORMATS = {".wav": ("WAV", "PCM_16"), ".flac": ("FLAC", "PCM_16"), ".ogg": ("OGG", "VORBIS"), ".mp3": ("MP3", "MPEG_LAYER_III")}
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # that the format has
RATE = 44100
PEAK_DB = -1.0  # of the loudest sample, below full scale
TAIL_SECONDS = 2.0  # after the last key is let go; the last half of it fades to nothing
MOST_SECONDS = 6 * 3600.0
LEAST_RATE, MOST_RATE = 8000, 192000

BLOCK_SECONDS = 4.0
STROKE_SECONDS = 8.0  # a drum rings so long at most
CUT_SECONDS = 0.02  # a sound that another one ends fades in this time
SPREAD = 0.35  # how far from the middle (1: all the way) the outer of several tracks stand
ECHO_SECONDS, ECHO_GAIN, ECHO_DELAY_SECONDS = 1.3, 0.11, 0.012  # a small hall: down by 60 dB, its loudness, its first answer
WRITE_FRAMES = 65_536  # libsndfile crashes on long Ogg Vorbis written at once

# a note in samples: it starts, its key is held, and it is cut off `stop` after its start
SOUND = np.dtype([*((name, "<i8") for name in ("start", "held", "stop")), ("pitch", "u1"), ("velocity", "u1"), ("track", "<u2")])
NEVER = 1 << 40

Samples = npt.NDArray[np.float32]
OnSeconds = Callable[[int, int], None]


def samples(piece: Piece, rate: int = RATE, *, soundfont: Path | str | None = None) -> Samples:
    """The piece as it sounds, float32 [N, 2] with its peak at -1 dB, `piece.seconds` (pedal held) and two more long.

    The sustain pedal is honoured; notes of drum tracks ring out. The same samples for the same piece, SoundFont and versions
    of numpy and scipy. `soundfont` is a .sf2 file; without one the one of the package pretty_midi. Raises `InvalidPiece` for
    a piece without notes or longer than six hours, `InvalidOption` for a rate or SoundFont that cannot be used.
    """
    whole = np.concatenate(list(blocks(piece, rate, soundfont=soundfont)))
    return whole * _to_peak(float(np.abs(whole).max()))


def write_audio(
    piece: Piece,
    path: Path | str,
    rate: int = RATE,
    *,
    soundfont: Path | str | None = None,
    mono: bool = False,
    comment: str = "",
    on_progress: OnSeconds | None = None,
) -> float:
    """Writes `samples` as WAV, FLAC (16 bits), Ogg Vorbis or MP3, by the suffix; returns the seconds written. The `comment` goes
    into the file.

    The file appears whole or not at all. Raises what `samples` raises, and `WriteFailed`.
    """
    import soundfile

    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise InvalidOption(f"{path}: sound is written as {', '.join(FORMATS)}; give the file one of these suffixes")
    container, coding = FORMATS[path.suffix.lower()]
    if container == "MP3" and rate not in MP3_RATES:
        raise InvalidOption(f"{path}: MP3 has no {rate} samples a second; take one of {', '.join(map(str, MP3_RATES))}, or .flac")
    with tempfile.TemporaryFile() as spool:
        frames, peak = _spooled(blocks(piece, rate, soundfont=soundfont, on_progress=on_progress), spool)
        gain, width = _to_peak(peak), 1 if mono else 2

        def fill(place: Path) -> None:
            spool.seek(0)
            try:
                with soundfile.SoundFile(place, "w", rate, width, coding, format=container) as file:
                    if comment:
                        file.comment = comment
                    while data := spool.read(WRITE_FRAMES * 8):
                        block = np.frombuffer(data, np.float32).reshape(-1, 2) * gain
                        file.write(block.mean(axis=1) if mono else block)
            except soundfile.LibsndfileError as error:
                raise OSError(None, str(error)) from None

        write_atomic_with(path, fill)
    return frames / rate


def blocks(
    piece: Piece, rate: int = RATE, *, soundfont: Path | str | None = None, on_progress: OnSeconds | None = None
) -> Iterator[Samples]:
    """The piece as it sounds, block after block [n, 2], as loud as it comes. `on_progress(done, of)` counts seconds."""
    if not len(piece):
        raise InvalidPiece(f"{piece.about.title or piece.about.source or 'the piece'} has no notes; there is nothing to hear")
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise InvalidOption(f"the rate is {rate} samples a second; it must be {LEAST_RATE}..{MOST_RATE}")
    piece = pedalled(piece)
    voices = _voices(Path(soundfont) if soundfont else default_path(), rate)
    sounds = _sounds(piece, rate, voices.font)
    total = int((sounds["start"] + sounds["held"]).max()) + round(TAIL_SECONDS * rate)
    size, fade = round(BLOCK_SECONDS * rate), round(TAIL_SECONDS / 2 * rate)
    place, echo = _places(piece), _Echo(rate)
    pending: Samples = np.zeros((0, 2), np.float32)
    first = 0
    for at in range(0, total, size):
        last = int(np.searchsorted(sounds["start"], at + size))
        dry, pending = _split(_mixed(voices, piece, sounds[first:last], at, place, pending), min(size, total - at))
        first = last
        block = dry + echo(dry)
        over = at + np.arange(len(block)) - (total - fade)
        block *= np.clip(1 - over / fade, 0, 1).astype(np.float32)[:, None]
        yield block
        if on_progress is not None:
            on_progress(min(at + size, total) // rate, total // rate)


def _sounds(piece: Piece, rate: int, font: SoundFont) -> Array:
    """The notes (`SOUND`) in the order of their starts."""
    notes = piece.notes[np.argsort(piece.notes["onset"], kind="stable")]
    sounds = np.zeros(len(notes), SOUND)
    for name in ("pitch", "velocity", "track"):
        sounds[name] = notes[name]
    sounds["start"] = _frames(piece, notes["onset"], rate)
    sounds["held"] = np.maximum(1, _frames(piece, notes["onset"].astype(np.int64) + notes["duration"], rate) - sounds["start"])
    sounds["stop"] = NEVER
    for number, track in enumerate(piece.tracks):
        if track.is_drum:
            _choke(sounds, np.flatnonzero(sounds["track"] == number), font.zones(track.program, True))
    return sounds


def _choke(sounds: Array, rows: npt.NDArray[np.int64], zones: list[Zone]) -> None:
    """Stops each stroke of a track at the next one of its exclusive class (section 8.1.3): an open hi-hat, when it closes."""
    kind = np.zeros(128, np.int64)
    for zone in zones:
        keys = kind[zone.low_key : zone.high_key + 1]
        np.maximum(keys, zone.amounts[57], out=keys)
    kinds = kind[sounds["pitch"][rows]]
    for one in np.unique(kinds[kinds > 0]):
        same = rows[kinds == one]
        start = sounds["start"][same]
        later = np.append(np.unique(start), NEVER)
        sounds["stop"][same] = later[np.searchsorted(later, start, side="right")] - start


def _frames(piece: Piece, ticks: Array, rate: int) -> npt.NDArray[np.int64]:
    with np.errstate(over="ignore", invalid="ignore"):
        second = piece.second_at(ticks)
    if not second.max() <= MOST_SECONDS:  # nor what is not a number
        raise InvalidPiece(f"the piece lasts more than {MOST_SECONDS / 3600:.0f} hours; cut it into shorter ones")
    return np.round(second * rate).astype(np.int64)


@lru_cache(maxsize=2)
def _voices(path: Path, rate: int) -> Voices:
    return Voices(SoundFont(path), rate)


def _mixed(voices: Voices, piece: Piece, sounds: Array, at: int, place: npt.NDArray[np.float64], pending: Samples) -> Samples:
    """The notes that start in a block (which starts `at`), to their ends, on what is left of those before."""
    mix = pending
    for start, held, stop, pitch, velocity, track in sounds.tolist():
        instrument = piece.tracks[track]
        for zone in voices.font.sounding(instrument.program, instrument.is_drum, pitch, velocity):
            rings = instrument.is_drum and zone.dies_away
            wave = _sounding(voices, zone, pitch, round(STROKE_SECONDS * voices.rate) if rings else held, stop)
            begin, end = start - at, start - at + len(wave)
            if end > len(mix):
                more = max(end - len(mix), 2 * voices.rate)  # seldom, for it copies all
                mix = np.concatenate([mix, np.zeros((more, 2), np.float32)])
            left, right = _sides(zone, velocity, place[track])
            mix[begin:end, 0] += wave * left
            mix[begin:end, 1] += wave * right
    return mix


def _sounding(voices: Voices, zone: Zone, pitch: int, held: int, stop: int) -> Samples:
    """A key held for so many samples, then let go; cut off at `stop`."""
    release = voices.release(zone)
    wave = voices.wave(zone, pitch, held + len(release)).copy()
    wave[held:] *= release[: max(0, len(wave) - held)]
    if len(wave) > stop:
        cut = wave[stop : stop + round(CUT_SECONDS * voices.rate)]
        cut *= np.linspace(1, 0, len(cut), dtype=np.float32)
        wave = wave[: stop + len(cut)]
    return wave


def _sides(zone: Zone, velocity: int, place: float) -> Samples:
    """The gains of left and right: loudness by the square of the velocity (section 8.4.1), equal power over the sides."""
    across = np.clip(zone.amounts[17] / 500 + place, -1, 1) * np.pi / 4 + np.pi / 4
    gains: Samples = ((velocity / 127) ** 2 * np.array([np.cos(across), np.sin(across)])).astype(np.float32)
    return gains


def _places(piece: Piece) -> npt.NDArray[np.float64]:
    """Where each track stands, -1 left to 1 right: those with notes side by side, drums and a single one in the middle."""
    place = np.zeros(len(piece.tracks))
    tuned = [int(number) for number in np.unique(piece.notes["track"]) if not piece.tracks[number].is_drum]
    if len(tuned) > 1:
        place[tuned] = np.linspace(-SPREAD, SPREAD, len(tuned))
    return place


class _Echo:
    """A hall: the sound's own sum to the middle, answered by decaying noise, another on each side, duller as it fades."""

    def __init__(self, rate: int) -> None:
        from scipy.signal import lfilter

        size = round(ECHO_SECONDS * rate)
        noise = np.random.RandomState(1).standard_normal((size, 2))  # its stream is frozen by numpy
        dull = lfilter([0.25], [1, -0.75], noise, axis=0)
        share = np.linspace(0, 1, size)[:, None] ** 0.5
        tail = (noise * (1 - share) + 2.5 * dull * share) * 10 ** (-3 * np.linspace(0, 1, size))[:, None]
        tail *= ECHO_GAIN / np.sqrt((tail**2).sum(axis=0))
        self.answer = np.concatenate([np.zeros((round(ECHO_DELAY_SECONDS * rate), 2)), tail]).astype(np.float32)
        self.pending: Samples = np.zeros((0, 2), np.float32)

    def __call__(self, dry: Samples) -> Samples:
        from scipy.signal import fftconvolve

        wet = fftconvolve(dry.sum(axis=1, keepdims=True), self.answer, axes=0).astype(np.float32)
        wet[: len(self.pending)] += self.pending
        now, self.pending = _split(wet, len(dry))
        return now


def _split(sound: Samples, size: int) -> tuple[Samples, Samples]:
    """The first `size` samples, silence where there are fewer, and the rest."""
    if len(sound) < size:
        sound = np.concatenate([sound, np.zeros((size - len(sound), 2), np.float32)])
    return sound[:size], sound[size:]


def _to_peak(peak: float) -> np.float32:
    return np.float32(10 ** (PEAK_DB / 20) / peak if peak > 0 else 1.0)


def _spooled(sound: Iterator[Samples], spool: IO[bytes]) -> tuple[int, float]:
    """Writes the blocks to a file as they are; returns how many frames they have, and their peak."""
    frames, peak = 0, 0.0
    for block in sound:
        spool.write(np.ascontiguousarray(block, np.float32).tobytes())
        frames, peak = frames + len(block), max(peak, float(np.abs(block).max()))
    return frames, peak
