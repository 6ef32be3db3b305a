"""How much is logged: of our own program, and back again."""

import logging
from collections.abc import Iterator

import pytest
from workbench import Bench, levels

from kiosk.health.findings import Level
from kiosk.maintenance.log_level import LOG_LEVEL


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    logging.getLogger("kiosk").setLevel(logging.NOTSET)


async def test_our_own_program_says_more_or_less(bench: Bench) -> None:
    for choice, level in (("debug", logging.DEBUG), ("warning", logging.WARNING), ("info", logging.INFO)):
        assert levels(await bench.lines(LOG_LEVEL, choice)) == {Level.OK}
        assert logging.getLogger("kiosk.desk").getEffectiveLevel() == level
        assert logging.getLogger("aiohttp").getEffectiveLevel() > logging.DEBUG
    assert not LOG_LEVEL.takes("") and not LOG_LEVEL.takes("loud")
    assert bench.records("maintenance.began")[0]["choice"] == "debug"
