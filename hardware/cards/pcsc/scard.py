"""The few calls of PC/SC we need (PC/SC Workgroup, part 5; pcsc-lite), each failure as one `ScardError`.

The raw calls, not pyscard's classes above them: those keep one context for the whole process, which a restart of
pcscd makes useless for good.
"""

from typing import Final

from smartcard import scard

# What a card or reader does to a call that was on its way.
_CARD_GONE: Final = frozenset({scard.SCARD_W_REMOVED_CARD, scard.SCARD_E_NO_SMARTCARD, scard.SCARD_W_RESET_CARD})
_CARD_MUTE: Final = frozenset(
    {
        scard.SCARD_W_UNRESPONSIVE_CARD,
        scard.SCARD_W_UNPOWERED_CARD,
        scard.SCARD_W_UNSUPPORTED_CARD,
        scard.SCARD_E_PROTO_MISMATCH,
        scard.SCARD_E_SHARING_VIOLATION,
    }
)
_UNANSWERED: Final = frozenset({scard.SCARD_E_NOT_TRANSACTED, scard.SCARD_F_COMM_ERROR})
_READER_GONE: Final = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE


class ScardError(Exception):
    """A call failed; the text is PC/SC's own sentence."""

    def __init__(self, code: int) -> None:
        super().__init__(str(scard.SCardGetErrorMessage(code)).strip())
        self.code = code & 0xFFFFFFFF

    @property
    def card_gone(self) -> bool:
        """The card was lifted."""
        return self.code in _CARD_GONE

    @property
    def undecided(self) -> bool:
        """A command got no answer. Whether the card was lifted, only the reader's state can tell, a moment later."""
        return self.code in _UNANSWERED

    @property
    def card_mute(self) -> bool:
        """Something lies there, but it cannot be talked to."""
        return self.code in _CARD_MUTE

    @property
    def cancelled(self) -> bool:
        """Somebody ended the wait."""
        return bool(self.code == scard.SCARD_E_CANCELLED)


class NoReader(ScardError):
    """The service runs, but the reader is not there."""

    def __init__(self) -> None:
        super().__init__(scard.SCARD_E_NO_READERS_AVAILABLE)


class Context:
    """A conversation with the service. Worth nothing after any error but a time-out: release it and begin anew."""

    def __init__(self) -> None:
        """Raises ScardError when there is no service."""
        code, self._handle = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        _check(code)

    def release(self) -> None:
        """Ends it. Never fails: the service may be gone already."""
        scard.SCardReleaseContext(self._handle)

    def cancel(self) -> None:
        """Ends a wait that runs in another thread."""
        scard.SCardCancel(self._handle)

    def readers(self) -> list[str]:
        """Their names, in the service's order; may be empty. Raises ScardError."""
        try:
            code, names = scard.SCardListReaders(self._handle, [])
        except SystemError:
            # pyscard forgets to set an exception when the service ended under the call.
            raise ScardError(scard.SCARD_E_NO_SERVICE) from None
        if code == scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        _check(code)
        return list(names)

    def wait_change(self, reader: str, known: int, wait_ms: int) -> int | None:
        """The reader's state as soon as it differs from `known`, None when it stayed. Raises ScardError.

        The upper half of a state counts insertions and removals, so a card that was exchanged between two calls shows.
        """
        code, states = scard.SCardGetStatusChange(self._handle, wait_ms, [(reader, known)])
        if code == scard.SCARD_E_TIMEOUT:
            return None
        _check(code)
        state = int(states[0][1])
        if state & _READER_GONE:
            raise ScardError(scard.SCARD_E_READER_UNAVAILABLE)
        return state

    def connect(self, reader: str) -> "Connection":
        """Powers the card, for us alone. Raises ScardError."""
        code, handle, protocol = scard.SCardConnect(
            self._handle, reader, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        )
        _check(code)
        return Connection(handle, protocol)


class Connection:
    """A card that is powered; commands of any length."""

    def __init__(self, handle: int, protocol: int) -> None:
        self._handle = handle
        self._header = scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0

    def transmit(self, command: bytes) -> bytes:
        """The response, with its two status bytes. Raises ScardError."""
        code, response = scard.SCardTransmit(self._handle, self._header, list(command))
        _check(code)
        if not response:
            # Some drivers call it a success when the card went away under the command.
            raise ScardError(scard.SCARD_E_NOT_TRANSACTED)
        return bytes(response)

    def close(self) -> None:
        """Takes the power from the card, so that no opened channel stays behind."""
        scard.SCardDisconnect(self._handle, scard.SCARD_UNPOWER_CARD)


def has_card(state: int) -> bool:
    """Does a card lie there, in this state of a reader?"""
    return bool(state & scard.SCARD_STATE_PRESENT)


def moves(state: int) -> int:
    """How often a card came or went, counted by the service (16 bits)."""
    return state >> 16


def _check(code: int) -> None:
    if code != scard.SCARD_S_SUCCESS:
        raise ScardError(code)
