"""Who the terminal is to the platform, as its profile says: key, login, and the next certificate (C13)."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from kiosk import identity as of_the_terminal
from kiosk.audit.log import AuditLog
from kiosk.clock import SystemClock
from kiosk.identity import device_identity, keep_valid, platform_login
from kiosk.profile import Platform
from kiosk.reasons import Reason, Refused
from platform_client.client import PlatformClient
from platform_client.credentials import DIRECTORY
from platform_client.errors import PlatformError, PlatformFault
from platform_client.identity import DeviceIdentity, IdentityError
from platform_client.login import Account, DataCallKey
from platform_client.sandbox.pki import SandboxPki, make

TERMINAL = "kiosk-0001"
NOW = datetime.now(UTC)


@pytest.fixture
def pki(tmp_path: Path) -> SandboxPki:
    return make(tmp_path / "pki", terminals=[TERMINAL], now=NOW)


@pytest.fixture
def platform(pki: SandboxPki) -> Platform:
    device = pki.kiosk(TERMINAL)
    return Platform("https://platform.example", pki.tls_ca.certificate, device.certificate, str(device.key))


def test_a_key_that_others_can_read_is_not_used(platform: Platform) -> None:
    assert device_identity(platform).terminal == TERMINAL
    Path(platform.key).chmod(0o644)
    with pytest.raises(IdentityError, match="chmod 0600"):
        device_identity(platform)


def test_the_key_may_be_a_credential_of_the_unit(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DIRECTORY, str(Path(platform.key).parent))
    by_name = msgspec.structs.replace(platform, key=Path(platform.key).name)
    assert device_identity(by_name).terminal == TERMINAL


def test_which_login_is_the_profiles_choice(platform: Platform, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    secret.chmod(0o600)
    assert platform_login(platform) is None
    keyed = msgspec.structs.replace(platform, data_call_key=str(secret))
    assert platform_login(keyed) == DataCallKey("s3cret")
    known = msgspec.structs.replace(platform, account="hall", password=str(secret))
    assert platform_login(known) == Account("hall", "s3cret")


class Later(SystemClock):
    """A clock some days ahead, on which the first sleep is the end."""

    def __init__(self, days: int) -> None:
        self._ahead = timedelta(days=days)
        self.slept = asyncio.Event()

    def now(self) -> datetime:
        return NOW + self._ahead

    async def sleep(self, seconds: float) -> None:
        self.slept.set()
        await asyncio.Event().wait()


async def looked_after(days: int, platform: Platform, audit_at: Path) -> list[str]:
    """What the audit log says after the terminal has looked once."""
    clock = Later(days)
    audit = AuditLog(audit_at, clock, terminal=TERMINAL, software="test")
    client = PlatformClient(None)  # type: ignore[arg-type]
    task = asyncio.create_task(keep_valid(client, device_identity(platform), clock, audit))
    await asyncio.wait_for(clock.slept.wait(), 10)
    task.cancel()
    audit.close()
    lines = [line for file in sorted(audit_at.glob("*.jsonl")) for line in file.read_text().splitlines()]
    return [name for line in lines if (name := msgspec.json.decode(line)["event"]).startswith("identity.")]


async def test_a_month_before_it_ends_a_certificate_is_renewed(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How it is renewed: tests/platform_client/test_platform_trust.py. Here: when, and what the record says of it."""

    async def granted(client: PlatformClient, identity: DeviceIdentity) -> None:
        pass

    async def refused(client: PlatformClient, identity: DeviceIdentity) -> None:
        raise PlatformError(PlatformFault.UNREACHABLE, "nobody")

    monkeypatch.setattr(of_the_terminal, "renew", granted)
    assert await looked_after(300, platform, tmp_path / "early") == []
    assert await looked_after(380, platform, tmp_path / "late") == ["identity.renewed"]
    monkeypatch.setattr(of_the_terminal, "renew", refused)
    assert await looked_after(380, platform, tmp_path / "refused") == ["identity.not-renewed"]


async def test_a_full_disk_does_not_end_renewal(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C13, C19: neither call nor outcome can be recorded; six hours later the terminal asks again."""

    class TwoLooks(Later):
        looks = 0

        async def sleep(self, seconds: float) -> None:
            self.looks += 1
            if self.looks == 2:
                await super().sleep(seconds)

    async def full(*_: object) -> None:
        raise Refused(Reason.AUDIT_FULL, "no room for a record")

    monkeypatch.setattr(of_the_terminal, "renew", full)
    clock = TwoLooks(380)
    audit = AuditLog(tmp_path / "audit", clock, terminal=TERMINAL, software="test")
    client = PlatformClient(None)  # type: ignore[arg-type]
    task = asyncio.create_task(keep_valid(client, device_identity(platform), clock, audit))
    await asyncio.wait_for(clock.slept.wait(), 10)
    task.cancel()
    audit.close()
