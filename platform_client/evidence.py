"""What the platform is shown about the citizen in front of the terminal: the person, and this terminal's signed word.

Evidence comes only out of a card that was read and a face that was matched with it: no function here or above takes
an identity number as text (E01), and there is room for one person (E02). The statement holds no name and no number but
their digest under the nonce, so that a platform may keep the statement and forget the person.

The signature is a JWS (RFC 7515, compact, ES256): header, payload and signature in one line of plain characters. The
payload is the statement's XML (schemas/evidence.xsd), signed as the bytes that travel, so nothing has to be
canonicalised as in XML-DSig; `x5t#S256` (section 4.1.8) ties it to the certificate of the connection, whose key it is.
The key may be one that never leaves a token: it is handed bytes and gives back a signature, and no library touches it.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal, Protocol

from platform_client import binding, wire
from platform_client.binding import Message, Minted, field

TYPE: Final = "onecard-evidence+xml"
"""`typ` of the JWS: no other signed text of a terminal can be taken for evidence (RFC 8725, section 3.11)."""

_MINT: Final = object()


class AuthenticityLike(Protocol):
    """Why a reading may be believed."""

    @property
    def level(self) -> Literal["reader", "passive", "chip"]: ...
    @property
    def checks(self) -> Sequence[str]: ...


class KindLike(Protocol):
    @property
    def value(self) -> str: ...


class CardLike(Protocol):
    """What is needed of an identity card that was read."""

    @property
    def kind(self) -> KindLike: ...
    @property
    def name(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def reader_id(self) -> str: ...
    @property
    def authenticity(self) -> AuthenticityLike: ...


class MatchLike(Protocol):
    """What is needed of a live match. `score`: distance, at most `threshold`. `liveness`: each signal by name.

    `population`: whom the threshold was set for, empty where nobody knows; `validated`: its errors were measured there.
    """

    @property
    def model(self) -> str: ...
    @property
    def weights_sha256(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def threshold(self) -> float: ...
    @property
    def population(self) -> str: ...
    @property
    def validated(self) -> bool: ...
    @property
    def liveness(self) -> Mapping[str, float]: ...
    @property
    def frames(self) -> int: ...


class Signer(Protocol):
    """A device key and its certificate."""

    @property
    def thumbprint(self) -> bytes:
        """SHA-256 of the certificate, DER."""

    def sign(self, document: bytes) -> bytes:
        """ECDSA P-256 with SHA-256: r ‖ s, 32 octets each (RFC 7518, section 3.4)."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Which terminal, which request, when, and what ran there. `at`: timezone-aware. `boot`: schemas/evidence.xsd.

    `request_id`, `nonce`: 32 hexadecimal digits each, fresh for each request.
    """

    terminal: str
    request_id: str
    nonce: str
    at: datetime
    software: str
    boot: str | None = None


class Card(Message, frozen=True):
    """The card, without the person on it."""

    kind: str
    subject_digest: str
    reader: str
    authenticity: Literal["reader", "passive", "chip"]
    checks: tuple[str, ...] = field(name="Check")


class Signal(Message, frozen=True):
    """One sign of life."""

    name: str
    value: Decimal


class Model(Message, frozen=True):
    """A model that took part in the judgement."""

    name: str
    weights_sha256: str


class Match(Message, frozen=True):
    """The face."""

    score: Decimal
    threshold: Decimal
    population: str | None
    validated: bool
    frames: int
    liveness: Literal["live"]
    signals: tuple[Signal, ...] = field(name="Signal")
    models: tuple[Model, ...] = field(name="Model")


class Statement(Message, frozen=True):
    """The payload."""

    terminal: str
    request_id: str
    nonce: str
    at: datetime
    card: Card
    software: str
    match: Match | None = None
    boot: str | None = None


class Shown(Message, frozen=True):
    """How evidence travels."""

    name: str
    number: str
    statement: str


class ShownEvidence(Minted):
    """Evidence as it travels, made by signing or receiving only. Whoever receives it has verified nothing yet."""

    __slots__ = ("jws", "name", "number")
    form: ClassVar = Shown

    def __init__(self, mint: object, name: str, number: str, jws: str) -> None:
        _check_mint(mint)
        self.name = name
        self.number = number
        self.jws = jws

    def shown(self) -> Shown:
        return Shown(self.name, self.number, self.jws)

    @classmethod
    def received(cls, message: Any) -> "ShownEvidence":
        return ShownEvidence(_MINT, message.name, message.number, message.statement)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class SignedEvidence(ShownEvidence):
    """Evidence under this terminal's signature: the only kind that a client sends. Made by `Evidence.signed` only."""

    __slots__ = ("nonce", "request_id", "subject_digest")

    def __init__(self, mint: object, evidence: "Evidence", jws: str) -> None:
        _check_mint(mint)
        super().__init__(mint, evidence.name, evidence.number, jws)
        self.request_id = evidence.statement.request_id
        self.nonce = evidence.statement.nonce
        self.subject_digest = evidence.statement.card.subject_digest


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """One person, one moment, and one match if there was one. Made by `Evidence.of` and `Evidence.of_card` only."""

    mint: InitVar[object]
    name: str
    number: str
    statement: Statement

    def __post_init__(self, mint: object) -> None:
        _check_mint(mint)

    @classmethod
    def of(cls, card: CardLike, match: MatchLike, moment: Moment) -> "Evidence":
        """What this card, this face and this moment say."""
        proof = Match(
            _measure(match.score),
            _measure(match.threshold),
            match.population or None,
            match.validated,
            match.frames,
            "live",
            tuple(Signal(name, _measure(value)) for name, value in match.liveness.items()),
            (Model(match.model, match.weights_sha256),),
        )
        return cls(_MINT, card.name, card.number, _statement(card, moment, proof))

    @classmethod
    def of_card(cls, card: CardLike, moment: Moment) -> "Evidence":
        """That this card lies on the reader now, and of a face nothing: good for a portrait, and for nothing else."""
        return cls(_MINT, card.name, card.number, _statement(card, moment, None))

    def signed(self, signer: Signer) -> SignedEvidence:
        """The evidence under this terminal's signature. Raises wire.WireError for what the schema does not allow."""
        header = {"alg": "ES256", "typ": TYPE, "x5t#S256": _base64url(signer.thumbprint)}
        payload = binding.encode(self.statement, wire.EVIDENCE)
        signed = f"{_base64url(json.dumps(header).encode())}.{_base64url(payload)}"
        jws = f"{signed}.{_base64url(signer.sign(signed.encode()))}"
        return SignedEvidence(_MINT, self, jws)

    def __repr__(self) -> str:
        return "Evidence(***)"


class PersonLike(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def number(self) -> str: ...


def subject_digest(nonce: str, person: PersonLike) -> str:
    """SHA-256 over nonce ‖ 0x00 ‖ number ‖ 0x00 ‖ name in UTF-8, lower-case hex (docs/certificate-statement.md)."""
    return hashlib.sha256("\0".join((nonce, person.number, person.name)).encode()).hexdigest()


def _statement(card: CardLike, moment: Moment, match: Match | None) -> Statement:
    shown = Card(
        card.kind.value,
        subject_digest(moment.nonce, card),
        card.reader_id,
        card.authenticity.level,
        tuple(card.authenticity.checks),
    )
    at = moment.at.astimezone(UTC).replace(microsecond=0)
    return Statement(moment.terminal, moment.request_id, moment.nonce, at, shown, moment.software, match, moment.boot)


def _check_mint(mint: object) -> None:
    if mint is not _MINT:
        raise TypeError("evidence is made from a card and a match: Evidence.of, then signed")


def _measure(value: float) -> Decimal:
    return Decimal(f"{value:.6f}")


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
