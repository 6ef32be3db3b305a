"""Revocation lists are asked for before a citizen waits for them, and staff read when they end (C17)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.health.findings import Finding, Level
from kiosk.trust import ASK_EVERY_S, TrustStore
from platform_client.errors import PlatformError, PlatformFault
from platform_client.sandbox.pki import SandboxPki, make
from platform_client.trust import TrustFeed


class Enough(Exception):
    """The test has seen enough."""


@dataclass
class Clock:
    """An hour passes at each look, as often as the test lets it."""

    looks: int
    hours: float = 0.0
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def monotonic(self) -> float:
        return self.hours * 3600

    def now(self) -> datetime:
        return self.began + timedelta(hours=self.hours)

    async def sleep(self, seconds: float) -> None:
        assert seconds == ASK_EVERY_S
        self.hours, self.looks = self.hours + 1, self.looks - 1
        if not self.looks:
            raise Enough


@dataclass
class Feed:
    """A platform that gives these lists, or nothing."""

    crls: tuple[bytes, ...] | None
    asked: int = 0

    async def fetch(self, _: object) -> TrustFeed:
        self.asked += 1
        if self.crls is None:
            raise PlatformError(PlatformFault.UNREACHABLE, "nobody")
        return TrustFeed((), self.crls)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> SandboxPki:
    return make(tmp_path_factory.mktemp("pki"), terminals=[], now=datetime.now(UTC))


async def seen(pki: SandboxPki, feed: Feed, clock: Clock) -> list[Finding]:
    found: list[Finding] = []
    with pytest.raises(Enough):
        await TrustStore(Path(pki.root.certificate), feed, clock).keep_fresh(found.append)  # type: ignore[arg-type]
    return found


async def test_they_are_asked_for_every_hour(pki: SandboxPki) -> None:
    feed = Feed(pki.crls(datetime.now(UTC)))
    found = await seen(pki, feed, Clock(5))
    assert feed.asked == 5
    assert {each.level for each in found} == {Level.OK}


@pytest.mark.parametrize("age, level", [(timedelta(days=6, hours=3), Level.WARN), (timedelta(days=8), Level.FAIL)])
async def test_lists_that_end_are_told_of(pki: SandboxPki, age: timedelta, level: Level) -> None:
    (found,) = await seen(pki, Feed(pki.crls(datetime.now(UTC) - age)), Clock(1))
    assert found.level is level


async def test_what_is_no_list_and_a_silent_platform(pki: SandboxPki) -> None:
    """A platform that never spoke is told of by the home page; what it said and nobody understands, here."""
    (found,) = await seen(pki, Feed((b"no list",)), Clock(1))
    assert found.level is Level.WARN
    assert await seen(pki, Feed(None), Clock(2)) == []
