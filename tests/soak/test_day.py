"""A short day with every story in it; `script/soak` spends a long one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from day import CONNECTIONS_MOST, DRIFT_MOST, ODD, opened_hall, spend

from kiosk.demo.machine import TERMINAL
from platform_client.sandbox.pki import make

VISITORS = len(ODD) + 4
HICCUPS_MOST = 1
"""Beside other work the emulated reader may answer too late, and of who is told so less is checked than of others."""
pytestmark = pytest.mark.timeout(900)
"""A minute and a half on a machine of its own; a day beside other work is as long as it is."""


async def test_a_day_with_every_fault_adds_up(assets: Path, tmp_path: Path) -> None:
    """D04, E01, F03: who was promised a page has one, with their number on it; nobody else has any; the terminal says
    when it cannot serve, and serves again. C20: whatever happened leaves the desk as large as it was, and in its memory
    nobody's number."""
    pki = tmp_path / "pki"
    make(pki, terminals=[TERMINAL], now=datetime.now(UTC))
    async with opened_hall(assets, pki, tmp_path / "out") as day:
        diary = await spend(day, VISITORS, hours=1.0, seed=7)
    assert set(diary.stories) >= {story.name for story in ODD}
    assert diary.hiccups <= HICCUPS_MOST
    assert diary.hours >= 0.3
    assert diary.remembered == 0
    assert diary.drift < DRIFT_MOST
    before, after = diary.files
    assert after <= before
    assert diary.connections <= CONNECTIONS_MOST
