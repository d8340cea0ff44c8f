"""Sound begins and ends when the notes do, is never clipped, and honours pedal, velocity, instrument and drums."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from partimento.errors import InvalidOption, InvalidPiece, WriteFailed
from partimento.piece import PEDAL, TEMPO, Piece, Track, note_array
from partimento.render import audio
from partimento.render.audio import TAIL_SECONDS, blocks, samples, write_audio
from tests.made import made_piece
from tests.render.made_font import made_font
from tests.render.test_soundfont import peak_hertz

RATE = 22050
ONE = Piece(note_array([(0, 480, 69, 100, 0)]), (Track(),))  # half a second of A4


def level_db(sound: np.ndarray, start: float, stop: float) -> float:
    part = sound[int(start * RATE) : int(stop * RATE)]
    return float(10 * np.log10((part**2).mean() + 1e-20))


def test_duration_peak_and_ends() -> None:
    for piece in (ONE, made_piece(3), replace(made_piece(4), tempos=np.array([(0, 77.7), (3000, 133.3)], TEMPO))):
        sound = samples(piece, RATE)
        assert sound.dtype == np.float32
        assert sound.shape == (round((piece.seconds + TAIL_SECONDS) * RATE), 2)
        assert 20 * np.log10(np.abs(sound).max()) == pytest.approx(-1, abs=0.01)
        assert np.abs(sound[-20:]).max() < 1e-4  # it fades to nothing
        assert abs(sound.mean()) < 0.01


def test_onsets_are_where_they_are_written() -> None:
    """Notes apart, after silence: each begins within 10 ms of its time."""
    rows = [(at, 60, 76, 110, 0) for at in (480, 1920, 4000, 7777)]
    sound = np.abs(np.concatenate(list(blocks(Piece(note_array(rows), (Track(12),)), RATE)))).max(axis=1)
    for at in (480, 1920, 4000, 7777):
        place = round(at / 960 * RATE)
        before, after = sound[place - 200 : place].max(), sound[place : place + 220].max()
        assert after > 20 * before


def test_the_same_each_time_and_in_any_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    piece = made_piece(1)
    whole = samples(piece, RATE)
    assert np.array_equal(whole, samples(piece, RATE))
    monkeypatch.setattr(audio, "BLOCK_SECONDS", 0.7)
    assert np.abs(whole - samples(piece, RATE)).max() < 1e-5


def test_the_pedal_is_honoured() -> None:
    """Energy after the key is let go: with the pedal as if the key were held, without it next to none."""
    sounds = {}
    for name, pedals, duration in (("none", [], 240), ("pedal", [(120, 1800, 0)], 240), ("held", [], 1920)):
        piece = Piece(note_array([(0, duration, 48, 100, 0)]), (Track(),), pedals=np.array(pedals, PEDAL))
        sounds[name] = np.concatenate(list(blocks(piece, RATE)))
    assert level_db(sounds["pedal"], 0.9, 1.8) == pytest.approx(level_db(sounds["held"], 0.9, 1.8), abs=0.1)
    assert level_db(sounds["pedal"], 0.9, 1.8) - level_db(sounds["none"], 0.9, 1.8) > 25
    # once it comes up, the note fades as it does when let go
    assert level_db(sounds["pedal"], 2.5, 3.0) < level_db(sounds["pedal"], 1.5, 2.0) - 25


def test_velocity_is_loudness() -> None:
    levels = [level_db(np.concatenate(list(blocks(with_velocity(v), RATE))), 0, 0.5) for v in (20, 40, 80, 127)]
    assert levels == sorted(levels)
    assert levels[2] - levels[1] == pytest.approx(12, abs=0.5)  # by the square: 12 dB for twice the velocity


def with_velocity(velocity: int) -> Piece:
    return Piece(note_array([(0, 480, 60, velocity, 0)]), (Track(),))


@pytest.mark.parametrize("program", [0, 6, 19, 24, 40, 56, 73])
def test_programs_play_in_tune_and_differ(program: int) -> None:
    sound = samples(replace(ONE, notes=note_array([(0, 1920, 69, 100, 0)]), tracks=(Track(program),)), RATE)
    steady = sound[RATE // 2 : RATE * 3 // 2].mean(axis=1)
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady))))
    low = spectrum.copy()
    low[: round(len(steady) * 400 / RATE)] = 0
    low[round(len(steady) * 480 / RATE) :] = 0
    top = peak_hertz(np.fft.irfft(np.where(low > 0, np.fft.rfft(steady), 0), len(steady)).astype(np.float32), RATE)
    assert 1200 * abs(np.log2(top / 440)) < 20  # cents; organ pipes and strings beat
    piano = samples(replace(ONE, notes=note_array([(0, 1920, 69, 100, 0)])), RATE)
    assert program == 0 or np.abs(sound - piano).max() > 0.2


def test_drums_ring_and_a_closed_hi_hat_ends_an_open_one() -> None:
    drums = (Track(0, True),)
    crash = np.concatenate(list(blocks(Piece(note_array([(0, 1, 49, 100, 0)]), drums), RATE)))
    assert level_db(crash, 0.3, 0.6) > level_db(crash, 0, 0.05) - 40  # one tick long, and it rings
    open_hat, both = [(0, 1, 46, 100, 0)], [(0, 1, 46, 100, 0), (240, 1, 42, 1, 0)]
    rings, ended = (np.concatenate(list(blocks(Piece(note_array(rows), drums), RATE))) for rows in (open_hat, both))
    assert level_db(rings, 0.35, 0.45) - level_db(ended, 0.35, 0.45) > 7  # the hall answers on


def test_tracks_stand_side_by_side() -> None:
    rows = [(0, 480, 60, 100, 0), (960, 480, 60, 100, 1)]
    sound = np.concatenate(list(blocks(Piece(note_array(rows), (Track(73), Track(73))), RATE)))
    left, right = (sound[int(at * RATE) : int((at + 0.4) * RATE)] for at in (0.1, 1.1))
    assert (left[:, 0] ** 2).sum() > 2 * (left[:, 1] ** 2).sum()
    assert (right[:, 1] ** 2).sum() > 2 * (right[:, 0] ** 2).sum()


def test_files(tmp_path: Path) -> None:
    piece = made_piece(2)
    wanted = samples(piece, RATE)
    for name, width in (("a.wav", 2), ("a.flac", 2), ("a.FLAC", 1), ("a.ogg", 1)):
        seconds = write_audio(piece, tmp_path / name, RATE, mono=width == 1)
        found, rate = soundfile.read(tmp_path / name, always_2d=True)
        assert rate == RATE
        assert found.shape == (len(wanted), width)
        assert seconds == pytest.approx(len(wanted) / RATE)
        if width == 2:
            assert np.abs(found - wanted).max() < 2**-15
    write_audio(piece, tmp_path / "b.flac", RATE)
    assert (tmp_path / "b.flac").read_bytes() == (tmp_path / "a.flac").read_bytes()
    write_audio(piece, tmp_path / "a.mp3", RATE)
    found, rate = soundfile.read(tmp_path / "a.mp3", always_2d=True)
    assert (rate, soundfile.info(tmp_path / "a.mp3").format) == (RATE, "MP3")
    assert abs(len(found) - len(wanted)) < 4 * 1152  # whole frames
    assert np.sqrt((found**2).mean()) == pytest.approx(np.sqrt((wanted**2).mean()), rel=0.1)
    with pytest.raises(InvalidOption, match="MP3 has no"):
        write_audio(piece, tmp_path / "b.mp3", 96000)
    with pytest.raises(InvalidOption, match=r"\.wav, \.flac, \.ogg, \.mp3"):
        write_audio(piece, tmp_path / "a.mp4")
    with pytest.raises(WriteFailed):
        write_audio(ONE, tmp_path / "a.wav" / "b.wav", RATE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.FLAC", "a.flac", "a.mp3", "a.ogg", "a.wav", "b.flac"]


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InvalidPiece, match="no notes"):
        samples(Piece(note_array([]), (Track(),)))
    with pytest.raises(InvalidPiece, match="more than 6 hours"):
        samples(replace(ONE, notes=note_array([(2**29, 1, 60, 80, 0)])))
    with pytest.raises(InvalidPiece, match="more than 6 hours"):
        samples(replace(ONE, tempos=np.array([(0, 1e-300)], TEMPO)))
    with pytest.raises(InvalidOption, match="the rate is 100"):
        samples(ONE, 100)
    with pytest.raises(InvalidOption, match="cannot be read"):
        samples(ONE, soundfont=tmp_path / "none.sf2")


def test_another_font(tmp_path: Path) -> None:
    sound = samples(ONE, RATE, soundfont=made_font(tmp_path / "a.sf2", [[(54, 1), (53, 0)]]))
    assert peak_hertz(sound[: RATE // 2].mean(axis=1), RATE) == pytest.approx(441, abs=0.5)
