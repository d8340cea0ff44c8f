"""Every shortcut of the page, pressed; and the gestures on the roll."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from partimento.studio.server.serve import Address
from tests.studio.browser import Screen, chromium, screen

pytestmark = pytest.mark.slow

# what is done before, the keys, and what must be true after
KEYS = [
    ("", "Space", "player.playing && app.playing"),
    ("", "Space", "!player.playing && !app.playing"),
    ("", "Home", "app.cursor.tick === 0"),
    ("", "PageDown", "app.cursor.tick === song.bars.tick[1]"),
    ("", "PageUp", "app.cursor.tick === 0"),
    ("", "End", "app.cursor.tick === song.end"),
    ("", "L", "app.loop"),
    ("", "K", "app.metronome && player.isMetronome"),
    ("", "Alt+1", "app.track === 0"),
    ("", "M", "app.muted.has(0) && player.silent(0)"),
    ("", "S", "app.soloed.has(0)"),
    ("app.recording = false", "R", "app.notice !== null"),
    ("", "B", "String(app.marks) === '16,16'"),
    ("app.cursor = {tick: 0, pitch: 60}, app.marks = [1, 1]", "B", "String(app.marks) === '1,2'"),
    ("", "Shift+B", "String(app.marks) === '1,1'"),
    ("app.panel = false", "W", "app.panel"),
    ("", "C", "document.activeElement.className === 'chord-input'"),
    ("document.activeElement.blur()", "0", "app.shown === 0"),
    ("app.marks = null, app.track = null, app.selection = new Set()", "Tab", "app.selection.size === 1"),
    ("", "Shift+Tab", "app.selection.size <= 1"),
    ("app.selection = new Set([4])", "X", "app.locked.has(4)"),
    ("before('pitch')", "ArrowUp", "note('pitch') === was + 1"),
    ("before('pitch')", "ArrowDown", "note('pitch') === was - 1"),
    ("before('pitch')", "Shift+ArrowUp", "note('pitch') === was + 12"),
    ("before('pitch')", "Shift+ArrowDown", "note('pitch') === was - 12"),
    ("before('onset')", "ArrowRight", "note('onset') === was + song.quarter / app.grid"),
    ("before('onset')", "ArrowLeft", "note('onset') === was - song.quarter / app.grid"),
    ("before('duration')", "Shift+ArrowRight", "note('duration') === was + song.quarter / app.grid"),
    ("before('duration')", "Shift+ArrowLeft", "note('duration') === was - song.quarter / app.grid"),
    ("before('velocity')", "Alt+ArrowUp", "note('velocity') === was + 8"),
    ("before('velocity')", "Alt+ArrowDown", "note('velocity') === was - 8"),
    ("was = song.count", "Delete", "song.count === was - 1"),
    ("", "Control+Z", "song.count === was"),
    ("", "Control+Shift+Z", "song.count === was - 1"),
    ("", "Control+Z", "song.count === was"),
    ("", "Control+Y", "song.count === was - 1"),
    ("", "Control+A", "app.selection.size === song.count"),
    ("", "Escape", "app.selection.size === 0"),
    ("app.marks = [1, 2]", "Control+C", "app.notice.text.startsWith('Copied bars 1 to 2')"),
    (
        "app.cursor = {tick: song.bars.tick[4], pitch: 60}, was = app.score.state",
        "Control+V",
        "app.score.state !== was && app.marks[0] === 5",
    ),
    ("app.marks = [1, 1], was = app.score.state", "Control+D", "app.score.state !== was && app.marks[0] === 2"),
    ("app.cursor = {tick: 60, pitch: 90}, app.selection = new Set(), was = song.count", "Enter", "song.count === was + 1"),
    ("app.selection = new Set(), app.marks = null, was = app.score.state", "Q", "app.score.state !== was"),
    ("was = app.grid", "G", "app.grid !== was"),
    ("was = view.quarterWidth", "+", "view.quarterWidth > was"),
    ("was = view.quarterWidth", "-", "view.quarterWidth < was"),
    ("", "F", "view.left === 0 && view.pixelOf(view.end) <= view.width"),
    ("", "V", "app.view === 'roll'"),
    ("", "E", "app.bits?.length === song.count"),
    ("app.bits = null", "O", "document.querySelector('dialog[open] .drop')"),
    ("", "Escape", "app.dialog === null"),
    ("", "Control+S", "document.querySelector('dialog[open] .formats')"),
    ("", "Escape", "app.dialog === null"),
    ("app.notice = null", "Control+Shift+S", "app.notice?.text.startsWith('Saved')"),
    ("", "?", "document.querySelector('dialog[open] .keys')"),
    ("", "Escape", "app.dialog === null"),
    ("app.selection = new Set(), app.ask = {kind: 'fill'}, app.marks = [1, 1]", "Control+Enter", "app.task?.status === 'done'"),
    ("", "1", "app.shown === 1 && app.playing"),
    ("", "2", "app.shown === 2 && app.playing"),
    ("", "3", "app.shown === 3 && app.playing"),
    ("was = app.task.name", "Shift+Enter", "app.task.name !== was && app.task.status === 'done'"),
    ("", "1", "app.shown === 1"),
    ("was = app.score.state", "Enter", "app.score.state !== was && app.shown === 0"),
]
HELP = "const note = (name) => song[name][[...app.selection][0]], before = (name) => (globalThis.was = note(name));"
ALIKE = {"Backspace": "Delete", "=": "+"} | {f"Alt+{number}": "Alt+1" for number in range(2, 10)}


@pytest.fixture
def shown(address: Address) -> Iterator[Screen]:
    with chromium() as browser, screen(browser, address.page) as shown:
        shown.page.get_by_role("button", name="Minuet in G").click()
        shown.until("song?.count > 0 && app.dialog === null && globalThis.studioRoll?.song === song")
        yield shown


def test_every_shortcut(shown: Screen) -> None:
    known = {keys for one in shown.run("(await import('/page/lib/shortcuts.js')).SHORTCUTS.map((one) => one.keys)") for keys in one}
    pressed = {keys.replace("Control", "Ctrl") for _, keys, _ in KEYS}
    assert {ALIKE.get(keys, keys) for keys in known} <= pressed
    shown.run("(globalThis.was = null)")
    for before, keys, after in KEYS:
        if not shown.run("document.activeElement.closest?.('dialog, .chord-input') !== null"):
            shown.page.locator(".roll").focus()
        shown.run(f"(() => {{ {HELP} {before}; return true; }})()")
        shown.press(keys)
        shown.until(f"(() => {{ {HELP} return {after}; }})()", 30)
    shown.is_clean()


def test_gestures_on_the_roll(shown: Screen) -> None:
    mouse = shown.page.mouse
    x, y, width, height = shown.box_of(0)
    before = shown.run("[song.onset[0], song.pitch[0], song.duration[0], song.count]")
    mouse.move(x + width / 3, y + height / 2)
    mouse.down()
    mouse.move(x + width / 3, y + height / 2 - 2 * shown.run("view.row"), steps=4)
    mouse.up()
    shown.until(f"song.pitch[[...app.selection][0]] === {before[1]} + 2")
    shown.press("Control+z")
    shown.until(f"song.pitch[0] === {before[1]}")
    mouse.move(x + width - 3, y + height / 2)
    mouse.down()
    mouse.move(x + width - 3 + shown.run("view.quarterWidth"), y + height / 2, steps=4)
    mouse.up()
    shown.until(f"song.duration[[...app.selection][0]] === {before[2]} + song.quarter")
    mouse.dblclick(x + width / 2, y - 60)
    shown.until(f"song.count === {before[3]} + 1")
    mouse.move(x + 300, y - 100)
    mouse.down()
    mouse.move(x - 20 + 30, y + 200, steps=4)
    mouse.up()
    shown.until("app.selection.size > 3")
    shown.is_clean()


def test_a_file_is_opened_and_chords_are_typed(shown: Screen, tmp_path: Path) -> None:
    tune = tmp_path / "tune.abc"
    tune.write_text("X:1\nT:Mine\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|\n")
    shown.press("o")
    shown.page.set_input_files("dialog input[type=file]", tune)
    shown.until("app.score.title === 'Mine' && song.count === 8 && app.dialog === null")
    shown.press("c")
    for bar, text in ((1, "C F"), (2, "nonsense")):
        box = shown.page.get_by_label(f"Chords of bar {bar}")
        box.wait_for()
        box.type(text)
        box.press("Enter")
    shown.until("song.chords.length === 2 && app.notice?.wrong")
    assert shown.run("song.chords.map((one) => one[1]).join(' ')") == "C F"


def test_everything_has_a_name_for_a_screen_reader(shown: Screen) -> None:
    shown.press("w")
    nameless = shown.page.evaluate(
        """[...document.querySelectorAll('button, input, select, [role]')].filter((one) => !(one.ariaLabel
            || one.textContent.trim() || one.labels?.[0]?.textContent.trim() || one.getAttribute('aria-labelledby')
            || ['presentation', 'status', 'alert'].includes(one.role))).map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
