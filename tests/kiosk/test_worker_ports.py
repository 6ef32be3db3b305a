"""The ports to vision and documents, with workers that die, hang and are replaced at bad moments."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from hardware.cards.reading import Portrait
from kiosk.channel import Channel
from kiosk.clock import SystemClock
from kiosk.messages import Compares, Guidance, Matched, Message, NotProven, ProvePresence, StopPresence, encode, receive
from kiosk.pages import Prompt
from kiosk.ports import presence
from kiosk.ports.presence import VisionPort
from kiosk.reasons import Reason, Refused
from kiosk.vision.witness import LiveMatch

PORTRAIT = Portrait(b"RIFF....WEBP", "webp")
PATIENCE_S = 10.0


class Worker:
    """A worker that says what a test wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, path: Path) -> "Worker":
        return cls(*await asyncio.open_unix_connection(path))

    async def hear(self) -> Message:
        return await asyncio.wait_for(receive(self._reader), PATIENCE_S)

    def say(self, message: Message) -> None:
        self._writer.write(encode(message))

    async def die(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def is_dismissed(self) -> None:
        """Cut off; with a reset when it had said something that nobody read."""
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(self._reader.read(), PATIENCE_S) == b""


def matched(number: int) -> Matched:
    return Matched(number, "model", "ab" * 32, 0.3, 0.55, {"yaw_deg": 22.0}, 12)


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[VisionPort]:
    port = VisionPort(SystemClock(), validated_only=False)
    await port.open(tmp_path / "vision.sock")
    yield port
    await port.close()


async def proved(port: VisionPort) -> LiveMatch:
    async with asyncio.timeout(PATIENCE_S):
        async for seen in port.prove(PORTRAIT):
            if isinstance(seen, LiveMatch):
                return seen
    raise AssertionError("no match")


async def test_what_vision_says_of_its_model_is_kept(port: VisionPort, tmp_path: Path) -> None:
    """F03: for a terminal whose model is validated for nobody."""
    worker = await Worker.connect(tmp_path / "vision.sock")
    worker.say(Compares("model", "adults", True))
    check = asyncio.ensure_future(proved(port))
    while not isinstance(asked := await worker.hear(), ProvePresence):
        pass
    worker.say(matched(asked.id))
    await check
    assert port.compares == Compares("model", "adults", True)


async def test_deaths_while_nobody_is_checked_do_not_count(port: VisionPort, tmp_path: Path) -> None:
    for _ in range(presence.LIVES):
        await (await Worker.connect(tmp_path / "vision.sock")).die()
    worker = await Worker.connect(tmp_path / "vision.sock")
    check = asyncio.ensure_future(proved(port))
    while not isinstance(asked := await worker.hear(), ProvePresence):
        pass
    worker.say(matched(asked.id))
    assert (await check).model == "model"


async def test_a_check_begins_anew_with_the_process_that_takes_over(port: VisionPort, tmp_path: Path) -> None:
    """Also when the new process is there before the old one has gone."""
    first = await Worker.connect(tmp_path / "vision.sock")
    check = asyncio.ensure_future(proved(port))
    asked = await first.hear()
    assert isinstance(asked, ProvePresence)
    second = await Worker.connect(tmp_path / "vision.sock")
    await first.is_dismissed()
    again = await second.hear()
    if isinstance(again, StopPresence):
        again = await second.hear()
    assert isinstance(again, ProvePresence)
    assert again.id != asked.id
    second.say(matched(again.id))
    await check


async def test_what_an_old_check_says_is_not_believed(port: VisionPort, tmp_path: Path) -> None:
    worker = await Worker.connect(tmp_path / "vision.sock")
    check = asyncio.ensure_future(proved(port))
    asked = await worker.hear()
    assert isinstance(asked, ProvePresence)
    worker.say(matched(asked.id - 1))
    worker.say(NotProven(asked.id, Reason.FACE_NOT_LIVE))
    with pytest.raises(Refused) as refused:
        await check
    assert refused.value.reason is Reason.FACE_NOT_LIVE


async def test_in_production_a_match_by_a_model_that_is_not_validated_is_none(tmp_path: Path) -> None:
    """A02: vision is told, and not believed if it matches all the same."""
    port = VisionPort(SystemClock(), validated_only=True)
    await port.open(tmp_path / "vision.sock")
    for validated in (True, False):
        worker = await Worker.connect(tmp_path / "vision.sock")
        check = asyncio.ensure_future(proved(port))
        while not isinstance(asked := await worker.hear(), ProvePresence):
            pass
        assert asked.validated_only
        worker.say(msgspec.structs.replace(matched(asked.id), population="adults-here", validated=validated))
        if validated:
            assert (await check).validated
        else:
            with pytest.raises(Refused, match="not validated for adults-here") as refused:
                await check
            assert refused.value.reason is Reason.FACE_NOT_OFFERED
        await worker.die()
    await port.close()


async def test_a_check_that_is_left_is_stopped(port: VisionPort, tmp_path: Path) -> None:
    worker = await Worker.connect(tmp_path / "vision.sock")
    check = asyncio.ensure_future(proved(port))
    asked = await worker.hear()
    assert isinstance(asked, ProvePresence)
    check.cancel()
    assert await worker.hear() == StopPresence(asked.id)


async def test_a_process_without_a_verdict_holds_nobody(
    port: VisionPort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "VERDICT_S", 0.05)
    worker = await Worker.connect(tmp_path / "vision.sock")
    check = asyncio.ensure_future(proved(port))
    asked = await worker.hear()
    assert isinstance(asked, ProvePresence)
    worker.say(Guidance(asked.id, Prompt.LOOK, None, 0.1))
    with pytest.raises(Refused) as refused:
        await check
    assert refused.value.reason is Reason.CAMERA_LOST


async def test_a_dismissed_worker_is_not_heard(tmp_path: Path) -> None:
    heard: list[Message] = []
    lost: list[bool] = []
    channel = Channel("worker", on_message=heard.append, on_lost=lambda: lost.append(True))
    await channel.listen(tmp_path / "worker.sock")
    worker = await Worker.connect(tmp_path / "worker.sock")
    await asyncio.wait_for(channel.connected.wait(), PATIENCE_S)
    worker.say(matched(1))
    channel.dismiss()
    assert not channel.connected.is_set()
    assert not channel.send(StopPresence(1))
    await worker.is_dismissed()
    assert (heard, lost) == ([], [True])
    await channel.close()
