"""The vision process over its real socket, with the simulated camera: who passes, who does not, what remains.

Requirements A02 (nothing without the face) and A07 (the card's photo reaches the matcher).
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from vision_bench import Bench, bench, card_portrait

from kiosk.demo.puppeteer import REST
from kiosk.messages import Compares, Guidance, Matched, NotProven, Onlooker
from kiosk.pages import Hint, Prompt, Zone
from kiosk.reasons import Reason
from kiosk.vision.witness import LiveMatch
from models import manifest
from models.manifest import DEFAULT_MODEL, DEMONSTRATION

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory, assets: Path) -> AsyncIterator[Bench]:
    """One process for all citizens of this module, as on the terminal."""
    async with bench(tmp_path_factory.mktemp("run"), assets) as vision:
        yield vision


@pytest_asyncio.fixture(loop_scope="module")
async def vision(running: Bench) -> AsyncIterator[Bench]:
    """The process, and the card's owner sitting down when somebody else was there."""
    yield running
    running.stop(running.number)
    running.puppet(leave=True, print=False, freeze=False, dark=False, lost=False, **REST, over_s=0.1)
    running.puppet(onlooker=False, garbage=False, rate=15, low=0)
    running.puppet(stranger=False)
    running.puppet(leave=False)


@pytest.fixture(scope="session")
def portrait(assets: Path) -> bytes:
    return card_portrait(assets / "portrait.png")


def nothing_left(vision: Bench) -> bool:
    """The preview is zero from its first byte to its last."""
    return vision.ring.sequence == 0 and not any(vision.ring_file.read_bytes())


async def test_it_says_first_which_model_compares_and_for_whom(vision: Bench) -> None:
    """The default is validated for nobody."""
    assert vision.compares == Compares(DEFAULT_MODEL, DEMONSTRATION, False)


async def test_a_live_person_with_the_cards_face(vision: Bench, portrait: bytes) -> None:
    """Twice, since nothing of the first check may stand in the way of the second. A02, A07."""
    for _ in range(2):
        number = vision.prove(portrait)
        verdict, guidance = await vision.verdict()
        assert isinstance(verdict, Matched)
        match = LiveMatch.from_vision(verdict)
        model = manifest.embedding(match.model)
        assert match.weights_sha256 == model.sha256
        assert (match.population, match.validated) == ("demonstration", False)
        assert match.score <= match.threshold - 0.1, "the demonstration needs a margin"
        assert match.liveness.keys() >= {"spread_frontal", "spread_turned"}
        assert {g.id for g in guidance} == {number}
        prompts = [g.prompt for g in guidance]
        assert prompts[0] is Prompt.LOOK
        assert len({*prompts} - {Prompt.LOOK, Prompt.BACK_TO_FRONT}) == 2, "two gestures"
        assert nothing_left(vision)
        vision.puppet(**REST, over_s=0.1)


@pytest.mark.parametrize("low, zone", [(60, Zone.LOW), (-60, Zone.HIGH)])
async def test_a_face_that_is_low_or_high_in_the_picture(vision: Bench, portrait: bytes, low: int, zone: Zone) -> None:
    """Whoever sits or is tall need not move: the oval comes to them, and the check goes on. A02."""
    vision.puppet(low=low, over_s=0.1)
    vision.prove(portrait)
    verdict, guidance = await vision.verdict()
    assert isinstance(verdict, Matched)
    assert guidance[0].zone is Zone.MIDDLE
    assert guidance[-1].zone is zone
    assert {each.zone for each in guidance} == {Zone.MIDDLE, zone}


async def test_in_production_no_model_decides_that_is_not_validated_for_the_people_here(
    vision: Bench, portrait: bytes
) -> None:
    """Nobody turns the head for nothing: the answer comes before a prompt, and the camera stays dark. A02."""
    number = vision.prove(portrait, validated_only=True)
    verdict, guidance = await vision.verdict()
    said = "dlib-face-resnet-v1 is not validated for demonstration"
    assert verdict == NotProven(number, Reason.FACE_NOT_OFFERED, said)
    assert guidance == []
    assert nothing_left(vision)


async def test_somebody_else(vision: Bench, portrait: bytes) -> None:
    for command in ({"leave": True}, {"stranger": True}, {"leave": False}):
        vision.puppet(**command)
    vision.prove(portrait)
    verdict, _ = await vision.verdict()
    assert verdict == NotProven(vision.number, Reason.FACE_NOT_THE_CARDS, "beyond the threshold")


async def test_somebody_else_takes_over_half_way(vision: Bench, portrait: bytes) -> None:
    """The card's owner looks and turns; a stranger in exactly the same place does the rest. No half of it may count."""
    vision.prove(portrait)
    while isinstance(message := await vision.hear(), Guidance):
        if message.prompt is Prompt.BACK_TO_FRONT:
            vision.puppet(stranger=True)
            vision.follow(message.prompt)
            break
        vision.follow(message.prompt)
    verdict, guidance = await vision.verdict()
    assert Prompt.LOOK in [g.prompt for g in guidance], "the newcomer begins anew"
    assert verdict == NotProven(vision.number, Reason.FACE_NOT_THE_CARDS, "beyond the threshold")


async def test_a_print_that_is_turned(vision: Bench, portrait: bytes) -> None:
    vision.puppet(print=True)
    vision.prove(portrait)
    verdict, guidance = await vision.verdict()
    assert isinstance(verdict, NotProven)
    assert verdict.reason is Reason.FACE_NOT_LIVE
    assert Prompt.BACK_TO_FRONT not in [g.prompt for g in guidance], "no turn was accepted"


async def test_a_frozen_stream(vision: Bench, portrait: bytes) -> None:
    vision.prove(portrait)
    while isinstance(message := await vision.hear(), Guidance):
        if message.prompt is not Prompt.LOOK:
            vision.puppet(freeze=True)
    assert message == NotProven(vision.number, Reason.FACE_NOT_LIVE, "liveness: frozen")


async def test_faults_by_command(vision: Bench, portrait: bytes) -> None:
    """Light off, nobody there: a hint each. An unknown word changes nothing. Then the desk stops the check."""
    vision.puppet(dark=True)
    number = vision.prove(portrait)
    hints: list[Hint | None] = []
    while Hint.TOO_DARK not in hints:
        message = await vision.hear()
        assert isinstance(message, Guidance)
        hints.append(message.hint)
    vision.puppet(sing="aria")
    vision.puppet(dark=False, leave=True)
    while Hint.NO_FACE not in hints:
        message = await vision.hear()
        assert isinstance(message, Guidance)
        hints.append(message.hint)
    assert not nothing_left(vision)
    asked_s = time.monotonic()
    vision.stop(number)
    # The next answer shows that the stop was obeyed before it.
    vision.prove(b"", "wlt")
    while isinstance(message := await vision.hear(), Guidance):
        assert message.id == number
    assert time.monotonic() - asked_s < 1.0
    assert message == NotProven(number + 1, Reason.PORTRAIT_UNREADABLE, "no decoder for WLT portraits")
    assert nothing_left(vision)


async def test_somebody_looks_over_the_shoulder(vision: Bench) -> None:
    """Told when they come and when they go; the preview stays dark, and a check may follow at once."""
    number = vision.guard()
    # Also the first time, so that a page shows again which eyes before these had covered.
    assert await vision.hear() == Onlooker(number, near=False)
    vision.puppet(onlooker=True)
    assert await vision.hear() == Onlooker(number, near=True)
    assert nothing_left(vision)
    vision.puppet(onlooker=False)
    assert await vision.hear() == Onlooker(number, near=False)
    assert nothing_left(vision)
    vision.stop(number)


async def test_rubbish_between_the_pictures(vision: Bench, portrait: bytes) -> None:
    """Bad transfers for a while: nothing dies of it, and the check goes on when they are over."""
    vision.puppet(garbage=True)
    vision.prove(portrait)
    hints: list[Hint | None] = []
    while not any(hints):
        message = await vision.hear()
        assert isinstance(message, Guidance)
        hints.append(message.hint)
    vision.puppet(garbage=False)
    verdict, _ = await vision.verdict()
    assert isinstance(verdict, Matched)


async def test_one_picture_a_second(vision: Bench, portrait: bytes) -> None:
    """Nobody could tell a movement: the camera is to blame, and the citizen reads so."""
    vision.puppet(rate=1)
    vision.prove(portrait)
    verdict, _ = await vision.verdict()
    assert verdict == NotProven(vision.number, Reason.CAMERA_LOST, "liveness: too-slow")


async def test_the_plug_is_pulled_and_put_back(vision: Bench, portrait: bytes) -> None:
    """The citizen reads that the camera is coming back, stays where they were, and passes."""
    vision.prove(portrait)
    while isinstance(message := await vision.hear(), Guidance) and message.prompt is Prompt.LOOK:
        pass
    vision.puppet(lost=True)
    while isinstance(message, Guidance) and message.hint is not Hint.NO_PICTURE:
        message = await vision.hear()
    vision.puppet(lost=False)
    verdict, guidance = await vision.verdict()
    assert isinstance(verdict, Matched)
    assert not all(each.hint is Hint.NO_PICTURE for each in guidance)


async def test_the_plug_is_pulled(vision: Bench, portrait: bytes) -> None:
    vision.prove(portrait)
    await vision.hear()
    vision.puppet(lost=True)
    verdict, _ = await vision.verdict(follow=False)
    assert isinstance(verdict, NotProven)
    assert verdict.reason is Reason.CAMERA_LOST
    assert nothing_left(vision)


async def test_terminated_in_the_middle_it_leaves_nothing(tmp_path: Path, assets: Path, portrait: bytes) -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        async with bench(tmp_path, assets) as vision:
            vision.prove(portrait)
            while vision.ring.sequence == 0:
                await vision.hear()
            vision.process.terminate()
            assert await asyncio.wait_for(vision.process.wait(), 10) == 0
            assert nothing_left(vision)
            while True:
                await vision.hear()
