"""`kiosk paper` and the doctor, in front of the emulated printer and a ledger with a past."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hardware.printers.emulator import EmulatedPrinter
from hardware.tickets.emulator import EmulatedTicketPrinter, SerialTicketLine
from kiosk.cli.paper import _as_text
from kiosk.clock import SystemClock
from kiosk.doctor.paper import ledger as examine_ledger
from kiosk.doctor.paper import supplies as examine_supplies
from kiosk.doctor.paper import tickets as examine_tickets
from kiosk.health.findings import Level
from kiosk.paper.account import account
from kiosk.paper.ledger import Ledger
from kiosk.profile import Name, Opening, Platform, Printer, Profile, ProfileError, Reader, Terminal, Tickets, Trust


class PastClock(SystemClock):
    """The wall clock of days ago."""

    def __init__(self) -> None:
        self.days_ago = 0

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(days=self.days_ago)


@pytest.fixture
async def printer(tmp_path: Path) -> AsyncIterator[EmulatedPrinter]:
    printer = EmulatedPrinter(tmp_path / "printer", tmp_path / "printed")
    await printer.start()
    yield printer
    await printer.stop()


@pytest.fixture
def profile(tmp_path: Path, printer: EmulatedPrinter) -> Profile:
    here = tmp_path / "nothing"
    return Profile(
        run=tmp_path,
        audit=here,
        audit_key="key",
        ledger=tmp_path / "ledger",
        terminal=Terminal("kiosk-0001", Name("厅", "Hall")),
        reader=Reader("pcsc://"),
        platform=Platform("https://localhost", here, here, "key"),
        trust=Trust(here),
        printer=Printer("127.0.0.1:1", "kiosk", printer.uri),
        certificates={},
    )


async def test_it_says_what_may_be_out_what_is_left_and_until_when(printer: EmulatedPrinter, profile: Profile) -> None:
    """F01."""
    clock = PastClock()
    book = Ledger(profile.ledger, clock)
    for days in range(20, 0, -1):
        clock.days_ago = days
        for number in range(5):
            book.out(book.issue("household", f"{days}-{number}", 2).token)
    clock.days_ago = 0
    book.uncertain(book.issue("household", "lost" * 16, 1).token)
    await printer.fill_tray(20)

    found = await account(profile)
    assert json.loads(json.dumps(found)) == found
    (lost,) = found["look_at"]
    assert (lost["state"], lost["digest"]) == ("uncertain", "lost" * 16)
    assert sum(found["pages_out"].values()) == 200
    moments = [datetime.fromisoformat(found["paper_runs_out"][name]) for name in ("earliest", "expected", "latest")]
    assert moments == sorted(moments)
    assert moments[0] > datetime.now(UTC)
    text = _as_text(found)
    for said in ("uncertain: household", "paper main: 20 of 250 sheets, low", "in four cases of five between"):
        assert said in text
    assert examine_ledger(profile.ledger).level is Level.WARN
    assert [finding.level for finding in await examine_supplies(profile.printer)] == [Level.WARN]


async def test_a_ledger_that_was_changed_is_a_failure(profile: Profile) -> None:
    assert examine_ledger(profile.ledger).level is Level.OK
    book = Ledger(profile.ledger, SystemClock())
    for number in range(2):
        book.out(book.issue("household", f"{number}", 1).token)
    (path,) = profile.ledger.glob("*.ledger")
    path.write_bytes(path.read_bytes().replace(b'"pages":1', b'"pages":9', 1))
    Ledger(profile.ledger, SystemClock())
    assert examine_ledger(profile.ledger).level is Level.FAIL
    found: dict[str, Any] = await account(profile)
    assert len(found["damaged"]) == 1
    assert found["paper_runs_out"] is None


async def test_the_doctor_looks_at_the_ticket_printer(tmp_path: Path, assets: Path) -> None:
    font = assets / "fonts" / "NotoSansSC-Regular.otf"
    printer = EmulatedTicketPrinter(tmp_path / "slips")
    line = SerialTicketLine(printer, tmp_path / "ticket")
    line.plug()
    settings = Tickets(line.uri, font=font)
    assert [finding.level for finding in await examine_tickets(settings)] == [Level.OK]
    printer.roll_lines = 100
    assert [finding.level for finding in await examine_tickets(settings)] == [Level.WARN]
    line.unplug()
    assert [finding.says for finding in await examine_tickets(settings)] == ["offline"]
    for flaw in (Tickets(line.uri, font=tmp_path / "none"), Tickets("lp0", font=font)):
        assert [finding.level for finding in await examine_tickets(flaw)] == [Level.FAIL]
    assert await examine_tickets(None) == []


async def test_opening_hours_that_are_none_are_a_flaw_of_the_profile(profile: Profile) -> None:
    flawed = msgspec.structs.replace(profile, opening=Opening(monday=("9 to 5",)))
    with pytest.raises(ProfileError, match=r"\[opening\] '9 to 5' is no span of time"):
        await account(flawed)
