"""One key of one zone of a SoundFont as a wave, until it is released: pitch, loop, filter, envelopes.

The signal path of the SoundFont Technical Specification 2.04, section 9: sample, pitch, low-pass filter, volume envelope,
with one low-frequency oscillator for vibrato, one for all, and a second envelope for pitch and filter. A wave does not depend on
the velocity or on when the key is released, so it serves every note of its key.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import numpy.typing as npt

from partimento.render.soundfont import SoundFont, Zone

Floats = npt.NDArray[np.float64]
Wave = npt.NDArray[np.float32]

LONGEST_SECONDS = 60.0  # a key held longer falls silent
CONTROL = 64  # samples between two values of filter and pitch
SILENCE_DB = 100.0  # full range of an envelope (section 8.1.3, decayVolEnv); what lies lower is cut off
ATTENUATION = 0.4  # of the stated initial attenuation, as the EMU8000 does, for which most SoundFonts were made
LEAST_RELEASE_SECONDS = 0.02  # a shorter one clicks
MOST_BYTES = 256 << 20  # of waves kept


class Voices:
    """Waves of a SoundFont at a sample rate, each made once and made longer when a note needs it."""

    def __init__(self, font: SoundFont, rate: int) -> None:
        self.font, self.rate = font, rate
        self._kept: OrderedDict[tuple[int, int], tuple[Wave, bool]] = OrderedDict()
        self._releases: dict[int, Wave] = {}
        self._bytes = 0

    def wave(self, zone: Zone, key: int, samples: int) -> Wave:
        """The wave of a key that is held, up to `samples` long; shorter when it dies away before."""
        place = (zone.number, key)
        wave, whole = self._kept.pop(place, (np.zeros(0, np.float32), False))
        self._bytes -= wave.nbytes
        if len(wave) < samples and not whole:
            longest = int(LONGEST_SECONDS * self.rate)
            wanted = min(longest, max(samples, 2 * len(wave), self.rate // 2))
            wave = self._made(zone, key, wanted)
            whole = len(wave) < wanted or wanted == longest
        self._kept[place] = wave, whole
        self._bytes += wave.nbytes
        while self._bytes > MOST_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1][0].nbytes
        return wave[:samples]

    def release(self, zone: Zone) -> Wave:
        """How a wave fades once its key is let go: from 1 down to silence."""
        if zone.number not in self._releases:
            seconds = max(LEAST_RELEASE_SECONDS, _seconds(zone.amounts[38]))
            drop_db = np.linspace(0, SILENCE_DB, int(min(seconds, LONGEST_SECONDS) * self.rate), endpoint=False)
            self._releases[zone.number] = _gain(drop_db).astype(np.float32)
        return self._releases[zone.number]

    def _made(self, zone: Zone, key: int, samples: int) -> Wave:
        amounts = zone.amounts
        key = int(amounts[46]) if amounts[46] >= 0 else key
        points = np.arange(0, samples + CONTROL, CONTROL) / self.rate  # the seconds of each control value
        bend = _envelope(points, amounts[25:30], amounts[31], amounts[32], key)
        wobble = _triangle(points, amounts[21], amounts[22])
        vibrato = _triangle(points, amounts[23], amounts[24])
        wave = self._played(zone, key, samples, bend * amounts[7] + wobble * amounts[5] + vibrato * amounts[6])
        if not len(wave):
            return wave.astype(np.float32)
        wave = _filtered(wave, amounts[8] + bend * amounts[11] + wobble * amounts[10], amounts[9] / 10, self.rate)
        drop_db = _volume_db(np.arange(len(wave)) / self.rate, amounts, key)
        if amounts[13]:
            drop_db -= np.interp(np.arange(len(wave)), np.arange(len(points)) * CONTROL, wobble * amounts[13] / 10)
        stop = int(np.flatnonzero(drop_db < SILENCE_DB)[-1]) + 1 if drop_db.min() < SILENCE_DB else 0
        return (wave[:stop] * _gain(drop_db[:stop] + amounts[48] / 10 * ATTENUATION)).astype(np.float32)

    def _played(self, zone: Zone, key: int, samples: int, bend_cents: Floats) -> Floats:
        """The sample at the pitch of the key, looped where it loops; `bend_cents` moves the pitch every `CONTROL` samples."""
        amounts, header = zone.amounts, self.font.headers[zone.sample]
        root = int(amounts[58]) if amounts[58] >= 0 else int(header["key"])
        cents = (key - root) * amounts[56] + amounts[51] * 100 + amounts[52] + int(header["correction"])
        step = 2.0 ** (cents / 1200) * int(header["rate"]) / self.rate
        start, stop, loop, loop_end = (
            int(header[name]) + int(amounts[fine]) + 32768 * int(amounts[coarse]) for name, fine, coarse in _ADDRESSES
        )
        source = self.font.samples[max(0, start) : max(0, stop)].astype(np.float64) / 32768
        if len(source) < 4:
            return np.zeros(0)
        if np.ptp(bend_cents):
            steps = np.repeat(step * 2.0 ** (bend_cents / 1200), CONTROL)[:samples]
            place = np.cumsum(steps) - steps
        else:
            place = np.arange(samples) * (step * 2.0 ** (bend_cents[0] / 1200))
        loop, loop_end = loop - start, min(loop_end - start, len(source))
        if amounts[54] in (1, 3) and 0 <= loop < loop_end - 1:
            beyond = place >= loop_end
            place[beyond] = loop + (place[beyond] - loop) % (loop_end - loop)
        else:
            place = place[: int(np.searchsorted(place, len(source) - 1))]
        return _between(source, place)


_ADDRESSES = (("start", 0, 4), ("end", 1, 12), ("loop_start", 2, 45), ("loop_end", 3, 50))  # header, fine and coarse offsets


def _between(source: Floats, place: Floats) -> Floats:
    """The signal between its samples: cubic (Catmull and Rom 1974) over the four nearest."""
    whole = place.astype(np.int64)
    part = place - whole
    padded = np.concatenate([source[:1], source, source[-1:], source[-1:]])
    a, b, c, d = (padded[whole + shift] for shift in range(4))
    value: Floats = b + 0.5 * part * (c - a + part * (2 * a - 5 * b + 4 * c - d + part * (3 * (b - c) + d - a)))
    return value


def _filtered(wave: Floats, cents: Floats, resonance_db: float, rate: int) -> Floats:
    """A two-pole low-pass filter (Bristow-Johnson, Audio EQ Cookbook), its cutoff in absolute cents every `CONTROL` samples."""
    from scipy.signal import lfilter

    if cents.min() >= 13500 and resonance_db <= 0:
        return wave
    hertz = np.minimum(8.176 * 2.0 ** (np.clip(cents, 1500, 13500) / 1200), 0.45 * rate)
    omega = 2 * np.pi * hertz / rate
    slope = np.sin(omega) / (2 * 10 ** ((resonance_db - 3.01) / 20))
    height = (1 - np.cos(omega)) / 10 ** (resonance_db / 40)  # half of the resonance is taken off the whole (section 8.1.3)
    above = np.stack([height / 2, height, height / 2], 1) / (1 + slope)[:, None]
    below = np.stack([1 + slope, -2 * np.cos(omega), 1 - slope], 1) / (1 + slope)[:, None]
    moving = np.flatnonzero(np.abs(np.diff(cents)) > 0.5)
    settled = int(moving[-1]) + 1 if len(moving) else 0
    state, out = np.zeros(2), np.empty_like(wave)
    for at in range(settled + 1):
        start, stop = at * CONTROL, len(wave) if at == settled else min(len(wave), (at + 1) * CONTROL)
        if start >= stop:
            break
        out[start:stop], state = lfilter(above[at], below[at], wave[start:stop], zi=state)
    return out


def _envelope(second: Floats, times: npt.NDArray[np.int64], hold_by_key: int, decay_by_key: int, key: int) -> Floats:
    """0..1 at each second: delay, attack, hold, decay to the sustain level (in thousandths below the peak)."""
    delay, attack, hold, decay = (_seconds(amount) for amount in times[:4])
    hold, decay = hold * 2.0 ** ((60 - key) * hold_by_key / 1200), decay * 2.0 ** ((60 - key) * decay_by_key / 1200)
    level = 1 - np.clip(times[4], 0, 1000) / 1000
    rise = (second - delay) / attack
    fall = 1 - (second - delay - attack - hold) / decay
    value: Floats = np.clip(np.minimum(rise, np.maximum(fall, level)), 0, 1)
    return value


def _volume_db(second: Floats, amounts: npt.NDArray[np.int64], key: int) -> Floats:
    """How far the volume envelope lies below its peak at each second: it rises straight and falls straight in decibels."""
    delay, attack, hold, decay = (_seconds(amount) for amount in amounts[33:37])
    hold, decay = hold * 2.0 ** ((60 - key) * amounts[39] / 1200), decay * 2.0 ** ((60 - key) * amounts[40] / 1200)
    fall = np.clip((second - delay - attack - hold) / decay * SILENCE_DB, 0, np.clip(amounts[37], 0, 1000) / 10)
    with np.errstate(divide="ignore"):
        rise = -20 * np.log10(np.clip((second - delay) / attack, 1e-5, 1))
    drop: Floats = fall + rise
    return drop


def _triangle(second: Floats, delay: int, frequency: int) -> Floats:
    """-1..1, from 0 upwards after its delay."""
    turn = np.maximum(0, second - _seconds(delay)) * (8.176 * 2.0 ** (frequency / 1200))
    value: Floats = 1 - np.abs((turn * 4 + 3) % 4 - 2)
    return value


def _seconds(timecents: int) -> float:
    return float(2.0 ** (max(-12000, min(8000, int(timecents))) / 1200))


def _gain(drop_db: Floats) -> Floats:
    value: Floats = np.exp(drop_db * (-np.log(10) / 20))
    return value
