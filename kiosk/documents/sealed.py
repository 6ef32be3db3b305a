"""The evidence that a seal holds: made of the document process's answer and the very bytes it speaks of.

Desk side: nothing here reads a PDF.
"""

import hashlib
import hmac
from datetime import datetime
from typing import Final, NoReturn

from kiosk.checks import Check
from kiosk.messages import Statement, Verified
from kiosk.reasons import Reason, Refused

_MINT: Final = object()


class SealedDocument:
    """Bytes under a valid seal, not yet known to concern this citizen. Read-only; never written to a disk.

    `signer`: organisation in the seal's certificate. `numbers`: salted digests of the resident numbers on the pages.
    `sentence`: every page carries the sentence of its level. `checks`: those that it passed, in order.
    """

    __slots__ = ("checks", "numbers", "pages", "pdf", "sealed_at", "sentence", "sha256", "signer", "statement")

    pdf: bytes
    sha256: str
    signer: str
    statement: Statement
    numbers: tuple[str, ...]
    sentence: bool
    pages: int
    sealed_at: datetime
    checks: tuple[Check, ...]

    def __init__(self, mint: object, pdf: bytes, message: Verified) -> None:
        if mint is not _MINT:
            raise TypeError("a SealedDocument is made by SealedDocument.from_worker")
        for name, value in (
            ("pdf", pdf),
            ("sha256", message.sha256),
            ("signer", message.signer),
            ("statement", message.statement),
            ("numbers", message.numbers),
            ("sentence", message.sentence),
            ("pages", message.pages),
            ("sealed_at", message.sealed_at),
            ("checks", message.checks),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def from_worker(cls, pdf: bytes, message: Verified) -> "SealedDocument":
        """The evidence, if `message` speaks of these bytes. Raises Refused(WRONG_DOCUMENT) if it speaks of others."""
        if not hmac.compare_digest(hashlib.sha256(pdf).hexdigest().encode(), message.sha256.encode()):
            raise Refused(Reason.WRONG_DOCUMENT, "the verdict is about other bytes")
        return cls(_MINT, pdf, message)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("evidence is read-only")

    def __reduce__(self) -> NoReturn:
        raise TypeError("evidence does not leave its process")

    def __repr__(self) -> str:
        return f"<SealedDocument {len(self.pdf)} bytes, {self.pages} pages>"
