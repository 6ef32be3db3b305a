"""The main job on a good day, told as a list of (expected page, what happens then)."""

import gc
import hashlib
from collections.abc import AsyncGenerator

import pytest
from playing import (
    KIND,
    TO_CHOICE,
    TO_PREVIEW,
    TO_PRINTING,
    Scene,
    lay_card,
    nothing_printed,
    play,
    refused_for,
    take_card,
    tap,
    tap_tile,
)
from theatre import Stage

from hardware.cards.reading import CardReading
from kiosk.audit.chain import records, verify
from kiosk.checks import Check
from kiosk.documents.gate import PrintableDocument
from kiosk.documents.sealed import SealedDocument
from kiosk.evidence import IssueRequest
from kiosk.pages import (
    Cancel,
    ChooseCertificate,
    Done,
    FaceCheck,
    HandOver,
    Home,
    Pick,
    PresentCard,
    Preview,
    Print,
    Printing,
    Rate,
    ReadingCard,
    Refusal,
    Reveal,
    SlipState,
    Stars,
    Waiting,
    WantSlip,
)
from kiosk.paper.ledger import State
from kiosk.reasons import Reason
from kiosk.vision.witness import LiveMatch


async def overlooked(stage: Stage, near: bool) -> None:
    stage.booth.near.put_nowait(near)
    await stage.screen.seen(lambda pages: getattr(pages[-1], "overlooked", None) is near)


async def test_nothing_goes_on_while_somebody_looks_over_the_shoulder(stage: Stage) -> None:
    """Neither is anything private shown; once they are gone, it is as before."""

    async def come_and_go(stage: Stage) -> None:
        await overlooked(stage, True)
        stage.screen.tap(Print())
        await overlooked(stage, False)
        nothing_printed(stage)
        stage.screen.tap(Print())

    await play(stage, [*TO_PREVIEW, (Preview, come_and_go), (Printing, None), (HandOver, take_card)])
    assert len(stage.printer.printed) == 1


async def test_a_guard_that_breaks_is_told_of_and_keeps_nobodys_paper(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """E05: nobody watches from then on, so staff must read of it; not of what it broke over."""

    async def breaks() -> AsyncGenerator[bool, None]:
        raise RuntimeError("secret")
        yield True

    monkeypatch.setattr(stage.booth, "onlookers", breaks)
    await play(stage, [*TO_PREVIEW, (Preview, tap(Print())), (Printing, None), (HandOver, take_card)])
    assert len(stage.printer.printed) == 1
    assert "fault: RuntimeError at" in caplog.text and "secret" not in caplog.text


async def test_who_came_together_may_look(stage: Stage) -> None:
    """Asked once in a session."""

    async def reveal(stage: Stage) -> None:
        await overlooked(stage, True)
        stage.screen.tap(Reveal())
        await stage.screen.seen(lambda pages: not getattr(pages[-1], "overlooked", True))
        stage.screen.tap(Pick(KIND))

    async def come_again(stage: Stage) -> None:
        stage.booth.near.put_nowait(True)
        stage.screen.tap(Print())

    scenes: list[Scene] = [*TO_CHOICE, (ChooseCertificate, reveal), (Waiting, None), (Preview, come_again)]
    await play(stage, [*scenes, (Printing, None), (HandOver, take_card)])
    assert len(stage.printer.printed) == 1


async def test_one_citizen_one_certificate(stage: Stage) -> None:
    """A02, C17, C19, D01, E01, E03: identity, request, seal, right person, paper; audited, and the chain holds."""

    async def take_everything(stage: Stage) -> None:
        take_card(stage)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], HandOver) and not pages[-1].card)
        stage.screen.tap(Done())

    await play(
        stage,
        [
            *TO_PREVIEW,
            (Preview, tap(Print())),
            (Printing, None),
            (HandOver, take_everything),
            (Rate, tap(Stars(5))),
            (Home, None),
        ],
    )
    assert len(stage.printer.printed) == 1
    assert stage.printer.printed[0].startswith(b"%PDF")
    assert [call.operation for call in stage.identified_calls] == ["kinds-for", "issue", "rate"]
    events = [str(record.body["event"]) for record in records(stage.audit)]
    for event in ("session.began", "card.read", "presence.proved", "print.submitted", "print.out", "session.ended"):
        assert events.count(event) == 1
    assert verify(stage.audit).records == len(events)
    bodies = {str(record.body["event"]): record.body for record in records(stage.audit)}
    assert bodies["print.submitted"]["fields"]["form"] == "sealed"
    assert str(bodies["document.admitted"]["fields"]["checks"]).split() == [
        check.value for check in Check if check is not Check.TIME_STAMP
    ]


async def test_a_tile_tapped_first_is_not_asked_again(stage: Stage) -> None:
    scenes: list[Scene] = [
        (Home, tap_tile),
        (PresentCard, lay_card),
        (ReadingCard, None),
        (FaceCheck, None),
        (Waiting, None),
        (Preview, tap(Print())),
        (Printing, None),
        (HandOver, None),
    ]
    await play(stage, scenes)


async def test_the_personal_data_is_masked_on_every_page_but_the_preview(stage: Stage) -> None:
    """E05."""
    await play(stage, [*TO_PREVIEW, (Preview, None)])
    for page in stage.screen.pages:
        if not isinstance(page, Preview):
            assert stage.card.number not in repr(page)
            assert stage.card.name not in repr(page)


async def test_what_the_terminal_knew_ends_with_the_session(stage: Stage) -> None:
    """C20: while the page that says goodbye is read, nothing of this citizen is left in memory."""

    def known() -> list[object]:
        personal = (CardReading, LiveMatch, IssueRequest, SealedDocument, PrintableDocument)
        return [thing for thing in gc.get_objects() if isinstance(thing, personal)]

    others = known()  # what tests before this one still hold

    def forgotten(stage: Stage) -> None:
        refused_for(Reason.CANCELLED)(stage)
        assert [type(thing) for thing in known() if not any(thing is other for other in others)] == []

    await play(stage, [*TO_PREVIEW, (Preview, tap(Cancel())), (Refusal, forgotten)])


async def test_another_card_within_a_moment_is_another_person(stage: Stage) -> None:
    """Whoever swaps cards after the face check gets nothing: the reader sees the change also between two polls."""

    def swap(stage: Stage) -> None:
        stage.reader.remove()
        stage.reader.insert(stage.cards[1])

    await play(stage, [*TO_PREVIEW, (Preview, swap), (Refusal, refused_for(Reason.CARD_REMOVED))])
    nothing_printed(stage)


async def test_the_same_request_twice_is_two_calls(stage: Stage) -> None:
    """C20: nothing of a certificate is kept for the next time."""
    again: list[Scene] = [
        (Refusal, lambda stage: (take_card(stage), stage.screen.tap(Done()))[0]),
        (Home, lay_card),
        *TO_PREVIEW[1:],
        (Preview, None),
    ]
    await play(stage, [*TO_PREVIEW, (Preview, tap(Cancel())), *again])
    assert [call.operation for call in stage.identified_calls].count("issue") == 2


async def test_the_ledger_tells_what_became_of_the_paper(stage: Stage) -> None:
    """Out when the printer said so, collected when the citizen did."""

    async def take_everything(stage: Stage) -> None:
        (issue,) = stage.ledger.issues()
        assert (issue.state, issue.pages_out) == (State.OUT, issue.pages)
        take_card(stage)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], HandOver) and not pages[-1].card)
        stage.screen.tap(Done())

    await play(stage, [*TO_PRINTING, (Printing, None), (HandOver, take_everything), (Rate, None)])
    (issue,) = stage.ledger.issues()
    assert issue.state is State.COLLECTED
    assert stage.card.number not in repr(issue)


async def test_whoever_wants_a_receipt_gets_one_beside_the_paper(stage: Stage) -> None:
    """About this paper and no other; the page says when it is out."""

    async def ask(stage: Stage) -> None:
        stage.screen.tap(WantSlip())
        await stage.screen.seen(lambda pages: isinstance(pages[-1], HandOver) and pages[-1].slip is SlipState.OUT)
        stage.screen.tap(WantSlip())
        take_card(stage)
        stage.screen.tap(Done())

    await play(stage, [*TO_PRINTING, (Printing, None), (HandOver, ask), (Rate, None)])
    (issue,) = stage.ledger.issues()
    assert stage.slips.printed == [issue.digest]


@pytest.mark.parametrize("wanted", [True, False])
async def test_a_ticket_printer_that_fails_keeps_nobody(stage: Stage, wanted: bool) -> None:
    """Offered or not, asked for or not: the journey is over when card and paper are taken."""
    stage.slips.works, stage.slips.jams = wanted, True

    async def leave(stage: Stage) -> None:
        page = stage.screen.pages[-1]
        assert isinstance(page, HandOver)
        assert page.slip is (SlipState.OFFERED if wanted else SlipState.NONE)
        if wanted:
            stage.screen.tap(WantSlip())
            await stage.screen.seen(
                lambda pages: isinstance(pages[-1], HandOver) and pages[-1].slip is SlipState.FAILED
            )
        take_card(stage)
        stage.screen.tap(Done())

    await play(stage, [*TO_PRINTING, (Printing, None), (HandOver, leave), (Rate, None)])
    assert stage.slips.printed == []


async def test_a_kind_on_pre_printed_forms_is_printed_as_moved_pictures(stage: Stage) -> None:
    """A18: drawn from exactly the verified bytes, and the log says that it was a picture."""
    stage.desk.documents._overlays = {KIND: (3.0, 2.0)}  # type: ignore[attr-defined]
    await play(stage, [*TO_PRINTING, (Printing, None), (HandOver, None)])
    (printed,) = stage.printer.printed
    (issue,) = stage.ledger.issues()
    assert b"/Subtype/Image" in printed
    assert hashlib.sha256(printed).hexdigest() != issue.digest
    (sent,) = [record.body["fields"] for record in records(stage.audit) if record.body["event"] == "print.submitted"]
    assert (sent["form"], sent["document"]) == ("picture", issue.digest)  # type: ignore[index]
