"""A desk that publishes, on a folder of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from publishing import PublishingDesk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PublishingDesk]:
    desk = PublishingDesk(tmp_path)
    yield desk
    if (desk.folder / "state.json").exists():
        desk.ends()
