"""CMS SignedData with one signer, as EF.SOD (Doc 9303-10, 4.6.2) and CSCA master lists (Doc 9303-12, 8) are made.

`opened` proves that the signer's key signed this content. Whose key it is, is another question: see `trust`.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import new as digest_of
from typing import Final

from asn1crypto import cms, x509

from hardware.cards.emrtd.faults import broken, not_authentic, parsing
from hardware.cards.emrtd.signatures import hash_algorithm, public_key, verify

MAX_CERTIFICATES: Final = 2048


@dataclass(frozen=True, slots=True)
class Opened:
    """Content with a good signature, the certificate that the signer claims, and when it says it was signed."""

    content: bytes
    signer: x509.Certificate
    signed_at: datetime | None


def opened(what: str, encoded: bytes, content_type: str) -> Opened:
    """Raises EmrtdError PROTOCOL for what is no such thing, NOT_AUTHENTIC for a wrong signature."""
    with parsing(what):
        information = cms.ContentInfo.load(encoded, strict=True)
        if information["content_type"].native != "signed_data":
            raise broken(f"{what}: no signed data")
        data = information["content"]
        encapsulated = data["encap_content_info"]
        if encapsulated["content_type"].dotted != content_type:
            raise broken(f"{what}: signed content of another kind")
        content = bytes(encapsulated["content"])
        if len(data["signer_infos"]) != 1:
            raise broken(f"{what}: not one signer")
        signer_info = data["signer_infos"][0]
        signer = _certificate(what, data, signer_info)
        digest = signer_info["digest_algorithm"]["algorithm"].native
        attributes = _attributes(what, signer_info)
        signed = signer_info["signed_attrs"].untag().dump()
        signature = signer_info["signature"].native
        key = public_key(signer.public_key.dump())
        hash_algorithm(digest)
        if attributes["content_type"].dotted != content_type:
            raise not_authentic(f"{what}: the signature is for content of another kind")
        if attributes["message_digest"].native != digest_of(digest, content).digest():
            raise not_authentic(f"{what}: the content is not what was signed")
        verify(what, key, signer_info["signature_algorithm"], digest, signature, signed)
        time = attributes.get("signing_time")
        return Opened(content, signer, None if time is None else time.native)


def _certificate(what: str, data: cms.SignedData, signer_info: cms.SignerInfo) -> x509.Certificate:
    """The certificate that the signer identifier means."""
    certificates = [choice.chosen for choice in data["certificates"] if choice.name == "certificate"]
    if len(certificates) > MAX_CERTIFICATES:
        raise broken(f"{what}: too many certificates")
    sid = signer_info["sid"]
    for certificate in certificates:
        if sid.name == "issuer_and_serial_number":
            wanted = sid.chosen
            if certificate.serial_number == wanted["serial_number"].native and _same(
                certificate.issuer, wanted["issuer"]
            ):
                return certificate
        elif certificate.key_identifier == sid.chosen.native:
            return certificate
    raise broken(f"{what}: the signer's certificate is not inside")


def _same(first: x509.Name, second: x509.Name) -> bool:
    """Byte for byte, as nearly always, or under RFC 5280, 7.1, which takes a while."""
    return bool(first.dump() == second.dump() or first == second)


def _attributes(what: str, signer_info: cms.SignerInfo) -> dict[str, cms.CMSAttribute]:
    attributes = {}
    for attribute in signer_info["signed_attrs"]:
        name = attribute["type"].native
        if name in attributes or len(attribute["values"]) != 1:
            raise broken(f"{what}: signed attribute twice")
        attributes[name] = attribute["values"][0]
    if not {"content_type", "message_digest"} <= set(attributes):
        raise broken(f"{what}: no signed attributes")
    return attributes
