"""The main job and its bad days, each told as a list of (expected page, what happens then)."""

import asyncio
import gc
import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from playing import KIND, Scene, lay_card, play, refused_for, take_card, tap, unplug
from theatre import PATIENCE_S, Stage, performing

from hardware.cards.reading import CardReading
from hardware.printers.port import JobReport, Outcome, Trouble
from kiosk.audit.chain import records, verify
from kiosk.checks import Check
from kiosk.documents.gate import PrintableDocument
from kiosk.documents.sealed import SealedDocument
from kiosk.evidence import IssueRequest
from kiosk.health.findings import State as Health
from kiosk.health.remedies import trouble
from kiosk.journeys.attract import attract
from kiosk.pages import (
    Cancel,
    ChooseCertificate,
    Done,
    FaceCheck,
    HandOver,
    Home,
    Notice,
    Page,
    Pick,
    PresentCard,
    Preview,
    Print,
    Printing,
    Rate,
    ReadingCard,
    Refusal,
    Retry,
    Reveal,
    SlipState,
    Stars,
    StillHere,
    Waiting,
    WantSlip,
)
from kiosk.paper.ledger import State
from kiosk.ports.printer import PaperPort
from kiosk.reasons import Reason, Refused
from kiosk.vision.witness import LiveMatch
from platform_client.sandbox.control import SetSource
from platform_client.sandbox.faults import Fault
from platform_client.sandbox.server import Sandbox
from platform_client.sandbox.sources import SourceFault


async def tiles(stage: Stage) -> None:
    await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and bool(pages[-1].kinds))


async def tap_tile(stage: Stage) -> None:
    await tiles(stage)
    stage.screen.tap(Pick(KIND))


TO_CHOICE: list[Scene] = [(Home, lay_card), (ReadingCard, None), (FaceCheck, None), (Waiting, None)]
TO_WAITING: list[Scene] = [*TO_CHOICE, (ChooseCertificate, tap(Pick(KIND)))]
TO_PREVIEW: list[Scene] = [*TO_WAITING, (Waiting, None)]
TO_PRINTING: list[Scene] = [*TO_PREVIEW, (Preview, tap(Print()))]


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


def nothing_printed(stage: Stage) -> None:
    assert stage.printer.printed == []


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


async def test_out_of_paper_is_said_before_anything_is_asked(stage: Stage) -> None:
    """A09: the citizen does not give a face for a paper that cannot come."""
    stage.printer.trouble = Trouble.PAPER_EMPTY
    await play(stage, [(Home, lay_card), (Refusal, refused_for(Reason.PAPER_EMPTY))])
    assert stage.booth.asked == 0


async def test_paper_runs_out_and_is_filled_again(stage: Stage) -> None:
    stage.printer.trouble_during = Trouble.PAPER_EMPTY

    async def fill(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        stage.printer.repair()

    await play(stage, [*TO_PRINTING, (Printing, fill), (HandOver, None)])
    assert len(stage.printer.printed) == 1


async def test_paper_runs_out_and_nobody_comes(stage: Stage) -> None:
    stage.printer.trouble_during = Trouble.PAPER_EMPTY

    async def wait(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        await stage.clock.pass_by(121.0)
        stage.printer.beat()

    def cancelled(stage: Stage) -> None:
        refused_for(Reason.PAPER_EMPTY_DURING)(stage)
        stage.printer.repair()

    await play(stage, [*TO_PRINTING, (Printing, wait), (Waiting, None), (Refusal, cancelled)])
    nothing_printed(stage)


async def test_nothing_comes_out_after_stop_while_printing(stage: Stage) -> None:
    stage.printer.trouble_during = Trouble.JAM

    async def stop(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        stage.screen.tap(Cancel())

    await play(stage, [*TO_PRINTING, (Printing, stop), (Waiting, None), (Refusal, refused_for(Reason.CANCELLED))])
    stage.printer.repair()
    nothing_printed(stage)


async def test_stop_while_the_job_is_handed_over_recalls_it(stage: Stage) -> None:
    """The citizen reads that nothing was printed: so nothing may still be on its way to the printer."""
    stage.printer.line_free.clear()

    def stop(stage: Stage) -> None:
        stage.screen.tap(Cancel())

    def let_it_arrive(stage: Stage) -> None:
        stage.printer.line_free.set()

    def recalled(stage: Stage) -> None:
        refused_for(Reason.CANCELLED)(stage)
        assert not stage.printer.holds_a_document

    await play(stage, [*TO_PRINTING, (Printing, stop), (Waiting, let_it_arrive), (Refusal, recalled)])
    nothing_printed(stage)


async def test_stop_after_the_first_of_two_pages_sends_the_citizen_to_the_tray(stage: Stage) -> None:
    stage.printer.trouble_during, stage.printer.pages_out = Trouble.JAM, 1

    async def stop(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        stage.screen.tap(Cancel())

    def look_at_the_tray(stage: Stage) -> None:
        refused_for(Reason.PRINT_UNCERTAIN)(stage)
        page = stage.screen.pages[-1]
        assert isinstance(page, Refusal)
        assert page.paper

    await play(stage, [*TO_PRINTING, (Printing, stop), (Waiting, None), (Refusal, look_at_the_tray)])


async def test_a_printer_that_says_nothing_is_wrong_is_not_waited_for_for_ever(stage: Stage) -> None:
    stage.printer.hangs = True

    async def wait(stage: Stage) -> None:
        await stage.printer.asked.wait()
        await stage.clock.pass_by(121.0)
        stage.printer.beat()

    await play(stage, [*TO_PRINTING, (Printing, wait), (Waiting, None), (Refusal, refused_for(Reason.PRINTER_LOST))])
    nothing_printed(stage)


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


async def test_a_fault_of_the_terminal_itself_is_a_page_and_not_its_end(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(event: str, **fields: object) -> None:
        raise OSError("no space left")

    def fails(stage: Stage) -> None:
        monkeypatch.setattr(stage.desk.audit, "record", broken)
        lay_card(stage)

    def recovers(stage: Stage) -> None:
        refused_for(Reason.INTERNAL)(stage)
        monkeypatch.undo()
        take_card(stage)
        stage.screen.tap(Done())

    again: list[Scene] = [(Home, lay_card), (ReadingCard, None), (FaceCheck, None)]
    await play(stage, [(Home, fails), (Refusal, recovers), *again])
    assert stage.booth.asked == 1


async def test_a_fault_behind_the_home_page_closes_it_and_passes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(stage.printer, "condition", broken)

    async def closed(stage: Stage) -> None:
        await stage.clock.pass_by(21.0)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].trouble is Reason.INTERNAL)
        monkeypatch.undo()
        await stage.clock.pass_by(2.0)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].trouble is None)

    await play(stage, [(Home, closed)])


async def test_going_down_while_a_page_is_printed_recalls_it_and_goes_down(stage: Stage) -> None:
    """SIGTERM in the middle of a job, also when the page is out before it can be recalled."""
    stage.printer.trouble_during = Trouble.JAM
    terminal = asyncio.ensure_future(attract(stage.desk))

    async def go_down(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        stage.printer.comes_out_when_cancelled = True
        terminal.cancel()
        await asyncio.wait({terminal}, timeout=PATIENCE_S)

    await play(stage, [*TO_PRINTING, (Printing, go_down)], terminal)
    assert terminal.cancelled()
    assert not stage.printer.holds_a_document


async def test_a_rating_that_does_not_arrive_keeps_nobody(stage: Stage) -> None:
    def rate(stage: Stage) -> None:
        stage.faults.active, stage.faults.seconds = Fault.SLOW, 60.0
        stage.screen.tap(Stars(5))

    async def leave(stage: Stage) -> None:
        take_card(stage)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], HandOver) and not pages[-1].card)
        stage.screen.tap(Done())

    await play(stage, [*TO_PRINTING, (Printing, None), (HandOver, leave), (Rate, rate), (Home, None)])


@pytest.mark.parametrize(
    "scenes",
    [
        [(Home, tap_tile), (PresentCard, None)],
        [(Home, lay_card), (ReadingCard, None), (FaceCheck, None)],
        [*TO_CHOICE[:-1], (Waiting, None)],
        [*TO_CHOICE, (ChooseCertificate, None)],
        [*TO_PREVIEW, (Preview, None)],
    ],
    ids=["present-card", "face-check", "asking-kinds", "choose", "preview"],
)
async def test_stop_works_on_every_page(stage: Stage, scenes: list[Scene]) -> None:
    page = scenes[-1][0]
    if page is FaceCheck:
        stage.booth.go_on.clear()
    await play(stage, [*scenes[:-1], (page, tap(Cancel())), (Refusal, refused_for(Reason.CANCELLED))])


async def test_stop_works_while_the_card_is_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def asked_before_the_card_is_read() -> None:
        stage.reader.faults.silent = stage.desk.reader.present

    monkeypatch.setattr(stage.printer, "condition", asked_before_the_card_is_read)
    await play(stage, [(Home, lay_card), (ReadingCard, tap(Cancel())), (Refusal, refused_for(Reason.CANCELLED))])


@pytest.mark.parametrize(
    "scenes",
    [
        [(Home, tap_tile), (PresentCard, None)],
        [*TO_CHOICE, (ChooseCertificate, None)],
        [*TO_PREVIEW, (Preview, None)],
    ],
    ids=["present-card", "choose", "preview"],
)
async def test_an_idle_minute_ends_the_session_with_a_countdown(stage: Stage, scenes: list[Scene]) -> None:
    async def idle(stage: Stage) -> None:
        await stage.clock.pass_by(46.0)
        assert stage.screen.countdown == 19
        await stage.clock.pass_by(20.0)

    await play(stage, [*scenes[:-1], (scenes[-1][0], idle), (Refusal, refused_for(Reason.IDLE))])
    nothing_printed(stage)


async def test_one_tap_stops_the_countdown(stage: Stage) -> None:
    async def stir(stage: Stage) -> None:
        await stage.clock.pass_by(50.0)
        assert stage.screen.countdown is not None
        stage.screen.tap(StillHere())
        await stage.screen.seen(lambda _: stage.screen.countdown is None)
        await stage.clock.pass_by(40.0)
        stage.screen.tap(Pick(KIND))

    await play(stage, [*TO_CHOICE, (ChooseCertificate, stir), (Waiting, None), (Preview, None)])


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


async def test_a_printer_that_gives_up_over_a_jam_prints_the_same_issue_once_more(stage: Stage) -> None:
    """Nothing of it is out, so it is no second original; and the citizen need not begin again."""
    stage.printer.gives_up_over_jam = True

    async def clear(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        nothing_printed(stage)
        stage.printer.repair()
        await stage.clock.pass_by(1.5)

    await play(stage, [*TO_PRINTING, (Printing, clear), (HandOver, None)])
    assert len(stage.printer.printed) == 1
    (issue,) = stage.ledger.issues()
    assert stage.printer.names == [f"{issue.token}-1", f"{issue.token}-2"]
    assert issue.state is State.OUT


async def test_a_jam_that_nobody_clears_ends_without_a_page(stage: Stage) -> None:
    stage.printer.gives_up_over_jam = True

    async def wait(stage: Stage) -> None:
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Printing) and pages[-1].trouble is not None)
        await stage.clock.pass_by(122.0)

    await play(stage, [*TO_PRINTING, (Printing, wait), (Refusal, refused_for(Reason.PAPER_JAM_DURING))])
    nothing_printed(stage)


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


@pytest.mark.parametrize(
    ("left", "reason", "state"),
    [
        (JobReport(1, None, Outcome.PRINTED), Reason.INTERRUPTED_BUT_OUT, State.OUT),
        (JobReport(0, None, Outcome.CANCELLED), Reason.INTERRUPTED_NOT_OUT, State.NOT_OUT),
        (JobReport(0, None, Outcome.UNCERTAIN), Reason.PRINT_UNCERTAIN, State.UNCERTAIN),
        (JobReport(1, None, Outcome.CANCELLED), Reason.PRINT_UNCERTAIN, State.UNCERTAIN),
    ],
    ids=["out", "not out", "nobody knows", "half of it"],
)
async def test_after_a_crash_whoever_waits_hears_what_became_of_their_page(
    stage: Stage, left: JobReport, reason: Reason, state: State
) -> None:
    """The desk that printed is gone; its successor asks queue and printer before anything else is printed."""
    token = stage.ledger.issue("household", "ab" * 32, 2 if left.outcome is Outcome.CANCELLED else 1).token
    stage.printer.trouble, stage.printer.left_behind = Trouble.OFFLINE, left
    successor = replace(stage.desk, printer=PaperPort(stage.printer, stage.ledger, stage.stock, {}, stage.clock))

    async def comes_back(stage: Stage) -> None:
        await stage.clock.pass_by(21.0)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].trouble is not None)
        assert stage.printer.settled == []
        stage.printer.repair()
        await stage.clock.pass_by(2.0)

    def told(stage: Stage) -> None:
        refused_for(reason)(stage)
        assert stage.printer.settled == [f"{token}-1"]
        assert [issue.state for issue in stage.ledger.issues()] == [state]
        stage.screen.tap(Done())

    await play(stage, [(Home, comes_back), (Refusal, told), (Home, None)], attract(successor))


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


async def test_the_home_page_says_what_runs_low_and_what_works_all_the_same(stage: Stage) -> None:
    """F01, A09: little paper and no receipts close nothing; the log says when it began and when it ended."""
    stage.printer.sheets, stage.slips.works = 10, False

    async def refill(stage: Stage) -> None:
        low = (Notice.PAPER_LOW, Notice.NO_RECEIPTS)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].notices == low)
        page = stage.screen.pages[-1]
        assert isinstance(page, Home)
        assert page.trouble is None
        stage.printer.sheets, stage.slips.works = 250, True
        await stage.clock.pass_by(11.0)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and not pages[-1].notices)

    await play(stage, [(Home, refill)])
    told = [record.body["fields"] for record in records(stage.audit) if record.body["event"] == "supplies"]
    assert told == [{"low": "PAPER_LOW NO_RECEIPTS"}, {"low": ""}]
    assert [reading.supplies.sheets_left for reading in stage.stock.readings] == [10, 250]


async def test_a_full_disk_closes_the_home_page_and_not_the_terminal(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C19, F01: what runs low, and what a crash left behind, cannot be written down. Said it is all the same."""

    def full(event: str, **fields: object) -> None:
        raise Refused(Reason.AUDIT_FULL, "no room for a record")

    monkeypatch.setattr(stage.desk.audit, "record", full)
    stage.printer.sheets = 10
    stage.ledger.issue("household", "ab" * 32, 1)
    successor = replace(stage.desk, printer=PaperPort(stage.printer, stage.ledger, stage.stock, {}, stage.clock))

    async def room_again(stage: Stage) -> None:
        assert len(stage.screen.pages) == 3
        await tiles(stage)
        monkeypatch.undo()
        await stage.clock.pass_by(11.0)
        low = (Notice.PAPER_LOW,)
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home) and pages[-1].notices == low)

    def told(stage: Stage) -> None:
        refused_for(Reason.PRINT_UNCERTAIN)(stage)
        stage.screen.tap(Done())

    await play(stage, [(Home, None), (Refusal, told), (Home, room_again)], attract(successor))
    assert "supplies" in [record.body["event"] for record in records(stage.audit)]


async def test_a_supply_that_cannot_be_read_ends_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """F01: a printer whose levels make no sense prints all the same."""

    async def nonsense() -> None:
        raise ValueError("a level of no supply")

    monkeypatch.setattr(stage.printer, "supplies", nonsense)

    async def goes_on(stage: Stage) -> None:
        await tiles(stage)
        await stage.clock.pass_by(11.0)

    await play(stage, [(Home, goes_on)])


async def test_a_disk_that_fills_up_while_a_page_is_printed_loses_no_truth(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is out and cannot be written down: the terminal has a fault, and asks again before it prints."""

    def full(token: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stage.ledger, "spooled", full)
    monkeypatch.setattr(stage.ledger, "out", full)

    async def room_again(stage: Stage) -> None:
        refused_for(Reason.INTERNAL)(stage)
        monkeypatch.undo()
        stage.printer.left_behind = JobReport(1, None, Outcome.PRINTED)
        take_card(stage)
        stage.screen.tap(Done())
        await stage.screen.seen(lambda pages: isinstance(pages[-1], Home))

    scenes: list[Scene] = [*TO_PRINTING, (Printing, None), (Refusal, room_again), (Home, None)]
    await play(stage, [*scenes, (Refusal, refused_for(Reason.INTERRUPTED_BUT_OUT))])
    assert [issue.state for issue in stage.ledger.issues()] == [State.OUT]


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


async def test_a_queue_that_is_lost_over_the_last_byte_is_asked_before_anything_else_is_printed(stage: Stage) -> None:
    """Nobody says that nothing was printed; the printer knows, and the citizen hears it."""
    stage.printer.loses_its_queue = True
    stage.printer.left_behind = JobReport(1, None, Outcome.PRINTED)

    def may_be_out(stage: Stage) -> None:
        refused_for(Reason.PRINT_UNCERTAIN)(stage)
        assert [issue.state for issue in stage.ledger.issues()] == [State.ISSUED]
        take_card(stage)
        stage.screen.tap(Done())

    scenes: list[Scene] = [*TO_PRINTING, (Printing, None), (Refusal, may_be_out), (Home, None)]
    await play(stage, [*scenes, (Refusal, refused_for(Reason.INTERRUPTED_BUT_OUT))])
    assert [issue.state for issue in stage.ledger.issues()] == [State.OUT]


async def test_stop_while_the_queue_is_lost_does_not_say_that_nothing_was_printed(stage: Stage) -> None:
    stage.printer.loses_its_queue = True
    stage.printer.line_free.clear()

    def lose(stage: Stage) -> None:
        stage.printer.line_free.set()

    scenes: list[Scene] = [*TO_PRINTING, (Printing, tap(Cancel())), (Waiting, lose)]
    await play(stage, [*scenes, (Refusal, refused_for(Reason.PRINT_UNCERTAIN))])


async def test_the_home_page_says_what_the_terminal_says_of_itself(stage: Stage) -> None:
    """F03: what keeps it from serving stands on the page, whoever found it, and goes when it is mended."""
    health = stage.desk.health

    def shows(reason: Reason | None) -> Callable[[list[Page]], bool]:
        return lambda pages: isinstance(pages[-1], Home) and bool(pages[-1].kinds) and pages[-1].trouble is reason

    async def vision_dies(stage: Stage) -> None:
        await stage.screen.seen(shows(None))
        assert health.state is Health.READY
        health.post("workers", trouble("vision process", Reason.CAMERA_LOST))
        await stage.clock.pass_by(11.0)
        await stage.screen.seen(shows(Reason.CAMERA_LOST))
        stage.printer.trouble = Trouble.PAPER_EMPTY
        await stage.clock.pass_by(2.0)
        await stage.screen.seen(shows(Reason.PAPER_EMPTY))
        assert [finding.code for finding in health.findings if finding.code] == ["K501", "K204"]
        health.post("workers")
        stage.printer.trouble = None
        await stage.clock.pass_by(2.0)
        await stage.screen.seen(shows(None))
        assert health.state is Health.READY

    await play(stage, [(Home, vision_dies)])
