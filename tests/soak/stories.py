"""What visitors of a hall do, and what goes wrong meanwhile; each with what must come of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from hardware.cards.synthetic import SyntheticCard
from kiosk.pages import (
    Cancel,
    ChooseCertificate,
    FaceCheck,
    HandOver,
    Page,
    Preview,
    Printing,
    SlipState,
    SwitchLanguage,
    WantSlip,
)
from kiosk.reasons import Reason
from platform_client.sandbox.faults import Fault

if TYPE_CHECKING:
    from day import Day

Deed = Callable[["Day"], Awaitable[None]]


@dataclass(frozen=True)
class Story:
    """`on`: what is done when such a page comes, before what everybody does there. `before`, `after`: around the visit.

    `prints`: whether the visitor leaves with a page; None: nobody can promise it. `reasons`: pages that may explain why
    not. `nobody`: it happens between two visitors; meanwhile the home page gives one of the `reasons`.
    """

    name: str
    prints: bool | None = True
    reasons: frozenset[Reason] = frozenset()
    on: Mapping[type[Page], Deed] = field(default_factory=dict)
    before: Deed | None = None
    after: Deed | None = None
    card: Callable[[SyntheticCard], SyntheticCard] = lambda card: card
    nobody: bool = False


async def _cancel(day: "Day") -> None:
    day.screen.tap(Cancel())


async def _walk_away(day: "Day") -> None:
    await day.hurry(70.0)


async def _take_card(day: "Day") -> None:
    day.machine.take_card()


async def _speak_english(day: "Day") -> None:
    day.screen.tap(SwitchLanguage("en"))
    await day.screen.until(lambda _: day.screen.shown is not None and day.screen.shown.language == "en")


async def _want_slip(day: "Day") -> None:
    page = await day.screen.until(lambda page: isinstance(page, HandOver) and page.slip is not SlipState.NONE)
    assert isinstance(page, HandOver)
    if page.slip is SlipState.OFFERED:
        day.screen.tap(WantSlip())
        await day.screen.until(
            lambda page: isinstance(page, HandOver) and page.slip in (SlipState.OUT, SlipState.FAILED)
        )


async def _kill_documents(day: "Day") -> None:
    day.killed += 1
    day.machine.processes["documents"].kill()


async def _trouble_then(day: "Day", mend: Deed) -> None:
    """Somebody mends it while the visitor waits."""
    await day.screen.until(lambda page: isinstance(page, Printing) and page.trouble is not None)
    await mend(day)


async def _refill(day: "Day") -> None:
    async def mend(day: "Day") -> None:
        await day.machine.printer.fill_tray()

    await _trouble_then(day, mend)


async def _clear_jam(day: "Day") -> None:
    async def mend(day: "Day") -> None:
        await day.machine.printer.clear()

    await _trouble_then(day, mend)


async def _pull_cable(day: "Day") -> None:
    await day.machine.printer.page_on_its_way()
    await day.machine.printer.pull_cable()
    await day.screen.until(lambda page: not isinstance(page, Printing) or page.trouble is not None)
    await day.hurry(130.0)


async def _printer(day: "Day", switch: str) -> None:
    done = getattr(day.machine.printer, switch)()
    if done is not None:
        await done


def _printer_does(switch: str) -> Deed:
    return lambda day: _printer(day, switch)


def _platform(fault: Fault | None) -> Deed:
    return lambda day: day.machine.spoil(fault, seconds=1.0)


def _face(verdict: Reason | None) -> Deed:
    async def deed(day: "Day") -> None:
        day.face.verdict = verdict

    return deed


def _reader(switch: str) -> Deed:
    async def deed(day: "Day") -> None:
        getattr(day.machine.reader, switch)()

    return deed


def _refused_paper(fault: Fault, *reasons: Reason) -> Story:
    """The platform sends a paper that must not come out."""
    return Story(f"platform: {fault.value}", False, frozenset(reasons), before=_platform(fault), after=_platform(None))


PLAIN: Final = Story("a certificate")
PEOPLE: Final = (
    Story("in English", on={ChooseCertificate: _speak_english}),
    Story("with a receipt", on={HandOver: _want_slip}),
    Story("stops at the face check", False, frozenset({Reason.CANCELLED}), on={FaceCheck: _cancel}),
    Story("stops at the choice", False, frozenset({Reason.CANCELLED}), on={ChooseCertificate: _cancel}),
    Story("stops at the preview", False, frozenset({Reason.CANCELLED}), on={Preview: _cancel}),
    Story("walks away from the choice", False, frozenset({Reason.IDLE}), on={ChooseCertificate: _walk_away}),
    Story("walks away from the preview", False, frozenset({Reason.IDLE}), on={Preview: _walk_away}),
    Story("takes the card too soon", False, frozenset({Reason.CARD_REMOVED}), on={FaceCheck: _take_card}),
    Story("reaches for the card while it prints", on={Printing: _take_card}),
    Story(
        "somebody else's face",
        False,
        frozenset({Reason.FACE_NOT_THE_CARDS}),
        before=_face(Reason.FACE_NOT_THE_CARDS),
        after=_face(None),
    ),
    Story(
        "a photograph",
        False,
        frozenset({Reason.FACE_NOT_LIVE}),
        before=_face(Reason.FACE_NOT_LIVE),
        after=_face(None),
    ),
    Story(
        "an expired card",
        False,
        frozenset({Reason.CARD_EXPIRED}),
        card=lambda card: replace(card, valid_until="20200101"),
    ),
)
FAULTS: Final = (
    _refused_paper(Fault.WRONG_PERSON, Reason.WRONG_PERSON),
    _refused_paper(Fault.WRONG_SUBJECT, Reason.WRONG_PERSON),
    _refused_paper(Fault.STALE_NONCE, Reason.WRONG_DOCUMENT),
    _refused_paper(Fault.REVOKED_SEAL, Reason.SEAL_INVALID),
    _refused_paper(Fault.BROKEN_SEAL, Reason.SEAL_INVALID),
    _refused_paper(Fault.OTHER_AGENCY_SEAL, Reason.SEAL_INVALID),
    _refused_paper(Fault.UNSEALED, Reason.SEAL_INVALID),
    _refused_paper(Fault.NOT_A_PDF, Reason.DOCUMENT_UNSAFE),
    Story(
        "the paper runs out, and is refilled",
        on={Printing: _refill},
        before=_printer_does("empty_tray_during_next_job"),
    ),
    Story("a jam", on={Printing: _clear_jam}, before=_printer_does("jam_during_next_job")),
    Story("a jam that ends the job", on={Printing: _clear_jam}, before=_printer_does("jam_and_give_up_next_job")),
    Story(
        "the printer's cable is pulled",
        None,
        frozenset(Reason),
        on={Printing: _pull_cable},
        after=_printer_does("plug_in_cable"),
    ),
    Story("the document process dies", on={ChooseCertificate: _kill_documents}),
    Story(
        "the printer's door is open",
        reasons=frozenset({Reason.PRINTER_DOOR_OPEN}),
        before=_printer_does("open_door"),
        after=_printer_does("close_door"),
        nobody=True,
    ),
    Story(
        "the tray is empty",
        reasons=frozenset({Reason.PAPER_EMPTY}),
        before=_printer_does("empty_tray"),
        after=_printer_does("fill_tray"),
        nobody=True,
    ),
    Story(
        "the reader is unplugged",
        reasons=frozenset({Reason.READER_LOST}),
        before=_reader("unplug"),
        after=_reader("plug"),
        nobody=True,
    ),
    Story(
        "the platform cannot be reached",
        reasons=frozenset({Reason.PLATFORM_UNREACHABLE}),
        before=_platform(Fault.UNREACHABLE),
        after=_platform(None),
        nobody=True,
    ),
)
