"""C16: a key switch as the kernel shows one. A pipe wakes the driver as a device does, and the test says how it stands:
no input device can be made here. Never tried: a real one."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from conformance.key_switch import KeySwitchConformance

from hardware.key_switches.evdev_switch import EvdevSwitch

PATIENCE_S = 10.0
EVENT = bytes(24)


class Device:
    """`is_on`: what the kernel would say."""

    def __init__(self, path: Path) -> None:
        self.path, self.is_on, self.asked = path, False, 0
        self.error: OSError | None = None
        os.mkfifo(path)

    def state(self, descriptor: int) -> bool:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.is_on

    def says(self, is_on: bool) -> None:
        self.is_on = is_on
        os.write(self.line, EVENT)

    def plug_in(self) -> None:
        self.line = os.open(self.path, os.O_WRONLY)

    def pull_out(self) -> None:
        os.close(self.line)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path / "event7")


@asynccontextmanager
async def watching(switch: EvdevSwitch) -> AsyncIterator[EvdevSwitch]:
    await switch.open()
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield switch
    finally:
        await switch.close()


async def first_look(device: Device) -> None:
    while not device.asked:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    device.plug_in()


@dataclass
class Hand:
    switch: EvdevSwitch
    device: Device

    async def turn(self, turned: bool) -> None:
        self.device.says(turned)


class TestEvdevSwitch(KeySwitchConformance):
    """C16."""

    @pytest.fixture
    async def bench(self, device: Device) -> AsyncIterator[Hand]:
        switch = EvdevSwitch(device.path, device.state)
        await switch.open()
        await first_look(device)
        yield Hand(switch, device)
        await switch.close()


async def test_one_that_is_turned_at_the_start_is_turned(device: Device) -> None:
    device.is_on = True
    async with watching(EvdevSwitch(device.path, device.state)) as switch:
        await switch.wait(True)


async def test_nobody_looks_while_nothing_happens(device: Device) -> None:
    """The kernel wakes it; and a burst is one look, not hundreds."""
    async with watching(EvdevSwitch(device.path, device.state)) as switch:
        await first_look(device)
        await asyncio.sleep(0.3)
        assert device.asked == 1
        os.write(device.line, EVENT * 500)
        device.says(True)
        await switch.wait(True)
        assert device.asked <= 3


async def test_one_that_goes_is_not_turned_and_comes_back(device: Device) -> None:
    """Fail closed: without the device nobody is let in by it."""
    async with watching(EvdevSwitch(device.path, device.state, again_s=0.05)) as switch:
        await first_look(device)
        device.says(True)
        await switch.wait(True)
        device.pull_out()
        await switch.wait(False)
        await switch.wait(True)


async def test_each_time_that_it_goes_is_in_the_log(device: Device, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody may be pulling at it: the second time is as much news as the first, with an error or without one."""
    goes = OSError(errno.ENODEV, "No such device")
    async with watching(EvdevSwitch(device.path, device.state, again_s=0.05)) as switch:
        for error in (goes, goes, None, None):
            device.asked, device.is_on = 0, True
            await first_look(device)
            await switch.wait(True)
            device.error = error
            device.says(True) if error else device.pull_out()
            await switch.wait(False)
            device.error = None
            if error:
                device.pull_out()
    assert [line.rpartition(": ")[2] for line in caplog.messages] == ["No such device"] * 2 + ["it is gone"] * 2


async def test_what_is_no_input_device_is_a_key_that_is_not_turned(
    device: Device, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The kernel says so to the very question; and it stands in the log once, not every five seconds."""
    for path, why in ((device.path, "Inappropriate ioctl"), (tmp_path / "nothing", "No such file")):
        caplog.clear()
        async with watching(EvdevSwitch(path, again_s=0.01)) as switch:
            await asyncio.sleep(0.2)
            assert not switch.turned
        assert [why in line for line in caplog.messages] == [True]
