"""The studio's page in headless Chromium: what a test does there, and what the page must never do."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

LAPTOP, PHONE = (1280, 800), (390, 844)
WAIT = 60_000  # milliseconds; the machine may be busy
AT_HAND = """
    const [{ app, shownSong }, { player }] = await Promise.all([import('/page/lib/store.js'), import('/page/lib/actions.js')]);
    const song = shownSong(), view = globalThis.studioRoll?.view;
"""
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytest.importorskip("playwright.sync_api", reason="the page is tested with Playwright: pip install playwright")
if CHROMIUM is None:
    pytest.skip("the page is tested in Chromium, which is not installed: apt-get install chromium", allow_module_level=True)

from playwright.sync_api import Browser, sync_playwright  # noqa: E402


@dataclass
class Screen:
    """An open page, with all that it asked for and complained about."""

    page: Any
    origin: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def app(self, name: str) -> Any:
        """A value of the page's state; `name` is JavaScript after `app.`."""
        return self.page.evaluate(f"import('/page/lib/store.js').then(({{ app }}) => app.{name})")

    def run(self, script: str) -> Any:
        """JavaScript with `app`, `player`, `song` and `view` at hand."""
        return self.page.evaluate(f"(async () => {{ {AT_HAND} return {script}; }})()")

    def until(self, script: str, seconds: float = WAIT / 1000) -> None:
        """Waits until JavaScript with `app`, `player`, `song` and `view` is true."""
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({script})"):
            assert time.monotonic() < end, f"after {seconds} s it is not so that {script}; notice: {self.app('notice?.text')}"
            self.page.wait_for_timeout(30)

    def press(self, *keys: str) -> None:
        for one in keys:
            self.page.keyboard.press(one)

    def box_of(self, note: int) -> tuple[float, float, float, float]:
        """Where a note is on the screen: left, top, width, height."""
        box = self.run(f"((b, host) => [host.x + 44 + b[0] - view.left, host.y + 30 + b[1] - view.top, b[2], b[3]])"
                       f"(view.boxOf(song, {note}), studioRoll.host.getBoundingClientRect())")  # fmt: skip
        return box[0], box[1], box[2], box[3]

    def loudness(self, seconds: float = 0.5) -> float:
        """The loudest sample that comes out of the synth within a while."""
        loudest: float = self.page.evaluate(
            """async (seconds) => {
                const { player } = await import('/page/lib/actions.js');
                const { context, out } = player.synth;
                const analyser = new AnalyserNode(context);
                out.connect(analyser);
                const samples = new Float32Array(analyser.fftSize);
                let loudest = 0;
                for (const end = context.currentTime + seconds; context.currentTime < end; ) {
                    await new Promise((done) => setTimeout(done, 20));
                    analyser.getFloatTimeDomainData(samples);
                    loudest = Math.max(loudest, ...samples.map(Math.abs));
                }
                out.disconnect(analyser);
                return loudest;
            }""",
            seconds,
        )
        return loudest

    def is_clean(self) -> None:
        """Nothing was asked of another machine, and the console is quiet."""
        assert [one for one in self.requests if not one.startswith((self.origin, "blob:", "data:"))] == []
        assert self.complaints == []


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The browser."""
    with sync_playwright() as play:
        options = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = play.chromium.launch(executable_path=CHROMIUM, args=options)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def screen(
    browser: Browser, address: str, size: tuple[int, int] = LAPTOP, *, seen: bool = True, context: Any = None
) -> Iterator[Screen]:
    """The page of a studio, ready. `seen`: this is not the first visit."""
    own = context or browser.new_context(
        viewport={"width": size[0], "height": size[1]}, has_touch=size == PHONE, accept_downloads=True
    )
    if seen:
        own.add_init_script("localStorage.setItem('seen-steps', 'yes')")
    page: Any = own.new_page()
    shown = Screen(page, address.split("/#")[0])
    page.set_default_timeout(WAIT)
    page.on("request", lambda request: shown.requests.append(request.url))
    page.on("console", lambda message: shown.complaints.extend([message.text] * (message.type in ("error", "warning"))))
    page.on("pageerror", lambda error: shown.complaints.append(str(error)))
    page.goto(address)
    page.wait_for_selector("html[data-ready]", state="attached", timeout=WAIT)
    try:
        yield shown
    finally:
        page.close()
        if context is None:
            own.close()


@contextlib.contextmanager
def started(project: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`partimento studio` as a process of its own, and the address that it prints. At the end it is killed at once."""
    command = [
        sys.executable,
        "-m",
        "partimento",
        "studio",
        "--project",
        str(project),
        "--port",
        "0",
        "--no-browser",
        "--json",
        *options,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())["page"]
        finally:
            process.kill()
