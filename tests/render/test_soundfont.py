"""SoundFonts are read as the specification says; a key of one sounds at its pitch, in its envelope, filtered and looped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from partimento.errors import InvalidOption
from partimento.render.soundfont import SoundFont, default_path
from partimento.render.soundfont_voice import LONGEST_SECONDS, Voices
from tests.render.made_font import RATE, made_font

LOOPED = [(54, 1), (53, 0)]
PLAIN = (34, -12000), (36, -12000), (37, 0)


def peak_hertz(wave: npt.NDArray[np.float32], rate: int = RATE) -> float:
    """The strongest frequency, by the parabola through the highest bin and its neighbours."""
    level = np.log(np.abs(np.fft.rfft(wave * np.hanning(len(wave)))) + 1e-12)
    top = int(level.argmax())
    left, mid, right = level[top - 1 : top + 2]
    return float(top + (left - right) / (2 * (left - 2 * mid + right))) * rate / len(wave)


def test_zones_of_ranges_sums_and_globals(tmp_path: Path) -> None:
    path = made_font(
        tmp_path / "a.sf2",
        [[(48, 100)], [(43, 60 << 8), (53, 0)], [(43, 61 | 127 << 8), (44, 64 << 8), (48, 30), (53, 0)]],
        [(44, 100 << 8), (48, 7)],
    )
    low, high = SoundFont(path).zones(0, False)
    assert (low.low_key, low.high_key, low.low_velocity, low.high_velocity) == (0, 60, 0, 100)
    assert (high.low_key, high.high_key, high.low_velocity, high.high_velocity) == (61, 127, 0, 64)
    assert (low.amounts[48], high.amounts[48]) == (107, 37)  # the global zone's, or one's own, and what the preset adds
    assert low.amounts[8] == 13500  # as section 8.1.3 has it
    assert [low.distance(*place) for place in ((60, 100), (61, 100), (62, 103))] == [0, 1, 5]


def test_what_a_font_lacks(tmp_path: Path) -> None:
    font = SoundFont(made_font(tmp_path / "a.sf2", [LOOPED]))
    assert font.zones(40, False)[0].sample == font.zones(0, True)[0].sample == 0  # its first program instead
    assert not SoundFont(made_font(tmp_path / "b.sf2", [LOOPED], bank=5)).zones(0, False)


def test_files_that_are_none(tmp_path: Path) -> None:
    for name, data in (("page", b"<html>"), ("short", b"RIFF\4\0\0\0sfbk")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InvalidOption, match="not a SoundFont 2 file"):
            SoundFont(tmp_path / name)
    with pytest.raises(InvalidOption, match="cannot be read"):
        SoundFont(tmp_path / "none.sf2")
    whole = made_font(tmp_path / "a.sf2", [LOOPED]).read_bytes()
    for at in range(0, len(whole), 97):  # cut anywhere, or with a byte changed in the tables
        for data in (whole[:at], whole[:-at] + b"\xff" + whole[len(whole) - at + 1 :]):
            (tmp_path / "damaged.sf2").write_bytes(data)
            try:
                font = SoundFont(tmp_path / "damaged.sf2")
                for zone in font.zones(0, False):
                    Voices(font, RATE).wave(zone, 60, 1000)
            except InvalidOption:
                continue


@pytest.mark.parametrize("key", [45, 57, 69, 76, 93])
def test_pitch(tmp_path: Path, key: int) -> None:
    font = SoundFont(made_font(tmp_path / "a.sf2", [LOOPED]))
    wave = Voices(font, RATE).wave(font.zones(0, False)[0], key, 2 * RATE)
    assert len(wave) == 2 * RATE  # far beyond the sample: it is looped
    wanted = 441 * 2 ** ((key - 69) / 12)
    assert 1200 * abs(np.log2(peak_hertz(wave) / wanted)) < 1  # cents
    clean = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    near = np.abs(np.fft.rfftfreq(len(wave), 1 / RATE) - wanted) < 20
    assert 20 * np.log10(clean[near].max() / clean[~near].max()) > 60  # no crack at the loop, little aliasing


def test_a_sample_without_a_loop_ends(tmp_path: Path) -> None:
    font = SoundFont(made_font(tmp_path / "a.sf2", [[(53, 0)]]))
    assert len(Voices(font, RATE).wave(font.zones(0, False)[0], 69, RATE)) == pytest.approx(4000, abs=2)


def test_envelope(tmp_path: Path) -> None:
    """Half a second up, a second of decay to 20 dB below, and 100 dB down within a second once let go."""
    zone = [(34, -1200), (36, 0), (37, 200), (38, 0), *LOOPED]
    font = SoundFont(made_font(tmp_path / "a.sf2", [zone]))
    voices = Voices(font, RATE)
    wave = voices.wave(font.zones(0, False)[0], 69, 2 * RATE)
    level = 20 * np.log10(np.abs(wave).reshape(-1, 441).max(axis=1))
    assert level[25] - level[49] == pytest.approx(-6, abs=0.4)  # the attack is straight
    assert level[49] - level[60] == pytest.approx(10, abs=1.5)  # 100 dB a second
    assert level[150] - level[49] == pytest.approx(-20, abs=0.4)
    release = voices.release(font.zones(0, False)[0])
    assert len(release) == pytest.approx(RATE, abs=1)
    assert 20 * np.log10(release[RATE // 2]) == pytest.approx(-50, abs=0.1)


def test_filter_and_vibrato(tmp_path: Path) -> None:
    low = [(8, 6900), *LOOPED]  # a low-pass at 440 Hz
    trembling = [(6, 100), (24, -300), *LOOPED]
    font = SoundFont(made_font(tmp_path / "a.sf2", [[(43, 100 << 8), *low], [(43, 101 | 127 << 8), *trembling]]))
    voices, (filtered, wobbly) = Voices(font, RATE), font.zones(0, False)
    levels = {key: float(np.abs(voices.wave(filtered, key, RATE)[RATE // 2 :]).max()) for key in (45, 69, 93)}
    assert 20 * np.log10(levels[69] / levels[45]) == pytest.approx(-3, abs=1)
    assert 20 * np.log10(levels[93] / levels[45]) == pytest.approx(-24, abs=2)  # 12 dB an octave
    wave = voices.wave(wobbly, 101, RATE)
    crossings = np.flatnonzero((wave[1:] >= 0) & (wave[:-1] < 0))
    cycle = np.diff(crossings)
    assert cycle.max() / cycle.min() == pytest.approx(2 ** (200 / 1200), rel=0.15)  # a semitone up and down


def test_waves_are_kept_and_made_longer(tmp_path: Path) -> None:
    font = SoundFont(made_font(tmp_path / "a.sf2", [LOOPED]))
    voices, zone = Voices(font, 8000), font.zones(0, False)[0]
    short = voices.wave(zone, 69, 100)
    long = voices.wave(zone, 69, 30_000)
    assert np.array_equal(short, long[:100])
    assert np.shares_memory(voices.wave(zone, 69, 29_000), long)
    assert len(voices.wave(zone, 69, 10**9)) == LONGEST_SECONDS * 8000


def test_the_font_that_is_installed() -> None:
    """Every program sounds for every note, and its drums are many."""
    font = SoundFont(default_path())
    for program in range(128):
        assert all(font.sounding(program, False, key, 80) for key in range(128)), program
    assert len({zone.sample for zone in font.zones(0, True)}) > 20
    assert not font.sounding(0, True, 0, 80)
