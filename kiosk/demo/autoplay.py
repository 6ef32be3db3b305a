"""The main job played by itself: real pointer events, a card on the emulated reader, a head that follows the prompts.

Leaves a picture of every page, the PDF that came out of the printer, the audit trail and a table of steps with times.
The journey counts only when a page lies in the printer's tray.
"""

import asyncio
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import ImageGrab

from kiosk.demo.eyes import Eyes, View
from kiosk.demo.machine import Machine
from kiosk.demo.puppeteer import follow_prompts

KIND = "social-insurance"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened: `took_s` since the step before, `at_s` since the demo began."""

    step: str
    page: str
    at_s: float
    took_s: float


class Album:
    """The pictures of the pages and the table of steps."""

    def __init__(self, out: Path, eyes: Eyes, display: str, began: float) -> None:
        self.steps: list[Step] = []
        self._pages = out / "pages"
        self._pages.mkdir(parents=True, exist_ok=True)
        self._eyes = eyes
        self._display = display
        self._began = began
        self._count = 0

    def note(self, step: str, view: View) -> None:
        """Adds a row to the table."""
        now = round(time.monotonic() - self._began, 3)
        before = self.steps[-1].at_s if self.steps else 0.0
        self.steps.append(Step(step, view.page, now, round(now - before, 3)))

    async def photograph(self, name: str, view: View) -> None:
        """The painted screen as NN-name.png; left out if the page had gone before the picture was taken."""
        picture = await asyncio.to_thread(ImageGrab.grab, xdisplay=self._display)
        if self._eyes.view is not None and self._eyes.view.page == view.page:
            self._count += 1
            await asyncio.to_thread(picture.save, self._pages / f"{self._count:02d}-{name}.png")


async def autoplay(machine: Machine, eyes: Eyes, out: Path, began: float) -> bool:
    """Plays the journey. True: the certificate came out of the printer."""
    album = Album(out, eyes, machine.display, began)
    puppeteer = asyncio.create_task(follow_prompts(eyes, machine.puppet))
    try:
        await _play(machine, eyes, album)
    finally:
        puppeteer.cancel()
        (out / "steps.json").write_text(json.dumps([asdict(step) for step in album.steps], indent=1) + "\n")
    for step in album.steps:
        print(f"  {step.at_s:7.2f} s  +{step.took_s:6.2f}  {step.page:<18} {step.step}")
    return any(machine.printed.glob("*.pdf"))


async def _play(machine: Machine, eyes: Eyes, album: Album) -> None:
    view = await eyes.see(lambda view: view.can_touch(f"pick:{KIND}"), seconds=60.0, what="the tiles of the home page")
    album.note("first page, ready to serve", view)
    await _in_both_languages(eyes, album, "home", view)

    await eyes.tap(f"pick:{KIND}")
    view = await eyes.page("PresentCard")
    album.note("a tile was tapped", view)
    await _in_both_languages(eyes, album, "present-card", view)
    await eyes.tap("cancel")
    view = await eyes.page("Refusal")
    album.note("stopped", view)
    await _in_both_languages(eyes, album, "stopped", view)
    await eyes.tap("done")
    await eyes.page("Home")

    machine.lay_card()
    view = await eyes.page("ReadingCard", "FaceCheck")
    if view.page == "ReadingCard":  # only a slow card gets this page
        await album.photograph("reading-card", view)
    view = await eyes.page("FaceCheck")
    album.note("a card was laid on the reader, and read", view)
    view = await eyes.see(lambda view: view.prompt.startswith("turn"), what="a prompt to turn the head")
    await album.photograph("face-check", view)

    view = await eyes.page("ChooseCertificate", seconds=60.0)
    album.note("the face is live and the card's", view)
    await _in_both_languages(eyes, album, "choose", view)
    await eyes.tap(f"pick:{KIND}")
    view = await eyes.page("Waiting")
    album.note("a certificate was picked", view)
    await album.photograph("waiting", view)
    view = await eyes.page("Preview", seconds=60.0)
    album.note("sealed, verified, about this person", view)
    await _in_both_languages(eyes, album, "preview", view)

    await eyes.tap("print")
    view = await eyes.page("Printing")
    album.note("print was tapped", view)
    await album.photograph("printing", view)
    view = await eyes.page("HandOver", seconds=60.0)
    album.note("the page is out", view)
    await _in_both_languages(eyes, album, "hand-over", view)
    machine.take_card()
    view = await eyes.see(lambda view: view.page == "HandOver" and view.can_touch("done"), what="the thank-you page")
    await eyes.tap("done")
    view = await eyes.page("Rate")
    album.note("card and paper were taken", view)
    await _in_both_languages(eyes, album, "rate", view)
    await eyes.tap("stars:5")
    view = await eyes.page("Home")
    album.note("the next citizen may come", view)


async def _in_both_languages(eyes: Eyes, album: Album, name: str, view: View) -> None:
    await album.photograph(name, view)
    first = view.language
    await eyes.tap("language")
    view = await eyes.see(lambda other: other.page == view.page and other.language != first, what="the other language")
    await album.photograph(f"{name}-{view.language}", view)
    await eyes.tap("language")
    await eyes.see(lambda other: other.page == view.page and other.language == first, what="the first language")
