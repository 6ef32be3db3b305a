"""The SDT driver over USB: the real pyusb core in front of an emulated reader, with the faults that only USB has."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from card_samples import CITIZENS, ENDLESS, VALID, today
from conformance.identity_reader import IdentityReaderConformance, outcome

from hardware.cards.emulator import DEFAULT_SAM_ID, OTHER_SAM_ID, UsbSamEmulator, usb_device
from hardware.cards.port import CardFault, ReaderState
from hardware.cards.reading import CardReading
from hardware.cards.sdt_commands import SAM_ID as SAM_NUMBER
from hardware.cards.sdt_frame import HEAD_BYTES, Status, encode
from hardware.cards.sdt_reader import ATTEMPTS, SdtReader
from hardware.cards.synthetic import SyntheticCard
from hardware.cards.transport import TransportDamaged, TransportLost
from hardware.cards.usb_transport import BODY_IN, HEAD_IN, UsbLine

SAM_ID = "05.01-20101129-0001228293-0296863149"

pytestmark = pytest.mark.timeout(30)


class Bench:
    """An emulated USB reader and the driver that found it."""

    cards = CITIZENS

    def __init__(self) -> None:
        self.emulator = UsbSamEmulator()
        self.line = UsbLine(backend=self.emulator.backend)
        self.reader = SdtReader(self.line, sam_id=SAM_ID, today=today)
        self.faults = self.emulator.faults
        self.insert = self.emulator.insert
        self.remove = self.emulator.remove
        self.unplug = self.emulator.unplug
        self.plug = self.emulator.plug

    async def lay(self, card: SyntheticCard) -> None:
        """Lays a card and waits until it is noticed."""
        self.insert(card)
        await self.reader.wait_present()


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    await bench.reader.open()
    yield bench
    await bench.reader.close()
    bench.emulator.close()


class TestUsbSdtReader(IdentityReaderConformance):
    """The suite every identity reader passes."""


async def test_a_stall_is_cleared_and_the_question_asked_again(bench: Bench) -> None:
    await bench.lay(VALID)
    bench.faults.stalls = ATTEMPTS - 1
    assert (await bench.reader.read()).number == VALID.number


async def test_a_reader_that_always_stalls_is_lost_and_comes_back(bench: Bench) -> None:
    bench.faults.stalls = 1_000_000
    await bench.reader.wait_state(ReaderState.LOST)
    bench.faults.stalls = 0
    await bench.reader.wait_state(ReaderState.READY)


async def test_answers_in_short_packets_are_put_together(bench: Bench) -> None:
    bench.faults.short_packets = True
    await bench.lay(VALID)
    assert (await bench.reader.read()).number == VALID.number


async def test_damaged_answers_are_asked_for_again(bench: Bench) -> None:
    await bench.lay(VALID)
    bench.faults.corrupt_answers = ATTEMPTS - 1
    assert (await bench.reader.read()).number == VALID.number


async def test_a_card_lifted_in_the_middle_of_its_data_was_removed(bench: Bench) -> None:
    await bench.lay(VALID)
    bench.faults.remove_during_read = True
    assert await outcome(bench.reader) is CardFault.REMOVED
    await bench.reader.wait_absent()


async def test_a_reader_that_claims_huge_answers_is_not_believed(bench: Bench) -> None:
    await bench.lay(VALID)
    bench.faults.huge_lengths = True
    assert await outcome(bench.reader) is CardFault.UNREADABLE


async def test_a_reader_that_falls_silent_is_lost(bench: Bench) -> None:
    await bench.lay(VALID)
    bench.faults.silent = True
    assert await outcome(bench.reader) is CardFault.READER_LOST


async def test_a_cancelled_read_leaves_a_usable_line(bench: Bench) -> None:
    await bench.lay(VALID)
    bench.faults.slow_s = 0.2
    reading = asyncio.ensure_future(bench.reader.read())
    done, _ = await asyncio.wait([reading], timeout=0.1)
    assert not done
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    bench.faults.slow_s = 0.0
    assert (await bench.reader.read()).number == VALID.number


async def overtake(bench: Bench) -> None:
    """VALID was asked for and has not come, for it takes more than four seconds; now ENDLESS lies there."""
    await bench.lay(VALID)
    bench.faults.overtaken_s = 4.3
    assert await outcome(bench.reader) is CardFault.READER_LOST
    bench.insert(ENDLESS)
    await bench.reader.wait_absent()
    await bench.reader.wait_present()
    bench.faults.slow_s = 0.9


async def test_the_data_of_a_card_that_comes_when_the_next_card_is_read_is_not_taken(bench: Bench) -> None:
    """E05: the worst that a reader could do."""
    await overtake(bench)
    assert (await bench.reader.read()).number == ENDLESS.number


async def test_what_is_taken_for_another_card_s_is_thrown_away_when_the_right_data_comes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E05: also when it comes so late that nobody heard it out; on a busy machine it may come before the read."""
    monkeypatch.setattr("hardware.cards.sdt_commands.LONGEST_LIMIT_S", 0.1)
    await overtake(bench)
    ended = await outcome(bench.reader)
    assert ended is CardFault.READER_LOST or (isinstance(ended, CardReading) and ended.number == ENDLESS.number)


async def test_what_a_program_before_us_was_answered_is_gone_when_the_reader_is_opened() -> None:
    emulator = UsbSamEmulator()
    line = UsbLine(backend=emulator.backend)
    before = await line.open()
    await before.send(encode(SAM_NUMBER.body))
    await before.close()
    transport = await line.open()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(transport.receive(), 0.2)
    await transport.close()
    emulator.close()


async def test_the_rest_of_an_answer_without_a_head_is_not_taken_for_that_of_the_next() -> None:
    emulator = UsbSamEmulator()
    transport = await UsbLine(backend=emulator.backend).open()
    device = emulator.backend._device
    assert device is not None
    for end_point, part in ((HEAD_IN, bytes(HEAD_BYTES)), (BODY_IN, b"the rest")):
        device.packets[end_point].append((0.0, part))
    with pytest.raises(TransportDamaged):
        await transport.receive()
    await transport.send(encode(SAM_NUMBER.body))
    assert await transport.receive() == encode(bytes([0, 0, Status.OK]) + DEFAULT_SAM_ID)
    await transport.close()
    emulator.close()


async def test_a_reader_that_is_a_new_device_after_its_reset_is_found_again(bench: Bench) -> None:
    bench.faults.new_after_reset = True
    bench.unplug()
    await bench.reader.wait_state(ReaderState.LOST)
    bench.plug()
    await bench.reader.wait_state(ReaderState.READY)
    await bench.lay(VALID)
    assert (await bench.reader.read()).number == VALID.number


async def test_a_reader_that_another_program_has_is_not_reset(bench: Bench) -> None:
    bench.faults.new_after_reset = True
    with pytest.raises(TransportLost, match="another program has it"):
        await bench.line.open()
    assert bench.reader.state is ReaderState.READY


async def test_a_reader_unplugged_while_it_is_waited_for_is_lost_at_once(bench: Bench) -> None:
    await bench.lay(VALID)
    bench.faults.silent = True
    reading = asyncio.ensure_future(outcome(bench.reader))
    await asyncio.wait([reading], timeout=0.1)
    bench.unplug()
    assert await asyncio.wait_for(reading, 1.0) is CardFault.READER_LOST


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
    bench.plug()
    await bench.reader.wait_state(ReaderState.REPLACED)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ({"plug": "1-2.3"}, True),
        ({"plug": "1-2.4"}, False),
        ({"product": 0xC35B}, False),
    ],
)
async def test_a_reader_is_known_by_its_identification_and_its_plug(line: dict[str, object], found: bool) -> None:
    emulator = UsbSamEmulator()
    wanted = UsbLine(backend=emulator.backend, **line)  # type: ignore[arg-type]
    if found:
        await (await wanted.open()).close()
    else:
        with pytest.raises(TransportLost, match="not plugged in"):
            await wanted.open()


async def test_no_reader_is_opened_while_transfers_are_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """E05"""
    monkeypatch.setenv("PYUSB_DEBUG", "debug")
    with pytest.raises(TransportLost, match="would write what is on cards"):
        await UsbLine(backend=UsbSamEmulator().backend).open()


async def test_no_log_line_tells_who_was_here(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """E05"""
    caplog.set_level(0)
    await bench.lay(VALID)
    await bench.reader.read()
    bench.unplug()
    await bench.reader.wait_state(ReaderState.LOST)
    assert "not plugged in any more" in caplog.text
    assert not any(secret in caplog.text for secret in (VALID.name, VALID.number, VALID.birth, VALID.address))


async def test_a_reader_with_other_end_points_is_not_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a variant with one pair of end points under the same identification; nobody says how it frames."""
    monkeypatch.setattr(usb_device, "_END_POINTS", (0x02, 0x81))
    with pytest.raises(TransportLost, match="has no end points"):
        await UsbLine(backend=UsbSamEmulator().backend).open()


async def test_a_transport_that_was_closed_is_lost() -> None:
    emulator = UsbSamEmulator()
    transport = await UsbLine(backend=emulator.backend).open()
    waiting = asyncio.ensure_future(transport.receive())
    await asyncio.wait([waiting], timeout=0.02)
    await transport.close()
    await transport.close()
    with pytest.raises(TransportLost):
        await waiting
    with pytest.raises(TransportLost):
        await transport.send(b"")
