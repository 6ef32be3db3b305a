"""What leaves the terminal: signed by it, readable by the operator alone (CMS, RFC 5652).

`signed`: SignedData by the terminal's device key, ECDSA on P-256 with SHA-256 (RFC 5753), its certificate inside.
`sealed`: AuthEnvelopedData (RFC 5083) with AES-256-GCM (RFC 5084) for one RSA key (RSAES-OAEP with SHA-256, RFC 4055),
so that a change is noticed before anything is looked at. OpenSSL reads both: docs/maintenance.md.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding

from platform_client.identity import DeviceIdentity

RSA_BITS_LEAST: Final = 3072
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HALF: Final = 32


class NotARecipient(Exception):
    """Nothing can be sealed for this certificate; the text says why."""


class _GcmParameters(core.Sequence):  # type: ignore[misc]
    """GCMParameters of RFC 5084, section 3.2."""

    _fields: ClassVar = [("aes_nonce", core.OctetString), ("aes_icvlen", core.Integer)]


def recipient(path: Path) -> x509.Certificate:
    """The certificate of whoever may read. Raises NotARecipient."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        raise NotARecipient(f"{path}: {error.strerror}") from None
    except ValueError:
        raise NotARecipient(f"{path}: no PEM certificate") from None
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < RSA_BITS_LEAST:
        raise NotARecipient(f"{path}: not an RSA key of at least {RSA_BITS_LEAST} bits")
    return certificate


def signed(content: bytes, identity: DeviceIdentity, at: datetime) -> bytes:
    """ContentInfo with SignedData, DER. Raises DeviceKeyError."""
    certificate = asn1_x509.Certificate.load(identity.shown.public_bytes(Encoding.DER))
    digest = hashes.Hash(hashes.SHA256())
    digest.update(content)
    attributes = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "signing_time", "values": [cms.Time({"utc_time": at.replace(microsecond=0)})]},
            {"type": "message_digest", "values": [digest.finalize()]},
        ]
    )
    raw = identity.sign(attributes.dump())
    r, s = int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big")
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier({"issuer_and_serial_number": _issuer_and_serial(certificate)}),
        "digest_algorithm": {"algorithm": "sha256"},
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
        "signature": encode_dss_signature(r, s),
    }
    body = {
        "version": "v1",
        "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "data", "content": content},
        "certificates": [certificate],
        "signer_infos": [signer],
    }
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(body)}).dump())


def sealed(content: bytes, reader: x509.Certificate) -> bytes:
    """ContentInfo with AuthEnvelopedData, DER; `reader` as `recipient` returns it."""
    key, nonce = AESGCM.generate_key(_KEY_BYTES * 8), os.urandom(_NONCE_BYTES)
    encrypted = AESGCM(key).encrypt(nonce, content, None)
    public = reader.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    whose = asn1_x509.Certificate.load(reader.public_bytes(Encoding.DER))
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    transport = {
        "version": "v0",
        "rid": cms.RecipientIdentifier({"issuer_and_serial_number": _issuer_and_serial(whose)}),
        "key_encryption_algorithm": {
            "algorithm": "rsaes_oaep",
            "parameters": {
                "hash_algorithm": {"algorithm": "sha256"},
                "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
            },
        },
        "encrypted_key": public.encrypt(key, oaep),
    }
    gcm = _GcmParameters({"aes_nonce": nonce, "aes_icvlen": _TAG_BYTES})
    cipher = algos.EncryptionAlgorithm({"algorithm": "aes256_gcm", "parameters": gcm})
    body = cms.AuthEnvelopedData(
        {
            "version": "v0",
            "recipient_infos": [cms.RecipientInfo({"ktri": transport})],
            "auth_encrypted_content_info": {
                "content_type": "data",
                "content_encryption_algorithm": cipher,
                "encrypted_content": encrypted[:-_TAG_BYTES],
            },
            "mac": encrypted[-_TAG_BYTES:],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "authenticated_enveloped_data", "content": body}).dump())


def _issuer_and_serial(certificate: Any) -> Any:
    return cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number})
