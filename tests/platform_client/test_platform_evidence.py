"""Evidence: only from a card and a match, one person, masked, signed (E01, E02)."""

import math
import uuid
from datetime import UTC, datetime

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from platform_world import NAME, NUMBER, TERMINAL, Card, Match, evidence_of

from platform_client import wire
from platform_client.evidence import Evidence, SignedEvidence
from platform_client.identity import DeviceIdentity
from platform_client.sandbox.pki import SandboxPki

NONCE = uuid.uuid4().hex
NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


def of(card: Card, match: Match | None = None) -> Evidence:
    return Evidence.of(card, match or Match(), terminal=TERMINAL, nonce=NONCE, at=NOW)


def test_only_its_maker_can_make_it() -> None:
    with pytest.raises(TypeError):
        Evidence(object(), b"<Evidence/>")
    with pytest.raises(TypeError):
        SignedEvidence(object(), b"<Evidence/>", b"")


def test_says_what_the_card_and_the_match_said() -> None:
    root = wire.parse(of(Card()).document, wire.EVIDENCE)
    shown = {path: wire.text_at(root, path) for path in ("Card/Name", "Card/Number", "Nonce", "At", "Match/Frames")}
    assert shown == {
        "Card/Name": NAME,
        "Card/Number": NUMBER,
        "Nonce": NONCE,
        "At": "2026-11-23T01:02:03Z",
        "Match/Frames": "31",
    }


def test_is_masked(identity: DeviceIdentity) -> None:
    for value in (of(Card()), evidence_of(identity)):
        assert NUMBER not in f"{value!r} {value}" and NAME not in f"{value!r} {value}"


def test_signature_covers_the_exact_bytes(identity: DeviceIdentity, pki: SandboxPki) -> None:
    signed = evidence_of(identity)
    key = pki.kiosk(TERMINAL).load_certificate().public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signed.signature, signed.document, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(signed.signature, signed.document + b" ", ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    "card",
    [
        Card(number="12345"),
        Card(number=NUMBER + "," + NUMBER),
        Card(number="99990019900101001x"),
        Card(name=""),
        Card(name=" 张三"),
        Card(name="张\x00三"),
        Card(reader_id=""),
    ],
    ids=["short", "two numbers", "small x", "no name", "blank", "nul", "no reader"],
)
def test_refuses_what_the_schema_does_not_allow_and_quotes_nothing(card: Card) -> None:
    with pytest.raises(wire.WireError) as refused:
        of(card)
    assert refused.value.__cause__ is None
    for secret in (card.number, NAME):
        assert secret not in str(refused.value)


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_is_a_finite_number(score: float) -> None:
    with pytest.raises(wire.WireError):
        of(Card(), Match(score=score))
