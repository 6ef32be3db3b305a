"""The SDT driver against the emulated reader on a real pseudo-terminal, with the faults of readers, lines and hands."""

import asyncio
import errno
import os
import termios
import traceback
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio
from card_samples import CITIZENS, ENDLESS, EXPIRED, OTHERS, VALID, WEBP, today, with_wrong_check_character
from conformance.identity_reader import NOTHING_HAPPENS_S, IdentityReaderConformance, outcome

from hardware.cards.emulator import DEFAULT_SAM_ID, OTHER_SAM_ID, Faults, SamEmulator
from hardware.cards.port import Can, CardError, CardFault, ReaderState
from hardware.cards.reading import Authenticity, Kind, Portrait
from hardware.cards.sdt_commands import READ
from hardware.cards.sdt_frame import Status, encode
from hardware.cards.sdt_reader import ATTEMPTS, SdtReader
from hardware.cards.serial_transport import SerialLine
from hardware.cards.synthetic import SyntheticCard

SAM_ID = "05.01-20101129-0001228293-0296863149"

pytestmark = pytest.mark.timeout(30)


class Bench:
    """An emulated reader and the driver on its port."""

    cards = CITIZENS

    def __init__(self, folder: Path, baud: int | None = None) -> None:
        self.emulator = SamEmulator(folder / "card-reader", baud=baud)
        self.reader = SdtReader(SerialLine(str(self.emulator.path)), sam_id=SAM_ID, today=today)
        self.faults = self.emulator.faults
        self.insert = self.emulator.insert
        self.remove = self.emulator.remove
        self.unplug = self.emulator.unplug
        self.plug = self.emulator.plug

    async def lay(self, card: SyntheticCard) -> None:
        """Lays a card and waits until it is noticed."""
        self.insert(card)
        await self.reader.wait_present()

    async def fault(self) -> CardFault:
        """The fault that reading ends in; nothing personal may be in its traceback."""
        with pytest.raises(CardError) as raised:
            await self.reader.read()
        shown = "".join(traceback.format_exception(raised.value))
        assert not any(secret in shown for card in CITIZENS for secret in (card.name, card.number, card.address))
        return raised.value.fault


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    await bench.reader.open()
    yield bench
    await bench.reader.close()
    bench.emulator.close()


@pytest_asyncio.fixture
async def paced_bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """At 115200 baud, where a read takes more than a tenth of a second."""
    bench = Bench(tmp_path, baud=115200)
    await bench.reader.open()
    yield bench
    await bench.reader.close()
    bench.emulator.close()


async def after_s(delay_s: float) -> None:
    """Until the loop's clock has moved on."""
    moment = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(delay_s, moment.set_result, None)
    await moment


class TestSdtReader(IdentityReaderConformance):
    """The suite every identity reader passes."""


async def test_every_field_and_the_reader_are_in_the_reading(bench: Bench) -> None:
    """A07"""
    await bench.lay(VALID)
    reading = await bench.reader.read()
    assert (reading.kind, reading.sex, reading.nation, reading.birth) == (
        Kind.RESIDENT,
        "男",
        "汉",
        date(1990, 3, 7),
    )
    assert (reading.issuer, reading.valid_from, reading.valid_until) == (
        VALID.issuer,
        date(2016, 5, 4),
        date(2036, 5, 4),
    )
    assert reading.portrait == Portrait(WEBP, "webp")
    assert reading.reader_id == SAM_ID
    assert reading.authenticity == Authenticity("reader", ("sam-id bound",))


async def test_what_opens_a_travel_document_is_not_silently_ignored(bench: Bench) -> None:
    await bench.lay(VALID)
    with pytest.raises(ValueError, match="not opened by"):
        await bench.reader.read(Can("123456"))


async def test_a_card_without_end_is_valid(bench: Bench) -> None:
    await bench.lay(ENDLESS)
    assert (await bench.reader.read()).valid_until is None


async def test_an_expired_card_is_refused(bench: Bench) -> None:
    await bench.lay(EXPIRED)
    assert await bench.fault() is CardFault.EXPIRED


async def test_a_card_is_valid_on_its_last_day_and_on_its_first(bench: Bench) -> None:
    for first, last, valid in [
        ("20060601", "20260601", True),
        ("20060531", "20260531", False),
        ("20260601", "20460601", True),
        ("20260602", "20460602", False),
    ]:
        await bench.lay(replace(VALID, valid_from=first, valid_until=last))
        assert (await outcome(bench.reader) is not CardFault.EXPIRED) is valid
        bench.remove()
        await bench.reader.wait_absent()


async def test_a_wrong_number_is_refused(bench: Bench) -> None:
    """E04"""
    await bench.lay(replace(VALID, number=with_wrong_check_character(VALID)))
    assert await bench.fault() is CardFault.NUMBER_INVALID


@pytest.mark.parametrize("card", OTHERS, ids=lambda card: card.kind.value)
async def test_the_other_kinds_of_cards_are_read_too(bench: Bench, card: SyntheticCard) -> None:
    await bench.lay(card)
    reading = await bench.reader.read()
    assert (reading.kind, reading.number, reading.latin_name) == (card.kind, card.number, card.latin_name)
    assert (reading.pass_number, reading.nationality) == (card.pass_number, card.nationality)
    assert not any(secret in repr(reading) for secret in (card.number, card.latin_name[1:] or card.name))


async def test_the_newest_address_is_the_one_of_the_reading(bench: Bench) -> None:
    await bench.lay(replace(VALID, new_addresses=("示范市新路3号", "示范市再新路4号")))
    assert (await bench.reader.read()).address == "示范市再新路4号"


async def test_a_portrait_of_unknown_encoding_is_refused(bench: Bench) -> None:
    await bench.lay(replace(VALID, portrait=bytes(1024)))
    assert await bench.fault() is CardFault.UNREADABLE


async def test_damaged_answers_are_asked_for_again(bench: Bench) -> None:
    await bench.lay(VALID)
    bench.faults.corrupt_answers = ATTEMPTS - 1
    assert (await bench.reader.read()).number == VALID.number


async def test_a_line_that_damages_everything_ends_in_unreadable(bench: Bench) -> None:
    await bench.lay(VALID)
    bench.faults.corrupt_answers = 1_000_000
    assert await bench.fault() is CardFault.UNREADABLE
    await bench.reader.wait_state(ReaderState.LOST)
    bench.faults.corrupt_answers = 0
    await bench.reader.wait_state(ReaderState.READY)


async def test_rubbish_on_the_line_does_no_harm(bench: Bench) -> None:
    bench.faults.garbage = b"\x00\xff\xaa\xaa\xaa\x96\xaa\xaa"
    await bench.lay(VALID)
    assert (await bench.reader.read()).number == VALID.number


async def test_a_line_that_is_out_of_step_is_left_and_met_anew(bench: Bench) -> None:
    """Another question's answer comes, here the SAM's number: nothing that comes after it is believed."""
    await bench.lay(VALID)
    bench.faults.garbage = encode(bytes([0, 0, Status.OK]) + DEFAULT_SAM_ID)
    assert await bench.fault() is CardFault.READER_LOST
    await bench.reader.wait_state(ReaderState.LOST)
    assert not bench.reader.present
    bench.faults.garbage = b""
    bench.remove()
    await bench.reader.wait_state(ReaderState.READY)
    await bench.lay(ENDLESS)
    assert (await bench.reader.read()).number == ENDLESS.number


async def test_a_card_lifted_before_anybody_noticed_was_removed(bench: Bench) -> None:
    await bench.lay(VALID)
    bench.remove()
    assert await bench.fault() is CardFault.REMOVED


async def test_a_card_whose_data_cannot_be_read_is_unreadable(bench: Bench) -> None:
    bench.faults.read_fails = True
    await bench.lay(VALID)
    assert await bench.fault() is CardFault.UNREADABLE
    assert bench.reader.present


# What a technician turns on, and how the next reading ends: in a fault, or well in spite of it.
BEFORE_THE_CARD = {
    "no-select": CardFault.UNREADABLE,
    "no-read": CardFault.UNREADABLE,
    "counterfeit": CardFault.NOT_AUTHENTIC,
    "wrong-check-digit": CardFault.NUMBER_INVALID,
    "expired": CardFault.EXPIRED,
}
AFTER_THE_CARD = {
    "slow": None,
    "garbage": None,
    "silence": CardFault.READER_LOST,
    "corrupt-frame": CardFault.UNREADABLE,
    "huge-lengths": CardFault.UNREADABLE,
    "pulled": CardFault.REMOVED,
}
AFTER_THE_CABLE = {"self-test": ReaderState.LOST, "wrong-sam": ReaderState.REPLACED}


def test_every_switch_is_tried() -> None:
    assert Faults.SWITCHES.keys() == BEFORE_THE_CARD.keys() | AFTER_THE_CARD.keys() | AFTER_THE_CABLE.keys()


@pytest.mark.parametrize("switch", BEFORE_THE_CARD)
async def test_a_switch_about_the_card_shows_and_goes_away(bench: Bench, switch: str) -> None:
    bench.faults.turn_on(switch)
    await bench.lay(VALID)
    assert await bench.fault() is BEFORE_THE_CARD[switch]
    bench.faults.turn_off(switch)
    bench.remove()
    await bench.reader.wait_absent()
    await bench.lay(VALID)
    assert (await bench.reader.read()).number == VALID.number


@pytest.mark.parametrize("switch", AFTER_THE_CARD)
async def test_a_switch_about_the_line_shows_and_goes_away(bench: Bench, switch: str) -> None:
    await bench.lay(VALID)
    bench.faults.turn_on(switch)
    ended = await outcome(bench.reader)
    assert (ended if isinstance(ended, CardFault) else None) is AFTER_THE_CARD[switch]
    bench.faults.turn_off(switch)
    bench.remove()
    await bench.reader.wait_absent()
    await bench.reader.wait_state(ReaderState.READY)
    await bench.lay(VALID)
    assert (await bench.reader.read()).number == VALID.number


@pytest.mark.parametrize("switch", AFTER_THE_CABLE)
async def test_a_switch_about_the_reader_shows_when_it_is_plugged_in(bench: Bench, switch: str) -> None:
    bench.unplug()
    await bench.reader.wait_state(ReaderState.LOST)
    bench.faults.turn_on(switch)
    bench.plug()
    bench.insert(VALID)
    await bench.reader.wait_state(AFTER_THE_CABLE[switch])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bench.reader.wait_present(), NOTHING_HAPPENS_S)
    assert bench.reader.state is AFTER_THE_CABLE[switch]
    bench.faults.turn_off(switch)
    await bench.reader.wait_present()


async def test_an_answer_to_somebody_before_us_does_not_keep_the_reader_out(tmp_path: Path) -> None:
    """It lay in the line when the port was opened: a card was not found."""
    bench = Bench(tmp_path)
    bench.faults.garbage = encode(bytes([0, 0, Status.FIND_FAILED]))
    await bench.reader.open()
    assert bench.reader.state is ReaderState.READY
    await bench.reader.close()
    bench.emulator.close()


async def test_a_line_of_9600_baud_is_fast_enough_for_the_time_limits(tmp_path: Path) -> None:
    bench = Bench(tmp_path, baud=9600)
    await bench.reader.open()
    await bench.lay(VALID)
    assert (await bench.reader.read()).number == VALID.number
    await bench.reader.close()
    bench.emulator.close()


async def test_a_silent_reader_is_lost_and_comes_back(bench: Bench) -> None:
    bench.faults.silent = True
    await bench.reader.wait_state(ReaderState.LOST)
    assert await bench.fault() is CardFault.READER_LOST
    bench.faults.silent = False
    await bench.reader.wait_state(ReaderState.READY)


async def test_a_reader_unplugged_while_reading_is_lost_at_once(bench: Bench) -> None:
    await bench.lay(VALID)
    bench.faults.silent = True
    reading = asyncio.ensure_future(bench.fault())
    await after_s(0.02)
    bench.unplug()
    assert await asyncio.wait_for(reading, READ.limit_s / 2) is CardFault.READER_LOST


async def test_the_card_of_a_reader_that_is_lost_was_not_taken_away(bench: Bench) -> None:
    """Whoever waits for either hears of the reader."""
    await bench.lay(VALID)
    bench.unplug()
    await bench.reader.wait_absent()
    assert bench.reader.state is ReaderState.LOST


async def test_an_exchanged_reader_is_not_trusted(bench: Bench) -> None:
    bench.unplug()
    await bench.reader.wait_state(ReaderState.LOST)
    bench.emulator.replace_sam(OTHER_SAM_ID)
    bench.insert(VALID)
    bench.plug()
    await bench.reader.wait_state(ReaderState.REPLACED)
    assert not bench.reader.present
    assert await bench.fault() is CardFault.READER_REPLACED


async def test_a_reader_that_is_missing_at_start_is_waited_for(tmp_path: Path) -> None:
    reader = SdtReader(SerialLine(str(tmp_path / "card-reader")), sam_id=None, today=today)
    await reader.open()
    assert reader.state is ReaderState.LOST
    emulator = SamEmulator(tmp_path / "card-reader", sam_id=OTHER_SAM_ID)
    emulator.insert(VALID)
    await reader.wait_present()
    reading = await reader.read()
    assert reading.reader_id == "05.01-20240229-0000000001-0000000001"
    assert reading.authenticity == Authenticity("reader"), "no reader was bound"
    await reader.close()
    emulator.close()


async def test_a_reader_that_is_pulled_out_while_its_port_is_opened_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pulled(*_: object) -> None:
        raise termios.error(errno.EIO, os.strerror(errno.EIO))

    bench = Bench(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(termios, "tcflush", pulled)
        await bench.reader.open()
        assert bench.reader.state is ReaderState.LOST
    await bench.reader.wait_state(ReaderState.READY)
    await bench.reader.close()
    bench.emulator.close()


async def test_only_one_program_has_the_port(bench: Bench) -> None:
    second = SdtReader(SerialLine(str(bench.emulator.path)), sam_id=None, today=today)
    await second.open()
    assert second.state is ReaderState.LOST
    await second.close()


async def test_the_loop_goes_on_while_a_card_is_read(paced_bench: Bench) -> None:
    await paced_bench.lay(VALID)
    reading = asyncio.ensure_future(paced_bench.reader.read())
    await after_s(0.02)
    assert not reading.done()
    assert (await reading).number == VALID.number


async def test_a_cancelled_read_leaves_a_usable_line(paced_bench: Bench) -> None:
    await paced_bench.lay(VALID)
    reading = asyncio.ensure_future(paced_bench.reader.read())
    await after_s(0.04)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert (await paced_bench.reader.read()).number == VALID.number
    assert paced_bench.reader.present


async def test_no_log_line_tells_who_was_here(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """E05"""
    caplog.set_level(0)
    await bench.lay(VALID)
    await bench.reader.read()
    bench.unplug()
    await bench.reader.wait_state(ReaderState.LOST)
    assert "lost" in caplog.text
    assert not any(secret in caplog.text for secret in (VALID.name, VALID.number, VALID.birth, VALID.address))
