"""The command line: arguments in, music and one summary out. What it prints for scripts (`--json`) is documented and stable."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from cyclopts import App, CycloptsError, MissingArgumentError, Parameter

from partimento.cli.about import about
from partimento.cli.bench import bench
from partimento.cli.build import build
from partimento.cli.card import card
from partimento.cli.compose import compose
from partimento.cli.convert import convert
from partimento.cli.demo import demo
from partimento.cli.evaluate import compare, evaluate
from partimento.cli.explore import explore
from partimento.cli.export import export
from partimento.cli.inspect import inspect
from partimento.cli.leaderboard import leaderboard
from partimento.cli.mcp import mcp
from partimento.cli.models import models
from partimento.cli.originality import originality
from partimento.cli.render import render
from partimento.cli.screen import Problem
from partimento.cli.studio import studio
from partimento.cli.train import train
from partimento.errors import InvalidOption, PartimentoError
from partimento.plugins import missing
from partimento.system import Terminated, terminable
from partimento.version import VERSION

app = App(
    name="partimento",
    version=VERSION,
    help="""Trains, measures and plays models of written music, on your own scores.

    partimento compose --notes 200 -o new.mid
    partimento build my-midi-folder --out corpus
    partimento train corpus --recipe seed_pair --out run
    partimento evaluate run corpus
    partimento compose run --notes 200 -o mine.mid
    """,
    help_format="plaintext",
    version_flags=["--version"],
    default_parameter=Parameter(negative=()),
    result_action="return_value",
    suppress_keyboard_interrupt=False,
)
COMMANDS: tuple[Callable[..., None], ...] = (
    *(
        build,
        train,
        evaluate,
        compare,
        leaderboard,
        compose,
        render,
        inspect,
        convert,
        export,
        explore,
        card,
        originality,
        models,
        studio,
        mcp,
        demo,
        bench,
        about,
    ),
)
TYPED = {"start": "from", "conditions": "condition"}  # options whose name is another one in Python
for place, command in enumerate(COMMANDS):
    app.command(command, sort_key=place)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Exit codes: 0 done, 1 a mistake of the program, 2 a mistake of the user, 130 interrupted, 141 the reader of its output
    has gone, as `head` does, 143 asked to end (SIGTERM).
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that cannot show a sign shows its code
            stream.reconfigure(errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        _refuse_empty(given)
        with _warnings(), terminable():
            app(given, print_error=False, exit_on_error=False)
    except (PartimentoError, CycloptsError, Problem) as error:
        _complain(error, as_json)
        return 2
    except ModuleNotFoundError as error:
        if (line := missing(error)) is None:
            raise
        _complain(ModuleNotFoundError(line), as_json)
        return 2
    except (BrokenPipeError, SystemExit):  # SystemExit is rich's word for it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:  # a folder that may not be read or written, no room for temporary files
        if error.errno is None:
            raise
        _complain(OSError(": ".join(str(part) for part in (error.filename, error.strerror) if part)), as_json)
        return 2
    except KeyboardInterrupt as error:
        _complain(error if error.args else KeyboardInterrupt("interrupted"), as_json)
        return 143 if isinstance(error, Terminated) else 130
    return 0


def _refuse_empty(words: Sequence[str]) -> None:
    """An empty word is a variable of the shell that was not set; as a path it would be the folder that one is in."""
    for place, word in enumerate(words):
        if not word or (word.startswith("--") and word.endswith("=")):
            where = word or f"argument {place + 1}" + (f", after {words[place - 1]}," if place else "")
            raise Problem(f"{where} is empty; name a file, a folder or a value, or leave it out")


@contextmanager
def _warnings() -> Iterator[None]:
    """What the package warns of meanwhile goes to stderr, a line each."""
    handler, logger = logging.StreamHandler(sys.stderr), logging.getLogger("partimento")
    handler.setFormatter(logging.Formatter("warning: %(message)s"))
    logger.addHandler(handler)
    before, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.propagate = before
        logger.removeHandler(handler)


def _complain(error: BaseException, as_json: bool) -> None:
    """One line on stderr; for scripts also one object on stdout."""
    line = " ".join((_missing(error) if isinstance(error, MissingArgumentError) else _told(error)).split())
    print(f"partimento: {line}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": line, "kind": type(error).__name__}))


def _told(error: BaseException) -> str:
    """The message, in which an option is written as it is typed."""
    if isinstance(error, InvalidOption) and error.option:
        return f"--{TYPED.get(error.option, error.option).replace('_', '-')}: {error.message}"
    return str(error)


def _missing(error: MissingArgumentError) -> str:
    command = " ".join(error.command_chain or ())
    argument = error.argument
    name = argument.name if argument is not None else "an argument"
    if argument is not None and argument.field_info.is_positional:
        name = name.lstrip("-").upper()
    return f"{command}: {name} is missing; see partimento {command} --help"
