"""The platform's portrait of the holder of a card: by evidence of the card, for a terminal granted that (E01)."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import pytest
from platform_world import TERMINAL, Card, client_for, evidence_of

from platform_client import certificates
from platform_client.certificates import IssueCall, KindsQuery
from platform_client.client import PlatformClient
from platform_client.errors import PlatformError
from platform_client.evidence import Evidence, Moment, SignedEvidence
from platform_client.identity import DeviceIdentity
from platform_client.portraits import PORTRAIT, PortraitQuery
from platform_client.sandbox.accounts import Account
from platform_client.sandbox.assembly import Options, Sandbox
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.registry import Person
from platform_client.sandbox.typeface import Typecase

PICTURE = b"\xff\xd8 nobody \xff\xd9"


def pictures(person: Person) -> bytes | None:
    return PICTURE if person.number == Card().number else None


@asynccontextmanager
async def asking(
    pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity, *, granted: bool
) -> AsyncIterator[PlatformClient]:
    sandbox = Sandbox(pki, typecase, Options(accounts=partial(Account, portraits=granted), pictures=pictures))
    client = client_for(await sandbox.start("127.0.0.1", 0), identity)
    try:
        yield client
    finally:
        await client.close()
        await sandbox.stop()


def of_card(identity: DeviceIdentity, card: Card | None = None) -> SignedEvidence:
    moment = Moment(TERMINAL, uuid.uuid4().hex, uuid.uuid4().hex, datetime.now(UTC), "0.1.0")
    return Evidence.of_card(card or Card(), moment).signed(identity)


async def test_a_granted_terminal_is_given_the_picture(
    pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity
) -> None:
    async with asking(pki, typecase, identity, granted=True) as client:
        assert (await client.call(PORTRAIT, PortraitQuery(of_card(identity)))).picture == PICTURE
        assert (await client.call(PORTRAIT, PortraitQuery(evidence_of(identity)))).picture == PICTURE


async def test_nobody_else_is(pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity) -> None:
    async with asking(pki, typecase, identity, granted=False) as client:
        with pytest.raises(PlatformError, match="portrait-not-granted"):
            await client.call(PORTRAIT, PortraitQuery(of_card(identity)))


async def test_the_register_may_not_know_the_person(
    pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity
) -> None:
    async with asking(pki, typecase, identity, granted=True) as client:
        other = Card(number="11010519491231002X")
        with pytest.raises(PlatformError, match="no-portrait"):
            await client.call(PORTRAIT, PortraitQuery(of_card(identity, other)))


async def test_evidence_of_a_card_is_good_for_nothing_else(
    pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity
) -> None:
    """E01: without a matched face no certificate is offered, let alone issued."""
    async with asking(pki, typecase, identity, granted=True) as client:
        with pytest.raises(PlatformError, match="not-matched"):
            await client.call(certificates.KINDS_FOR, KindsQuery(of_card(identity)))
        with pytest.raises(PlatformError, match="not-matched"):
            await client.call(certificates.ISSUE, IssueCall(of_card(identity), "social-insurance"))
