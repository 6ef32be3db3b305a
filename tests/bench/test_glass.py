"""The bench sees every painted screen with the moment it was told, and waits no longer than until the wanted one."""

import asyncio
import json
from pathlib import Path

import pytest

from kiosk.bench.glass import frames, lateness, watching


def line(page: str, *items: dict[str, object], drawn: int = 1) -> bytes:
    return json.dumps({"page": page, "items": items, "frames": drawn}).encode() + b"\n"


BUTTON: dict[str, object] = {"id": "print", "x": 540.0, "y": 1700.0, "enabled": True}
DULL: dict[str, object] = {"id": "done", "x": 1.0, "y": 1.0, "enabled": False}
PROMPT: dict[str, object] = {"id": "prompt:turn-left", "x": 0.0, "y": 0.0, "enabled": False}


async def test_screens_are_found_by_page_and_by_what_can_be_touched(tmp_path: Path) -> None:
    told = asyncio.Event()

    async def probe(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line("FaceCheck", PROMPT) + line("HandOver", DULL))
        await told.wait()
        writer.write(line("Preview", BUTTON, drawn=7))

    async with await asyncio.start_unix_server(probe, tmp_path / "probe"), watching(tmp_path / "probe") as glass:
        face, out = await glass.page("FaceCheck"), await glass.page("HandOver")
        assert (face.prompt, out.places) == ("turn-left", {})
        waiting = asyncio.create_task(glass.touchable("print", after=out.at))
        told.set()
        seen = await asyncio.wait_for(waiting, 10)
        assert (seen.page, seen.places["print"]) == ("Preview", (540, 1700))
        assert seen.at > out.at


async def test_a_new_reader_is_told_how_many_frames_there_were(tmp_path: Path) -> None:
    async def probe(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line("Home", drawn=42))

    async with await asyncio.start_unix_server(probe, tmp_path / "probe"):
        assert await frames(tmp_path / "probe") == 42


async def test_lateness_is_of_the_last_seconds_only(tmp_path: Path) -> None:
    async def probe(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = {"page": "Home", "items": [], "frames": 1, "beat_s": 0.1, "beats_s": [9.0, 0.1, 0.13, 0.09]}
        writer.write(json.dumps(told).encode() + b"\n")

    async with await asyncio.start_unix_server(probe, tmp_path / "probe"):
        assert await lateness(tmp_path / "probe", 0.3) == pytest.approx([0.0, 0.03, 0.01])
