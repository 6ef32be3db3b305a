"""One private display and one ui process for all tests that only look; tests that end the process start their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ui.stage import Stage, display

NewStage = Callable[..., Stage]


@pytest.fixture(scope="session")
def fonts(assets: Path) -> Path:
    return assets / "fonts"


@pytest.fixture(scope="session")
def x_display() -> Iterator[str]:
    with display(1080, 1920) as name:
        yield name


@pytest.fixture(scope="session")
def stage(x_display: str, fonts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("ui"), fonts, x_display) as one:
        yield one


@pytest.fixture(scope="session")
def half_display() -> Iterator[str]:
    """A display half as wide and high as the panel."""
    with display(540, 960) as name:
        yield name


@pytest.fixture(scope="session")
def half_stage(half_display: str, fonts: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The same process on the small display: the whole panel, scaled down, and cheaper to paint."""
    with Stage(tmp_path_factory.mktemp("ui-half"), fonts, half_display) as one:
        yield one


@pytest.fixture(scope="session")
def laptop() -> Iterator[str]:
    """A display lower than the panel, as people have on their desks."""
    with display(1366, 768) as name:
        yield name


@pytest.fixture
def new_stage(fonts: Path, half_display: str, tmp_path: Path) -> Iterator[NewStage]:
    """Starts a ui process that the test may end."""
    stages: list[Stage] = []

    def start(x_display: str = half_display, *options: str, **environment: str) -> Stage:
        stages.append(Stage(tmp_path, fonts, x_display, options=options, **environment))
        return stages[-1]

    yield start
    for one in stages:
        one.close()
