"""The right-person gate: a sealed document is printable only if it is the one asked for, about this person.

A valid seal says who speaks, not of whom. So everything the seal covers is laid beside what this terminal asked for
and what it read from the card: agency (C18), request and nonce, kind, level (D01) and its sentence (D05), subject, the
numbers printed on the pages, validity (D10), age (C20). Nobody can override a mismatch. Nothing here reads a PDF.
"""

import hmac
from dataclasses import dataclass
from datetime import date
from typing import Final, NoReturn

from kiosk.checks import ASKED_FOR_ONLY, OF_FILE, OF_SEAL, Check, Ledger
from kiosk.documents.digests import Holder, number_digest, subject_digest
from kiosk.documents.sealed import SealedDocument
from kiosk.messages import Imprinted
from kiosk.reasons import Reason, Refused

PRINTABLE_LEVEL: Final = "A"
AGE_S: Final = 60.0
"""A certificate is printed in answer to what was asked just now, or not at all."""
_MINT: Final = object()


@dataclass(frozen=True, slots=True, repr=False)
class Expected:
    """What the document must be. `agency`: organisation that must have issued and sealed it.

    `holder`: whose card is in the reader. `single_subject`: this kind names one person only, so no second resident
    number may stand on its pages. `time_stamp`: it must carry one. `today`: the terminal's date. `age_s`: seconds since
    it was asked for.
    """

    request_id: str
    nonce: str
    kind: str
    agency: str
    holder: Holder
    single_subject: bool
    time_stamp: bool
    today: date
    age_s: float

    def __repr__(self) -> str:
        return f"<Expected {self.kind}>"


class PrintableDocument:
    """The only thing the printer takes. Read-only; never written to a disk.

    `pdf`: byte for byte what was sealed (C17). `to_print`: the same bytes; or, where the profile puts the terminal's
    statement on the page itself (`is_picture`), what the document process drew of them with its code added.
    `holder`: whose certificate it is, as read from the card. `checks`: everything that was checked, in order.
    """

    __slots__ = ("checks", "holder", "issuer", "kind", "pages", "pdf", "sha256", "to_print", "valid_until")

    checks: tuple[Check, ...]
    holder: Holder
    pdf: bytes
    to_print: bytes
    sha256: str
    pages: int
    kind: str
    issuer: str
    valid_until: date

    def __init__(
        self,
        mint: object,
        sealed: SealedDocument,
        holder: Holder,
        valid_until: date,
        checks: tuple[Check, ...],
    ) -> None:
        if mint is not _MINT:
            raise TypeError("a PrintableDocument is made by the right-person gate")
        for name, value in (
            ("checks", checks),
            ("holder", holder),
            ("pdf", sealed.pdf),
            ("to_print", sealed.pdf),
            ("sha256", sealed.sha256),
            ("pages", sealed.pages),
            ("kind", sealed.statement.kind),
            ("issuer", sealed.statement.issuer),
            ("valid_until", valid_until),
        ):
            object.__setattr__(self, name, value)

    @property
    def is_picture(self) -> bool:
        return self.to_print is not self.pdf

    def imprinted(self, message: Imprinted) -> "PrintableDocument":
        """The same document, to be printed as the pictures in `message`. Raises Refused if they are of other bytes."""
        if not _same(message.sha256, self.sha256):
            raise Refused(Reason.WRONG_DOCUMENT, "other bytes were drawn")
        copy = object.__new__(PrintableDocument)
        for name in PrintableDocument.__slots__:
            object.__setattr__(copy, name, message.pdf if name == "to_print" else getattr(self, name))
        return copy

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("evidence is read-only")

    def __reduce__(self) -> NoReturn:
        raise TypeError("evidence does not leave its process")

    def __repr__(self) -> str:
        return f"<PrintableDocument {self.kind}, {len(self.pdf)} bytes, {self.pages} pages>"


def admit(sealed: SealedDocument, expected: Expected) -> PrintableDocument:
    """The same document, now printable. Raises Refused with the reason of the first mismatch."""
    stated, holder = sealed.statement, expected.holder
    before = {*OF_FILE, *OF_SEAL} - (frozenset() if expected.time_stamp else ASKED_FOR_ONLY)
    if not before <= set(sealed.checks):
        raise Refused(Reason.SEAL_UNVERIFIABLE, "not everything was checked")
    if not (holder.number and holder.name and expected.nonce):
        raise Refused(Reason.WRONG_PERSON, "nobody is expected")
    ledger = Ledger(sealed.checks)
    with ledger.making(Check.AGENCY):
        _demand(_same(sealed.signer, expected.agency), Reason.SEAL_INVALID, "sealed by another agency")
        other = "issued by another agency than the sealing one"
        _demand(_same(stated.issuer, expected.agency), Reason.SEAL_INVALID, other)
    with ledger.making(Check.REQUEST):
        _demand(_same(stated.request_id, expected.request_id), Reason.WRONG_DOCUMENT, "answers another request")
        _demand(_same(stated.nonce, expected.nonce), Reason.WRONG_DOCUMENT, "carries another nonce")
    with ledger.making(Check.KIND):
        _demand(_same(stated.kind, expected.kind), Reason.WRONG_DOCUMENT, "of another kind")
    with ledger.making(Check.LEVEL):
        _demand(_same(stated.level, PRINTABLE_LEVEL), Reason.WRONG_DOCUMENT, "not of level A")
    with ledger.making(Check.SENTENCE):
        _demand(sealed.sentence, Reason.WRONG_DOCUMENT, "a page lacks the sentence of its level")
    with ledger.making(Check.PERSON):
        subject = subject_digest(expected.nonce, holder)
        _demand(_same(stated.subject_digest, subject), Reason.WRONG_PERSON, "about another subject")
    with ledger.making(Check.NUMBERS):
        number = number_digest(expected.nonce, holder)
        found = [_same(other, number) for other in sealed.numbers]
        _demand(any(found), Reason.WRONG_PERSON, "the holder's number is not on the pages")
        _demand(all(found) or not expected.single_subject, Reason.WRONG_PERSON, "another person's number on the pages")
    with ledger.making(Check.VALID_TODAY):
        valid_until = _date(stated.valid_until)
        _demand(expected.today <= valid_until, Reason.DOCUMENT_EXPIRED, "past its last day")
    with ledger.making(Check.FRESH):
        _demand(0 <= expected.age_s <= AGE_S, Reason.WRONG_DOCUMENT, "asked for too long ago")
    return PrintableDocument(_MINT, sealed, holder, valid_until, tuple(ledger.passed))


def _demand(holds: bool, reason: Reason, detail: str) -> None:
    if not holds:
        raise Refused(reason, detail)


def _same(stated: str, expected: str) -> bool:
    """Equal, and not empty: an expectation that was left out must not be met by a field that was left out."""
    return bool(expected) and hmac.compare_digest(stated.encode(), expected.encode())


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(Reason.WRONG_DOCUMENT, "its last day is not a date") from None
