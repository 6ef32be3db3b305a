"""What opens the chip of a travel document: typed by its holder, read off the document in their hand.

E01 forbids typing an identity number to ask about somebody, and this is not that. A card access number was derived from
nobody. A document number with two dates is the key of one chip (ICAO Doc 9303-11, 4.3), which must lie on the reader:
whoever types another one gets nothing. Neither leaves the reader's driver. No call to the platform takes one, and the
number of the evidence is the one that the issuing state signed into the chip. A field here is too short for a resident
number (18 characters).
"""

from datetime import date
from typing import Final

from hardware.cards.port import Access, Can, Mrz
from kiosk.pages import TypedCan, TypedMrz

TRIES: Final = 3
"""A CAN has a million values; nobody tries them at our reader."""


class Closed(Exception):
    """A travel document lies on the reader, and its chip has not been opened."""


class DoesNotOpen(Exception):
    """The chip refused what was typed. The text is for the log and quotes nothing."""


def access(typed: TypedCan | TypedMrz) -> Access | None:
    """What was typed, as the chip takes it: the driver computes the check digits. None: it cannot be right."""
    try:
        if isinstance(typed, TypedCan):
            return Can(typed.digits)
        return Mrz(typed.document_number, _yymmdd(typed.birth), _yymmdd(typed.expiry))
    except ValueError:
        return None


def _yymmdd(typed: str) -> str:
    """Out of YYYYMMDD. Raises ValueError when there is no such day."""
    return f"{date.fromisoformat(f'{typed[:4]}-{typed[4:6]}-{typed[6:]}'):%y%m%d}"
