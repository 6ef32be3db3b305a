"""The sandbox: what it admits, how it gathers, what it logs, and that it is a process of its own."""

import asyncio
import json
import logging
import signal
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from platform_world import (
    NAME,
    NUMBER,
    TERMINAL,
    Card,
    Match,
    Platform,
    call_of,
    client_for,
    evidence_of,
    identity_of,
    issue,
    kinds,
)

from platform_client import certificates
from platform_client.certificates import IssueCall, KindsQuery
from platform_client.errors import PlatformError, PlatformFault
from platform_client.evidence import SignedEvidence
from platform_client.identity import DeviceIdentity
from platform_client.ratings import RATE, Rating
from platform_client.sandbox.control import NotFlipped, SetCrossing, SetFault, SetSource, flip, trace
from platform_client.sandbox.faults import Fault
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.registry import check_character
from platform_client.sandbox.sources import SourceFault


def asked(call: IssueCall) -> SignedEvidence:
    assert isinstance(call.evidence, SignedEvidence)
    return call.evidence


async def refusal_of(platform: Platform, call: IssueCall) -> str:
    with pytest.raises(PlatformError) as failed:
        await issue(platform.client, call)
    assert failed.value.kind is PlatformFault.REFUSED
    return failed.value.detail


# --- who is admitted -------------------------------------------------------------------------------------------------


async def test_evidence_must_be_this_terminals(platform: Platform, pki: SandboxPki, identity: DeviceIdentity) -> None:
    """C14: terminal of the TLS connection, of the evidence and of the signature are one."""
    other = identity_of(pki, "kiosk-other")
    assert await refusal_of(platform, call_of(other)) == "evidence-signature"

    assert await refusal_of(platform, call_of(identity, terminal="kiosk-other")) == "evidence-of-another-terminal"


async def test_evidence_must_be_fresh_and_for_this_call(platform: Platform, identity: DeviceIdentity) -> None:
    old = call_of(identity, at=datetime.now(UTC) - timedelta(hours=1))
    assert await refusal_of(platform, old) == "evidence-stale"
    ahead = call_of(identity, at=datetime.now(UTC) + timedelta(hours=1))
    assert await refusal_of(platform, ahead) == "evidence-stale"


@pytest.mark.parametrize("number", ["999900199001010015", "999900199002300018", "000000000000000000"])
async def test_numbers_that_cannot_be_are_refused(platform: Platform, identity: DeviceIdentity, number: str) -> None:
    """E03."""
    assert await refusal_of(platform, call_of(identity, card=Card(number=number))) == "number-invalid"


async def test_a_face_beyond_the_threshold_is_no_match(platform: Platform, identity: DeviceIdentity) -> None:
    assert await refusal_of(platform, call_of(identity, match=Match(score=0.6))) == "not-matched"


async def test_kinds_depend_on_the_person(platform: Platform, identity: DeviceIdentity) -> None:
    body = f"999900{datetime.now(UTC).year - 10}0101001"
    child = Card(number=body + check_character(body))
    query = KindsQuery(evidence_of(identity, card=child))
    offered = {kind.code for kind in (await platform.client.call(certificates.KINDS_FOR, query)).kinds}
    assert "driving" not in offered and "household" in offered
    assert await refusal_of(platform, call_of(identity, "driving", card=child)) == "kind-not-granted"
    assert await refusal_of(platform, call_of(identity, "no-such-kind")) == "kind-not-granted"


async def test_a_name_that_cannot_be_printed_is_refused(platform: Platform, identity: DeviceIdentity) -> None:
    assert await refusal_of(platform, call_of(identity, card=Card(name="张\U0001f600"))) == "name-not-printable"


# --- one request, one document ---------------------------------------------------------------------------------------


async def test_issue_is_idempotent(platform: Platform, identity: DeviceIdentity) -> None:
    call = call_of(identity)
    first, second = await asyncio.gather(issue(platform.client, call), issue(platform.client, call))
    assert first == second == await issue(platform.client, call)
    assert await issue(platform.client, call_of(identity)) != first


async def test_neither_request_id_nor_nonce_serves_twice(platform: Platform, identity: DeviceIdentity) -> None:
    call = call_of(identity)
    await issue(platform.client, call)
    assert await refusal_of(platform, IssueCall(call.evidence, "household")) == "request-id-used"
    assert await refusal_of(platform, call_of(identity, nonce=asked(call).nonce)) == "nonce-used"


async def test_one_rating_per_issue(platform: Platform, identity: DeviceIdentity) -> None:
    """B21."""
    call = call_of(identity)
    await issue(platform.client, call)
    await platform.client.call(RATE, Rating(asked(call).request_id, 4))
    for request_id, code in ((asked(call).request_id, "already-rated"), (uuid.uuid4().hex, "unknown-request")):
        with pytest.raises(PlatformError) as failed:
            await platform.client.call(RATE, Rating(request_id, 4))
        assert failed.value.detail == code


# --- sources ---------------------------------------------------------------------------------------------------------


async def test_a_source_that_is_down_is_named(platform: Platform, identity: DeviceIdentity) -> None:
    """C08."""
    platform.sandbox.obey(SetSource("local", fault=SourceFault.DOWN))
    call = call_of(identity)
    with pytest.raises(PlatformError) as failed:
        await issue(platform.client, call)
    assert (failed.value.kind, failed.value.detail) == (PlatformFault.INCOMPLETE, "source-down-local")
    platform.sandbox.obey(SetSource("local"))
    assert await issue(platform.client, call), "a failed issue may be tried again under its request id"


# --- the log ---------------------------------------------------------------------------------------------------------


async def test_every_call_leaves_one_row_with_its_id_and_no_personal_data(
    platform: Platform, identity: DeviceIdentity, caplog: pytest.LogCaptureFixture
) -> None:
    """C19, C20: same id at both ends; DEBUG of every library included."""
    with caplog.at_level(logging.DEBUG):
        await platform.client.call(certificates.KINDS_FOR, KindsQuery(evidence_of(identity)))
        call = call_of(identity)
        await issue(platform.client, call)
        await refusal_of(platform, call_of(identity, card=Card(number="999900199001010015")))
    rows = [record.getMessage() for record in caplog.records if record.name.endswith("sandbox.door")]
    assert [record.request_id for record in platform.calls] == [row.split()[1].split("=")[1] for row in rows]
    assert f"request_id={asked(call).request_id} terminal={TERMINAL} operation=certificates subject=" in rows[1]
    assert "refusal=number-invalid" in rows[2]
    for secret in (NAME, NUMBER, "999900199001010015", "fontTools.subset"):
        assert secret not in caplog.text


# --- the process and its control panel -------------------------------------------------------------------------------


async def test_a_process_of_its_own(assets: Path, tmp_path: Path) -> None:
    """Started, asked over TLS, spoilt and traced over its control panel, ended by SIGTERM with exit code 0; and no
    file it wrote says anything about whom it was asked (C20)."""
    control, log = tmp_path / "control.json", tmp_path / "log"
    words = ["--topology", "cloud", "--terminal", TERMINAL, "--assets", str(assets), "--pki", str(tmp_path / "pki")]
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kiosk", "sandbox", *words, "--control", str(control), "--trace"),
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
        )
    try:
        assert process.stdout is not None
        port = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))["port"]
        identity = identity_of(SandboxPki(tmp_path / "pki"))
        client = client_for(port, identity)
        assert await kinds(client)
        await flip(control, SetFault(Fault.REFUSE))
        with pytest.raises(PlatformError):
            await kinds(client)
        await flip(control, SetFault(None))
        await flip(control, SetSource("local", latency_s=0.0))
        await flip(control, SetCrossing("border", delay_s=0.001))
        for command in (SetSource("no such source"), SetCrossing("no such crossing", 1.0)):
            with pytest.raises(NotFlipped):
                await flip(control, command)
        call = call_of(identity)
        pdf = await issue(client, call)
        assert (await trace(control, asked(call).request_id)).topology == "cloud"
        with pytest.raises(NotFlipped):
            await trace(control, "0" * 32)
        await client.close()
        await strangers_are_refused(control)
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
    with pytest.raises(NotFlipped):
        await flip(control, SetFault(None))
    assert "public-cloud-front" in log.read_text() and asked(call).request_id in log.read_text()
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 40
    for secret in (NAME, NUMBER, NUMBER[6:14]):
        assert not any(secret.encode() in content for content in written)
    assert not any(pdf[:1024] in content for content in written)


async def strangers_are_refused(control: Path) -> None:
    """The panel's file is its owner's, and without the token in it nobody switches or reads anything."""
    assert control.stat().st_mode & 0o777 == 0o600
    panel = json.loads(control.read_text())
    assert panel["url"].startswith("http://127.0.0.1:")
    async with aiohttp.ClientSession() as session:
        for headers in ({}, {"Authorization": "Bearer guess"}, {"Authorization": panel["token"]}):
            async with session.get(panel["url"] + "/traces/last", headers=headers) as answer:
                assert answer.status == 401
            async with session.post(panel["url"] + "/switch", headers=headers, data=b"{}") as answer:
                assert answer.status == 401
        headers = {"Authorization": f"Bearer {panel['token']}"}
        async with session.get(panel["url"] + "/traces/last?as=diagram", headers=headers) as answer:
            assert "public-cloud-front" in await answer.text()
        async with session.post(panel["url"] + "/switch", headers=headers, data=b"{}") as answer:
            assert answer.status == 400
