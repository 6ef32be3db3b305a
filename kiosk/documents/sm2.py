"""Seals by SM2 with SM3 (GB/T 32918, GB/T 32905) in the CMS of GB/T 35275. Experimental: off unless a profile says so.

pyHanko lets a signature validator be plugged in, asn1crypto lets identifiers be added, and the system's libcrypto
(OpenSSL 3) does the mathematics; the `cryptography` package knows SM3 but not SM2. No seal of a real Chinese authority
was at hand: this was tried on the standard's example figures and on seals made here, and on nothing else.
"""

import ctypes
from functools import cache
from typing import Any, Final

from asn1crypto import algos, cms, keys
from cryptography.exceptions import InvalidSignature
from pyhanko_certvalidator.sig_validate import (
    DEFAULT_VALIDATION_CONTEXT,
    DefaultSignatureValidator,
    SignatureValidationContext,
    SignatureValidator,
)

SIGNATURES: Final = frozenset({"sm2_sm3", "sm2_sign"})
DIGEST: Final = "sm3"
CURVE: Final = "sm2p256v1"
_IDENTITY: Final = b"1234567812345678"
"""The default distinguishing identifier (GB/T 35276, 10)."""
# fmt: off
_FUNCTIONS: Final[dict[str, tuple[Any, list[Any]]]] = {
    "EVP_MD_CTX_new": (ctypes.c_void_p, []),
    "EVP_MD_CTX_free": (None, [ctypes.c_void_p]),
    "EVP_MD_CTX_set_pkey_ctx": (None, [ctypes.c_void_p, ctypes.c_void_p]),
    "EVP_PKEY_CTX_new": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_void_p]),
    "EVP_PKEY_CTX_free": (None, [ctypes.c_void_p]),
    "EVP_PKEY_CTX_set1_id": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]),
    "EVP_PKEY_free": (None, [ctypes.c_void_p]),
    "EVP_sm3": (ctypes.c_void_p, []),
    "EVP_DigestVerifyInit": (ctypes.c_int, [ctypes.c_void_p] * 5),
    "EVP_DigestVerify": (
        ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t],
    ),
    "d2i_PUBKEY": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.POINTER(ctypes.c_char_p), ctypes.c_long]),
}
# fmt: on


class Sm2Validator(SignatureValidator):
    """Believes SM2 with SM3, and leaves every other algorithm to pyHanko."""

    def __init__(self) -> None:
        make_ready()
        self._others = DefaultSignatureValidator()

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: keys.PublicKeyInfo,
        signature_algorithm: algos.SignedDigestAlgorithm,
        context: SignatureValidationContext = DEFAULT_VALIDATION_CONTEXT,
    ) -> None:
        if signature_algorithm["algorithm"].native not in SIGNATURES:
            self._others.validate_signature(
                signature, signed_data, public_key_info, signature_algorithm, context=context
            )
        elif context.prehashed or not holds(public_key_info.dump(), signature, signed_data):
            # SM2 hashes the signer's key before the message, so there is no signing of a mere digest.
            raise InvalidSignature


def holds(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Is this SM2 signature (DER) over `message` by `public_key` (SubjectPublicKeyInfo, DER)?"""
    crypto = _libcrypto()
    start = ctypes.c_char_p(public_key)
    key = crypto.d2i_PUBKEY(None, ctypes.byref(start), len(public_key))
    if not key:
        return False
    digest, verifier = crypto.EVP_MD_CTX_new(), crypto.EVP_PKEY_CTX_new(key, None)
    try:
        return bool(
            digest
            and verifier
            and crypto.EVP_PKEY_CTX_set1_id(verifier, _IDENTITY, len(_IDENTITY)) == 1
            and (crypto.EVP_MD_CTX_set_pkey_ctx(digest, verifier) or True)
            and crypto.EVP_DigestVerifyInit(digest, None, crypto.EVP_sm3(), None, key) == 1
            and crypto.EVP_DigestVerify(digest, signature, len(signature), message, len(message)) == 1
        )
    finally:
        crypto.EVP_MD_CTX_free(digest)
        crypto.EVP_PKEY_CTX_free(verifier)
        crypto.EVP_PKEY_free(key)


@cache
def make_ready() -> None:
    """Teaches asn1crypto the identifiers (GB/T 33560), for this process, and loads libcrypto. Raises OSError."""
    _libcrypto()
    _name(algos.DigestAlgorithmId, "1.2.156.10197.1.401", DIGEST)
    _name(algos.HmacAlgorithmId, "1.2.156.10197.1.401", DIGEST)
    _name(algos.SignedDigestAlgorithmId, "1.2.156.10197.1.501", "sm2_sm3")
    _name(algos.SignedDigestAlgorithmId, "1.2.156.10197.1.301.1", "sm2_sign")
    keys.NamedCurve.register(CURVE, "1.2.156.10197.1.301", 32)
    # GB/T 35275 gives the content types of CMS numbers of their own and leaves what is in them as it was.
    cms.ContentType._map["1.2.156.10197.6.1.4.2.1"] = "data"
    cms.ContentType._map["1.2.156.10197.6.1.4.2.2"] = "signed_data"


def _name(identifiers: Any, oid: str, name: str) -> None:
    identifiers._map[oid] = name
    if identifiers._reverse_map is not None:
        identifiers._reverse_map[name] = oid


@cache
def _libcrypto() -> Any:
    crypto = ctypes.CDLL("libcrypto.so.3")
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(crypto, name)
        function.restype, function.argtypes = result, arguments
    return crypto
