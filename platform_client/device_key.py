"""The terminal's private key: in a file, or in a token that never gives it out (PKCS#11; by tpm2-pkcs11 a TPM, too).

A key has two things to do: prove in a TLS handshake that the terminal holds it, and sign a statement. A file's key does
both in Python. A token's key (a URI of RFC 7512, `pkcs11:token=…;object=…`) does both through the PKCS#11 engine of
OpenSSL (libp11, Debian's libengine-pkcs11-openssl). Python's `ssl` can load a key from a file only, and Debian 12 has
no PKCS#11 provider to which such a file could point, so the key is handed by ctypes to the `SSL_CTX` in Python's
`SSLContext`. That rests on where CPython 3.11 keeps this pointer, and on `ssl` sharing its OpenSSL with ctypes: both
are checked before anything is touched, and if they do not hold there is an error and never a guess.
"""

import ctypes
import ssl
import sys
from collections.abc import Mapping
from ctypes import c_char_p, c_int, c_size_t, c_uint64, c_void_p
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


class DeviceKeyError(Exception):
    """The key cannot be used; says which and why, never what is in it."""


class DeviceKey(Protocol):
    """An EC P-256 key. Everything raises DeviceKeyError."""

    @property
    def public(self) -> bytes:
        """The public half: SubjectPublicKeyInfo, DER."""

    def sign(self, document: bytes) -> bytes:
        """ECDSA with SHA-256: r ‖ s, 32 octets each (RFC 7518, section 3.4)."""

    def serve(self, context: ssl.SSLContext, certificate: Path) -> None:
        """From now on `context` shows this certificate and proves it with this key."""


class FileKey:
    """A PEM file."""

    def __init__(self, path: Path) -> None:
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except OSError as error:
            raise DeviceKeyError(f"{path.name}: {error.strerror}") from None
        except (ValueError, TypeError):
            raise DeviceKeyError(f"{path.name} is not the PEM file of a key") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise DeviceKeyError(f"{path.name} is not an EC P-256 key")
        self._path = path
        self._key = key

    @property
    def public(self) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.DER, form)

    def sign(self, document: bytes) -> bytes:
        return _joined(self._key.sign(document, ec.ECDSA(hashes.SHA256())))

    def serve(self, context: ssl.SSLContext, certificate: Path) -> None:
        try:
            context.load_cert_chain(certificate, self._path)
        except ssl.SSLError:
            raise DeviceKeyError(f"{certificate.name} and {self._path.name} do not belong together") from None


class TokenKey:
    """The key `uri` in the token behind the PKCS#11 `module` (a shared library of the token's maker)."""

    def __init__(self, uri: str, module: Path, pin: str) -> None:
        crypto = _crypto()
        engine = crypto.ENGINE_by_id(b"pkcs11")
        if not engine:
            raise DeviceKeyError("no PKCS#11 engine: install libengine-pkcs11-openssl")
        settings = ((b"MODULE_PATH", str(module).encode()), (b"PIN", pin.encode()))
        if not all(crypto.ENGINE_ctrl_cmd_string(engine, name, value, 0) for name, value in settings):
            raise DeviceKeyError(f"{module.name}: refused by the PKCS#11 engine")
        if not crypto.ENGINE_init(engine):
            raise DeviceKeyError(f"{module.name}: not a PKCS#11 module that starts")
        self._uri = uri
        self._key = crypto.ENGINE_load_private_key(engine, uri.encode(), None, None)
        if not self._key:
            raise DeviceKeyError(f"{uri}: no such key behind {module}, or a wrong PIN")

    @property
    def public(self) -> bytes:
        room = ctypes.create_string_buffer(512)
        length = _crypto().i2d_PUBKEY(self._key, ctypes.byref(c_void_p(ctypes.addressof(room))))
        if length <= 0:
            raise DeviceKeyError(f"{self._uri}: the token does not show its public half")
        return room.raw[:length]

    def sign(self, document: bytes) -> bytes:
        crypto = _crypto()
        state, room = crypto.EVP_MD_CTX_new(), ctypes.create_string_buffer(128)
        length = c_size_t(len(room))
        try:
            begun = crypto.EVP_DigestSignInit(state, None, crypto.EVP_sha256(), None, self._key)
            if begun != 1 or crypto.EVP_DigestSign(state, room, ctypes.byref(length), document, len(document)) != 1:
                raise DeviceKeyError(f"{self._uri}: the token did not sign")
        finally:
            crypto.EVP_MD_CTX_free(state)
        return _joined(room.raw[: length.value])

    def serve(self, context: ssl.SSLContext, certificate: Path) -> None:
        tls, inner = _tls(), _inner(context)
        for done, what in (
            (tls.SSL_CTX_use_certificate_chain_file(inner, str(certificate).encode()), "is no certificate"),
            (tls.SSL_CTX_use_PrivateKey(inner, self._key), f"and {self._uri} do not belong together"),
            (tls.SSL_CTX_check_private_key(inner), f"and {self._uri} do not belong together"),
        ):
            if done != 1:
                raise DeviceKeyError(f"{certificate.name} {what}")


def _joined(der: bytes) -> bytes:
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


# --- OpenSSL, as `ssl` has loaded it ---------------------------------------------------------------------------------

_FUNCTIONS: Final = {
    "OPENSSL_init_crypto": (c_int, c_uint64, c_void_p),
    "OpenSSL_version": (c_char_p, c_int),
    "ENGINE_by_id": (c_void_p, c_char_p),
    "ENGINE_ctrl_cmd_string": (c_int, c_void_p, c_char_p, c_char_p, c_int),
    "ENGINE_init": (c_int, c_void_p),
    "ENGINE_load_private_key": (c_void_p, c_void_p, c_char_p, c_void_p, c_void_p),
    "i2d_PUBKEY": (c_int, c_void_p, c_void_p),
    "EVP_MD_CTX_new": (c_void_p,),
    "EVP_MD_CTX_free": (None, c_void_p),
    "EVP_sha256": (c_void_p,),
    "EVP_DigestSignInit": (c_int, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p),
    "EVP_DigestSign": (c_int, c_void_p, c_char_p, c_void_p, c_char_p, c_size_t),
}
_TLS_FUNCTIONS: Final = {
    "SSL_CTX_get_options": (c_uint64, c_void_p),
    "SSL_CTX_use_certificate_chain_file": (c_int, c_void_p, c_char_p),
    "SSL_CTX_use_PrivateKey": (c_int, c_void_p, c_void_p),
    "SSL_CTX_check_private_key": (c_int, c_void_p),
}
_LOAD_ENGINES: Final = 0x600 | 0x40  # OPENSSL_INIT_ENGINE_RDRAND | …_DYNAMIC, OPENSSL_INIT_LOAD_CONFIG


def _library(name: str, functions: Mapping[str, tuple[type | None, ...]]) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(name)
    except OSError:
        raise DeviceKeyError(f"{name} is not here: keys in tokens need Debian's Python and OpenSSL 3") from None
    for function, (result, *arguments) in functions.items():
        found = getattr(library, function)
        found.restype, found.argtypes = result, arguments
    return library


@cache
def _crypto() -> ctypes.CDLL:
    crypto = _library("libcrypto.so.3", _FUNCTIONS)
    if crypto.OpenSSL_version(0).decode() != ssl.OPENSSL_VERSION:
        raise DeviceKeyError("Python's ssl has an OpenSSL of its own: keys in tokens need Debian's Python")
    crypto.OPENSSL_init_crypto(_LOAD_ENGINES, None)
    return crypto


@cache
def _tls() -> ctypes.CDLL:
    _crypto()
    return _library("libssl.so.3", _TLS_FUNCTIONS)


def _inner(context: ssl.SSLContext) -> c_void_p:
    """The SSL_CTX of CPython 3.11's PySSLContext: the first field after the object's head (Modules/_ssl.c)."""
    if sys.implementation.name != "cpython" or sys.version_info[:2] != (3, 11):
        raise DeviceKeyError("keys in tokens are served by CPython 3.11 only")
    head = object.__basicsize__
    inner = c_void_p.from_address(id(context) + head)
    if _tls().SSL_CTX_get_options(inner) != int(context.options) & 0xFFFFFFFFFFFFFFFF:
        raise DeviceKeyError("this Python keeps its SSL_CTX elsewhere")
    return inner
