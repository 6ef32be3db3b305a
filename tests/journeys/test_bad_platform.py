"""A platform that is away, slow or silent, and papers from it that must not come out."""

import asyncio
from datetime import timedelta

import pytest
from playing import (
    KIND,
    TO_CHOICE,
    Scene,
    nothing_printed,
    play,
    refused_for,
    tap,
)
from theatre import PATIENCE_S, Stage, performing

from hardware.cards.reading import CardReading
from kiosk.journeys.attract import attract
from kiosk.pages import (
    Cancel,
    ChooseCertificate,
    Home,
    Pick,
    Refusal,
    Waiting,
)
from kiosk.reasons import Reason, Refused
from kiosk.vision.witness import LiveMatch
from platform_client.sandbox.control import SetSource
from platform_client.sandbox.faults import Fault
from platform_client.sandbox.server import Sandbox
from platform_client.sandbox.sources import SourceFault


async def test_the_platform_is_unreachable(stage: Stage) -> None:
    def pull(stage: Stage) -> None:
        stage.faults.active = Fault.UNREACHABLE
        stage.screen.tap(Pick(KIND))

    scenes: list[Scene] = [
        *TO_CHOICE,
        (ChooseCertificate, pull),
        (Waiting, None),
        (Refusal, refused_for(Reason.PLATFORM_UNREACHABLE)),
    ]
    await play(stage, scenes)


async def test_a_platform_that_is_silent_is_left_alone_and_the_home_page_says_until_when(stage: Stage) -> None:
    stage.faults.active = Fault.UNREACHABLE

    async def told() -> Home:
        """The home page once it says so; it asks again each second of the desk's clock."""
        while True:
            match stage.screen.pages[-1:]:
                case [Home(trouble=Reason.PLATFORM_RESTING) as page]:
                    return page
            await stage.clock.pass_by(1.0)
            await asyncio.sleep(0.02)  # real calls, to a real sandbox

    async with performing(attract(stage.desk)), asyncio.timeout(PATIENCE_S):
        page = await told()
    assert page.again_at is not None and page.again_at > stage.clock.now() - timedelta(seconds=1)
    asked = [call.outcome for call in stage.calls if call.operation == "kinds"]
    assert set(asked) == {"unreachable"}, "a call that is not sent is not one"


async def test_a_citizen_whose_journey_meets_a_platform_that_rests_hears_until_when(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = stage.clock.now() + timedelta(seconds=30)

    async def resting(card: CardReading, match: LiveMatch) -> None:
        raise Refused(Reason.PLATFORM_RESTING, "it failed often", again_at=until)

    monkeypatch.setattr(stage.desk.platform, "kinds_for", resting)

    def told(stage: Stage) -> None:
        page = stage.screen.pages[-1]
        assert isinstance(page, Refusal)
        assert (page.reason, page.again_at) == (Reason.PLATFORM_RESTING, until)

    await play(stage, [*TO_CHOICE[:-1], (Refusal, told)])


async def test_the_platform_is_too_slow(stage: Stage) -> None:
    def stall(stage: Stage) -> None:
        stage.faults.active, stage.faults.seconds = Fault.SLOW, 60.0
        stage.screen.tap(Pick(KIND))

    scenes: list[Scene] = [
        *TO_CHOICE,
        (ChooseCertificate, stall),
        (Waiting, None),
        (Refusal, refused_for(Reason.PLATFORM_SLOW)),
    ]
    await play(stage, scenes)


async def test_stop_ends_a_slow_request_at_once(stage: Stage) -> None:
    def stall(stage: Stage) -> None:
        stage.faults.active, stage.faults.seconds = Fault.SLOW, 60.0
        stage.screen.tap(Pick(KIND))

    loop = asyncio.get_running_loop()
    tapped: list[float] = []

    def stop(stage: Stage) -> None:
        tapped.append(loop.time())
        stage.screen.tap(Cancel())

    def at_once(stage: Stage) -> None:
        refused_for(Reason.CANCELLED)(stage)
        assert loop.time() - tapped[0] < 0.5

    await play(stage, [*TO_CHOICE, (ChooseCertificate, stall), (Waiting, stop), (Refusal, at_once)])
    assert stage.calls[-1].outcome == "cancelled"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.BROKEN_SEAL, Reason.SEAL_INVALID),
        (Fault.UNSEALED, Reason.SEAL_INVALID),
        (Fault.REVOKED_SEAL, Reason.SEAL_INVALID),
        (Fault.OTHER_AGENCY_SEAL, Reason.SEAL_INVALID),
        (Fault.WRONG_PERSON, Reason.WRONG_PERSON),
        (Fault.WRONG_SUBJECT, Reason.WRONG_PERSON),
        (Fault.WRONG_KIND, Reason.SEAL_INVALID),
        (Fault.STALE_NONCE, Reason.WRONG_DOCUMENT),
        (Fault.WRONG_LEVEL, Reason.WRONG_DOCUMENT),
        (Fault.EXPIRED, Reason.DOCUMENT_EXPIRED),
        (Fault.NOT_A_PDF, Reason.DOCUMENT_UNSAFE),
        (Fault.REFUSE, Reason.PLATFORM_REFUSED),
        (Fault.MALFORMED_ANSWER, Reason.PLATFORM_ANSWER_INVALID),
    ],
)
async def test_the_wrong_paper_is_neither_shown_nor_printed(stage: Stage, fault: Fault, reason: Reason) -> None:
    """C17, C18, D10: whatever is wrong with the document, it never reaches the preview."""

    def spoil(stage: Stage) -> None:
        stage.faults.active = fault
        stage.screen.tap(Pick(KIND))

    await play(stage, [*TO_CHOICE, (ChooseCertificate, spoil), (Waiting, None), (Refusal, refused_for(reason))])
    nothing_printed(stage)


async def test_a_department_that_does_not_answer(stage: Stage, sandbox: tuple[Sandbox, int]) -> None:
    """C08: a certificate is never made of what the other sources said."""
    sandbox[0].obey(SetSource("private", fault=SourceFault.DOWN))
    tapped = (ChooseCertificate, tap(Pick(KIND)))
    await play(stage, [*TO_CHOICE, tapped, (Waiting, None), (Refusal, refused_for(Reason.PLATFORM_INCOMPLETE))])
    nothing_printed(stage)
