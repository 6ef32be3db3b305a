"""One cheap row on real parts: the emulated reader at the pace of its line, our driver, and bare pyserial."""

from pathlib import Path

from hardware.cards.synthetic import citizens, portrait_block
from kiosk.bench.card import BAUD, read_card

LINE_S = (7 + 3 + 4 + 256 + 1024 + 1) * 10 / BAUD
"""What the bits of one answer take on the line: no reading can be quicker."""


async def test_reading_a_card_takes_what_the_line_takes(tmp_path: Path) -> None:
    card = citizens(portrait_block(b"RIFF\x00\x00\x00\x00WEBP"))[0]
    row, wire = await read_card(card, tmp_path, rounds=2)
    assert row.floor is not None and len(row.ours.seconds) == len(row.floor.seconds) == 2
    assert row.ours.least >= LINE_S and row.floor.least >= LINE_S
    assert wire.ours is row.ours
