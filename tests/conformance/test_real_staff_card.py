"""The suite on a real technician's card: `pytest tests/conformance --staff-reader pcsc:// --staff-pin DIGITS -s`.

Somebody puts the card in and takes it out when asked. It is given the right PIN only: no try of it is spent.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from hardware.cards.pcsc.reader import name_in
from hardware.cards.piv.card import Pin
from hardware.cards.piv.reader import PivReader
from tests.conformance.staff_card_reader import PATIENCE_S, StaffCardReaderConformance


class HandBench:
    """A real reader and somebody's hands."""

    def __init__(self, reader: PivReader, pin: Pin) -> None:
        self.reader = reader
        self.pin = pin

    def insert(self) -> None:
        _ask("put the technician's card in")

    def remove(self) -> None:
        _ask("take the card out")

    def unplug(self) -> None:
        _ask("pull the reader's cable; leave the card")

    def plug(self) -> None:
        _ask("take the card out and plug the reader in again")


def _ask(what: str) -> None:
    """Blocks the loop on purpose: what is asked has happened when the test goes on."""
    input(f"\n>> {what}, then press Enter ")


@pytest_asyncio.fixture
async def bench(pytestconfig: pytest.Config) -> AsyncIterator[HandBench]:
    uri, pin = (pytestconfig.getoption(f"--staff-{what}") for what in ("reader", "pin"))
    if uri is None or pin is None:
        pytest.skip("no --staff-reader and --staff-pin given")
    reader = PivReader(name_in(uri))
    _ask("take every card out")
    await reader.open()
    async with asyncio.timeout(PATIENCE_S):
        await reader.wait_absent()
    yield HandBench(reader, Pin(pin))
    await reader.close()


@pytest.mark.timeout(600)
class TestRealStaffCard(StaffCardReaderConformance):
    """C16."""
