"""A desk that publishes, on a folder of the test's own; who believes whom in the fleet's network; and a terminal at the
door of a desk that the operator may command."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import at_the_door
import pytest
from at_the_door import Asked
from hawkbit import TERMINAL, Hawkbit, secret
from profiles import Bench
from publishing import PublishingDesk
from signing import OperatorDesk
from terminal import Terminal

from kiosk.fleet.door import DeskDoor
from kiosk.profile import Updates as Settings
from platform_client.sandbox.pki import SandboxPki, make


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PublishingDesk]:
    desk = PublishingDesk(tmp_path)
    yield desk
    if (desk.folder / "state.json").exists():
        desk.ends()


@pytest.fixture
def fleet(tmp_path: Path) -> OperatorDesk:
    return OperatorDesk(tmp_path / "operator")


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> SandboxPki:
    return make(tmp_path_factory.mktemp("pki"), terminals=[TERMINAL], now=datetime.now(UTC))


@pytest.fixture
async def asked(tmp_path: Path, fleet: OperatorDesk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asked]:
    """At its door the agent is what it is on a terminal: a user of its own."""
    monkeypatch.setattr("kiosk.maintenance.door._may_have_all", lambda writer: False)
    async with at_the_door.desk(tmp_path, tmp_path / "door.sock", fleet.public) as asked:
        yield asked


@pytest.fixture
async def terminal(pki: SandboxPki, fleet: OperatorDesk, asked: Asked, tmp_path: Path) -> AsyncIterator[Terminal]:
    (tmp_path / "kept").mkdir()
    async with Hawkbit().running(pki) as hawkbit:
        settings = Settings(
            f"https://localhost:{hawkbit.port}", pki.tls_ca.certificate, token=secret(tmp_path / "token")
        )
        terminal = Terminal(
            *(hawkbit, settings, tmp_path / "kept", tmp_path / "restart"),
            pinned=fleet.pinned,
            groups=("hall-7",),
            door=DeskDoor(tmp_path / "door.sock"),
        )
        asked.now = terminal.clock.now
        yield terminal


@pytest.fixture
async def bench(tmp_path: Path, pki: SandboxPki, fleet: OperatorDesk) -> AsyncIterator[Bench]:
    async with Hawkbit().running(pki) as hawkbit:
        yield Bench(tmp_path, hawkbit, pki, fleet)
