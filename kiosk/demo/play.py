"""The demo: a machine, and either a finger that plays the journey by itself or a person with a dock of switches."""

import argparse
import asyncio
import os
import shutil
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from kiosk.demo.autoplay import autoplay
from kiosk.demo.display import display
from kiosk.demo.dock import dock
from kiosk.demo.eyes import Eyes, NeverSeen
from kiosk.demo.machine import Machine, Settings, running

MARK: Final = ".onecard-kiosk-demo"


class NotOurs(Exception):
    """The folder for the results holds something else."""


async def demo(args: argparse.Namespace) -> bool:
    """Runs the demo. True: a page came out (autoplay), or the person has ended it.

    Raises NotOurs for a folder that holds something else, besides what `Machine.start` and `display` raise.
    """
    began = time.monotonic()
    out = _emptied(args.out.resolve())
    alone = args.autoplay or not os.environ.get("DISPLAY")
    async with AsyncExitStack() as stack:
        screen = await stack.enter_async_context(display(virtual=alone))
        print(f"Starting reader, camera, printer, platform and the four processes (logs: {out / 'log'}) …", flush=True)
        settings = Settings(args.assets, args.pki, out, screen, args.camera, args.portrait, windowed=not alone)
        machine = await stack.enter_async_context(running(settings))
        eyes = await stack.enter_async_context(Eyes(machine.probe, screen))
        work = asyncio.create_task(_play(machine, eyes, out, began, alone=alone))
        closed = asyncio.create_task(machine.window_closed())
        watch = asyncio.create_task(machine.watch())
        try:
            await asyncio.wait({work, closed, watch}, return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                watch.result()
            came_out = work.result() if work.done() else True
        finally:
            for task in (work, closed, watch):
                task.cancel()
            await asyncio.gather(work, closed, watch, return_exceptions=True)
    print(f"What it left is in {out}: {', '.join(sorted(found.name for found in out.glob('[a-z]*')))}")
    return came_out


def _emptied(out: Path) -> Path:
    """The folder, without what an earlier demo left there; nothing else is ever deleted. Raises NotOurs."""
    mark = out / MARK
    if out.exists() and any(out.iterdir()) and not mark.exists():
        raise NotOurs(f"{out} is not empty and was not made by a demo; name another folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    mark.touch()
    for folder in ("pages", "printed", "audit", "log"):
        shutil.rmtree(out / folder, ignore_errors=True)
    (out / "steps.json").unlink(missing_ok=True)
    return out


async def _play(machine: Machine, eyes: Eyes, out: Path, began: float, *, alone: bool) -> bool:
    if not alone:
        await dock(machine, eyes)
        return True
    try:
        came_out = await autoplay(machine, eyes, out, began)
    except NeverSeen as error:
        print(f"The journey stopped: {error}", file=sys.stderr)
        return False
    print(
        "The certificate is on paper." if came_out else "No page came out.", file=sys.stdout if came_out else sys.stderr
    )
    return came_out
