"""The vision process on a bench: the desk's end of the socket, a simulated camera, and hands on the puppet."""

import asyncio
import io
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from kiosk.demo.puppeteer import POSES
from kiosk.messages import (
    Compares,
    FromVision,
    Guard,
    Guidance,
    Matched,
    NotProven,
    Onlooker,
    ProvePresence,
    StopPresence,
    encode,
    receive,
)
from kiosk.pages import Prompt
from kiosk.preview import PreviewRing

PATIENCE_S = 60.0


def card_portrait(portrait: Path, *, limit: int = 1024) -> bytes:
    """102 x 126 pixels in at most 1 KB, as on a second-generation card; WebP stands in for WLT."""
    with Image.open(portrait) as picture:
        small = picture.convert("RGB").crop((170, 30, 280, 166)).resize((102, 126), Image.Resampling.LANCZOS)
    for quality in range(95, 0, -1):
        file = io.BytesIO()
        small.save(file, "WEBP", quality=quality)
        if file.tell() <= limit:
            return file.getvalue()
    raise AssertionError("the portrait does not fit")


@dataclass
class Bench:
    """A running vision process."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    process: asyncio.subprocess.Process
    ring: PreviewRing
    ring_file: Path
    control: Path
    compares: Compares
    number: int = 0

    def puppet(self, **command: object) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
            mouth.sendto(json.dumps(command).encode(), str(self.control))

    def follow(self, prompt: Prompt) -> None:
        self.puppet(**POSES[prompt.value], over_s=0.5)

    def prove(self, portrait: bytes, encoding: str = "webp", *, validated_only: bool = False) -> int:
        self.number += 1
        self.writer.write(encode(ProvePresence(self.number, portrait, encoding, validated_only)))
        return self.number

    def guard(self) -> int:
        self.number += 1
        self.writer.write(encode(Guard(self.number)))
        return self.number

    def stop(self, number: int) -> None:
        self.writer.write(encode(StopPresence(number)))

    async def hear(self) -> FromVision:
        message = await asyncio.wait_for(receive(self.reader), PATIENCE_S)
        assert isinstance(message, Guidance | Matched | NotProven | Onlooker)
        return message

    async def verdict(self, *, follow: bool = True) -> tuple[Matched | NotProven, list[Guidance]]:
        """Everything up to the verdict; `follow`: the puppet does what it is asked to."""
        guidance: list[Guidance] = []
        while isinstance(message := await self.hear(), Guidance):
            if follow and (not guidance or guidance[-1].prompt is not message.prompt):
                self.follow(message.prompt)
            guidance.append(message)
        assert isinstance(message, Matched | NotProven)
        return message, guidance


@asynccontextmanager
async def bench(folder: Path, assets: Path, *words: str | Path) -> AsyncIterator[Bench]:
    """Starts the process as the desk would, with these words besides, and ends it by closing the connection."""
    connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()
    server = await asyncio.start_unix_server(lambda r, w: connected.set_result((r, w)), folder / "vision.sock")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(folder / "notify"))
    notify.setblocking(False)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kiosk", "vision", "--socket", folder / "vision.sock"),
        *("--preview", folder / "preview.ring", "--camera", f"puppet:{assets / 'portrait.png'}"),
        *("--assets", assets, "--control", folder / "puppet", *words),
        env={"NOTIFY_SOCKET": str(folder / "notify"), "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parent.parent.parent,
    )
    try:
        reader, writer = await asyncio.wait_for(connected, PATIENCE_S)
        ready = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(notify, 64), PATIENCE_S)
        assert ready == b"READY=1"
        compares = await asyncio.wait_for(receive(reader), PATIENCE_S)
        assert isinstance(compares, Compares)
        ring_file = folder / "preview.ring"
        yield Bench(reader, writer, process, PreviewRing.reading(ring_file), ring_file, folder / "puppet", compares)
        writer.close()
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        notify.close()
        server.close()
