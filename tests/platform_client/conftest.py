"""One set of certificates and fonts for the room; a fresh sandbox and client for each test."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hall_world import HallWorld, opened
from platform_world import TERMINAL, Platform, client_for, identity_of

from platform_client.client import CallRecord
from platform_client.identity import DeviceIdentity
from platform_client.sandbox.pki import SandboxPki, make
from platform_client.sandbox.server import Sandbox
from platform_client.sandbox.typeface import Typecase


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> SandboxPki:
    return make(tmp_path_factory.mktemp("pki"), terminals=[TERMINAL, "kiosk-other"], now=datetime.now(UTC))


@pytest.fixture(scope="session")
def identity(pki: SandboxPki) -> DeviceIdentity:
    return identity_of(pki)


@pytest.fixture(scope="session")
def typecase(assets: Path) -> Typecase:
    return Typecase.open(assets / "fonts" / "cut")


@pytest.fixture
async def platform(pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity) -> AsyncIterator[Platform]:
    sandbox = Sandbox(pki, typecase)
    port = await sandbox.start("127.0.0.1", 0)
    calls: list[CallRecord] = []
    client = client_for(port, identity, observe=calls.append)
    yield Platform(sandbox, port, client, calls)
    await client.close()
    await sandbox.stop()


@pytest.fixture
async def hall(pki: SandboxPki, typecase: Typecase) -> AsyncIterator[HallWorld]:
    async with opened(pki, typecase) as world:
        yield world
