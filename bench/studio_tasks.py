"""Ten tasks of a composer on the studio's page, each with the clicks, keys and seconds that it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from partimento import write
from partimento.piece import Piece, Track, note_array
from tests.studio.browser import Screen

DONE = "app.task?.status === 'done'"


class Hand:
    """Does what a person does, and counts it. Typed text counts a key for each letter."""

    def __init__(self, shown: Screen, folder: Path, shots: Path | None) -> None:
        self.shown, self.page, self.folder, self.shots = shown, shown.page, folder, shots
        self.clicks = self.keys = 0

    def does(self, task: Callable[[Hand], None]) -> dict[str, Any]:
        """One task, and what it took."""
        began = time.monotonic()
        task(self)
        seconds = round(time.monotonic() - began, 1)
        self.shown.run("(player.stop(), app.playing = false)")
        return {"task": (task.__doc__ or "").rstrip("."), "clicks": self.clicks, "keys": self.keys, "seconds": seconds}

    def click(self, name: str, role: str = "button", exact: bool = False) -> None:
        self.clicks += 1
        self.page.get_by_role(role, name=name, exact=exact).first.click()

    def press(self, *keys: str) -> None:
        self.keys += len(keys)
        self.shown.press(*keys)

    def type(self, label: str, text: str) -> None:
        self.clicks += 1
        self.keys += len(text)
        self.page.get_by_label(label, exact=True).fill(text)

    def choose(self, label: str, value: str) -> None:
        self.clicks += 2
        self.page.get_by_label(label, exact=True).select_option(value)

    def mark(self, first: int, last: int) -> None:
        """Drags over the numbers of bars."""
        self.clicks += 1
        self.shown.run(f"(view.show(song.spanOf([{first}, {first}])[0]), studioRoll.draw(true))")
        place = "studioRoll.host.getBoundingClientRect()"
        row = self.shown.run(f"[{place}.y + 12, ...song.spanOf([{first}, {last}]).map((tick) => {place}.x + view.xOf(tick))]")
        self.page.mouse.move(row[1] + 4, row[0])
        self.page.mouse.down()
        self.page.mouse.move(row[2] - 4, row[0], steps=4)
        self.page.mouse.up()
        self.shown.until(f"String(app.marks) === '{first},{last}'")

    def changes(self, doing: Callable[[], None]) -> None:
        """Does something, and waits until the score has another state."""
        before = self.shown.app("score.state")
        doing()
        self.shown.until(f"app.score.state !== '{before}'")

    def writes(self) -> None:
        """Lets the model write, and keeps the best."""
        self.press("Control+Enter")
        self.shown.until("app.task && app.task.status !== 'waiting'")
        self.shown.until(DONE, 300)
        best = self.shown.run("app.task.ranking[0]")
        self.press(str(best))
        self.shown.until("player.playing")
        self.shot(f"studio-{self.shown.run('app.task.kind')}")
        self.changes(lambda: self.press("Enter"))

    def kind(self, name: str) -> None:
        if not self.shown.app("panel"):
            self.press("w")
        if self.page.get_by_role("button", name="Change", exact=True).count():
            self.click("Change", exact=True)
        self.click(name, "radio", exact=True)

    def shot(self, name: str) -> None:
        if self.shots is not None and name == "studio-fill":
            self.page.wait_for_timeout(2500)
            self.page.screenshot(path=self.shots / f"{name}.png")


def opens(hand: Hand) -> None:
    """Open a tune from a file."""
    scale = [(480 * at, 480, 60 + step, 80, 0) for at, step in enumerate([0, 2, 4, 5, 7, 5, 4, 2] * 8)]
    write(Piece(note_array(scale), (Track(),)), hand.folder / "tune.mid")
    hand.press("o")
    hand.clicks += 1
    hand.page.set_input_files("dialog input[type=file]", hand.folder / "tune.mid")
    hand.shown.until("app.score.title === 'tune' && song.count === 64")


def loops(hand: Hand) -> None:
    """Hear bars 5 to 8 in a loop, slower."""
    hand.mark(5, 8)
    hand.press("l")
    hand.choose("Speed", "0.75")
    hand.press("Space")
    hand.shown.until("player.playing && player.tick > 0")
    hand.press("l")
    hand.choose("Speed", "1")


def transposes(hand: Hand) -> None:
    """Two bars up an octave."""
    hand.mark(1, 2)
    hand.press("Control+a")
    hand.shown.until("app.selection.size === 8")
    hand.changes(lambda: hand.press("Shift+ArrowUp"))
    hand.press("Escape")


def chords(hand: Hand) -> None:
    """Write the chords of four bars."""
    hand.press("Home", "c")
    for bar, symbol in enumerate(["C", "F G7", "Am", "G"]):
        box = hand.page.get_by_label(f"Chords of bar {bar + 1}")
        box.wait_for()
        hand.keys += len(symbol) + 1
        box.type(symbol)
        box.press("Enter")
    hand.shown.until("song.chords.length === 5")
    hand.press("Escape")


def fills(hand: Hand) -> None:
    """Three versions of bars 5 to 8, the best heard and kept."""
    hand.mark(5, 8)
    hand.kind("Fill")
    hand.writes()


def accompanies(hand: Hand) -> None:
    """An accompaniment for eight bars, in C major."""
    hand.mark(1, 8)
    hand.kind("Accompany")
    hand.choose("Key", "C")
    hand.writes()


def varies(hand: Hand) -> None:
    """A variation of two bars in which a note is locked."""
    hand.mark(3, 4)
    hand.press("PageUp")
    hand.page.locator(".roll").focus()
    hand.press("Tab", "x", "Escape")
    hand.shown.until("app.locked.size === 1")
    hand.kind("Vary")
    hand.writes()


def continues(hand: Hand) -> None:
    """Four more bars that end on the tonic."""
    hand.kind("Continue")
    hand.type("Bars to write", "4")
    hand.clicks += 1
    hand.page.get_by_text("More rules").click()
    hand.click("End on the tonic", "checkbox")
    hand.writes()


def exports(hand: Hand) -> None:
    """The page as a PDF."""
    hand.press("Control+s")
    with hand.page.expect_download():
        hand.click("PDF", exact=True)
    hand.press("Escape")


def composes(hand: Hand) -> None:
    """From nothing to a piano piece of 16 bars over given chords, as a file."""
    hand.press("o")
    hand.click("A new piece by the model")
    hand.type("Bars to write", "16")
    hand.type("Chords", "C Am F G C Am Dm G C F C G Am F G C")
    if not hand.page.get_by_label("Instruments").is_visible():
        hand.clicks += 1
        hand.page.get_by_text("More rules").click()
    hand.type("Instruments", "piano")
    hand.writes()
    hand.press("Control+s")
    with hand.page.expect_download():
        hand.click("MIDI", exact=True)
    hand.press("Escape")


TASKS = (opens, loops, transposes, chords, fills, accompanies, varies, continues, exports, composes)
