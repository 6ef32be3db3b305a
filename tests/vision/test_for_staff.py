"""The camera for staff: how its picture is, and a liveness run that compares with nobody's portrait."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from vision_bench import PATIENCE_S, Bench, bench

from kiosk.messages import Alive, Guidance, Look, NotProven, Seen, TryLiveness, encode, receive


@pytest.fixture
async def eyes(tmp_path: Path, assets: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path, assets) as running:
        yield running


async def heard(eyes: Bench) -> object:
    return await asyncio.wait_for(receive(eyes.reader), PATIENCE_S)


async def test_how_the_picture_is(eyes: Bench) -> None:
    """F03: live numbers, the picture on the preview; nothing of either stays."""
    eyes.writer.write(encode(Look(1)))
    seen = [await heard(eyes) for _ in range(6)]
    last = seen[-1]
    assert isinstance(last, Seen)
    assert last.faces == 1 and last.per_s > 1.0
    assert 0.1 < last.face_height < 0.9 and last.brightness > 0
    assert eyes.ring.sequence > 0
    eyes.stop(1)
    eyes.writer.write(encode(Look(2)))
    while not (isinstance(message := await heard(eyes), Seen) and message.id == 2):
        pass  # it obeys: what was said for the first look comes before


async def test_a_liveness_run_proves_nothing_to_anybody(eyes: Bench) -> None:
    """A03: its answer is no match, so no journey can be begun with it."""
    eyes.writer.write(encode(TryLiveness(2)))
    prompt = None
    while isinstance(message := await heard(eyes), Guidance):
        if message.prompt is not prompt:
            prompt = message.prompt
            eyes.follow(prompt)
    assert isinstance(message, Alive) and message.id == 2
    assert message.liveness
    assert eyes.ring.sequence == 0 and not any(eyes.ring_file.read_bytes())


async def test_who_does_not_move_is_not_alive(eyes: Bench) -> None:
    """The run is the one that citizens have: who holds up a picture fails here, too."""
    eyes.writer.write(encode(TryLiveness(3)))
    while isinstance(message := await heard(eyes), Guidance):
        pass
    assert isinstance(message, NotProven)
