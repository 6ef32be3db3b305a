"""What the platform is shown about the citizen in front of the terminal, signed by this terminal's device key.

Evidence comes only out of a card that was read and a face that was matched with it: no function here or above takes
an identity number as text (E01), and there is room for one person (E02). The signature is ECDSA P-256 with SHA-256 over
the exact bytes of the XML document; the bytes travel in base64, so no canonicalisation is needed.
"""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from datetime import UTC, datetime
from typing import Protocol

from platform_client import wire

_MINT = object()


class CardLike(Protocol):
    """What is needed of an identity card that was read."""

    @property
    def name(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def reader_id(self) -> str: ...


class MatchLike(Protocol):
    """What is needed of a live match. `score`: distance, at most `threshold`. `liveness`: each signal by name."""

    @property
    def model(self) -> str: ...
    @property
    def weights_sha256(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def threshold(self) -> float: ...
    @property
    def liveness(self) -> Mapping[str, float]: ...
    @property
    def frames(self) -> int: ...


class Signer(Protocol):
    """A device key: ECDSA P-256 with SHA-256, DER."""

    def sign(self, document: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """One person, one match, one moment. Made by `Evidence.of` only."""

    mint: InitVar[object]
    document: bytes
    """The XML document (schemas/evidence.xsd)."""

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            raise TypeError("evidence is made from a card and a match: Evidence.of")

    @classmethod
    def of(cls, card: CardLike, match: MatchLike, *, terminal: str, nonce: str, at: datetime) -> "Evidence":
        """`nonce`: 32 hexadecimal digits, fresh for each issue. `at`: timezone-aware. Raises wire.WireError."""
        root = wire.element(wire.EVIDENCE, "Evidence")
        root.set("version", "1")
        wire.child(root, "Terminal", terminal)
        wire.child(root, "Nonce", nonce)
        wire.child(root, "At", at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        shown = wire.child(root, "Card")
        wire.child(shown, "Name", card.name)
        wire.child(shown, "Number", card.number)
        wire.child(shown, "ReaderId", card.reader_id)
        proof = wire.child(root, "Match")
        wire.child(proof, "Model", match.model)
        wire.child(proof, "WeightsSha256", match.weights_sha256)
        wire.child(proof, "Score", f"{match.score:.6f}")
        wire.child(proof, "Threshold", f"{match.threshold:.6f}")
        wire.child(proof, "Frames", str(match.frames))
        for name, value in match.liveness.items():
            wire.child(proof, "Signal", f"{value:.6f}").set("name", name)
        return cls(_MINT, wire.serialise(root, wire.EVIDENCE))

    def signed(self, signer: Signer) -> "SignedEvidence":
        """The evidence under this terminal's signature."""
        return SignedEvidence(_MINT, self.document, signer.sign(self.document))

    def __repr__(self) -> str:
        return "Evidence(***)"


@dataclass(frozen=True, slots=True, repr=False)
class SignedEvidence:
    """Evidence and the terminal's signature over its exact bytes. Made by `Evidence.signed` only."""

    mint: InitVar[object]
    document: bytes
    signature: bytes

    def __post_init__(self, mint: object) -> None:
        if mint is not _MINT:
            raise TypeError("signed evidence is made by Evidence.signed")

    def __repr__(self) -> str:
        return "SignedEvidence(***)"
