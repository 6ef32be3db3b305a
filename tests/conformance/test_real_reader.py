"""The suite every identity reader passes, on the reader that stands here: `pytest tests/conformance --reader URI -s`.

Somebody at the machine is told when to lay a card, lift it, pull the cable. Two cards of different people are needed;
nothing that stands on them is shown, kept or compared beyond this run. For travel documents, give what opens the first
one with --can or --mrz and for the second one with --second-can or --second-mrz, and whom to believe with --trust.
"""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import ClassVar

import pytest
import pytest_asyncio
from conformance.identity_reader import IdentityReaderConformance
from PIL import Image

from hardware.cards.emulator import SamEmulator
from hardware.cards.port import Access, Can, IdentityReader, Mrz
from hardware.cards.reading import CardReading
from hardware.cards.synthetic import PORTRAIT_SIZE_PX, citizens, portrait_block, webp_portrait
from kiosk.bootstrap import card_reader
from kiosk.profile import Reader

ASKED_WITHIN_S = 600
ROOT = Path(__file__).parents[2]
FACE = (0, 0, *PORTRAIT_SIZE_PX)


@dataclass
class RealCard:
    """A card in somebody's hand: nothing is known of it before it was read once."""

    which: str
    access: Access | None
    name: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    number: str = field(default="", repr=False)


class HandBench:
    """A real reader and somebody's hands."""

    def __init__(self, reader: IdentityReader, cards: tuple[RealCard, ...], ask: Callable[[str], None]) -> None:
        self.reader = reader
        self.cards = cards
        self._ask = ask

    def insert(self, card: RealCard) -> None:
        self._ask(f"lay {card.which} on the reader")

    def remove(self) -> None:
        self._ask("take the card away")

    def unplug(self) -> None:
        self._ask("pull the reader's cable; leave the card")

    def plug(self) -> None:
        self._ask("lift the card, plug the reader in again, and lay the card again")


@pytest.fixture(scope="session")
def cards(pytestconfig: pytest.Config) -> tuple[RealCard, ...]:
    def access(prefix: str) -> Access | None:
        if can := pytestconfig.getoption(f"--{prefix}can"):
            return Can(can)
        if mrz := pytestconfig.getoption(f"--{prefix}mrz"):
            return Mrz(*mrz.upper().split(","))
        return None

    return RealCard("the first card", access("")), RealCard("another person's card", access("second-"))


@pytest_asyncio.fixture
async def bench(pytestconfig: pytest.Config, cards: tuple[RealCard, ...]) -> AsyncIterator[HandBench]:
    uri = pytestconfig.getoption("--reader")
    if uri is None:
        pytest.skip("no reader named: --reader URI")
    trust = pytestconfig.getoption("--trust")
    reader = card_reader(Reader(uri, trust=None if trust is None else Path(trust), allow_bac=True), date.today)
    if pytestconfig.getoption("capture") != "no":
        pytest.fail("somebody must be able to answer: add -s")

    def ask(what: str) -> None:
        """Blocks the loop on purpose: what is asked has happened when the test goes on."""
        input(f"\n>> {what}, then press Enter ")

    ask("take every card away")
    await reader.open()
    yield HandBench(reader, cards, ask)
    await reader.close()


@pytest.mark.timeout(ASKED_WITHIN_S)
class TestRealReader(IdentityReaderConformance):
    """A07. `seen`: one number for each card, for as long as this process lives."""

    seen: ClassVar[list[str]] = []

    def access(self, card: RealCard) -> Access | None:
        return card.access

    def recognised(self, reading: CardReading, card: RealCard) -> bool:
        """The first reading of a card says whose it is; all later ones must say the same, and no other card may."""
        if not card.number:
            card.name, card.address, card.number = reading.name, reading.address, reading.number
            self.seen.append(reading.number)
        return super().recognised(reading, card) and self.seen.count(reading.number) == 1


def test_the_suite_can_be_run_by_hand(tmp_path: Path) -> None:
    """As at a terminal: another process, and hands (here on an emulated reader) that do what they are told."""
    first, another, *_ = citizens(portrait_block(webp_portrait(Image.new("RGB", PORTRAIT_SIZE_PX), FACE)))
    reader = SamEmulator(tmp_path / "reader")
    hands = {
        "take every card away": reader.remove,
        "take the card away": reader.remove,
        "lay the first card on the reader": lambda: reader.insert(first),
        "lay another person's card on the reader": lambda: reader.insert(another),
        "pull the reader's cable; leave the card": reader.unplug,
        "lift the card, plug the reader in again, and lay the card again": reader.plug,
    }
    suite_of_the_reader = f"{Path(__file__).relative_to(ROOT)}::TestRealReader"
    command = [sys.executable, "-m", "pytest", "-s", suite_of_the_reader, "--reader", f"sdt://{reader.path}"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as suite:
        assert suite.stdin is not None and suite.stdout is not None
        said, asked = "", ""
        while piece := suite.stdout.read(1):
            said, asked = said + piece, asked + piece
            if asked.endswith(", then press Enter "):
                hands[asked.partition(">> ")[2].removesuffix(", then press Enter ")]()
                suite.stdin.write("\n")
                suite.stdin.flush()
                asked = ""
    reader.close()
    assert suite.returncode == 0, said
    assert "6 passed" in said
    assert first.name not in said and first.number not in said
