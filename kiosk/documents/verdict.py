"""The order of questions: is the file harmless, does the seal hold, what does it say, whose numbers are on it.

Everything a hostile file can make a parser do ends here in a named reason; nothing but a complete yes is a yes.
"""

import hashlib
from datetime import datetime

from kiosk.documents.inspect import inspect, open_document
from kiosk.documents.numbers import number_digests
from kiosk.documents.render import draw_page, page_texts
from kiosk.documents.seal import verify_seal
from kiosk.documents.statement import read_statement
from kiosk.messages import NotVerified, Render, Rendered, Verified, Verify
from kiosk.reasons import Reason, Refused


async def judge(request: Verify, at: datetime) -> Verified | NotVerified:
    """The verdict on `request.pdf` at the moment `at` (aware)."""
    reason = Reason.DOCUMENT_UNSAFE
    try:
        pages = inspect(open_document(request.pdf))
        reason = Reason.SEAL_INVALID
        seal = await verify_seal(request.pdf, request.trust, at)
        reason = Reason.DOCUMENT_UNSAFE
        # Archiving may replace the metadata afterwards, so may anybody: the statement is the one under the seal.
        statement = read_statement(open_document(request.pdf[: seal.length]))
        numbers = number_digests(page_texts(request.pdf), request.nonce)
    except Refused as refused:
        return NotVerified(request.id, refused.reason, refused.detail)
    except Exception as error:
        # Parsers raise anything, and quote the file in what they raise: only the type may leave.
        return NotVerified(request.id, reason, type(error).__name__)
    return Verified(
        id=request.id,
        sha256=hashlib.sha256(request.pdf).hexdigest(),
        signer=seal.signer,
        statement=statement,
        numbers=numbers,
        pages=pages,
    )


def picture(request: Render) -> Rendered | NotVerified:
    """The page asked for, or why not."""
    try:
        return Rendered(request.id, draw_page(request.pdf, request.page, request.dpi))
    except Refused as refused:
        return NotVerified(request.id, refused.reason, refused.detail)
    except Exception as error:
        return NotVerified(request.id, Reason.DOCUMENT_UNSAFE, type(error).__name__)
