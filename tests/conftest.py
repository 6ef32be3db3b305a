"""What every room's tests may use."""

import os
from pathlib import Path

import hypothesis
import pytest

from hardware.cards.emulator.pcscd import PrivatePcscd

# CI judges a commit, so it must say the same of it twice, also on a machine that has other work; a person at the
# keyboard explores.
_PATIENT = (hypothesis.HealthCheck.too_slow,)
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=_PATIENT)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

ASSETS = Path(__file__).parent.parent / ".cache" / "assets"


def pytest_addoption(parser: pytest.Parser) -> None:
    """For `tests/conformance` on real hardware."""
    eye = parser.getgroup("a real camera")
    eye.addoption("--camera", metavar="DEV", help="run the conformance suite on this camera; somebody moves the plug")
    real = parser.getgroup("a real card reader")
    real.addoption("--reader", metavar="URI", help="run the conformance suite on this reader; somebody moves the cards")
    real.addoption("--trust", metavar="DIR", help="country signing certificates, for travel documents")
    for which in ("", "second-"):
        real.addoption(f"--{which}can", metavar="DIGITS", help=f"opens the {which or 'first '}document")
        real.addoption(f"--{which}mrz", metavar="NUMBER,YYMMDD,YYMMDD", help=f"opens the {which or 'first '}document")
    staff = parser.getgroup("a real technician's card")
    staff.addoption("--staff-reader", metavar="URI", help="run the conformance suite on this reader: pcsc://NAME")
    staff.addoption("--staff-pin", metavar="DIGITS", help="the card's PIN; no wrong one is tried")
    key = parser.getgroup("a real key switch")
    key.addoption("--key-switch", metavar="DEV", help="run the conformance suite on this input device")


@pytest.fixture(scope="session")
def private_pcscd(tmp_path_factory: pytest.TempPathFactory) -> PrivatePcscd:
    """One PC/SC service for all tests of this process, not started: the client library takes its name only once."""
    service = PrivatePcscd(Path(tmp_path_factory.mktemp("pcscd")))
    os.environ.update(service.environment)
    return service


@pytest.fixture(scope="session")
def assets() -> Path:
    """Fonts, the converted model and the demo portrait, as script/setup left them."""
    assert (ASSETS / "portrait.png").exists(), "run script/setup first"
    return ASSETS
