"""Dev images: who stands around a terminal in a virtual machine, as far as QEMU has no device for it.

A person whose head follows the prompts in front of the simulated camera, and a line to the host
(/dev/virtio-ports/hall) which tells, as JSON, what is painted on the screen and what lies in the printer's tray. The
printer is `printer.py`; the card reader is the host's, on a USB serial line; the finger is the host's, too.

Until the screen shows something it is light: it runs on the terminal's own processor, from which outside nobody takes.
"""

import asyncio
import base64
import contextlib
import json
from pathlib import Path

HOST = Path("/dev/virtio-ports/hall")
PRINTED = Path("/run/printer/printed")
PROBE = Path("/run/kiosk-ui/probe.sock")
PUPPET = Path("/run/kiosk-vision/puppet.sock")
LINE_LIMIT = 4 * 1024 * 1024
LOOKS_AGAIN_S = 0.2


async def main() -> None:
    line = Line(await asyncio.to_thread(HOST.open, "wb", buffering=0))
    shown = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(screen(line, shown))
        group.create_task(tray(line))
        group.create_task(person(shown))


class Line:
    """To the host; one message is never torn by another."""

    def __init__(self, host) -> None:
        self._host = host
        self._guard = asyncio.Lock()

    async def tell(self, what: str, told) -> None:
        said = memoryview(json.dumps({what: told}).encode() + b"\n")
        async with self._guard:
            while said:
                said = said[await asyncio.to_thread(self._host.write, said) :]


async def screen(line: Line, shown: asyncio.Event) -> None:
    """What the probe of the user interface says, across its lives."""
    while True:
        with contextlib.suppress(OSError, ValueError):
            reader, writer = await asyncio.open_unix_connection(PROBE, limit=LINE_LIMIT)
            try:
                while said := await reader.readline():
                    await line.tell("screen", json.loads(said))
                    shown.set()
            finally:
                writer.close()
        await asyncio.sleep(LOOKS_AGAIN_S)


async def tray(line: Line) -> None:
    seen: set[Path] = set()
    while True:
        for paper in sorted(set(PRINTED.glob("*.pdf")) - seen):
            seen.add(paper)
            await line.tell("paper", base64.b64encode(paper.read_bytes()).decode())
        await asyncio.sleep(LOOKS_AGAIN_S)


async def person(shown: asyncio.Event) -> None:
    await shown.wait()
    from kiosk.demo.eyes import Eyes
    from kiosk.demo.puppeteer import Puppet, follow_prompts

    async with Eyes(PROBE, "") as eyes:
        while True:
            with contextlib.suppress(Exception):  # nothing to see yet
                await follow_prompts(eyes, Puppet(PUPPET))


if __name__ == "__main__":
    asyncio.run(main())
