"""The two families of ciphers of Doc 9303-11, 9.8: 3DES with retail MAC, and AES with CMAC; key derivation of 9.7.1.

Two-key 3DES is legacy, but every chip that offers only BAC speaks it. All keys here live as long as one reading.
"""

import hashlib
from enum import Enum
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from hardware.cards.emrtd.faults import broken

FOR_ENCRYPTION: Final = 1
FOR_MAC: Final = 2
FOR_PACE_NONCE: Final = 3
MAC_BYTES: Final = 8


class Suite(Enum):
    """Which cipher protects a channel. The value is (log name, key bytes, block bytes)."""

    TDES = ("3DES", 16, 8)
    AES128 = ("AES-128", 16, 16)
    AES192 = ("AES-192", 24, 16)
    AES256 = ("AES-256", 32, 16)

    def __init__(self, _log_name: str, key_bytes: int, block_bytes: int) -> None:
        self.key_bytes = key_bytes
        self.block_bytes = block_bytes

    def derive(self, secret: bytes, purpose: int) -> bytes:
        """KDF(K, c) of 9.7.1: SHA-1 for 3DES and AES-128, SHA-256 for longer keys; parity is set for DES (9.7.1.1)."""
        digest = hashlib.sha1 if self.key_bytes == 16 else hashlib.sha256
        key = digest(secret + purpose.to_bytes(4, "big")).digest()[: self.key_bytes]
        return _with_odd_parity(key) if self is Suite.TDES else key

    def encryption(self, key: bytes) -> "Encryption":
        """The cipher under this key."""
        return Encryption(TripleDES(key + key[:8]) if self is Suite.TDES else AES(key), self.block_bytes)

    def authentication(self, key: bytes) -> "RetailMac | Cmac":
        """The message authentication code under this key."""
        return RetailMac(key) if self is Suite.TDES else Cmac(key)


class Encryption:
    """CBC without padding, under one key."""

    __slots__ = ("_algorithm", "_block", "_block_bytes")

    def __init__(self, algorithm: TripleDES | AES, block_bytes: int) -> None:
        self._algorithm = algorithm
        self._block_bytes = block_bytes
        self._block = Cipher(algorithm, modes.ECB()).encryptor()

    def encrypt(self, plain: bytes, iv: bytes) -> bytes:
        return Cipher(self._algorithm, modes.CBC(iv)).encryptor().update(plain)

    def decrypt(self, cryptogram: bytes, iv: bytes) -> bytes:
        """Raises EmrtdError PROTOCOL when these are no whole blocks."""
        if not cryptogram or len(cryptogram) % self._block_bytes:
            raise broken("cryptogram is not a number of whole blocks")
        return Cipher(self._algorithm, modes.CBC(iv)).decryptor().update(cryptogram)

    def encrypt_block(self, block: bytes) -> bytes:
        """One block, for the initialisation vector of AES secure messaging (9.8.6.1)."""
        return self._block.update(block)


class RetailMac:
    """ISO/IEC 9797-1 algorithm 3 with padding method 2: DES in CBC, and the last block of it in 3DES. Eight bytes."""

    __slots__ = ("_chained", "_last")

    def __init__(self, key: bytes) -> None:
        # The library knows no single DES; three times the same key is one.
        self._chained = TripleDES(key[:8] * 3)
        self._last = Cipher(TripleDES(key + key[:8]), modes.ECB()).encryptor()

    def mac(self, message: bytes) -> bytes:
        padded = pad(message, MAC_BYTES)
        body, last = padded[:-MAC_BYTES], padded[-MAC_BYTES:]
        chain = Cipher(self._chained, modes.CBC(bytes(MAC_BYTES))).encryptor().update(body)[-MAC_BYTES:]
        return self._last.update(bytes(a ^ b for a, b in zip(chain.rjust(MAC_BYTES, b"\0"), last, strict=True)))


class Cmac:
    """The first half of a CMAC over AES."""

    __slots__ = ("_begun",)

    def __init__(self, key: bytes) -> None:
        self._begun = CMAC(AES(key))

    def mac(self, message: bytes) -> bytes:
        code = self._begun.copy()
        code.update(message)
        return code.finalize()[:MAC_BYTES]


def pad(message: bytes, block_bytes: int) -> bytes:
    """ISO/IEC 9797-1 padding method 2: one bit, then zeros to the end of the block."""
    return message + b"\x80" + bytes(-(len(message) + 1) % block_bytes)


def unpad(padded: bytes) -> bytes:
    """Raises EmrtdError PROTOCOL when there is no padding."""
    message, mark, zeros = padded.rpartition(b"\x80")
    if not mark or zeros.strip(b"\x00"):
        raise broken("cryptogram is not padded")
    return message


def _with_odd_parity(key: bytes) -> bytes:
    return bytes(byte & 0xFE | (~(byte >> 1).bit_count() & 1) for byte in key)
