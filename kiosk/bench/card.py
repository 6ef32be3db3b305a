"""Reading the card: our reader port, the same frames over bare pyserial, and what the line itself takes.

Both lines run at 115200 baud. Ours reads more than the floor does: it also asks for newer addresses.
"""

import asyncio
import time
from typing import Final

import serial

from hardware.cards import sdt_commands
from hardware.cards.emulator import SamEmulator
from hardware.cards.reading import CardReading, Portrait
from hardware.cards.sdt_commands import Command
from hardware.cards.sdt_frame import encode
from kiosk.bench.timing import NotMeasured, Row, Times, alternate, taking
from kiosk.demo.machine import Machine
from kiosk.desk import Desk

BAUD: Final = 115200
_FRAME_AROUND_BODY: Final = len(encode(b"--")) - 2
_STATUS_BYTES: Final = 3
_BITS_PER_BYTE: Final = 10
WIRE_S: Final = (_FRAME_AROUND_BODY + _STATUS_BYTES + sdt_commands.READ.data_lengths[0]) * _BITS_PER_BYTE / BAUD
"""Text and portrait on the line: 1295 bytes, 112.4 ms."""


async def read_card(desk: Desk, machine: Machine, rounds: int) -> tuple[CardReading, Portrait, tuple[Row, Row]]:
    """The first citizen's card, which stays on the reader, its portrait, and what reading it takes.

    The rows have two floors: the same frames over a bare line, and the time that text and portrait are on it.
    """
    machine.lay_card()
    await desk.reader.wait_present()
    with_wire = SamEmulator(machine.run / "bare-reader", baud=BAUD)
    try:
        with_wire.insert(machine.citizens[0])
        with serial.Serial(str(with_wire.path), BAUD, timeout=5.0, exclusive=True) as port:
            for command in (sdt_commands.FIND, sdt_commands.SELECT):
                _exchange(port, command)

            async def ours() -> float:
                return await taking(desk.reader.read())

            async def floor() -> float:
                return await asyncio.to_thread(_exchange, port, sdt_commands.READ)

            times = await alternate(rounds, ours, floor)
    finally:
        with_wire.close()
    reading = await desk.reader.read()
    if reading.portrait is None:
        raise NotMeasured("the card has no portrait")
    rows = (
        Row("read the card", *times, "the same frames, bare pyserial"),
        Row("read the card", times[0], Times((WIRE_S,)), "1295 bytes at 115200 baud, computed"),
    )
    return reading, reading.portrait, rows


def _exchange(port: serial.Serial, command: Command) -> float:
    """One good answer of its documented length; seconds."""
    frame, length = encode(command.body), _FRAME_AROUND_BODY + _STATUS_BYTES + command.data_lengths[0]
    began = time.perf_counter()
    port.write(frame)
    answer = port.read(length)
    took = time.perf_counter() - began
    if len(answer) != length:
        raise NotMeasured(f"{command.name}: {len(answer)} of {length} bytes over the bare line")
    return took
