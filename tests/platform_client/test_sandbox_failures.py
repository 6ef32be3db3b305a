"""What fails is named, and nothing half-made leaves the platform: sources, the way to the terminal, the door itself."""

import asyncio
import logging
import re
import subprocess
import sys
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from platform_world import (
    NAME,
    NUMBER,
    TERMINAL,
    Card,
    Platform,
    built,
    call_of,
    evidence_of,
    identity_of,
    issue,
    kinds,
)

from platform_client import certificates
from platform_client.certificates import IssueCall, KindsQuery
from platform_client.errors import PlatformError, PlatformFault
from platform_client.identity import DeviceIdentity
from platform_client.sandbox.accounts import Account, NoAccounts, hashed_key, hashed_password, read
from platform_client.sandbox.assembly import Options
from platform_client.sandbox.catalogue import OFFERS, Demander
from platform_client.sandbox.control import SetSource
from platform_client.sandbox.exchange import Order
from platform_client.sandbox.faults import Fault
from platform_client.sandbox.intake import FRESH, Refuse
from platform_client.sandbox.ledger import Ledger
from platform_client.sandbox.people import BY_LAYOUT
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.registry import Draw, check_character
from platform_client.sandbox.sources import NAMES, SourceFault
from platform_client.sandbox.topology import Topology
from platform_client.sandbox.typeface import Typecase
from platform_client.wire import LIMIT_BYTES

BOB = Card("李四", "99990019850312018X")
PATIENCE_S = 2.0
"""For a source: short, but long enough that on a busy machine none is late that answers at once."""


async def failure_of(platform: Platform, call: IssueCall) -> PlatformError:
    with pytest.raises(PlatformError) as failed:
        await issue(platform.client, call)
    return failed.value


# --- sources ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("fault", "how"),
    [
        (SourceFault.DOWN, {"down"}),
        (SourceFault.DROP, {"down", "late"}),
        (SourceFault.DRIP, {"late"}),
        (SourceFault.TRUNCATE, {"down", "wrong"}),
        (SourceFault.STALE, {"stale"}),
        (SourceFault.WRONG_SCHEMA, {"wrong"}),
    ],
)
async def test_a_source_that_fails_is_named_and_nothing_is_composed(
    pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity, name: str, fault: SourceFault, how: set[str]
) -> None:
    """C08: a partial failure is told by name and manner; the ferry loses what a connection would break off."""
    async with built(pki, typecase, Options(source_limit_s=PATIENCE_S)) as platform:
        call = call_of(identity)
        platform.sandbox.obey(SetSource(name, latency_s=0, fault=fault))
        failed = await failure_of(platform, call)
        assert failed.kind is PlatformFault.INCOMPLETE
        assert failed.detail in {f"source-{each}-{name}" for each in how}
        assert "compose" not in {hop.what for hop in platform.sandbox.tracer.find("last").hops}
        platform.sandbox.obey(SetSource(name, latency_s=0))
        assert (await issue(platform.client, call)).startswith(b"%PDF"), "the same request, once the source is well"


async def test_a_source_that_is_late_is_named(pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity) -> None:
    async with built(pki, typecase, Options(source_limit_s=PATIENCE_S)) as platform:
        platform.sandbox.obey(SetSource("provincial", latency_s=30))
        assert (await failure_of(platform, call_of(identity))).detail == "source-late-provincial"


@pytest.mark.parametrize("name", NAMES)
async def test_sources_that_mix_people_up_make_no_certificate(
    pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity, name: str
) -> None:
    """C08, E02: each answer says which question about whom it answers."""
    async with built(pki, typecase, Options()) as platform:
        platform.sandbox.obey(SetSource(name, latency_s=0, fault=SourceFault.SWAP))
        failures = await asyncio.gather(
            failure_of(platform, call_of(identity)), failure_of(platform, call_of(identity, card=BOB))
        )
    assert [failed.detail for failed in failures] == [f"source-wrong-{name}"] * 2


# --- between platform and terminal -----------------------------------------------------------------------------------


@pytest.mark.parametrize("topology", [Topology.EXTRANET, Topology.CLOUD])
@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (Fault.UNREACHABLE, PlatformFault.UNREACHABLE),
        (Fault.DROP, PlatformFault.UNREACHABLE),
        (Fault.TRUNCATE, PlatformFault.TRUNCATED),
        (Fault.REFUSE, PlatformFault.REFUSED),
        (Fault.MALFORMED_ANSWER, PlatformFault.WRONG_SCHEMA),
    ],
)
async def test_the_terminal_names_what_goes_wrong_on_the_way(
    pki: SandboxPki,
    typecase: Typecase,
    identity: DeviceIdentity,
    topology: Topology,
    fault: Fault,
    seen: PlatformFault,
) -> None:
    async with built(pki, typecase, Options(topology)) as platform:
        call = call_of(identity)
        platform.sandbox.faults.active = fault
        assert (await failure_of(platform, call)).kind is seen
        platform.sandbox.faults.active = None
        assert (await issue(platform.client, call)).startswith(b"%PDF"), "asked again, it is there"


async def test_answers_of_two_calls_in_flight_are_swapped(
    pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity
) -> None:
    async with built(pki, typecase, Options()) as platform:
        platform.sandbox.faults.active = Fault.SWAP
        failures = await asyncio.gather(
            failure_of(platform, call_of(identity)), failure_of(platform, call_of(identity, card=BOB))
        )
    assert {failed.kind for failed in failures} == {PlatformFault.OTHER_REQUEST}


async def test_a_lone_call_is_not_swapped(pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity) -> None:
    async with built(pki, typecase, Options()) as platform:
        platform.sandbox.faults.active, platform.sandbox.faults.seconds = Fault.SWAP, 0.05
        assert await issue(platform.client, call_of(identity))


async def test_an_old_answer_is_noticed(pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity) -> None:
    async with built(pki, typecase, Options()) as platform:
        platform.sandbox.faults.active = Fault.STALE_ANSWER
        assert await issue(platform.client, call_of(identity))
        assert (await failure_of(platform, call_of(identity))).kind is PlatformFault.OTHER_REQUEST


# --- accounts --------------------------------------------------------------------------------------------------------


async def test_a_terminal_gets_what_its_account_was_granted(
    pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity
) -> None:
    """C14, C24."""
    options = Options(accounts={TERMINAL: Account(TERMINAL, frozenset({"household"}))}.get)
    async with built(pki, typecase, options) as platform:
        assert [kind.code for kind in await kinds(platform.client)] == ["household"]
        offered = await platform.client.call(certificates.KINDS_FOR, KindsQuery(evidence_of(identity)))
        assert [kind.code for kind in offered.kinds] == ["household"]
        assert (await failure_of(platform, call_of(identity, "marriage"))).detail == "kind-not-granted"
        assert await issue(platform.client, call_of(identity, "household"))


async def test_a_terminal_without_an_account_is_not_served(
    pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity
) -> None:
    async with built(pki, typecase, Options(accounts=lambda terminal: None)) as platform:
        assert (await failure_of(platform, call_of(identity))).detail == "no-account"


async def test_a_key_or_a_password_is_asked_for_where_the_account_has_one(pki: SandboxPki, typecase: Typecase) -> None:
    """C13."""
    for account in (Account(TERMINAL, key_sha256=hashed_key("k")), Account(TERMINAL, password=hashed_password("p"))):
        async with built(pki, typecase, Options(accounts={TERMINAL: account}.get)) as platform:
            with pytest.raises(PlatformError) as failed:
                await kinds(platform.client)
            assert failed.value.kind is PlatformFault.KEY_REFUSED


def test_keys_and_passwords() -> None:
    """C13, C15: a password does for a key nowhere, and is kept as a salted hash."""

    def basic(text: str) -> str:
        return f"Basic {b64encode(text.encode()).decode()}"

    keyed = Account("t", key_sha256=hashed_key("secret"))
    assert keyed.admits("Bearer secret")
    assert not any(map(keyed.admits, ("", "Bearer other", "Basic secret", basic("t:secret"))))
    named = Account("t", password=hashed_password("secret"))
    assert named.admits(basic("t:secret"))
    assert not any(
        map(named.admits, ("", "Bearer secret", basic("t:other"), basic("u:secret"), "Basic ?", "Basic //8="))
    )
    assert "secret" not in str(named.password) and str(named.password).startswith("$argon2id$")
    assert hashed_password("secret") != hashed_password("secret")


# --- what remains ----------------------------------------------------------------------------------------------------


def order(**changes: str) -> Order:
    return Order(
        **{"request_id": "1" * 32, "nonce": "2" * 32, "kind": "household", "name": NAME, "number": NUMBER} | changes
    )


async def test_what_the_ledger_keeps_only_the_order_can_open() -> None:
    """C20: nothing about a query is kept after its answer but hashes and what nobody can read without the call."""
    now = 0.0
    ledger = Ledger(lambda: now)
    made: list[int] = []

    async def make() -> bytes:
        made.append(1)
        return f"%PDF {NAME} {NUMBER}".encode()

    first = await ledger.once(order(), make)
    assert await ledger.once(order(), make) == first and len(made) == 1
    kept = repr(ledger._entries) + "".join(repr(vars_of(entry)) for entry in ledger._entries.values())
    assert NAME not in kept and NUMBER not in kept and "2" * 32 not in kept and "%PDF" not in kept
    with pytest.raises(Refuse, match="request-id-used"):
        await ledger.once(order(number="99990019850312018X"), make)
    with pytest.raises(Refuse, match="nonce-used"):
        await ledger.once(order(request_id="3" * 32), make)
    now = 2 * FRESH.total_seconds() + 1
    await ledger.once(order(request_id="4" * 32, nonce="5" * 32), make)
    assert list(ledger._entries) == ["4" * 32]


def vars_of(entry: object) -> list[object]:
    return [getattr(entry, name) for name in type(entry).__slots__]  # type: ignore[attr-defined]


async def test_whoever_stops_waiting_leaves_nothing_open() -> None:
    ledger, go_on = Ledger(), asyncio.Event()

    async def make() -> bytes:
        await go_on.wait()
        return b"%PDF"

    waiting = asyncio.create_task(ledger.once(order(), make))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    (entry,) = ledger._entries.values()
    assert entry.under_way is not None
    go_on.set()
    await entry.under_way
    assert entry.under_way is None and b"%PDF" not in entry.locked
    assert await ledger.once(order(), make) == b"%PDF"


async def test_the_audit_knows_people_by_pseudonym(
    platform: Platform, identity: DeviceIdentity, pki: SandboxPki, caplog: pytest.LogCaptureFixture
) -> None:
    """C19: the same person is the same word in every row, and the word is not made of the number alone."""
    with caplog.at_level(logging.INFO, "platform_client.sandbox"):
        for card in (Card(), Card(), BOB):
            await platform.client.call(certificates.KINDS_FOR, KindsQuery(evidence_of(identity, card=card)))
    subjects = re.findall(r"subject=([0-9a-f]{16}) ", caplog.text)
    assert subjects[0] == subjects[1] != subjects[2]
    assert NUMBER not in caplog.text and BOB.number not in caplog.text


@given(st.integers(0, 10**6))
def test_masked_numbers_show_no_date_of_birth(seed: int) -> None:
    """E05: digits 7 to 14."""
    person = Draw(str(seed)).person("x", male=seed % 2 == 0)
    masked = person.masked_number
    assert masked[6:14] == "*" * 8 and masked[:6] + masked[14:] == person.number[:6] + person.number[14:]
    assert person.born < datetime.now(UTC).date() and person.male is (seed % 2 == 0)


async def test_the_device_of_a_front_end_is_checked_again(pki: SandboxPki, typecase: Typecase) -> None:
    """C24: a front-end passes certificates on; one of another authority does not get through the door."""
    foreign = pki.system("sharing").load_certificate()
    async with built(pki, typecase, Options(Topology.CLOUD)) as platform:
        front = platform.sandbox.system("private-cloud-front")
        for shown, status in (
            ("", 403),
            (":bm90IG9uZQ==:", 403),
            (f":{b64encode(_der(foreign)).decode()}:", 403),
            (f":{b64encode(_der(pki.kiosk(TERMINAL).load_certificate())).decode()}:", 200),
        ):
            reply = await front.call(
                "sharing",
                "/door/v1/kinds",
                b"",
                request_id="0" * 32,
                what="kinds",
                method="GET",
                headers={"Client-Cert": shown},
            )
            assert reply.status == status


def _der(certificate: object) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)  # type: ignore[attr-defined,no-any-return]


def test_an_account_file_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    """C14, C15."""
    file = tmp_path / "accounts.toml"
    file.write_text(f'[kiosk-1]\nkinds = ["household"]\nkey_sha256 = "{hashed_key("k").hex()}"\n[kiosk-2]\n')
    accounts = read(file)
    one, two = accounts("kiosk-1"), accounts("kiosk-2")
    assert one is not None and two is not None and accounts("kiosk-3") is None
    assert one.admits("Bearer k") and one.may_issue("household") and not one.may_issue("marriage")
    assert two.admits("") and two.may_issue("marriage")
    for text in (
        "[kiosk-1",
        '[kiosk-1]\nkind = ["x"]',
        '[kiosk-1]\nkey_sha256 = "zz"',
        '[a]\nkey_sha256 = "00"\npassword = "x"',
    ):
        file.write_text(text)
        with pytest.raises(NoAccounts, match=re.escape(str(file))):
            read(file)


# --- people ----------------------------------------------------------------------------------------------------------


async def test_every_layout_of_card_has_its_citizen(platform: Platform, identity: DeviceIdentity) -> None:
    """E04: check characters are right; numbers of 2017, by which no page can be checked, get nothing."""
    for layout, person in BY_LAYOUT.items():
        call = call_of(identity, card=replace(Card(person.name, person.number), kind=SimpleNamespace(value=layout)))
        if layout == "foreign-2017":
            assert (await failure_of(platform, call)).detail == "kind-not-granted"
        else:
            assert person.number[17] == check_character(person.number[:17])
            assert (await issue(platform.client, call)).startswith(b"%PDF")


def test_specimens_of_every_kind(pki: SandboxPki, tmp_path: Path, assets: Path) -> None:
    """C21: at least one kind for each class of demanders, and how each came about."""
    words = ["--pki", str(pki.directory), "--assets", str(assets), "--terminal", TERMINAL]
    words += ["--topology", "isolated", "--specimens", str(tmp_path)]
    said = subprocess.run(
        [sys.executable, "-m", "kiosk", "sandbox", *words], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    assert {path.stem for path in tmp_path.glob("*.pdf")} == set(OFFERS)
    assert {offer.demander for offer in OFFERS.values()} == set(Demander)
    assert "private-network-front" in said and "seal" in said


async def test_whoever_gives_a_source_up_leaves_nobody_waiting(
    pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity
) -> None:
    """A question that the ferry lost is forgotten on the way there as well, once nobody waits for its answer."""
    async with built(pki, typecase, Options(source_limit_s=PATIENCE_S)) as platform:
        platform.sandbox.obey(SetSource("private", latency_s=0, fault=SourceFault.DROP))
        for _ in range(2):
            assert (await failure_of(platform, call_of(identity))).detail == "source-late-private"
        await asyncio.wait_for(platform.sandbox.private_questions.quiet(), 5)


async def test_too_long_a_call_is_refused_before_the_border(
    pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity
) -> None:
    async with (
        built(pki, typecase, Options(Topology.CLOUD)) as platform,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=identity_of(pki).context)) as session,
        session.post(
            f"https://localhost:{platform.port}/v1/certificates",
            data=bytes(LIMIT_BYTES + 1),
            headers={"X-Request-Id": "0" * 32, "Content-Type": "application/xml"},
        ) as answer,
    ):
        assert answer.status == 413 and b"too-large" in await answer.read()
