"""The desk's platform: what each fault of a call means for the person who waits, and when another try can help."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from kiosk.evidence import Station
from kiosk.ports.platform import PlatformPort
from kiosk.reasons import Reason, Refused
from platform_client.client import PlatformClient
from platform_client.device_key import DeviceKeyError
from platform_client.errors import PlatformError, PlatformFault
from platform_client.nobody import Card, Face
from platform_client.patience import Patience
from platform_client.transport import Request, Response

NOW = datetime(2026, 11, 25, 10, 0, 0, 400_000, tzinfo=UTC)
EXPECTED = {
    Reason.PLATFORM_UNREACHABLE: {"unreachable", "overloaded", "failed"},
    Reason.PLATFORM_SLOW: {"slow", "dripping"},
    Reason.PLATFORM_RESTING: {"resting"},
    Reason.PLATFORM_REFUSED: {"refused"},
    Reason.PLATFORM_INCOMPLETE: {"incomplete"},
    Reason.PLATFORM_NOT_TRUSTED: {
        "unknown-authority",
        "wrong-host",
        "certificate-expired",
        "tls-too-old",
        "tls-broken",
    },
    Reason.TERMINAL_NOT_ADMITTED: {"terminal-refused", "key-refused"},
    Reason.CLOCK_WRONG: {"clock-skew", "certificate-not-yet-valid"},
    Reason.PLATFORM_ANSWER_FOREIGN: {"other-request", "wrong-nonce", "other-person"},
    Reason.PLATFORM_ANSWER_INVALID: {
        "redirected",
        "redirected-to-http",
        "not-http",
        "truncated",
        "too-large",
        "wrong-content-type",
        "malformed",
        "wrong-schema",
    },
}


class Failing:
    """A transport on which every call fails in one way."""

    def __init__(self, error: PlatformError) -> None:
        self._error = error

    @asynccontextmanager
    async def exchange(self, request: Request) -> AsyncIterator[Response]:
        raise self._error
        yield

    async def close(self) -> None: ...


class StandingClock:
    def monotonic(self) -> float:
        return 0.0

    def now(self) -> datetime:
        return NOW

    async def sleep(self, seconds: float) -> None: ...


class NoSigner:
    thumbprint = b""

    def sign(self, document: bytes) -> bytes:
        raise AssertionError("nothing is signed for a public call")


async def refusal_of(error: PlatformError) -> Refused:
    client = PlatformClient(Failing(error), Patience(tries=1))
    port = PlatformPort(client, NoSigner(), Station("kiosk-0001", "test"), {}, StandingClock())
    with pytest.raises(Refused) as refused:
        await port.kinds()
    return refused.value


async def test_every_fault_of_a_call_is_a_reason() -> None:
    assert {PlatformFault(value) for values in EXPECTED.values() for value in values} == set(PlatformFault)
    for reason, values in EXPECTED.items():
        for value in values:
            refused = await refusal_of(PlatformError(PlatformFault(value), "detail"))
            assert (refused.reason, refused.detail) == (reason, f"{value}: detail")
            assert refused.again_at is None


async def test_a_platform_that_rests_is_tried_again_at_a_certain_second() -> None:
    refused = await refusal_of(PlatformError(PlatformFault.RESTING, "it failed often", retry_in_s=4.2))
    assert refused.again_at == datetime(2026, 11, 25, 10, 0, 5, tzinfo=UTC)


async def test_a_token_that_does_not_sign_is_a_fault_of_the_terminal() -> None:
    """It was pulled, or has locked itself: nobody is asked about, and the log says which key."""

    class Pulled:
        thumbprint = bytes(32)

        def sign(self, document: bytes) -> bytes:
            raise DeviceKeyError("pkcs11:token=kiosk: the token did not sign")

    client = PlatformClient(Failing(PlatformError(PlatformFault.UNREACHABLE, "never asked")), Patience(tries=1))
    port = PlatformPort(client, Pulled(), Station("kiosk-0001", "test"), {}, StandingClock())
    with pytest.raises(Refused) as refused:
        await port.kinds_for(Card(), Face())  # type: ignore[arg-type]
    assert (refused.value.reason, refused.value.detail[:6]) == (Reason.INTERNAL, "pkcs11")
    with pytest.raises(Refused) as refused:
        await port.portrait(Card())  # type: ignore[arg-type]
    assert (refused.value.reason, refused.value.detail[:6]) == (Reason.INTERNAL, "pkcs11")
