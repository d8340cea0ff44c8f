"""The exceptions of the package: every error a user can cause is a `PartimentoError`.

A message names the file or value, says what was wrong, and what to do next. The command line prints it in one line.
"""


class PartimentoError(Exception):
    """The root of every error that a user of the package can cause."""


class InvalidPiece(PartimentoError):
    """Notes, tracks or maps of a piece are out of range or contradict each other."""


class UnreadableFile(PartimentoError):
    """A score cannot be read. `reason` is one of the short, countable reasons of a health report."""

    def __init__(self, reason: str, detail: str = "", *, name: str = "") -> None:
        self.reason, self.detail, self.name = reason, detail, name
        super().__init__(": ".join(part for part in (name, reason, detail) if part))


class UnknownName(PartimentoError):
    """A name is in none of the registries; the message lists the known ones."""

    def __init__(self, kind: str, name: str, known: object) -> None:
        super().__init__(f"unknown {kind} {name!r}; known: {', '.join(sorted(map(str, known)))}")  # type: ignore[call-overload]


class InvalidOption(PartimentoError):
    """An option has a value that cannot work. `option` is its name in Python, where the message begins with it; the command line
    writes it as it is typed there."""

    def __init__(self, message: str, *, option: str = "") -> None:
        self.option, self.message = option, message
        super().__init__(f"{option}: {message}" if option else message)


class CorpusError(PartimentoError):
    """A corpus is missing, damaged, too small, or was made by a newer version."""


class CheckpointError(PartimentoError):
    """A checkpoint is missing, damaged, foreign, or was made by a newer version."""


class TrainingDiverged(PartimentoError):
    """The loss or a gradient stopped being a finite number; the last good weights are kept."""


class WriteFailed(PartimentoError):
    """A file could not be written (a full disk, say); what stood there before still stands."""
