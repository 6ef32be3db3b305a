"""The order of questions: is the file harmless, does the seal hold, what does it say, whose numbers are on it.

Everything a hostile file can make a parser do ends here in a named reason; nothing but a complete yes is a yes.
"""

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

from kiosk.checks import Check, Ledger
from kiosk.documents.archive import refuse_more_than_archiving
from kiosk.documents.inspect import (
    open_document,
    refuse_active,
    refuse_bomb,
    refuse_hidden,
    refuse_other_paper,
    refuse_size,
)
from kiosk.documents.numbers import number_digests
from kiosk.documents.render import draw_page, imprint, page_texts
from kiosk.documents.seal import verify_seal
from kiosk.documents.sentence import level_a_sentence, stands_on_each
from kiosk.documents.statement import read_statement
from kiosk.messages import Imprint, Imprinted, NotVerified, Render, Rendered, Statement, Verified, Verify
from kiosk.reasons import Reason, Refused

Answer = TypeVar("Answer")


async def judge(request: Verify, at: datetime) -> Verified | NotVerified:
    """The verdict on `request.pdf` at the moment `at` (aware)."""
    ledger, reason = Ledger(), Reason.DOCUMENT_UNSAFE
    pdf, policy = request.pdf, request.policy
    try:
        with ledger.making(Check.SIZE):
            refuse_size(pdf)
        with ledger.making(Check.BUDGET):
            refuse_bomb(pdf)
        with ledger.making(Check.STRUCTURE):
            document = open_document(pdf)
        with ledger.making(Check.NOTHING_ACTIVE):
            found = refuse_active(document.objects)
        with ledger.making(Check.PAPER):
            pages = refuse_other_paper(document.objects, policy)
        reason = Reason.SEAL_INVALID
        if found.seals != 1:
            raise ledger.refusal(Check.ONE_SEAL, Reason.SEAL_INVALID, f"{found.seals} seals")
        seal = await verify_seal(document.reader, pdf, request.trust, policy, at, ledger)
        sealed = document
        with ledger.making(Check.NOTHING_HIDDEN):
            if seal.length < len(pdf):
                # What archiving appended afterwards anybody could have: what counts is what is under the seal.
                sealed = open_document(pdf[: seal.length])
                refuse_more_than_archiving(sealed.reader, document.reader)
                found = refuse_active(sealed.objects)
            reason = Reason.DOCUMENT_UNSAFE
            refuse_hidden(sealed.objects, found)
        with ledger.making(Check.STATEMENT):
            statement = read_statement(sealed.reader)
        texts = list(page_texts(pdf))
    except Refused as refused:
        return NotVerified(request.id, refused.reason, refused.detail, ledger.failed, tuple(ledger.passed))
    except Exception as error:
        # Parsers raise anything, and quote the file in what they raise: only the type may leave.
        return NotVerified(request.id, reason, type(error).__name__, ledger.failed, tuple(ledger.passed))
    return Verified(
        id=request.id,
        sha256=hashlib.sha256(pdf).hexdigest(),
        signer=seal.signer,
        statement=statement,
        numbers=number_digests(texts, request.nonce),
        sentence=_carries_sentence(texts, statement),
        pages=pages,
        sealed_at=seal.sealed_at,
        checks=tuple(ledger.passed),
    )


def picture(request: Render) -> Rendered | NotVerified:
    """The page asked for, or why not."""
    return _unless_unsafe(request.id, lambda: Rendered(request.id, draw_page(request.pdf, request.page, request.dpi)))


def imprinted(request: Imprint) -> Imprinted | NotVerified:
    """The pages as pictures with the code on them, or why not."""
    sha256 = hashlib.sha256(request.pdf).hexdigest()
    return _unless_unsafe(
        request.id, lambda: Imprinted(request.id, imprint(request.pdf, request.code, request.shift_mm), sha256)
    )


def _unless_unsafe(number: int, draw: Callable[[], Answer]) -> Answer | NotVerified:
    try:
        return draw()
    except Refused as refused:
        return NotVerified(number, refused.reason, refused.detail)
    except Exception as error:
        return NotVerified(number, Reason.DOCUMENT_UNSAFE, type(error).__name__)


def _carries_sentence(texts: list[str], statement: Statement) -> bool:
    try:
        last_day = date.fromisoformat(statement.valid_until)
    except ValueError:
        return False
    return stands_on_each(texts, level_a_sentence(statement.issuer, last_day))
