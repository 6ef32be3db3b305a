"""The two families of ciphers of Doc 9303-11, 9.8: 3DES with retail MAC, and AES with CMAC; key derivation of 9.7.1.

Two-key 3DES is legacy, but every chip that offers only BAC speaks it. All keys here live as long as one reading.
"""

import hashlib
from enum import Enum
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, modes
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

    @property
    def key_bytes(self) -> int:
        return self.value[1]

    @property
    def block_bytes(self) -> int:
        return self.value[2]

    def derive(self, secret: bytes, purpose: int) -> bytes:
        """KDF(K, c) of 9.7.1: SHA-1 for 3DES and AES-128, SHA-256 for longer keys; parity is set for DES (9.7.1.1)."""
        digest = hashlib.sha1 if self.key_bytes == 16 else hashlib.sha256
        key = digest(secret + purpose.to_bytes(4, "big")).digest()[: self.key_bytes]
        return _with_odd_parity(key) if self is Suite.TDES else key

    def encrypt(self, key: bytes, plain: bytes, iv: bytes) -> bytes:
        """CBC without padding."""
        return self._run(self._cipher(key, modes.CBC(iv)).encryptor(), plain)

    def decrypt(self, key: bytes, cryptogram: bytes, iv: bytes) -> bytes:
        """CBC without padding. Raises EmrtdError PROTOCOL when these are no whole blocks."""
        if not cryptogram or len(cryptogram) % self.block_bytes:
            raise broken("cryptogram is not a number of whole blocks")
        return self._run(self._cipher(key, modes.CBC(iv)).decryptor(), cryptogram)

    def encrypt_block(self, key: bytes, block: bytes) -> bytes:
        """One block, for the initialisation vector of AES secure messaging (9.8.6.1)."""
        return self._run(self._cipher(key, modes.CBC(bytes(self.block_bytes))).encryptor(), block)

    def mac(self, key: bytes, message: bytes) -> bytes:
        """Eight bytes: ISO/IEC 9797-1 algorithm 3 with padding method 2, or the first half of a CMAC."""
        if self is not Suite.TDES:
            code = CMAC(AES(key))
            code.update(message)
            return code.finalize()[:MAC_BYTES]
        first, second = key[:8], key[8:]
        chained = _single_des(first, pad(message, MAC_BYTES), bytes(8), encrypt=True)[-MAC_BYTES:]
        undone = _single_des(second, chained, bytes(8), encrypt=False)
        return _single_des(first, undone, bytes(8), encrypt=True)

    def _cipher(self, key: bytes, mode: modes.CBC) -> Cipher[modes.CBC]:
        return Cipher(TripleDES(key + key[:8]) if self is Suite.TDES else AES(key), mode)

    @staticmethod
    def _run(context: CipherContext, data: bytes) -> bytes:
        return context.update(data) + context.finalize()


def pad(message: bytes, block_bytes: int) -> bytes:
    """ISO/IEC 9797-1 padding method 2: one bit, then zeros to the end of the block."""
    return message + b"\x80" + bytes(-(len(message) + 1) % block_bytes)


def unpad(padded: bytes) -> bytes:
    """Raises EmrtdError PROTOCOL when there is no padding."""
    message, mark, zeros = padded.rpartition(b"\x80")
    if not mark or zeros.strip(b"\x00"):
        raise broken("cryptogram is not padded")
    return message


def _single_des(key: bytes, data: bytes, iv: bytes, *, encrypt: bool) -> bytes:
    """DES as 3DES with one key three times: the library knows no other."""
    cipher = Cipher(TripleDES(key * 3), modes.CBC(iv))
    context = cipher.encryptor() if encrypt else cipher.decryptor()
    return context.update(data) + context.finalize()


def _with_odd_parity(key: bytes) -> bytes:
    return bytes(byte & 0xFE | (~(byte >> 1).bit_count() & 1) for byte in key)
