"""Reading a travel document over PC/SC: our reader port, and the very same APDUs over a bare connection.

The chip is emulated and computes on this machine. So for the floor its answers are recorded and played back, each after
the time that it took: what is left over is the terminal's own work, its share of PACE or BAC and of secure messaging,
the signatures it verifies, and its way to the PC/SC service. Readings and replays take turns, on one insertion, so that
what disturbs the machine disturbs both.

An insertion is timed by a bare call to the service beside our event: when it looks at a reader is not our affair.
"""

import asyncio
import io
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from PIL import Image

from hardware.cards.emulator.chip import EmrtdChip
from hardware.cards.emulator.pcscd import PcscdMissing, PrivatePcscd
from hardware.cards.emulator.specimens import Issued, Specimen, make
from hardware.cards.emulator.utopia import State, Traveller, issue
from hardware.cards.pcsc.scard import Context
from hardware.cards.port import Access, Can, IdentityReader
from kiosk.bench.timing import NotMeasured, Row, Times, alternate, taking
from kiosk.bootstrap import card_reader
from kiosk.profile import Reader

_PORTRAIT_PX: Final = (480, 640)
_PORTRAIT_BYTES: Final = 18_000
_NOTICED_WITHIN_MS: Final = 3000
_STATE_UNAWARE: Final = 0
_BARE: Final = "the same APDUs, bare; the chip as slow as it was"


@dataclass(slots=True)
class Exchange:
    """One command, its answer and how long the chip took for it."""

    command: bytes = field(repr=False)
    answer: bytes = field(repr=False)
    took_s: float


class Recorder:
    """A chip that writes down the last reading and, told to, says it again, taking the time that it took."""

    def __init__(self, chip: EmrtdChip) -> None:
        self._chip = chip
        self._said: Iterator[Exchange] | None = None
        self.repeating = False
        self.reading: list[Exchange] = []

    def reset(self) -> None:
        """The power came or went: the next command is the first of a reading."""
        self._said = None
        self._chip.reset()

    def transmit(self, command: bytes, /) -> bytes:
        if self._said is None:
            self.reading = self.reading if self.repeating else []
            self._said = iter(self.reading)
        if self.repeating:
            return _again(next(self._said))
        began = time.perf_counter()
        answer = self._chip.transmit(command)
        self.reading.append(Exchange(command, answer, time.perf_counter() - began))
        return answer


def _again(exchange: Exchange) -> bytes:
    until = time.perf_counter() + exchange.took_s
    while time.perf_counter() < until:
        pass
    return exchange.answer


@dataclass(frozen=True, slots=True)
class TravelDocuments:
    """`by_bac`: a passport that proves nothing but its data. `by_pace`: one with chip authentication."""

    by_bac: Row
    by_pace: Row
    notice: Row

    @property
    def noticed_late_s(self) -> float:
        """From the PC/SC service's own event to ours, at worst."""
        assert self.notice.floor is not None
        return max(ours - bare for ours, bare in zip(self.notice.ours.seconds, self.notice.floor.seconds, strict=True))


async def travel_documents(rounds: int) -> TravelDocuments:
    """Raises NotMeasured."""
    with TemporaryDirectory(prefix="kiosk-bench-") as folder:
        try:
            async with _service(Path(folder)) as service:
                today = date.today()
                state = State(today)
                plain = Issued(issue(state, Traveller(), _portrait(), pace=()), state.certificate)
                modern = make(Specimen.PASSPORT, _portrait(), today)
                return TravelDocuments(
                    await _read("read a passport, BAC", service, Path(folder), plain, plain.document.access, rounds),
                    await _read(
                        "read a passport, PACE", service, Path(folder), modern, Can(modern.document.can), rounds
                    ),
                    await _notice(service, Path(folder), modern, rounds),
                )
        except PcscdMissing as error:
            raise NotMeasured(str(error)) from None


@asynccontextmanager
async def _service(folder: Path) -> AsyncIterator[PrivatePcscd]:
    service = PrivatePcscd(folder)
    # The client library reads the name of the socket once: nothing else in this process has used it.
    os.environ.update(service.environment)
    with service:
        yield service


@asynccontextmanager
async def _reader(folder: Path, issued: Issued) -> AsyncIterator[IdentityReader]:
    trust = folder / "trust"
    trust.mkdir(exist_ok=True)
    (trust / "utopia.cer").write_bytes(issued.anchor)
    reader = card_reader(Reader("pcsc://", trust=trust, allow_bac=True), date.today)
    await reader.open()
    try:
        yield reader
    finally:
        await reader.close()


async def _read(step: str, service: PrivatePcscd, folder: Path, issued: Issued, access: Access, rounds: int) -> Row:
    chip = Recorder(EmrtdChip(issued.document))

    async def ours() -> float:
        chip.repeating = False
        return await taking(reader.read(access))

    async def floor() -> float:
        chip.repeating = True
        return await asyncio.to_thread(_replay, chip.reading)

    async with _reader(folder, issued) as reader:
        service.reader.insert(chip)
        await reader.wait_present()
        await ours()
        times = await alternate(rounds, ours, floor)
        service.reader.remove()
        await reader.wait_absent()
    return Row(step, *times, _BARE)


def _replay(recorded: list[Exchange]) -> float:
    """All commands in order, over a connection of its own; seconds."""
    began = time.perf_counter()
    context = Context()
    connection = context.connect(context.readers()[0])
    try:
        for exchange in recorded:
            if connection.transmit(exchange.command) != exchange.answer:
                raise NotMeasured("the bare exchange is not the recorded one")
    finally:
        connection.close()
        context.release()
    return time.perf_counter() - began


async def _notice(service: PrivatePcscd, folder: Path, issued: Issued, rounds: int) -> Row:
    """From the insertion to our event, and to a bare SCardGetStatusChange."""
    ours: list[float] = []
    floor: list[float] = []
    async with _reader(folder, issued) as reader:
        for _ in range(rounds):
            bare = _Bystander()
            await asyncio.to_thread(bare.ready.wait)
            began = time.perf_counter()
            service.reader.insert(EmrtdChip(issued.document))
            await reader.wait_present()
            ours.append(time.perf_counter() - began)
            floor.append(await asyncio.to_thread(bare.seen) - began)
            service.reader.remove()
            await reader.wait_absent()
    return Row("notice a passport", Times(tuple(ours)), Times(tuple(floor)), "bare SCardGetStatusChange beside it")


class _Bystander(threading.Thread):
    """Waits for the next change of the empty reader, in one call."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ready = threading.Event()
        self._seen_s = 0.0
        self.start()

    def run(self) -> None:
        context = Context()
        reader = context.readers()[0]
        empty = context.wait_change(reader, _STATE_UNAWARE, 0) or 0
        self.ready.set()
        context.wait_change(reader, empty, _NOTICED_WITHIN_MS)
        self._seen_s = time.perf_counter()
        context.release()

    def seen(self) -> float:
        """When, by the performance counter."""
        self.join()
        return self._seen_s


def _portrait() -> bytes:
    """A picture as large as those in passports: noise, as good as about 18 kB allow."""
    noise = Image.effect_noise(_PORTRAIT_PX, 30).convert("RGB")
    best = b""
    for quality in range(10, 90, 5):
        file = io.BytesIO()
        noise.save(file, "JPEG", quality=quality)
        if file.tell() > _PORTRAIT_BYTES and best:
            break
        best = file.getvalue()
    return best
