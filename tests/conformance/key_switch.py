"""What every key switch must do. A driver's test subclasses the suite and gives it a bench: the switch, open and not
turned, and a hand on the key."""

import asyncio
from typing import Protocol

import pytest

from hardware.key_switches.port import Switch

PATIENCE_S = 60.0


class KeyBench(Protocol):
    switch: Switch

    async def turn(self, turned: bool) -> None: ...


@pytest.mark.timeout(600)
class KeySwitchConformance:
    """Subclass with a fixture `bench` that gives a KeyBench."""

    async def test_who_waits_hears_each_turn(self, bench: KeyBench) -> None:
        """C16"""
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(2):
                assert not bench.switch.turned
                waiting = asyncio.ensure_future(bench.switch.wait(True))
                await asyncio.sleep(0)
                assert not waiting.done()
                await bench.turn(True)
                await waiting
                assert bench.switch.turned
                await bench.turn(False)
                await bench.switch.wait(False)

    async def test_who_waits_for_what_is_so_does_not_wait(self, bench: KeyBench) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await bench.switch.wait(False)
            await bench.turn(True)
            await bench.switch.wait(True)
            await bench.switch.wait(True)
            await bench.turn(False)
            await bench.switch.wait(False)

    async def test_who_stops_waiting_keeps_nobody_from_hearing_it(self, bench: KeyBench) -> None:
        async with asyncio.timeout(PATIENCE_S):
            left = asyncio.ensure_future(bench.switch.wait(True))
            other = asyncio.ensure_future(bench.switch.wait(True))
            await asyncio.sleep(0)
            left.cancel()
            await asyncio.gather(left, return_exceptions=True)
            await bench.turn(True)
            await other
            await bench.turn(False)
            await bench.switch.wait(False)
