"""Device tests: what is said of each device, and that nothing of a card or a face is."""

import asyncio
import os
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from workbench import Bench, levels

from hardware.cards.port import ReaderState
from hardware.cards.synthetic import citizens
from hardware.printers.port import Trouble
from hardware.tickets.emulator import EmulatedTicketPrinter, SerialTicketLine
from hardware.tickets.escpos_printer import EscposPrinter
from hardware.tickets.ticket_uri import line as ticket_line
from kiosk.health.findings import Level
from kiosk.maintenance import devices, printing, watching
from kiosk.maintenance.devices import CARD_READER, SCANNER, SPEAKER, TOUCH
from kiosk.maintenance.entry import Entry
from kiosk.maintenance.line import Line, Live
from kiosk.maintenance.pages import Back, StaffTouch, Touched
from kiosk.maintenance.printing import PRINTER_PAGE, TICKET
from kiosk.maintenance.watching import CAMERA, LIVENESS
from kiosk.maintenance.workshop import Workshop
from kiosk.messages import Alive, Guidance, Seen
from kiosk.pages import Action, Hint, Page, Prompt
from kiosk.reasons import Reason, Refused
from tests.journeys.theatre import HandClock

FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
WELL = Seen(1, 30.0, 120.0, 1, 0.4, 80.0, None)


class Eyes:
    """A vision process that says what it was told to say."""

    def __init__(self, *says: Seen | Guidance | Alive | Refused) -> None:
        self._says = says

    async def _say(self) -> AsyncGenerator[object, None]:
        for each in self._says:
            if isinstance(each, Refused):
                raise each
            yield each

    look = try_liveness = _say


def with_eyes(bench: Bench, *says: Seen | Guidance | Alive | Refused) -> Workshop:
    return replace(bench.workshop, eyes=Eyes(*says))  # type: ignore[arg-type]


async def test_a_test_card_says_its_kind_and_nothing_that_stands_on_it(bench: Bench) -> None:
    """E05: whoever tests a reader learns that it reads."""
    card = citizens(b"RIFF\x10\x00\x00\x00WEBP".ljust(1024, b"\0"))[0]
    bench.reader.insert(card)
    said = await bench.lines(CARD_READER)
    assert levels(said) == {Level.OK}
    text = "".join(line.says.zh + line.says.en for line in said)
    assert "居民身份证" in text and "webp" in text and "level reader" in text
    for field in (card.name, card.number, card.address, card.issuer):
        assert field not in text
    log = "".join(file.read_text() for file in bench.profile.audit.glob("*.jsonl"))
    assert card.number not in log


async def test_no_card_is_laid(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "CARD_WITHIN_S", 0.05)
    *_, last = await bench.lines(CARD_READER)
    assert last.level is Level.FAIL and "no card was noticed" in last.says.en


async def test_a_reader_that_is_unplugged(bench: Bench) -> None:
    bench.reader.unplug()
    async with bench.workshop.reader() as reader, asyncio.timeout(20):
        await reader.wait_state(ReaderState.LOST)
    (said,) = await bench.lines(CARD_READER)
    assert said.level is Level.FAIL and said.remedy is not None


async def test_the_cameras_numbers(bench: Bench) -> None:
    """F03: live, and each says whether it is within what a check needs."""
    dark = replace_seen(brightness=20.0, hint=Hint.TOO_DARK)
    said = [each async for each in CAMERA.run(with_eyes(bench, WELL, dark, WELL), "")]
    lives = [each for each in said if isinstance(each, Live)]
    assert [all(number.well for number in live.numbers) for live in lives] == [True, False, True]
    assert isinstance(said[-1], Line) and said[-1].level is Level.OK
    *_, last = [each async for each in CAMERA.run(with_eyes(bench, dark, dark), "")]
    assert isinstance(last, Line) and last.level is Level.WARN


async def test_a_look_through_the_camera_ends_when_it_has_seen_enough(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F03: pictures come for ever; that nobody looked at the rest of them is no fault."""

    async def for_ever() -> AsyncGenerator[Seen, None]:
        while True:
            yield WELL
            await asyncio.sleep(0.005)

    monkeypatch.setattr(watching, "LOOKED_AT_S", 0.2)
    eyes = with_eyes(bench)
    monkeypatch.setattr(eyes.eyes, "look", for_ever)
    async with asyncio.timeout(20):
        *_, last = [each async for each in CAMERA.run(eyes, "")]
    assert isinstance(last, Line) and last.level is Level.OK


def replace_seen(**changes: object) -> Seen:
    words = {name: getattr(WELL, name) for name in WELL.__struct_fields__}
    return Seen(**{**words, **changes})


@pytest.mark.parametrize("entry", [CAMERA, LIVENESS])
async def test_a_camera_that_is_gone(bench: Bench, entry: Entry) -> None:
    gone = Refused(Reason.CAMERA_LOST, "no picture from the camera")
    *_, last = [each async for each in entry.run(with_eyes(bench, gone), "")]
    assert isinstance(last, Line) and last.level is Level.FAIL
    assert last.remedy is not None and "kiosk-vision" in last.remedy.en
    (alone,) = await bench.lines(entry)
    assert alone.level is Level.FAIL and "no desk runs" in alone.says.en


def test_every_prompt_and_hint_has_words() -> None:
    assert set(watching.PROMPTS) == set(Prompt) and set(watching.HINTS) == set(Hint)


async def test_a_liveness_run_tells_its_result_only(bench: Bench) -> None:
    guided = Guidance(1, Prompt.TURN_LEFT, None, 0.5)
    said = [each async for each in LIVENESS.run(with_eyes(bench, guided, Alive(1, {"yaw_deg": 22.0})), "")]
    assert isinstance(said[-1], Line) and said[-1].says.en == "liveness: passed (yaw_deg 22.00)"
    failed = with_eyes(bench, guided, Refused(Reason.FACE_NOT_LIVE, "liveness: flat"))
    *_, last = [each async for each in LIVENESS.run(failed, "")]
    assert isinstance(last, Line) and last.says.en == "liveness: not passed, liveness: flat · turn-left"


async def test_the_printers_page_comes_out_as_drawn(bench: Bench) -> None:
    """F03: by the queue of certificates, and no certificate: each page says so."""
    said = await bench.lines(PRINTER_PAGE)
    assert levels(said) == {Level.OK}
    (pdf,) = bench.printer.printed
    assert pdf.startswith(b"%PDF")
    assert bench.printer.names[0].startswith("staff-")


async def test_a_printer_without_paper(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for staff, says so once, and the job is taken back when nobody comes."""
    monkeypatch.setattr(printing, "PAGE_WITHIN_S", 0.5)
    bench.printer.trouble_during = Trouble.PAPER_EMPTY
    said = [line for line in await bench.lines(PRINTER_PAGE) if line.level is not Level.OK]
    assert [line.says.en for line in said] == ["printer: waits, paper-empty", "printer: not out within 0 s, cancelled"]
    assert not bench.printer.holds_a_document and not bench.printer.printed


async def test_a_slip(bench: Bench, tmp_path: Path) -> None:
    (nothing,) = await bench.lines(TICKET)
    assert nothing.says.en == "ticket printer: not fitted"
    machine = EmulatedTicketPrinter(tmp_path / "slips")
    cable = SerialTicketLine(machine, tmp_path / "ticket")
    cable.plug()
    printer = EscposPrinter(ticket_line(cable.uri), 576, FONT)
    workshop = replace(bench.workshop, tickets=printer)
    try:
        (out,) = [each async for each in TICKET.run(workshop, "")]
        assert isinstance(out, Line) and out.level is Level.OK and len(machine.slips()) == 1
        machine.take_roll_out()
        (empty,) = [each async for each in TICKET.run(workshop, "")]
        assert isinstance(empty, Line) and empty.level is Level.FAIL and "paper-empty" in empty.says.en
    finally:
        await printer.close()
        cable.unplug()


async def test_what_is_not_fitted_is_named(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Honest: nothing is wrong with a terminal that has no scanner, and nothing is claimed of it."""
    monkeypatch.setenv("PATH", "/nowhere")
    for entry, name in ((SCANNER, "scanner"), (SPEAKER, "loudspeaker")):
        (said,) = await bench.lines(entry)
        assert said.level is Level.OK and said.says.en.startswith(name) and "not fitted" in said.says.en


@pytest.mark.parametrize(("code", "level"), [(0, Level.OK), (1, Level.FAIL)])
async def test_a_tone(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, level: Level) -> None:
    program = tmp_path / "speaker-test"
    program.write_text(f"#!/bin/sh\necho 'no card' >&2\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    (said,) = await bench.lines(SPEAKER)
    assert said.level is level
    assert ("no card" in said.says.en) is bool(code)


class Glass:
    """A screen on which somebody does these things."""

    def __init__(self, *does: Action) -> None:
        self._does = list(does)
        self.shown: list[Page] = []

    def show(self, page: Page) -> None:
        self.shown.append(page)

    async def action(self) -> Action:
        if not self._does:
            raise TimeoutError
        return self._does.pop(0)


class Haunted(Glass):
    """A panel that touches itself, ten times a second, at one place."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self._clock = clock
        self.touches = 0

    async def action(self) -> Action:
        await self._clock.pass_by(0.1)
        self.touches += 1
        assert self.touches < 1000, "for ever"
        return Touched(5)


async def test_a_panel_that_touches_itself_does_not_keep_the_terminal(bench: Bench) -> None:
    """F03: what a broken panel does is no sign that somebody is there."""
    clock = HandClock()
    workshop = replace(bench.workshop, glass=Haunted(clock), clock=clock)
    (said,) = [each async for each in TOUCH.run(workshop, "")]
    assert isinstance(said, Line) and said.says.en.startswith(f"touch: {FIELDS - 1} fields not felt")


FIELDS = devices.COLUMNS * devices.ROWS


@pytest.mark.parametrize(
    ("does", "says", "level"),
    [
        ([Touched(number) for number in range(FIELDS)], f"touch: all {FIELDS} fields were felt", Level.OK),
        ([Touched(0), Touched(FIELDS), Touched(-1), Back(), Touched(1)], f"touch: {FIELDS - 1} fields", Level.FAIL),
        ([Touched(number) for number in range(1, FIELDS)], "touch: 1 fields not felt (row/column 1/1)", Level.FAIL),
    ],
)
async def test_fields_that_no_finger_reached_are_named(
    bench: Bench, does: list[Action], says: str, level: Level
) -> None:
    """F03: and a dead corner of a panel with them."""
    glass = Glass(*does)
    workshop = replace(bench.workshop, glass=glass)
    (said,) = [each async for each in TOUCH.run(workshop, "")]
    assert isinstance(said, Line) and said.level is level and said.says.en.startswith(says)
    assert isinstance(glass.shown[-1], StaffTouch)
    (alone,) = await bench.lines(TOUCH)
    assert alone.level is Level.FAIL and "no desk runs" in alone.says.en
