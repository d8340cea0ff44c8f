"""`partimento bench notation`: how well notation is found again, on a set of scores that state it."""

from __future__ import annotations

from pathlib import Path

from partimento.cli.screen import Screen, counted, positive
from partimento.errors import UnknownName


def bench_notation(screen: Screen, data: Path, *, split: str, only: tuple[str, ...], every: int, workers: int) -> None:
    """Reads the scores, measures each task on one split, and shows figures, worst pieces and what others reached."""
    from partimento.benchmarks.notation.figures_of_set import measured, table
    from partimento.benchmarks.notation.tasks import TASKS
    from partimento.benchmarks.notation.truth import read_truth
    from partimento.corpus.encoded import SPLITS

    if split not in (*SPLITS, "all"):
        raise UnknownName("split", split, (*SPLITS, "all"))
    for name in only:
        if name not in TASKS:
            raise UnknownName("task", name, TASKS)
    positive("--every", every)
    with screen.progress() as on_progress:
        truth = read_truth([data], every=every, workers=workers, on_progress=on_progress)
    cases = truth.split(split)
    screen.say(f"   {counted(len(truth.cases), 'score')} read, {len(cases):,} of them {split}, {len(truth.refused):,} refused")
    results = []
    with screen.progress() as on_progress:
        for name in only or TASKS:
            result = measured(name, cases, on_progress)
            if result.intervals:
                results.append(result)
    screen.say()
    for line in table(results):
        screen.say(line)
    for result in results:
        screen.say()
        screen.say(f"{TASKS[result.task].title}: {result.seconds:.1f} s; worst:")
        for name, share in result.worst:
            screen.say(f"  {100 * share:5.1f}%  {name}")
        for name in result.failed:
            screen.say(f"  failed: {name}")
        if TASKS[result.task].published:
            screen.say(f"  published: {TASKS[result.task].published}")
    screen.result(
        {
            "protocol": "notation",
            "split": split,
            "scores": len(truth.cases),
            "refused": [str(error) for error in truth.refused],
            "tasks": [result.to_json() for result in results],
            "seconds": screen.seconds,
        }
    )
