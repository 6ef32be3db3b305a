"""One image for all tests of a run."""

import os

import pytest

from tests.image.built import Built, built


@pytest.fixture(scope="session")
def dev_image() -> Built:
    """A dev image of this source."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a root")
    return built()
