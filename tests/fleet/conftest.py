"""A desk that publishes, on a folder of the test's own; and who believes whom in the fleet's network."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hawkbit import TERMINAL
from publishing import PublishingDesk

from platform_client.sandbox.pki import SandboxPki, make


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PublishingDesk]:
    desk = PublishingDesk(tmp_path)
    yield desk
    if (desk.folder / "state.json").exists():
        desk.ends()


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> SandboxPki:
    return make(tmp_path_factory.mktemp("pki"), terminals=[TERMINAL], now=datetime.now(UTC))
