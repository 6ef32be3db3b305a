"""Reading the card: our reader port, and the same frames over bare pyserial. Both lines run at 115200 baud."""

import asyncio
import time
from pathlib import Path
from typing import Final

import serial

from hardware.cards import sdt_commands
from hardware.cards.emulator import SamEmulator
from hardware.cards.reading import CardReading, Portrait
from hardware.cards.sdt_commands import Command
from hardware.cards.sdt_frame import encode
from hardware.cards.synthetic import SyntheticCard
from kiosk.bench.timing import NotMeasured, Row, Times, alternate, taking
from kiosk.desk import Reader

BAUD: Final = 115200
FIND_INTERVAL_S: Final = 0.3
"""The protocol lets a reader be asked for a card no more often."""
_FRAME_AROUND_BODY: Final = len(encode(b"--")) - 2
_STATUS_BYTES: Final = 3
_BITS_PER_BYTE: Final = 10
"""8N1: a start bit, eight of data, a stop bit."""


async def read_card(
    reader: Reader, card: SyntheticCard, folder: Path, rounds: int
) -> tuple[CardReading, Portrait, tuple[Row, Row]]:
    """What is on the card that lies on `reader`, its portrait, and what reading it takes.

    The rows have two floors: the same frames of the same `card` over a bare line, on an emulated reader whose port is
    made in `folder`; and the time that text and portrait are on the line.
    """
    await reader.wait_present()
    other = SamEmulator(folder / "bare-reader", baud=BAUD)
    try:
        other.insert(card)
        with serial.Serial(str(other.path), BAUD, timeout=5.0, exclusive=True) as port:
            for command in (sdt_commands.FIND, sdt_commands.SELECT):
                _exchange(port, command)

            async def ours() -> float:
                return await taking(reader.read())

            async def floor() -> float:
                return await asyncio.to_thread(_exchange, port, sdt_commands.READ)

            times = await alternate(rounds, ours, floor)
    finally:
        other.close()
    reading = await reader.read()
    if reading.portrait is None:
        raise NotMeasured("the card has no portrait")
    rows = (
        Row("read the card", *times, "the same frames, bare pyserial"),
        Row("read the card", times[0], Times((line_s(),)), "its bytes at 115200 baud, computed"),
    )
    return reading, reading.portrait, rows


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
