"""How long the studio lets one wait: until its page is there, until the first note, until three candidates of 8 bars, and to open a
score of 1,000 bars. Medians of several runs, over HTTP on this machine, as a page would ask.

    python bench/studio.py MODEL [--runs 5] [--json]

`page` is from the start of the command to the first answer to `GET /`, warm (a run before has read the files); `model` until a
task may be asked for. Tasks fill bars 5 to 12 of the sample minuet; `first note` is from the request to the first event with notes.
`processor` is the time that the studio's process has used meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from partimento.formats.midi.write import midi_from_piece
from partimento.piece import Piece, Track, note_array

BARS, NOTES_A_BAR = 1000, 20
ASK = {"kind": "fill", "bars": [5, 12], "count": 3}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = [measured(given.model, seed) for seed in range(given.runs + 1)][1:]  # the first one warms up
    found = {name: round(statistics.median(row[name] for row in rows), 3) for name in rows[0]}
    if given.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:40} {value:10,.3f}")


def measured(model: Path, seed: int) -> dict[str, float]:
    """One start of the studio, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "partimento", "studio", "--model", str(model), "--project", folder]
        began = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--port", "0", "--no-browser", "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            assert httpx.get(told["page"].partition("#")[0]).status_code == 200
            found = {"page": time.perf_counter() - began}
            with httpx.Client(base_url=told["api"], headers={"authorization": f"Bearer {told['token']}"}, timeout=300) as client:
                while client.get("/studio").json()["model_loading"]:
                    time.sleep(0.01)
                found["model"] = time.perf_counter() - began
                client.post("/samples/minuet")
                return found | asked(client, process.pid, seed) | opened(client, process.pid)
        finally:
            process.terminate()
            process.wait()


def asked(client: httpx.Client, pid: int, seed: int) -> dict[str, float]:
    began, used, first, notes = time.perf_counter(), processor(pid), 0.0, 0
    with client.stream("POST", "/scores/s1/tasks", json=ASK | {"seed": seed}) as answer:
        for line in answer.iter_lines():
            if line == "event: notes":
                first = first or time.perf_counter() - began
            elif line.startswith("data: ") and '"rows"' in line:
                notes += len(json.loads(line[6:])["rows"])
    found = {"first note": first, "three candidates of 8 bars": time.perf_counter() - began}
    return found | {"three candidates, processor": processor(pid) - used, "notes of the three": notes}


def opened(client: httpx.Client, pid: int) -> dict[str, float]:
    rows = [
        (480 * 4 * bar + 96 * at, 90, 40 + (7 * bar + 3 * at) % 45, 80, at % 2) for bar in range(BARS) for at in range(NOTES_A_BAR)
    ]
    content = midi_from_piece(Piece(note_array(rows), (Track(), Track())))
    client.post("/scores", params={"name": "small.mid"}, content=midi_from_piece(Piece(note_array(rows[:20]), (Track(), Track()))))
    began, used = time.perf_counter(), processor(pid)
    score: Any = client.post("/scores", params={"name": "large.mid"}, content=content).json()
    client.get(f"/scores/{score['score']}/notes").json()
    found = {"a score of 1,000 bars": time.perf_counter() - began, "a score of 1,000 bars, processor": processor(pid) - used}
    began = time.perf_counter()
    client.post(f"/scores/{score['score']}/edit", json={"edits": [{"edit": "velocity", "notes": [0], "to": 9}]})
    found["an edit of it"] = time.perf_counter() - began
    assert score["notes"] == len(np.unique(np.array(rows), axis=0))
    return found


def processor(pid: int) -> float:
    """Seconds of processor time of a process (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
