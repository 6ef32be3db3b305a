"""The whole terminal: four processes, a real window under Xvfb, a real print queue, a finger on the X pointer."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from houses import House, house

from kiosk.demo.machine import TERMINAL
from platform_client.sandbox.pki import make


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    make(folder, terminals=[TERMINAL], now=datetime.now(UTC))
    return folder


@pytest.fixture
async def home(assets: Path, pki: Path, tmp_path: Path) -> AsyncIterator[House]:
    async with house(assets, pki, tmp_path / "out") as running_house:
        yield running_house
