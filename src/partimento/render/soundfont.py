"""A SoundFont 2 file: which samples sound for an instrument, a key and a velocity, and with what settings. It makes no sound.

SoundFont Technical Specification 2.04 (E-mu 2006): section 4 and 7 for the file, 8.1 for the generators, 9.4 for their sums.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from partimento.errors import InvalidOption

Ints = npt.NDArray[np.int64]

GENERATORS = 61
DRUM_BANK = 128
KEY_RANGE, VELOCITY_RANGE, INSTRUMENT, SAMPLE = 43, 44, 41, 53
# generators of an instrument that a preset may not add to: addresses, links, ranges, fixed keys, modes (section 8.5)
_NOT_ADDED = (0, 1, 2, 3, 4, 12, 41, 43, 44, 45, 46, 47, 50, 53, 54, 57, 58)
_TIMES = (21, 23, 25, 26, 27, 28, 30, 33, 34, 35, 36, 38)
_EVERY = 127 << 8  # the range 0..127: low byte first

_HEADER = np.dtype([("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "V12")])
_INSTRUMENT = np.dtype([("name", "S20"), ("bag", "<u2")])
_BAG = np.dtype([("generator", "<u2"), ("modulator", "<u2")])
_GENERATOR = np.dtype([("operator", "<u2"), ("amount", "<i2")])
_PLACES = [(name, "<u4") for name in ("start", "end", "loop_start", "loop_end", "rate")]
_SAMPLE = np.dtype([("name", "S20"), *_PLACES, ("key", "u1"), ("correction", "i1"), ("link", "<u2"), ("type", "<u2")])


@dataclass(frozen=True)
class Zone:
    """A sample for a range of keys and velocities; `amounts` [61] are the sums of all generators, by their numbers."""

    number: int
    low_key: int
    high_key: int
    low_velocity: int
    high_velocity: int
    sample: int
    amounts: Ints

    @property
    def dies_away(self) -> bool:
        """Whether a key that is held falls silent by itself: it has no loop, or its envelope goes down to nothing."""
        return int(self.amounts[54]) not in (1, 3) or int(self.amounts[37]) >= 900

    def distance(self, key: int, velocity: int) -> int:
        """How far a key and a velocity lie outside the ranges of the zone; 0 inside."""
        keys, velocities = (self.low_key - key, key - self.high_key), (self.low_velocity - velocity, velocity - self.high_velocity)
        return max(0, *keys) + max(0, *velocities)


class SoundFont:
    """The presets of a file, its `samples` one after another, and the `headers` that point into them.

    Raises `InvalidOption` when the file is missing, damaged, or no SoundFont 2.
    """

    def __init__(self, path: Path | str) -> None:
        try:
            data = Path(path).read_bytes()
            parts = _chunks(data)
            self.samples = np.frombuffer(parts["smpl"], "<i2")
            self._tables = {name: np.frombuffer(parts[name], dtype) for name, dtype in _LAYOUT.items()}
        except OSError as error:
            raise InvalidOption(f"{path}: cannot be read ({error.strerror}); name a SoundFont (.sf2)") from None
        except (KeyError, ValueError):
            raise InvalidOption(f"{path}: not a SoundFont 2 file, or a damaged one; name another one (.sf2)") from None
        self.path = Path(path)
        self.headers = self._tables["shdr"]
        presets = self._tables["phdr"]
        self._preset = {(int(row["bank"]), int(row["program"])): at for at, row in reversed(list(enumerate(presets[:-1])))}
        self._zones: dict[tuple[int, bool], list[Zone]] = {}
        self._sounding: dict[tuple[int, bool, int, int], list[Zone]] = {}
        self._count = 0

    def zones(self, program: int, is_drum: bool) -> list[Zone]:
        """The zones of a General MIDI program or drum kit; those of the first kit, or piano, where the file lacks it."""
        if (program, is_drum) not in self._zones:
            bank = DRUM_BANK if is_drum else 0
            known = [(bank, program), (bank, 0), (0, 0)]
            at = next((self._preset[key] for key in known if key in self._preset), None)
            try:
                self._zones[program, is_drum] = [] if at is None else self._zones_of(at)
            except IndexError:
                raise InvalidOption(f"{self.path}: damaged (a table points outside another); name another SoundFont") from None
        return self._zones[program, is_drum]

    def sounding(self, program: int, is_drum: bool, key: int, velocity: int) -> list[Zone]:
        """The zones that sound for a note; the nearest ones where the file has none for it, none for an unknown drum."""
        place = (program, is_drum, key, velocity)
        if place not in self._sounding:
            distances = [(zone.distance(key, velocity), zone) for zone in self.zones(program, is_drum)]
            least = 0 if is_drum else min((distance for distance, _ in distances), default=0)
            self._sounding[place] = [zone for distance, zone in distances if distance == least]
        return self._sounding[place]

    def _zones_of(self, preset: int) -> list[Zone]:
        zones: list[Zone] = []
        for added in self._bags("phdr", "pbag", "pgen", preset, INSTRUMENT, np.zeros(GENERATORS, np.int64)):
            for own in self._bags("inst", "ibag", "igen", int(added[INSTRUMENT]), SAMPLE, _defaults()):
                ranges = [_overlap(int(own[which]), int(added[which])) for which in (KEY_RANGE, VELOCITY_RANGE)]
                amounts = own.copy()
                more = added.copy()
                more[list(_NOT_ADDED)] = 0
                amounts += more
                if all(low <= high for low, high in ranges) and 0 <= own[SAMPLE] < len(self.headers) - 1:
                    zones.append(Zone(self._count, *ranges[0], *ranges[1], int(own[SAMPLE]), amounts))
                    self._count += 1
        return zones

    def _bags(self, owner: str, bag: str, generators: str, number: int, link: int, start: Ints) -> list[Ints]:
        """The amounts of each zone of a preset or instrument, on those of its global zone, on `start`."""
        owners, bags, table = self._tables[owner], self._tables[bag], self._tables[generators]
        found = []
        start = start.copy()
        start[[KEY_RANGE, VELOCITY_RANGE]] = _EVERY
        for at in range(int(owners["bag"][number]), int(owners["bag"][number + 1])):
            rows = table[bags["generator"][at] : bags["generator"][at + 1]]
            rows = rows[rows["operator"] < GENERATORS]
            amounts = start.copy()
            amounts[rows["operator"]] = rows["amount"]
            if link in rows["operator"]:
                found.append(amounts)
            elif not found:
                start = amounts  # the global zone
        return found


def default_path() -> Path:
    """The SoundFont that the package pretty_midi carries. Raises `InvalidOption` where that is not installed."""
    spec = importlib.util.find_spec("pretty_midi")
    for place in spec.submodule_search_locations or [] if spec else []:
        path = Path(place) / "TimGM6mb.sf2"
        if path.is_file():
            return path
    raise InvalidOption("no SoundFont is installed; name one (.sf2), or: pip install pretty_midi, which carries one")


@cache
def _defaults() -> Ints:
    """Section 8.1.3."""
    amounts = np.zeros(GENERATORS, np.int64)
    amounts[8] = 13500
    amounts[list(_TIMES)] = -12000
    amounts[[22, 24]] = 0
    amounts[[46, 47, 58]] = -1
    amounts[56] = 100
    return amounts


_LAYOUT: dict[str, np.dtype[Any]] = {
    "phdr": _HEADER,
    "pbag": _BAG,
    "pgen": _GENERATOR,
    "inst": _INSTRUMENT,
    "ibag": _BAG,
    "igen": _GENERATOR,
    "shdr": _SAMPLE,
}


def _overlap(one: int, other: int) -> tuple[int, int]:
    return max(one & 0xFF, other & 0xFF), min((one >> 8) & 0xFF, (other >> 8) & 0xFF)


def _chunks(data: bytes) -> dict[str, memoryview]:
    """The leaves of a RIFF file by name. Raises `ValueError` when it is something else."""
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise ValueError
    found: dict[str, memoryview] = {}
    view, ends = memoryview(data), [(12, len(data))]
    while ends:
        at, end = ends.pop()
        while at + 8 <= end:
            name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
            if name == b"LIST":
                ends.append((at + 12, min(end, at + 8 + size)))
            else:
                found[name.decode("latin-1")] = view[at + 8 : min(end, at + 8 + size)]
            at += 8 + size + size % 2
    return found
