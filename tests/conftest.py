"""What every room's tests may use."""

from pathlib import Path

import pytest

ASSETS = Path(__file__).parent.parent / ".cache" / "assets"


@pytest.fixture(scope="session")
def assets() -> Path:
    """Fonts, the converted model and the demo portrait, as script/setup left them."""
    assert (ASSETS / "portrait.png").exists(), "run script/setup first"
    return ASSETS
