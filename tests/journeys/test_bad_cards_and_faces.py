"""Cards that cannot be read, do not count or go away, and faces that are not the card's."""

from dataclasses import replace

import pytest
from playing import (
    KIND,
    TO_CHOICE,
    TO_PREVIEW,
    Scene,
    lay_card,
    nothing_printed,
    play,
    refused_for,
    take_card,
    tap,
    tap_tile,
    unplug,
)
from theatre import Stage

from kiosk.pages import (
    Cancel,
    ChooseCertificate,
    Done,
    FaceCheck,
    Home,
    Pick,
    PresentCard,
    Preview,
    ReadingCard,
    Refusal,
    Retry,
    Waiting,
)
from kiosk.reasons import Reason


@pytest.mark.parametrize("reason", [Reason.FACE_NOT_LIVE, Reason.FACE_NOT_THE_CARDS, Reason.FACE_NOT_SEEN])
async def test_without_a_face_the_platform_hears_of_nobody(stage: Stage, reason: Reason) -> None:
    """A02: no request carries a person's identifier, no print job exists."""
    stage.booth.verdict = reason
    await play(stage, [(Home, lay_card), (ReadingCard, None), (FaceCheck, None), (Refusal, refused_for(reason))])
    assert stage.identified_calls == []
    nothing_printed(stage)


async def test_a_card_with_a_wrong_check_digit(stage: Stage) -> None:
    """E04."""
    number = stage.card.number
    stage.card = replace(stage.card, number=number[:-1] + ("0" if number[-1] != "0" else "1"))
    await play(stage, [(Home, lay_card), (ReadingCard, None), (Refusal, refused_for(Reason.CARD_NUMBER_INVALID))])
    assert stage.booth.asked == 0


async def test_an_expired_card(stage: Stage) -> None:
    stage.card = stage.cards[3]
    await play(stage, [(Home, lay_card), (ReadingCard, None), (Refusal, refused_for(Reason.CARD_EXPIRED))])


async def test_an_unreadable_card_may_be_tried_again(stage: Stage) -> None:
    stage.card = replace(stage.card, birth="20019999")

    async def lift(stage: Stage) -> None:
        refused_for(Reason.CARD_UNREADABLE)(stage)
        take_card(stage)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Refusal) and not pages[-1].card)
        stage.card = stage.cards[1]
        stage.screen.tap(Retry())

    first: list[Scene] = [(Home, lay_card), (ReadingCard, None), (Refusal, lift)]
    await play(stage, [*first, (PresentCard, lay_card), (ReadingCard, None), (FaceCheck, None)])


async def test_the_card_is_taken_away_half_way(stage: Stage) -> None:
    await play(stage, [*TO_CHOICE, (ChooseCertificate, take_card), (Refusal, refused_for(Reason.CARD_REMOVED))])
    nothing_printed(stage)


async def test_the_card_is_lifted_while_it_is_read(stage: Stage) -> None:
    stage.reader.faults.remove_during_read = True
    await play(stage, [(Home, lay_card), (ReadingCard, None), (Refusal, refused_for(Reason.CARD_REMOVED))])


@pytest.mark.parametrize(
    "scenes", [[(Home, tap_tile), (PresentCard, None)], [*TO_PREVIEW, (Preview, None)]], ids=["present-card", "preview"]
)
async def test_the_reader_is_lost(stage: Stage, scenes: list[Scene]) -> None:
    """Nobody is left waiting for a reader that is gone."""
    page = scenes[-1][0]
    await play(stage, [*scenes[:-1], (page, unplug), (Refusal, refused_for(Reason.READER_LOST))])
    nothing_printed(stage)


async def test_a_forgotten_card_serves_nobody(stage: Stage) -> None:
    """The next citizen's tap does not begin with the last one's card: it must be taken away first."""

    async def tap_beside_the_card(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].card_left)
        stage.screen.tap(Pick(KIND))
        take_card(stage)
        lay_card(stage)

    again: list[Scene] = [(Refusal, tap(Done())), (Home, tap_beside_the_card), (ReadingCard, None), (FaceCheck, None)]
    # Without the wish of the tap that did not count, the certificate is asked for.
    await play(stage, [*TO_PREVIEW, (Preview, tap(Cancel())), *again, (Waiting, None), (ChooseCertificate, None)])


async def test_after_three_tries_of_the_face_a_member_of_staff_checks(stage: Stage) -> None:
    stage.booth.verdict = Reason.FACE_NOT_LIVE
    one_try: list[Scene] = [(ReadingCard, None), (FaceCheck, None)]
    again: list[Scene] = [*one_try, (Refusal, tap(Retry()))]

    def insist(stage: Stage) -> None:
        refused_for(Reason.FACE_TRIED_OFTEN)(stage)
        stage.screen.tap(Retry())
        stage.screen.tap(Done())

    await play(stage, [(Home, lay_card), *again, *again, *one_try, (Refusal, insist), (Home, None)])
    assert stage.booth.asked == 3
