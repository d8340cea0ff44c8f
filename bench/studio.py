"""Figures of the studio's page in headless Chromium: start, first note, three candidates, a full roll, a long score; ten tasks.

python bench/studio.py [--model RUN] [--shots docs/images]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from studio_tasks import TASKS, Hand

from partimento import write
from partimento.piece import About, Piece, Track, note_array
from tests.studio.browser import LAPTOP, Screen, chromium, screen, started

FULL, LONG = 20_000, 1_000  # notes of a full roll, bars of a long score
FRAMES = """(async () => {
    const gaps = [], paints = [];
    const roll = studioRoll, paint = roll.paint.bind(roll);
    roll.paint = () => { const began = performance.now(); paint(); paints.push(performance.now() - began); };
    let before = performance.now();
    const end = before + 5000;
    while (before < end) {
        const now = await new Promise(requestAnimationFrame);
        gaps.push(now - before);
        before = now;
    }
    delete roll.paint;
    return { gaps, paints };
})()"""


def made(notes: int, per_bar: int, tracks: int = 4) -> Piece:
    """A piece of so many notes, in scales over four tracks."""
    quarter, at = 480, np.arange(notes)
    length = 4 * quarter * tracks // per_bar
    rows = [(int(n // tracks) * length, length, 40 + int((n * 7) % 45), 40 + int(n % 80), int(n % tracks)) for n in at]
    return Piece(
        note_array(rows), tuple(Track(program=8 * one) for one in range(tracks)), quarter, about=About(title=f"{notes} notes")
    )


def start(folder: Path, model: list[str], browser: Any) -> dict[str, float]:
    """Seconds from the command to its address, and to a page on which a score can be played and edited."""
    with started(folder, *model):
        pass  # so that files are in memory and code is compiled
    began = time.monotonic()
    with started(folder, *model) as (_, address):
        listening = time.monotonic() - began
        with screen(browser, address):
            return {"listening_seconds": listening, "usable_seconds": time.monotonic() - began}


def candidates(shown: Screen) -> dict[str, float]:
    """Milliseconds from the key to the first note, and seconds to three candidates of 8 bars; of the second time."""
    for _ in range(2):
        shown.run("(app.ask = { kind: 'fill' }, app.marks = [1, 8])")
        shown.press("Control+Enter")
        shown.until("app.task?.status === 'writing'")
        shown.until("app.task.status === 'done'", 300)
    return {
        "first_note_milliseconds": shown.run("app.task.first"),
        "three_candidates_seconds": shown.run("app.task.seconds"),
    }


def full_roll(shown: Screen, folder: Path) -> dict[str, float]:
    """Frames while a roll of 20,000 notes plays and moves; what drawing them costs."""
    write(made(FULL, 40), folder / "full.mid")
    opened(shown, folder / "full.mid", FULL)
    shown.press("Home", "Space")
    shown.until("player.playing && player.tick > 0")
    told = shown.page.evaluate(FRAMES)
    shown.press("Space")
    gaps, paints = np.array(told["gaps"][1:]), np.array(told["paints"])
    return {
        "frames_a_second": float(1000 / gaps.mean()),
        "frames_over_25_ms_share": float((gaps > 25).mean()),
        "paint_median_ms": float(np.median(paints)),
        "paint_99_percent_ms": float(np.quantile(paints, 0.99)),
    }


def long_score(shown: Screen, folder: Path) -> dict[str, float]:
    """Seconds from a dropped file to a score of 1,000 bars in the roll."""
    write(made(LONG * 16, 16), folder / "long.mid")
    return {"open_1000_bars_seconds": opened(shown, folder / "long.mid", LONG * 16)}


def opened(shown: Screen, path: Path, notes: int) -> float:
    shown.press("o")
    began = time.monotonic()
    shown.page.set_input_files("dialog input[type=file]", path)
    shown.until(f"song?.count === {notes} && studioRoll.song === song")
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="a run or a checkpoint; the one that comes with the package where none is named")
    parser.add_argument("--shots", type=Path, help="a folder for pictures")
    parser.add_argument("--only", nargs="*", help="parts: start, candidates, roll, long, tasks")
    asked = parser.parse_args()
    model = ["--model", asked.model] if asked.model else []
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        folder = Path(place)
        if not asked.only or "start" in asked.only:
            told |= start(folder / "start", model, browser)
        with started(folder / "project", *model) as (_, address), screen(browser, address, LAPTOP) as shown:
            shown.page.get_by_role("button", name="Minuet in G").click()
            shown.until("song?.count > 0 && app.dialog === null")
            shown.run("fetch('/page/soundfont.sf2').then((one) => one.blob()).then(() => 0)")
            parts: dict[str, Callable[[], dict[str, Any]]] = {
                "candidates": lambda: candidates(shown),
                "tasks": lambda: {"tasks": [Hand(shown, folder, asked.shots).does(one) for one in TASKS]},
                "roll": lambda: full_roll(shown, folder),
                "long": lambda: long_score(shown, folder),
            }
            shown.until("!app.studio.model_loading", 300)
            for name, part in parts.items():
                if not asked.only or name in asked.only:
                    told |= part()
                    print(json.dumps(told, ensure_ascii=False), file=sys.stderr)
            shown.is_clean()
    print(json.dumps(told, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
