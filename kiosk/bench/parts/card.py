"""Cards: a second-generation card over its serial line, a passport over PC/SC by BAC and by PACE, and how soon one that
is laid down is noticed."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hardware.cards.synthetic import citizens, portrait_block, webp_portrait
from kiosk.bench.bench import Bench
from kiosk.bench.card import read_card
from kiosk.bench.travel_document import travel_documents
from kiosk.demo.machine import DEMO_FACE

CARD_RATIO_MOST: Final = 1.1
TRAVEL_DOCUMENT_RATIO_MOST: Final = 2.0
NOTICED_LATE_MOST_S: Final = 0.3


async def card(bench: Bench) -> None:
    findings, rounds = bench.findings, bench.plan.short
    bench.say("read a card")
    async with bench.noting("read a card"):
        picture = await asyncio.to_thread(webp_portrait, bench.place.assets / "portrait.png", DEMO_FACE)
        with TemporaryDirectory(prefix="kiosk-bench-") as folder:
            bare, line = await read_card(citizens(portrait_block(picture))[0], Path(folder), rounds)
        findings.rows += [bare, line]
        findings.aim("read a card, over the time of its data on the line", line.ratio, CARD_RATIO_MOST, "x")

    bench.say("read a passport")
    async with bench.noting("read a passport"):
        found = await travel_documents(rounds)
        findings.rows += [found.by_bac, found.by_pace, found.notice]
        for how, row in (("BAC", found.by_bac), ("PACE", found.by_pace)):
            findings.aim(f"read a passport by {how}, over its bare APDUs", row.ratio, TRAVEL_DOCUMENT_RATIO_MOST, "x")
        late_s = found.noticed_late_s
        findings.aim("notice a passport after the PC/SC service does", late_s, NOTICED_LATE_MOST_S, "s")
