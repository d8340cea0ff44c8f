"""The whole journey on the page: open, play, mark, candidates, listen, keep, edit, undo, export, open again after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from partimento.formats import read
from tests.studio.browser import LAPTOP, PHONE, Screen, chromium, screen, started

PAGE = Path(__file__).parents[2] / "src/partimento/studio/page"
WRITTEN = "app.task?.status === 'done' && [...app.task.candidates.values()].filter((one) => one.whole).length === 3"


def test_files_of_the_page_are_short() -> None:
    files = [path for path in PAGE.rglob("*.js") if "vendor" not in path.parts]
    assert len(files) > 20
    assert {path.name: count for path in files if (count := len(path.read_text("utf-8").splitlines())) > 400} == {}


def first_visit(shown: Screen) -> None:
    """The three steps, each by its button."""
    page = shown.page
    page.get_by_role("dialog", name="Step 1").get_by_role("button", name="Play").click()
    shown.until("player.playing && player.tick > 0")
    assert shown.loudness() > 0.01
    page.get_by_role("button", name="Mark bars 5–8").click()
    shown.until("String(app.marks) === '5,8'")
    shown.press("Space")
    shown.until("!app.playing")
    page.get_by_role("button", name="Write three versions").click()


def choose(shown: Screen) -> None:
    """Three candidates: the second is seen, heard and kept."""
    before = shown.app("score.state")
    shown.until("app.task?.candidates.size === 3 && [...app.task.candidates.values()].some((one) => one.rows.length)")
    shown.until(WRITTEN)
    shown.press("Escape")
    assert shown.page.locator(".card").count() == 3
    assert "bits a note" in shown.page.locator(".card-facts").first.inner_text()
    shown.page.get_by_role("button", name="Listen to Version 2").click()
    shown.until("app.shown === 2 && player.playing")
    assert shown.run("player.song === app.task.candidates.get(2).song && song.fresh.some(Boolean)")
    shown.page.locator(".card.is-shown").get_by_role("button", name="Keep", exact=True).click()
    shown.until(f"app.score.state !== '{before}' && app.shown === 0")
    shown.run("player.playing && player.stop()")
    shown.run("app.playing = false")


def edit_and_undo(shown: Screen) -> None:
    """A note is moved by keys, taken back, and put forth again."""
    kept = shown.app("score.state")
    shown.page.locator(".roll").focus()
    shown.press("Home", "Tab")
    shown.until("app.selection.size === 1")
    pitch = shown.run("song.pitch[[...app.selection][0]]")
    shown.press("ArrowUp")
    shown.until(f"app.score.state !== '{kept}' && song.pitch[[...app.selection][0]] === {pitch + 1}")
    moved = shown.app("score.state")
    shown.press("Control+z")
    shown.until(f"app.score.state === '{kept}'")
    shown.press("Control+Shift+Z")
    shown.until(f"app.score.state === '{moved}'")


def export(shown: Screen, folder: Path) -> None:
    """The MIDI file that the page hands over holds what it shows."""
    shown.press("Control+s")
    with shown.page.expect_download() as download:
        shown.page.get_by_role("dialog").get_by_role("button", name="MIDI").click()
    download.value.save_as(folder / "saved.mid")
    piece = read(folder / "saved.mid")
    assert sorted(piece.notes["pitch"].tolist()) == sorted(shown.run("[...song.pitch]"))
    shown.press("Escape")


def journey(size: tuple[int, int], folder: Path, model: Path) -> None:
    with chromium() as browser:
        options: Any = {"viewport": {"width": size[0], "height": size[1]}, "has_touch": size == PHONE}
        context = browser.new_context(**options)
        with (
            started(folder / "project", "--model", str(model)) as (process, address),
            screen(browser, address, seen=False, context=context) as shown,
        ):
            first_visit(shown)
            choose(shown)
            edit_and_undo(shown)
            export(shown, folder)
            state, width = shown.app("score.state"), shown.run("document.documentElement.scrollWidth")
            assert width <= size[0], "the page is wider than the screen"
            shown.is_clean()
            process.kill()
        with started(folder / "project") as (_, address), screen(browser, address, context=context) as shown:
            assert shown.app("score.state") == state
            shown.press("Control+z")
            shown.until(f"app.score.state !== '{state}' && app.score.can_redo")
            shown.is_clean()


def test_the_whole_journey_on_a_laptop(tmp_path: Path, raw_model: Path) -> None:
    journey(LAPTOP, tmp_path, raw_model)


@pytest.mark.slow
def test_the_whole_journey_on_a_phone(tmp_path: Path, raw_model: Path) -> None:
    journey(PHONE, tmp_path, raw_model)
