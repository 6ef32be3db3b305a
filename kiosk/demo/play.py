"""The demo: a machine, and either a finger that plays the journey by itself or a person with a dock of switches."""

import argparse
import asyncio
import os
import shutil
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

from kiosk.demo.autoplay import autoplay
from kiosk.demo.display import display
from kiosk.demo.dock import dock
from kiosk.demo.eyes import Eyes, NeverSeen
from kiosk.demo.machine import Machine, Settings, running


async def demo(args: argparse.Namespace) -> bool:
    """Runs the demo. True: a page came out (autoplay), or the person has ended it."""
    began = time.monotonic()
    out: Path = args.out.resolve()
    for folder in ("pages", "printed", "audit", "log"):
        shutil.rmtree(out / folder, ignore_errors=True)
    alone = args.autoplay or not os.environ.get("DISPLAY")
    async with AsyncExitStack() as stack:
        screen = await stack.enter_async_context(display(virtual=alone))
        print(f"Starting reader, camera, printer, platform and the four processes (logs: {out / 'log'}) …", flush=True)
        settings = Settings(args.assets, args.pki, out, screen, args.camera, args.portrait, windowed=not alone)
        machine = await stack.enter_async_context(running(settings))
        eyes = await stack.enter_async_context(Eyes(machine.probe, screen))
        watch = asyncio.create_task(machine.watch())
        work = asyncio.create_task(_play(machine, eyes, out, began, alone=alone))
        await asyncio.wait({watch, work}, return_when=asyncio.FIRST_COMPLETED)
        if watch.done():
            work.cancel()
            watch.result()
        watch.cancel()
        came_out = await work
    print(f"Everything it left is in {out}: pages/, printed/, audit/, steps.json, log/")
    return came_out


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
