"""A card whose portrait cannot be decoded (A07): the counter, or the platform's portrait of the holder of this card."""

from dataclasses import replace

from playing import KIND, Scene, lay_card, play, refused_for, tap
from theatre import Stage

from kiosk.audit.chain import records
from kiosk.pages import ChooseCertificate, FaceCheck, Home, Pick, Preview, ReadingCard, Refusal, Waiting
from kiosk.reasons import Reason

READ: list[Scene] = [(Home, lay_card), (ReadingCard, None), (FaceCheck, None)]


def with_wlt(stage: Stage) -> None:
    """As every real resident card has it."""
    stage.card = replace(stage.card, portrait=b"WL\x66\x00\x7e\x00".ljust(1024, b"\x5a"))


async def test_counter_sends_to_the_counter_and_asks_nobody(stage: Stage) -> None:
    with_wlt(stage)
    await play(stage, [*READ, (Refusal, refused_for(Reason.PORTRAIT_UNREADABLE))])
    assert "portrait" not in [call.operation for call in stage.calls]


async def test_platform_brings_the_registered_portrait_and_the_face_is_compared_with_it(stage: Stage) -> None:
    """E01: asked by evidence of the card; the answer is compared with request, nonce and person as every other is."""
    with_wlt(stage)
    stage.desk = replace(stage.desk, platform_portraits=True)
    scenes: list[Scene] = [
        *READ,
        (Waiting, None),
        (FaceCheck, None),
        (Waiting, None),
        (ChooseCertificate, tap(Pick(KIND))),
        (Waiting, None),
        (Preview, None),
    ]
    await play(stage, scenes)
    assert stage.booth.seen == ["wlt", "jpeg"]
    assert [call.operation for call in stage.calls if call.operation not in ("kinds", "trust")] == [
        "portrait",
        "kinds-for",
        "issue",
    ]
    assert "portrait.given" in [record.body["event"] for record in records(stage.audit)]


async def test_a_card_that_can_be_decoded_is_nobody_else_s_business(stage: Stage) -> None:
    stage.desk = replace(stage.desk, platform_portraits=True)
    await play(stage, [*READ, (Waiting, None), (ChooseCertificate, None)])
    assert "portrait" not in [call.operation for call in stage.calls]


async def test_a_face_that_is_not_live_does_not_ask_for_another_portrait(stage: Stage) -> None:
    stage.desk = replace(stage.desk, platform_portraits=True)
    stage.booth.verdict = Reason.FACE_NOT_LIVE
    await play(stage, [*READ, (Refusal, refused_for(Reason.FACE_NOT_LIVE))])
    assert "portrait" not in [call.operation for call in stage.calls]
