"""Active Authentication (Doc 9303-11, 6.1): the chip signs our challenge with the key whose public half is in DG15.

RSA after ISO/IEC 9796-2 digital signature scheme 1 (the chip's own nonce is recovered from the signature), or ECDSA
in plain format. The older of the two ways to unmask a copy; it is done where the chip has no Chip Authentication. DG15
must have passed passive authentication before.
"""

import hashlib
import secrets
from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from hardware.cards.emrtd import lds, security_infos
from hardware.cards.emrtd.apdu import EXTENDED_LE_MAX, SHORT_LE_MAX, Command, Response
from hardware.cards.emrtd.faults import broken, not_authentic
from hardware.cards.emrtd.files import SHORT_PIECE
from hardware.cards.emrtd.signatures import HASHES, public_key

CHALLENGE_BYTES: Final = 8
# BSI TR-03111, 5.2.1.1: ecdsa-plain-SHA224 to -SHA512.
PLAIN_ECDSA: Final = {f"0.4.0.127.0.7.1.1.4.1.{number}": name for number, name in enumerate(HASHES, start=2)}
# ISO/IEC 9796-2: the trailer names the hash. SHA-1 is what most chips in the field use; here it guards a signature over
# a fresh challenge, where finding collisions helps nobody.
TRAILERS: Final = {
    b"\xbc": "sha1",
    b"\x38\xcc": "sha224",
    b"\x34\xcc": "sha256",
    b"\x36\xcc": "sha384",
    b"\x35\xcc": "sha512",
}
HEADER: Final = 0x6A
_SHORTEST_RSA_BITS: Final = 1024


def perform(
    send: Callable[[Command], Response], group_15: bytes, infos: list[security_infos.SecurityInfo], *, extended: bool
) -> None:
    """`infos`: what DG14 announces; it names the hash of ECDSA. `extended`: long answers can come back.

    Raises EmrtdError NOT_AUTHENTIC, PROTOCOL or GONE.
    """
    key = public_key(lds.active_authentication_key(group_15))
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    signature_bytes = (key.key_size + 7) // 8 * (1 if isinstance(key, rsa.RSAPublicKey) else 2)
    if signature_bytes > SHORT_PIECE and not extended:
        raise broken("active authentication: the signature needs extended length, which is not to be had")
    longest = EXTENDED_LE_MAX if signature_bytes > SHORT_PIECE else SHORT_LE_MAX
    answer = send(Command(0x00, 0x88, 0x00, 0x00, challenge, le=longest))
    if not answer.ok:
        raise not_authentic(f"active authentication: refused with {answer.status:04X}")
    if isinstance(key, rsa.RSAPublicKey):
        verify_recoverable(key, answer.data, challenge)
    else:
        verify_plain(key, answer.data, challenge, _plain_hash(infos))


def verify_recoverable(key: rsa.RSAPublicKey, signature: bytes, challenge: bytes) -> None:
    """6A | M1 | H(M1 | challenge) | trailer, to the power of the private key. Raises EmrtdError NOT_AUTHENTIC."""
    numbers = key.public_numbers()
    size = (key.key_size + 7) // 8
    value = int.from_bytes(signature, "big")
    if key.key_size < _SHORTEST_RSA_BITS or len(signature) != size or value >= numbers.n:
        raise not_authentic("active authentication: length of key or signature")
    opened = pow(value, numbers.e, numbers.n)
    if opened % 16 != 0xC:
        # The signer may publish the smaller of s and n - s (ISO/IEC 9796-2, B.6).
        opened = numbers.n - opened
    message = opened.to_bytes(size, "big")
    trailer = message[-1:] if message[-1:] in TRAILERS else message[-2:]
    if message[0] != HEADER or trailer not in TRAILERS:
        raise not_authentic("active authentication: wrong signature")
    digest = hashlib.new(TRAILERS[trailer])
    end = size - len(trailer) - digest.digest_size
    digest.update(message[1:end] + challenge)
    if end < 1 or not compare_digest(digest.digest(), message[end : size - len(trailer)]):
        raise not_authentic("active authentication: wrong signature")


def verify_plain(key: ec.EllipticCurvePublicKey, signature: bytes, challenge: bytes, hash_name: str) -> None:
    """r | s of equal length. Raises EmrtdError NOT_AUTHENTIC."""
    half = (key.key_size + 7) // 8
    if len(signature) != 2 * half:
        raise not_authentic("active authentication: length of the signature")
    encoded = encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
    try:
        key.verify(encoded, challenge, ec.ECDSA(HASHES[hash_name]()))
    except InvalidSignature:
        raise not_authentic("active authentication: wrong signature") from None


def _plain_hash(infos: list[security_infos.SecurityInfo]) -> str:
    for info in infos:
        if info.protocol == security_infos.ACTIVE_AUTHENTICATION and info.optional is not None:
            name = PLAIN_ECDSA.get(getattr(info.optional, "dotted", ""))
            if name is not None:
                return name
    raise broken("DG14: no accepted hash for active authentication")
