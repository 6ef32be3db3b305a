"""What the fleet's operator says to terminals, and how a terminal knows that it was the operator.

A JWS (RFC 7515, compact, ES256). The keys that count are pinned on the terminal, in a PEM file that the profile names:
one, or two while one takes the other's place. No certificate and no key that travels with the words is looked at. `typ`
says what kind of words these are, so that none can be taken for another (RFC 8725, section 3.11).

The server that carries them is not believed: it can lose them, and deliver them late or twice, and nothing more.
"""

import base64
import json
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Final, Self, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from msgspec import Struct

from platform_client.device_key import DeviceKey

BYTES_MOST: Final = 256 * 1024
_PEM_END: Final = b"-----END PUBLIC KEY-----"

Words = TypeVar("Words", bound=Struct)


class Refusal(Enum):
    """Why what came is not done. The value stands in the audit log and in what the fleet's server hears."""

    NO_OPERATOR = "no-operator"
    """The profile pins no operator's key: nobody may say anything."""
    NOT_SIGNED = "not-signed"
    """No JWS of this kind, or signed words that are none of ours."""
    WRONG_SIGNER = "wrong-signer"
    OTHER_TERMINAL = "other-terminal"
    EXPIRED = "expired"
    NOT_YET = "not-yet"
    """Issued later than now: one of two clocks is wrong."""
    REPLAYED = "replayed"
    UNKNOWN_COMMAND = "unknown-command"
    OLDER = "older-than-held"
    MEMORY_LOST = "memory-lost"
    """Nobody knows any more what was taken up before; staff at the terminal may say so (kiosk.maintenance.image)."""
    NO_PROFILE = "not-a-profile"
    CANNOT = "cannot"
    """Nothing is wrong with the words; the terminal could not do it."""


class OrderRefused(Exception):
    """`detail` is for the log and the server: precise, and nothing of the key."""

    def __init__(self, refusal: Refusal, detail: str) -> None:
        super().__init__(f"{refusal.value}: {detail}")
        self.refusal = refusal
        self.detail = detail


class OperatorKeyError(Exception):
    """The file holds no public keys that could be the operator's; the text says what is wrong."""


class _Header(Struct, forbid_unknown_fields=True):
    """All that a header may say; `crit` and keys that came along among what it may not."""

    alg: str
    typ: str


class Operator:
    """The pinned keys."""

    def __init__(self, pem: bytes) -> None:
        """Raises OperatorKeyError."""
        blocks = [block + _PEM_END for block in pem.split(_PEM_END) if block.strip()]
        if not blocks:
            raise OperatorKeyError("no public key in it")
        self._keys = [_public_key(block) for block in blocks]

    @classmethod
    def pinned(cls, path: Path) -> Self:
        """Raises OperatorKeyError."""
        try:
            return cls(path.read_bytes())
        except OSError as error:
            raise OperatorKeyError(f"{path}: {error.strerror}") from None
        except OperatorKeyError as error:
            raise OperatorKeyError(f"{path}: {error}") from None

    def words(self, jws: bytes, typ: str, kind: type[Words]) -> Words:
        """What the operator says in this JWS. Raises OrderRefused."""
        if len(jws) > BYTES_MOST:
            raise OrderRefused(Refusal.NOT_SIGNED, "too long")
        try:
            header, payload, signature = (_base64url(part) for part in jws.strip().split(b"."))
            told = msgspec.json.decode(header, type=_Header)
        except (ValueError, msgspec.DecodeError):
            raise OrderRefused(Refusal.NOT_SIGNED, "not a compact JWS with `alg` and `typ`") from None
        if (told.alg, told.typ) != ("ES256", typ):
            raise OrderRefused(Refusal.NOT_SIGNED, f"not {typ} under ES256")
        if not self._signed(jws.strip().rpartition(b".")[0], signature):
            raise OrderRefused(Refusal.WRONG_SIGNER, "none of the pinned keys signed it")
        try:
            return msgspec.json.decode(payload, type=kind)
        except (ValueError, msgspec.DecodeError) as error:
            raise OrderRefused(Refusal.NOT_SIGNED, f"signed, but not understood: {error}") from None

    def _signed(self, signed: bytes, signature: bytes) -> bool:
        if len(signature) != 64:
            return False
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        der = encode_dss_signature(r, s)
        return any(_verifies(key, der, signed) for key in self._keys)


def named(key: Path | None) -> Operator | None:
    """The operator whose key a profile names, if it names one. Raises OrderRefused for a file that cannot be used."""
    try:
        return None if key is None else Operator.pinned(key)
    except OperatorKeyError as error:
        raise OrderRefused(Refusal.NO_OPERATOR, str(error)) from None


def sign(words: Struct, typ: str, key: DeviceKey) -> bytes:
    """The words under the operator's key, as one line."""
    header = json.dumps({"alg": "ES256", "typ": typ}, separators=(",", ":")).encode()
    signed = b".".join(_base64url_of(part) for part in (header, msgspec.json.encode(words)))
    return signed + b"." + _base64url_of(key.sign(signed)) + b"\n"


def is_for(names: Sequence[str], terminal: str, groups: Sequence[str]) -> bool:
    """Whether these names mean this terminal: its own, or `group:` and one of its groups."""
    return not {terminal, *(f"group:{group}" for group in groups)}.isdisjoint(names)


def _verifies(key: ec.EllipticCurvePublicKey, der: bytes, signed: bytes) -> bool:
    try:
        key.verify(der, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _public_key(pem: bytes) -> ec.EllipticCurvePublicKey:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise OperatorKeyError("not PEM public keys") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise OperatorKeyError("not an EC P-256 key")
    return key


def _base64url(text: bytes) -> bytes:
    """Raises ValueError for what is not written in the one way RFC 7515 knows."""
    data = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _base64url_of(data) != text:
        raise ValueError("not base64url without padding")
    return data


def _base64url_of(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
