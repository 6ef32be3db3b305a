"""A whole terminal for a test, and a citizen of its own."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from hardware.cards.synthetic import SyntheticCard, number
from kiosk.demo.display import virtual_display
from kiosk.demo.eyes import Eyes
from kiosk.demo.machine import Machine, Settings, running


@dataclass
class House:
    """A running demo, what is seen of it, and a citizen whom no other test and no other machine has."""

    machine: Machine
    eyes: Eyes
    out: Path
    citizen: SyntheticCard


@asynccontextmanager
async def house(assets: Path, pki: Path, out: Path) -> AsyncIterator[House]:
    async with (
        virtual_display() as display,
        running(Settings(assets, pki, out, display)) as machine,
        Eyes(machine.probe, display) as eyes,
    ):
        yield House(machine, eyes, out, unique(machine.citizens[0]))


def unique(card: SyntheticCard) -> SyntheticCard:
    """The same face with a name and a number of its own, so that every trace found is one of this citizen."""
    chance = random.SystemRandom()
    born = date(chance.randint(1950, 2000), chance.randint(1, 12), chance.randint(1, 28))
    name = "测" + "".join(chance.choice("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥") for _ in range(5))
    order = f"{chance.randint(0, 499) * 2 + 1:03d}"
    return replace(card, name=name, birth=f"{born:%Y%m%d}", number=number(born, order))
