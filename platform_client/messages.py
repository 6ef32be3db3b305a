"""The calls and answers of the interface as values, and their XML (schemas/platform.xsd).

Both ends use this module, so terminal and sandbox cannot disagree; each direction is checked against the schema.
"""

from dataclasses import dataclass

from lxml import etree

from platform_client import wire
from platform_client.evidence import SignedEvidence
from platform_client.kinds import Bilingual, CertificateKind
from platform_client.wire import PLATFORM, WireError


@dataclass(frozen=True, slots=True)
class IssueCall:
    """Ask for one certificate. `request_id`: the idempotency key. Both it and `nonce` are 32 hexadecimal digits."""

    request_id: str
    nonce: str
    kind: str
    evidence: SignedEvidence


@dataclass(frozen=True, slots=True, repr=False)
class ShownEvidence:
    """Evidence as the platform receives it: bytes that claim to be signed. Nothing is verified yet."""

    document: bytes
    signature: bytes

    def __repr__(self) -> str:
        return "ShownEvidence(***)"


@dataclass(frozen=True, slots=True)
class ReceivedIssueCall:
    """An issue call as the platform receives it."""

    request_id: str
    nonce: str
    kind: str
    evidence: ShownEvidence


@dataclass(frozen=True, slots=True)
class Rating:
    """One to five stars for the issue `request_id` (B21)."""

    request_id: str
    stars: int


@dataclass(frozen=True, slots=True, repr=False)
class Issued:
    """The sealed certificate, still to be verified."""

    request_id: str
    pdf: bytes

    def __repr__(self) -> str:
        return f"Issued({self.request_id}, {len(self.pdf)} bytes)"


@dataclass(frozen=True, slots=True)
class TrustFeed:
    """What a terminal needs to judge seals besides its pinned root: certificates and CRLs, DER."""

    intermediates: tuple[bytes, ...]
    crls: tuple[bytes, ...]


# --- calls -----------------------------------------------------------------------------------------------------------


def encode_kinds_query(evidence: SignedEvidence) -> bytes:
    root = wire.element(PLATFORM, "KindsQuery")
    _put_evidence(root, evidence)
    return wire.serialise(root, PLATFORM)


def decode_kinds_query(data: bytes) -> ShownEvidence:
    return _evidence_in(_root(data, "KindsQuery"))


def encode_issue_call(call: IssueCall) -> bytes:
    root = wire.element(PLATFORM, "IssueCall")
    wire.child(root, "RequestId", call.request_id)
    wire.child(root, "Nonce", call.nonce)
    wire.child(root, "Kind", call.kind)
    _put_evidence(root, call.evidence)
    return wire.serialise(root, PLATFORM)


def decode_issue_call(data: bytes) -> ReceivedIssueCall:
    root = _root(data, "IssueCall")
    return ReceivedIssueCall(
        wire.text_at(root, "RequestId"), wire.text_at(root, "Nonce"), wire.text_at(root, "Kind"), _evidence_in(root)
    )


def encode_rating(rating: Rating) -> bytes:
    root = wire.element(PLATFORM, "Rating")
    wire.child(root, "RequestId", rating.request_id)
    wire.child(root, "Stars", str(rating.stars))
    return wire.serialise(root, PLATFORM)


def decode_rating(data: bytes) -> Rating:
    root = _root(data, "Rating")
    return Rating(wire.text_at(root, "RequestId"), int(wire.text_at(root, "Stars")))


# --- answers ---------------------------------------------------------------------------------------------------------


def encode_kinds(kinds: tuple[CertificateKind, ...]) -> bytes:
    root = wire.element(PLATFORM, "Kinds")
    for kind in kinds:
        node = wire.child(root, "Kind")
        node.set("code", kind.code)
        node.set("singleSubject", "true" if kind.single_subject else "false")
        node.set("noLocal", "true" if kind.no_local else "false")
        for name, text in (("Title", kind.title), ("Note", kind.note), ("Agency", kind.agency)):
            part = wire.child(node, name)
            part.set("zh", text.zh)
            part.set("en", text.en)
        wire.child(node, "SealOrganisation", kind.seal_organisation)
        wire.child(node, "Icon", kind.icon)
    return wire.serialise(root, PLATFORM)


def decode_kinds(data: bytes) -> tuple[CertificateKind, ...]:
    return tuple(_kind(node) for node in _root(data, "Kinds"))


def encode_issued(issued: Issued) -> bytes:
    root = wire.element(PLATFORM, "Issued")
    wire.child(root, "RequestId", issued.request_id)
    wire.blob(root, "Document", issued.pdf)
    return wire.serialise(root, PLATFORM)


def decode_issued(data: bytes) -> Issued:
    root = _root(data, "Issued")
    return Issued(wire.text_at(root, "RequestId"), wire.blob_at(root, "Document"))


def encode_rating_taken(request_id: str) -> bytes:
    root = wire.element(PLATFORM, "RatingTaken")
    wire.child(root, "RequestId", request_id)
    return wire.serialise(root, PLATFORM)


def decode_rating_taken(data: bytes) -> str:
    return wire.text_at(_root(data, "RatingTaken"), "RequestId")


def encode_trust_feed(feed: TrustFeed) -> bytes:
    root = wire.element(PLATFORM, "TrustFeed")
    for certificate in feed.intermediates:
        wire.blob(root, "Intermediate", certificate)
    for crl in feed.crls:
        wire.blob(root, "Crl", crl)
    return wire.serialise(root, PLATFORM)


def decode_trust_feed(data: bytes) -> TrustFeed:
    root = _root(data, "TrustFeed")
    return TrustFeed(wire.blobs_at(root, "Intermediate"), wire.blobs_at(root, "Crl"))


def encode_refusal(code: str) -> bytes:
    root = wire.element(PLATFORM, "Refusal")
    root.set("code", code)
    return wire.serialise(root, PLATFORM)


def decode_refusal(data: bytes) -> str:
    """The code of the refusal."""
    return _root(data, "Refusal").get("code", "")


# --- parts -----------------------------------------------------------------------------------------------------------


def _root(data: bytes, name: str) -> etree._Element:
    root = wire.parse(data, PLATFORM)
    if root.tag != f"{{{PLATFORM}}}{name}":
        raise WireError(f"not a {name}")
    return root


def _put_evidence(parent: etree._Element, evidence: SignedEvidence) -> None:
    node = wire.child(parent, "Evidence")
    wire.blob(node, "Document", evidence.document)
    wire.blob(node, "Signature", evidence.signature)


def _evidence_in(parent: etree._Element) -> ShownEvidence:
    return ShownEvidence(wire.blob_at(parent, "Evidence/Document"), wire.blob_at(parent, "Evidence/Signature"))


def _kind(node: etree._Element) -> CertificateKind:
    return CertificateKind(
        code=node.get("code", ""),
        title=_bilingual(node, "Title"),
        note=_bilingual(node, "Note"),
        agency=_bilingual(node, "Agency"),
        seal_organisation=wire.text_at(node, "SealOrganisation"),
        icon=wire.text_at(node, "Icon"),
        single_subject=node.get("singleSubject") in ("true", "1"),
        no_local=node.get("noLocal") in ("true", "1"),
    )


def _bilingual(parent: etree._Element, name: str) -> Bilingual:
    node = wire.at(parent, name)
    return Bilingual(node.get("zh", ""), node.get("en", ""))
