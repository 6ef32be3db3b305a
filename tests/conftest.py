"""What every room's tests may use."""

import os
from pathlib import Path

import hypothesis
import pytest

# CI judges a commit, so it must say the same of it twice; a person at the keyboard explores.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

ASSETS = Path(__file__).parent.parent / ".cache" / "assets"


@pytest.fixture(scope="session")
def assets() -> Path:
    """Fonts, the converted model and the demo portrait, as script/setup left them."""
    assert (ASSETS / "portrait.png").exists(), "run script/setup first"
    return ASSETS
