"""Makes `strategies`, `hostile` and `worker_tasks` importable, here and in worker processes, which inherit `sys.path`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
