"""The suite on a real key switch: `pytest tests/conformance --key-switch /dev/input/eventN -s`; somebody turns it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hardware.key_switches.evdev_switch import EvdevSwitch
from tests.conformance.key_switch import KeySwitchConformance


class HandBench:
    """A real switch and somebody's hand."""

    def __init__(self, switch: EvdevSwitch) -> None:
        self.switch = switch

    async def turn(self, turned: bool) -> None:
        await asyncio.to_thread(input, f"\n>> turn the key {'on' if turned else 'back'}, then press Enter ")


@pytest.fixture
async def bench(pytestconfig: pytest.Config) -> AsyncIterator[HandBench]:
    device = pytestconfig.getoption("--key-switch")
    if device is None:
        pytest.skip("no --key-switch given")
    switch = EvdevSwitch(Path(device))
    await switch.open()
    yield HandBench(switch)
    await switch.close()


class TestRealKeySwitch(KeySwitchConformance):
    """C16."""
