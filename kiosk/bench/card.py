"""Reading the card: our driver, and the same frames over bare pyserial. Both lines run at 115200 baud."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from typing import Final

import serial

from hardware.cards import sdt_commands
from hardware.cards.emulator import SamEmulator
from hardware.cards.port import IdentityReader
from hardware.cards.sdt_commands import Command
from hardware.cards.sdt_frame import encode
from hardware.cards.synthetic import SyntheticCard
from kiosk.bench.timing import NotMeasured, Row, Times, alternate, taking
from kiosk.bootstrap import card_reader
from kiosk.profile import Reader

BAUD: Final = 115200
FIND_INTERVAL_S: Final = 0.3
"""The protocol lets a reader be asked for a card no more often."""
_FRAME_AROUND_BODY: Final = len(encode(b"--")) - 2
_STATUS_BYTES: Final = 3
_BITS_PER_BYTE: Final = 10
"""8N1: a start bit, eight of data, a stop bit."""


async def read_card(card: SyntheticCard, folder: Path, rounds: int) -> tuple[Row, Row]:
    """What reading `card` takes on an emulated reader, whose port is made in `folder`.

    The rows have two floors: the same frames over a bare line, on another such reader; and the time that text and
    portrait are on the line.
    """
    async with AsyncExitStack() as stack:
        reader = await _reader(stack, card, folder)
        port = _bare_line(stack, card, folder)

        async def ours() -> float:
            return await taking(reader.read())

        async def floor() -> float:
            return await asyncio.to_thread(_exchange, port, sdt_commands.READ)

        times = await alternate(rounds, ours, floor)
    return (
        Row("read a card", *times, "the same frames, bare pyserial"),
        Row("read a card", times[0], Times((line_s(),)), "its bytes at 115200 baud, computed"),
    )


async def _reader(stack: AsyncExitStack, card: SyntheticCard, folder: Path) -> IdentityReader:
    emulator = SamEmulator(folder / "reader", baud=BAUD)
    stack.callback(emulator.close)
    reader = card_reader(Reader(f"sdt://{emulator.path}"), date.today)
    await reader.open()
    stack.push_async_callback(reader.close)
    emulator.insert(card)
    await reader.wait_present()
    return reader


def _bare_line(stack: AsyncExitStack, card: SyntheticCard, folder: Path) -> serial.Serial:
    emulator = SamEmulator(folder / "bare-reader", baud=BAUD)
    stack.callback(emulator.close)
    emulator.insert(card)
    port = stack.enter_context(serial.Serial(str(emulator.path), BAUD, timeout=5.0, exclusive=True))
    for command in (sdt_commands.FIND, sdt_commands.SELECT):
        _exchange(port, command)
    return port


def line_s() -> float:
    """How long the bytes of one reading occupy the line, command and answer."""
    there, back = len(encode(sdt_commands.READ.body)), _answer_bytes(sdt_commands.READ)
    return (there + back) * _BITS_PER_BYTE / BAUD


def _answer_bytes(command: Command) -> int:
    return _FRAME_AROUND_BODY + _STATUS_BYTES + command.data_lengths[0]


def _exchange(port: serial.Serial, command: Command) -> float:
    """One good answer of its documented length; seconds."""
    frame, length = encode(command.body), _answer_bytes(command)
    began = time.perf_counter()
    port.write(frame)
    answer = port.read(length)
    took = time.perf_counter() - began
    if len(answer) != length:
        raise NotMeasured(f"{command.name}: {len(answer)} of {length} bytes over the bare line")
    return took
