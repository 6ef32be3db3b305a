"""An answer that comes late is never taken for another command's, on either line (E05)."""

import asyncio
import errno
import os
import tty
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from card_samples import VALID
from usb.core import USBError

from hardware.cards.emulator import OTHER_SAM_ID, SamEmulator, UsbSamEmulator
from hardware.cards.sdt_commands import FIND, SAM_ID, SELF_TEST
from hardware.cards.sdt_frame import Status, encode
from hardware.cards.sdt_link import DamagedAnswer, LinkLost, NoAnswer, SdtLink
from hardware.cards.serial_transport import SerialLine, SerialTransport
from hardware.cards.transport import Line, TransportDamaged
from hardware.cards.usb_transport import UsbLine

BRIEFLY_S = 0.05

pytestmark = pytest.mark.timeout(30)


class Bench:
    def __init__(self, emulator: SamEmulator | UsbSamEmulator, line: Line) -> None:
        self.emulator = emulator
        self.line = line
        self.faults = emulator.faults


def _bench(kind: str, folder: Path) -> Bench:
    if kind == "usb":
        device = UsbSamEmulator()
        return Bench(device, UsbLine(backend=device.backend))
    serial = SamEmulator(folder / "card-reader", baud=None)
    return Bench(serial, SerialLine(str(serial.path)))


@pytest_asyncio.fixture(params=["serial", "usb"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    bench = _bench(request.param, tmp_path)
    yield bench
    bench.emulator.close()


async def test_nothing_is_asked_while_an_answer_is_owed(bench: Bench) -> None:
    link = await SdtLink.open(bench.line, BRIEFLY_S)
    bench.faults.slow_s = FIND.limit_s + 0.2
    with pytest.raises(NoAnswer):
        await link.exchange(FIND)
    bench.faults.slow_s = 0.0
    bench.emulator.insert(VALID)
    with pytest.raises(LinkLost, match="owed"):
        await link.exchange(FIND)
    assert link.owed
    await link.close()


async def test_what_comes_late_is_heard_out_by_the_next_link(bench: Bench) -> None:
    link = await SdtLink.open(bench.line, BRIEFLY_S)
    bench.faults.slow_s = FIND.limit_s + 0.5
    with pytest.raises(NoAnswer):
        await link.exchange(FIND)
    await link.close()
    bench.faults.slow_s = 0.0
    bench.emulator.insert(VALID)
    link = await SdtLink.open(bench.line, 1.0)
    assert (await link.exchange(FIND)).status == Status.FOUND
    await link.close()


async def test_what_was_asked_by_somebody_who_left_is_answered_to_nobody(bench: Bench) -> None:
    link = await SdtLink.open(bench.line, BRIEFLY_S)
    bench.faults.slow_s = 0.4
    asking = asyncio.ensure_future(link.exchange(SAM_ID))
    await asyncio.wait([asking], timeout=0.2)
    asking.cancel()
    bench.emulator.replace_sam(OTHER_SAM_ID)
    assert (await link.exchange(SAM_ID)).data == OTHER_SAM_ID
    await link.close()


async def test_a_link_that_closes_while_it_waits_still_owes(bench: Bench) -> None:
    link = await SdtLink.open(bench.line, BRIEFLY_S)
    bench.faults.silent = True
    asking = asyncio.ensure_future(link.exchange(SELF_TEST))
    await asyncio.wait([asking], timeout=0.1)
    await link.close()
    with pytest.raises(LinkLost):
        await asking
    assert link.owed


@pytest.mark.parametrize(("number", "owed"), [(errno.EIO, True), (errno.ENODEV, False)])
async def test_a_command_that_may_have_gone_out_is_owed_an_answer(
    number: int, owed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But not by a reader that is gone: it starts anew when it comes back."""

    def fails(*_: object) -> int:
        raise USBError(os.strerror(number), errno=number)

    device = UsbSamEmulator()
    link = await SdtLink.open(UsbLine(backend=device.backend), BRIEFLY_S)
    monkeypatch.setattr(device.backend, "bulk_write", fails)
    with pytest.raises(LinkLost):
        await link.exchange(FIND)
    assert link.owed is owed
    await link.close()


async def test_a_line_that_never_falls_silent_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hardware.cards.sdt_link._ENDLESS_S", 0.2)
    line = _Babble()
    with pytest.raises(LinkLost, match="silent"):
        await SdtLink.open(line, 1.0)
    assert line.closed


class _Babble:
    """A line and its transport on which something comes all the time."""

    address = "babble"
    closed = False

    async def open(self) -> "_Babble":
        return self

    async def send(self, frame: bytes) -> None:
        raise AssertionError("nothing is to be asked here")

    async def receive(self) -> bytes:
        await asyncio.sleep(0.01)
        return encode(bytes([0, 0, Status.OK]))

    async def close(self) -> None:
        self.closed = True


async def test_an_answer_that_nobody_asked_for_ends_a_serial_link_and_noise_does_not() -> None:
    reader, port = os.openpty()
    tty.setraw(port)
    answer = encode(bytes([0, 0, Status.OK]))
    transport = await SerialLine(os.ttyname(port)).open()
    link = SdtLink(transport)
    await _comes(transport, reader, b"\x00\xff\xaa\xaa")
    asking = asyncio.ensure_future(link.exchange(SELF_TEST))
    await asyncio.to_thread(os.read, reader, 64)
    os.write(reader, answer)
    assert (await asking).status == Status.OK
    await _comes(transport, reader, answer)
    with pytest.raises(LinkLost, match="nobody asked"):
        await link.exchange(SELF_TEST)
    assert link.owed
    await link.close()
    os.close(reader)
    os.close(port)


NOT_FOUND = encode(bytes([0, 0, Status.FIND_FAILED]))


@pytest.mark.parametrize(
    ("damaged", "heard_out_s"),
    [(NOT_FOUND[:-1] + b"\0", 0.1), (TransportDamaged("the reader stalled"), 0.5)],
    ids=["broken", "lost"],
)
async def test_what_is_left_of_a_damaged_answer_does_not_come_in_front_of_the_next(
    damaged: bytes | TransportDamaged, heard_out_s: float
) -> None:
    """Of one that was lost nobody knows whether it comes after all: it has as long as its command."""
    line = _Dictated()
    link = await SdtLink.open(line, BRIEFLY_S)
    line.says.put_nowait(damaged)
    asking = asyncio.ensure_future(link.exchange(FIND))
    done, _ = await asyncio.wait([asking], timeout=heard_out_s)
    assert not done
    line.says.put_nowait(NOT_FOUND)
    with pytest.raises(DamagedAnswer):
        await asking
    line.says.put_nowait(encode(bytes([0, 0, Status.FOUND]) + bytes(4)))
    assert (await link.exchange(FIND)).status == Status.FOUND
    await link.close()


class _Dictated:
    """A line and its transport, on which comes what the test says."""

    address = "dictated"

    def __init__(self) -> None:
        self.says: asyncio.Queue[bytes | TransportDamaged] = asyncio.Queue()

    async def open(self) -> "_Dictated":
        return self

    async def send(self, frame: bytes) -> None:
        pass

    async def receive(self) -> bytes:
        said = await self.says.get()
        if isinstance(said, TransportDamaged):
            raise said
        return said

    async def close(self) -> None:
        pass


@pytest.mark.parametrize("whole", [True, False])
async def test_an_answer_behind_which_another_comes_is_not_taken(whole: bool) -> None:
    """One of them is not to this command, and nobody can say which."""
    reader, port = os.openpty()
    tty.setraw(port)
    answer = encode(bytes([0, 0, Status.FIND_FAILED]))
    link = SdtLink(await SerialLine(os.ttyname(port)).open())
    asking = asyncio.ensure_future(link.exchange(FIND))
    await asyncio.to_thread(os.read, reader, 64)
    os.write(reader, answer + (answer if whole else answer[:-2]))
    with pytest.raises(NoAnswer, match="nobody asked"):
        await asking
    assert link.owed
    await link.close()
    os.close(reader)
    os.close(port)


async def _comes(transport: SerialTransport, reader: int, sent: bytes) -> None:
    os.write(reader, sent)
    while transport._chunks.empty():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
