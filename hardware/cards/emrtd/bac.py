"""Basic Access Control (Doc 9303-11, 4.3): the legacy way in, with keys from the machine readable zone and 3DES.

An eavesdropper can search those keys offline, which is why PACE exists; see `document` for when BAC is spoken at all.
"""

import secrets
from hashlib import sha1
from hmac import compare_digest
from typing import Final

from hardware.cards.emrtd import mrz
from hardware.cards.emrtd.apdu import Apdu, Command, send
from hardware.cards.emrtd.ciphers import FOR_ENCRYPTION, FOR_MAC, MAC_BYTES, Suite
from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault, broken
from hardware.cards.emrtd.messaging import Session
from hardware.cards.port import Mrz

NONCE_BYTES: Final = 8
KEY_BYTES: Final = 16
_IV: Final = bytes(8)
_GET_CHALLENGE: Final = Command(0x00, 0x84, 0x00, 0x00, le=NONCE_BYTES)
_ANSWER_BYTES: Final = 2 * NONCE_BYTES + KEY_BYTES + MAC_BYTES


class AccessKeys:
    """The document basic access keys (9.7.2) and the tokens they make."""

    __slots__ = ("_authentication", "_encryption")

    def __init__(self, access: Mrz) -> None:
        seed = sha1(mrz.information(access)).digest()[:KEY_BYTES]
        self._encryption = Suite.TDES.encryption(Suite.TDES.derive(seed, FOR_ENCRYPTION))
        self._authentication = Suite.TDES.authentication(Suite.TDES.derive(seed, FOR_MAC))

    def seal(self, plain: bytes) -> bytes:
        """Cryptogram and MAC."""
        cryptogram = self._encryption.encrypt(plain, _IV)
        return cryptogram + self._authentication.mac(cryptogram)

    def open(self, token: bytes) -> bytes | None:
        """What was sealed, None when it was not sealed with these keys."""
        cryptogram, code = token[:-MAC_BYTES], token[-MAC_BYTES:]
        if not compare_digest(self._authentication.mac(cryptogram), code):
            return None
        return self._encryption.decrypt(cryptogram, _IV)


def session(chip_key: bytes, terminal_key: bytes, chip_nonce: bytes, terminal_nonce: bytes) -> Session:
    """The session keys out of both key halves, the counter out of both nonces (4.3.1, 9.8.6.3)."""
    seed = bytes(a ^ b for a, b in zip(chip_key, terminal_key, strict=True))
    return Session.derived(Suite.TDES, seed, int.from_bytes(chip_nonce[4:] + terminal_nonce[4:], "big"))


def establish(card: Apdu, access: Mrz) -> Session:
    """Opens the selected eMRTD application. Raises EmrtdError ACCESS_REFUSED, PROTOCOL or GONE."""
    keys = AccessKeys(access)
    challenge = send(card, _GET_CHALLENGE)
    if not challenge.ok or len(challenge.data) != NONCE_BYTES:
        raise broken(f"BAC: no challenge, {challenge.status:04X}")
    nonce, key = secrets.token_bytes(NONCE_BYTES), secrets.token_bytes(KEY_BYTES)
    token = keys.seal(nonce + challenge.data + key)
    answer = send(card, Command(0x00, 0x82, 0x00, 0x00, token, le=_ANSWER_BYTES))
    if not answer.ok:
        raise EmrtdError(EmrtdFault.ACCESS_REFUSED, f"BAC: {answer.status:04X}")
    if len(answer.data) != _ANSWER_BYTES:
        raise broken("BAC: length of the answer")
    plain = keys.open(answer.data)
    if plain is None or plain[: 2 * NONCE_BYTES] != challenge.data + nonce:
        raise broken("BAC: the chip does not know the keys")
    return session(plain[2 * NONCE_BYTES :], key, challenge.data, nonce)
