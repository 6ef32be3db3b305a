"""Each switch of wire and TLS at the sandbox, and the name the client gives to what it meets (C01, C02, C12)."""

import asyncio

import pytest
from platform_world import Platform, call_of, client_for, issue

from platform_client.errors import PlatformError, PlatformFault
from platform_client.identity import DeviceIdentity
from platform_client.sandbox.faults import Fault

MET_AS = {
    Fault.UNREACHABLE: PlatformFault.UNREACHABLE,
    Fault.DROP: PlatformFault.UNREACHABLE,
    Fault.SLOW: PlatformFault.SLOW,
    Fault.DRIP: PlatformFault.DRIPPING,
    Fault.TRUNCATE: PlatformFault.TRUNCATED,
    Fault.OVERLOADED: PlatformFault.OVERLOADED,
    Fault.REDIRECT: PlatformFault.REDIRECTED_TO_HTTP,
    Fault.OVERSIZE: PlatformFault.TOO_LARGE,
    Fault.ENTITY_BOMB: PlatformFault.MALFORMED,
    Fault.WRONG_CONTENT_TYPE: PlatformFault.WRONG_CONTENT_TYPE,
    Fault.WRONG_CLOCK: PlatformFault.CLOCK_SKEW,
    Fault.OTHER_NONCE: PlatformFault.WRONG_NONCE,
    Fault.OTHER_SUBJECT: PlatformFault.OTHER_PERSON,
    Fault.MALFORMED_ANSWER: PlatformFault.WRONG_SCHEMA,
    Fault.REFUSE: PlatformFault.REFUSED,
    Fault.UNKNOWN_AUTHORITY: PlatformFault.UNKNOWN_AUTHORITY,
    Fault.WRONG_HOST: PlatformFault.WRONG_HOST,
    Fault.SERVER_EXPIRED: PlatformFault.CERTIFICATE_EXPIRED,
    Fault.SERVER_NOT_YET_VALID: PlatformFault.CERTIFICATE_NOT_YET_VALID,
}


@pytest.mark.parametrize("fault", MET_AS, ids=lambda fault: fault.value)
async def test_a_fault_of_the_wire_is_met_by_its_name(
    platform: Platform, identity: DeviceIdentity, fault: Fault
) -> None:
    platform.sandbox.faults.active, platform.sandbox.faults.seconds = fault, 30.0
    patient = fault not in (Fault.SLOW, Fault.DRIP)
    client = client_for(platform.port, identity, total_s=20.0 if patient else 3.0)
    with pytest.raises(PlatformError) as failed:
        await issue(client, call_of(identity))
    assert failed.value.kind is MET_AS[fault]
    platform.sandbox.faults.active = None
    if fault is not Fault.OVERLOADED:  # it asked to be left alone
        assert (await issue(client, call_of(identity))).startswith(b"%PDF-"), (
            "one thing was wrong, for as long as it was"
        )
    await client.close()


async def test_answers_that_were_swapped_are_noticed_by_both(platform: Platform, identity: DeviceIdentity) -> None:
    """E02: neither terminal lets the other's answer in."""
    platform.sandbox.faults.active = Fault.SWAP
    clients = [client_for(platform.port, identity) for _ in range(2)]
    met = await asyncio.gather(*(issue(client, call_of(identity)) for client in clients), return_exceptions=True)
    assert [getattr(each, "kind", None) for each in met] == [PlatformFault.OTHER_REQUEST] * 2
    for client in clients:
        await client.close()


async def test_an_answer_of_yesterday_is_noticed(platform: Platform, identity: DeviceIdentity) -> None:
    platform.sandbox.faults.active = Fault.STALE_ANSWER
    assert await issue(platform.client, call_of(identity))
    with pytest.raises(PlatformError) as failed:
        await issue(platform.client, call_of(identity))
    assert failed.value.kind is PlatformFault.OTHER_REQUEST
