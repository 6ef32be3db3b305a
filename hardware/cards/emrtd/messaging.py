"""Secure messaging (Doc 9303-11, 9.8): every command and response is encrypted and carries a MAC over a counter.

    command   [DO'87' or DO'85' cryptogram] [DO'97' Le] DO'8E' MAC, in the data field, CLA with bits 0C
    response  [DO'87' or DO'85' cryptogram] DO'99' status DO'8E' MAC

The send sequence counter rises before each command and each response. The same object serves both ends: the terminal
uses `wrap` and `unwrap`, the emulated chip `open` and `close`. One failure ends the session; there is no retry.
"""

from hmac import compare_digest
from typing import Final

from hardware.cards.emrtd import tlv
from hardware.cards.emrtd.apdu import EXTENDED_LE_MAX, SHORT_LE_MAX, Apdu, Command, Response, send
from hardware.cards.emrtd.ciphers import FOR_ENCRYPTION, FOR_MAC, MAC_BYTES, Suite, pad, unpad
from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault, broken

DO_CRYPTOGRAM: Final = 0x87
DO_CRYPTOGRAM_ODD_INS: Final = 0x85
DO_LE: Final = 0x97
DO_STATUS: Final = 0x99
DO_MAC: Final = 0x8E
SECURE_CLASS: Final = 0x0C
_PADDING_INDICATOR: Final = b"\x01"
_CRYPTOGRAMS: Final = frozenset({DO_CRYPTOGRAM, DO_CRYPTOGRAM_ODD_INS})
_KNOWN: Final = _CRYPTOGRAMS | {DO_LE, DO_STATUS, DO_MAC}
_MAC_HEADER: Final = bytes((DO_MAC, MAC_BYTES))
_MAC_OBJECT: Final = len(_MAC_HEADER) + MAC_BYTES


class SessionEnded(EmrtdError):
    """The chip answered in the clear: for it there is no session any more."""

    def __init__(self, status: int) -> None:
        super().__init__(EmrtdFault.PROTOCOL, f"secure messaging: the chip ended the session with {status:04X}")


class Session:
    """One direction-less channel: its keys and its counter. Shows nothing of them."""

    __slots__ = ("_authentication", "_counter", "_encryption", "suite")

    def __init__(self, suite: Suite, encryption_key: bytes, mac_key: bytes, counter: int = 0) -> None:
        self.suite = suite
        self._encryption = suite.encryption(encryption_key)
        self._authentication = suite.authentication(mac_key)
        self._counter = counter

    @classmethod
    def derived(cls, suite: Suite, secret: bytes, counter: int = 0) -> "Session":
        """With keys derived from a shared secret (9.7.1)."""
        return cls(suite, suite.derive(secret, FOR_ENCRYPTION), suite.derive(secret, FOR_MAC), counter)

    def wrap(self, command: Command) -> Command:
        """Protects a command."""
        self._step()
        extended = command.extended
        body = self._cryptogram(command.data, command.ins)
        if command.le is not None:
            body += tlv.encode(DO_LE, _le_bytes(command.le, extended=extended))
        cla = command.cla | SECURE_CLASS
        header = bytes((cla, command.ins, command.p1, command.p2))
        body += tlv.encode(DO_MAC, self._code(self._padded(header) + body))
        longest = EXTENDED_LE_MAX if extended or len(body) > 255 else SHORT_LE_MAX
        return Command(cla, command.ins, command.p1, command.p2, body, longest)

    def unwrap(self, response: Response) -> Response:
        """Checks and opens a response. Raises EmrtdError PROTOCOL when anything is not as it was protected."""
        self._step()
        if not response.data:
            raise SessionEnded(response.status)
        objects = self._authentic(response.data, b"")
        status = objects.get(DO_STATUS, b"")
        if len(status) != 2 or int.from_bytes(status, "big") != response.status:
            raise broken("secure messaging: the status is not the protected one")
        return Response(self._plain(objects), response.status)

    def open(self, command: Command) -> Command:
        """The chip's side: checks and opens a command."""
        self._step()
        objects = self._authentic(command.data, self._padded(command.header))
        le = int.from_bytes(objects[DO_LE], "big") if DO_LE in objects else None
        if le == 0:
            le = SHORT_LE_MAX if len(objects[DO_LE]) == 1 else EXTENDED_LE_MAX
        cla = command.cla & ~SECURE_CLASS
        return Command(cla, command.ins, command.p1, command.p2, self._plain(objects), le)

    def close(self, response: Response, ins: int) -> Response:
        """The chip's side: protects the response to a command with this INS."""
        self._step()
        body = self._cryptogram(response.data, ins) + tlv.encode(DO_STATUS, response.status.to_bytes(2, "big"))
        return Response(body + tlv.encode(DO_MAC, self._code(body)), response.status)

    def _step(self) -> None:
        self._counter = (self._counter + 1) % (1 << 8 * self.suite.block_bytes)

    @property
    def _counter_bytes(self) -> bytes:
        return self._counter.to_bytes(self.suite.block_bytes, "big")

    @property
    def _iv(self) -> bytes:
        """Zero for 3DES (9.8.6.2), the encrypted counter for AES (9.8.6.1)."""
        if self.suite is Suite.TDES:
            return bytes(self.suite.block_bytes)
        return self._encryption.encrypt_block(self._counter_bytes)

    def _padded(self, header: bytes) -> bytes:
        return pad(header, self.suite.block_bytes)

    def _cryptogram(self, data: bytes, ins: int) -> bytes:
        if not data:
            return b""
        encrypted = self._encryption.encrypt(pad(data, self.suite.block_bytes), self._iv)
        if ins & 1:
            return tlv.encode(DO_CRYPTOGRAM_ODD_INS, encrypted)
        return tlv.encode(DO_CRYPTOGRAM, _PADDING_INDICATOR + encrypted)

    def _plain(self, objects: dict[int, bytes]) -> bytes:
        if DO_CRYPTOGRAM in objects:
            indicator, encrypted = objects[DO_CRYPTOGRAM][:1], objects[DO_CRYPTOGRAM][1:]
            if indicator != _PADDING_INDICATOR:
                raise broken("secure messaging: unknown padding indicator")
        elif DO_CRYPTOGRAM_ODD_INS in objects:
            encrypted = objects[DO_CRYPTOGRAM_ODD_INS]
        else:
            return b""
        return unpad(self._encryption.decrypt(encrypted, self._iv))

    def _code(self, message: bytes) -> bytes:
        """The MAC over counter and message (9.8.6), padded; the retail MAC pads by itself."""
        counted = self._counter_bytes + message
        return self._authentication.mac(counted if self.suite is Suite.TDES else pad(counted, self.suite.block_bytes))

    def _authentic(self, body: bytes, padded_header: bytes) -> dict[int, bytes]:
        """The data objects of a message whose last one is the MAC over what stands before it, byte for byte."""
        objects = tlv.unique(body)
        if not _KNOWN.issuperset(objects) or _CRYPTOGRAMS.issubset(objects):
            raise broken("secure messaging: unknown data objects")
        covered, tag, code = body[:-_MAC_OBJECT], body[-_MAC_OBJECT:-MAC_BYTES], body[-MAC_BYTES:]
        if tag != _MAC_HEADER or not compare_digest(self._code(padded_header + covered), code):
            raise broken("secure messaging: wrong MAC")
        return objects


class SecureChip:
    """A chip behind a session: `send` looks like the plain one. Chip Authentication replaces the session."""

    __slots__ = ("card", "session")

    def __init__(self, card: Apdu, session: Session) -> None:
        self.card = card
        self.session = session

    def send(self, command: Command) -> Response:
        """One protected exchange. Raises EmrtdError GONE or PROTOCOL."""
        return self.session.unwrap(send(self.card, self.session.wrap(command)))


def _le_bytes(le: int, *, extended: bool) -> bytes:
    return (le % EXTENDED_LE_MAX).to_bytes(2, "big") if extended else bytes([le % SHORT_LE_MAX])
