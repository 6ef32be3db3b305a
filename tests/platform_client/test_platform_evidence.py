"""Evidence: only from a card and a match, one person, masked, signed (E01, E02)."""

import math
import uuid
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey
from platform_world import NAME, NUMBER, TERMINAL, Card, Match, evidence_of

from platform_client import binding, wire
from platform_client.certificates import KindsQuery
from platform_client.evidence import Evidence, Moment, ShownEvidence, SignedEvidence, Statement, subject_digest
from platform_client.identity import DeviceIdentity
from platform_client.sandbox.pki import SandboxPki

ID, NONCE = uuid.uuid4().hex, uuid.uuid4().hex
NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
BOOT = "b" * 64


def of(card: Card, match: Match | None = None) -> Evidence:
    return Evidence.of(card, match or Match(), Moment(TERMINAL, ID, NONCE, NOW, "0.1.0", BOOT))


def key_of(pki: SandboxPki) -> ECKey:
    key = pki.kiosk(TERMINAL).load_certificate().public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return ECKey.import_key(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_only_its_maker_can_make_it() -> None:
    with pytest.raises(TypeError):
        Evidence(object(), NAME, NUMBER, of(Card()).statement)
    with pytest.raises(TypeError):
        ShownEvidence(object(), NAME, NUMBER, "a.b.c")
    with pytest.raises(TypeError):
        SignedEvidence(object(), of(Card()), "a.b.c")


def test_the_statement_says_what_card_face_and_machine_said_and_names_nobody(
    identity: DeviceIdentity, pki: SandboxPki
) -> None:
    """The signature is checked by another implementation than the one that made it."""
    signed = of(Card()).signed(identity)
    payload = jws.deserialize_compact(signed.jws, key_of(pki), algorithms=["ES256"]).payload
    assert NUMBER.encode() not in payload and NAME.encode() not in payload
    said = binding.decode(wire.parse(payload, wire.EVIDENCE), Statement)
    assert (said.terminal, said.request_id, said.nonce, said.at) == (TERMINAL, ID, NONCE, NOW)
    assert (said.card.kind, said.card.reader, said.card.authenticity) == ("resident", "reader-1", "reader")
    assert said.card.checks == ("sam-id bound",)
    assert said.card.subject_digest == subject_digest(NONCE, Card()) == signed.subject_digest
    assert (float(said.match.score), float(said.match.threshold), said.match.frames) == (0.31, 0.5, 31)
    assert {signal.name: float(signal.value) for signal in said.match.signals} == Match().liveness
    assert [(model.name, model.weights_sha256) for model in said.match.models] == [("dlib-face-resnet-v1", "a" * 64)]
    assert (said.match.population, said.match.validated) == (None, False)
    assert (said.software, said.boot) == ("0.1.0", BOOT)


def test_is_masked(identity: DeviceIdentity) -> None:
    evidence = of(Card())
    for value in (evidence, evidence_of(identity), evidence.statement, evidence.signed(identity).shown()):
        assert NUMBER not in f"{value!r} {value}" and NAME not in f"{value!r} {value}"


def test_signature_covers_the_exact_bytes(identity: DeviceIdentity, pki: SandboxPki) -> None:
    header, payload, signature = evidence_of(identity).jws.split(".")
    with pytest.raises(BadSignatureError):
        jws.deserialize_compact(f"{header}.{payload[:-4]}AAAA.{signature}", key_of(pki), algorithms=["ES256"])


@pytest.mark.parametrize(
    "card",
    [
        Card(number="12 345"),
        Card(number=NUMBER + "," + NUMBER),
        Card(number="99990019900101001x"),
        Card(name=""),
        Card(name=" 张三"),
        Card(name="张\x00三"),
        Card(reader_id=""),
    ],
    ids=["blank inside", "two numbers", "small x", "no name", "blank", "nul", "no reader"],
)
def test_refuses_what_the_schema_does_not_allow_and_quotes_nothing(card: Card, identity: DeviceIdentity) -> None:
    with pytest.raises(wire.WireError) as refused:
        binding.encode(KindsQuery(of(card).signed(identity)))
    assert refused.value.__cause__ is None
    for secret in (card.number, NAME):
        assert secret not in str(refused.value)


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_is_a_finite_number(score: float, identity: DeviceIdentity) -> None:
    with pytest.raises(wire.WireError):
        of(Card(), Match(score=score)).signed(identity)
