"""A short day with every story in it; `script/soak` spends a long one."""

from datetime import UTC, datetime
from pathlib import Path

from day import ODD, opened_hall, spend

from kiosk.demo.machine import TERMINAL
from platform_client.sandbox.pki import make

VISITORS = len(ODD) + 2


async def test_a_day_with_every_fault_adds_up(assets: Path, tmp_path: Path) -> None:
    """D04, E01, F03: who was promised a page has one, with their number on it; nobody else has any; the terminal says
    when it cannot serve, and serves again."""
    pki = tmp_path / "pki"
    make(pki, terminals=[TERMINAL], now=datetime.now(UTC))
    async with opened_hall(assets, pki, tmp_path / "out") as day:
        diary = await spend(day, VISITORS, hours=1.0, seed=7)
    assert set(diary.stories) >= {story.name for story in ODD}
    assert diary.hours >= 0.3
    before, after = diary.files
    assert after <= before + 2, "more than connections that are kept open, which come and go"
