"""One set of certificates and fonts for the room; a fresh machine for each test."""

import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fresh_machine import World

from platform_client.sandbox.pki import SandboxPki, make
from platform_client.sandbox.typeface import Typecase


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> SandboxPki:
    return make(tmp_path_factory.mktemp("pki"), terminals=["kiosk-other"], now=datetime.now(UTC))


@pytest.fixture(scope="session")
def typecase(assets: Path) -> Typecase:
    return Typecase.open(assets / "fonts" / "cut")


@pytest.fixture
async def world(tmp_path: Path, pki: SandboxPki, typecase: Typecase) -> AsyncIterator[World]:
    async with World(tmp_path, pki, typecase).platform() as opened:
        yield opened
