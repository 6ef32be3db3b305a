"""Travel documents on a PC/SC reader: the `IdentityReader` that speaks ICAO Doc 9303.

A plain PC/SC reader gets nothing out of a Chinese resident card (its chip talks to a SAM only), so such a card is
refused here as what it is to this reader: no eMRTD.
"""

from collections.abc import Callable
from datetime import date
from typing import Final
from urllib.parse import unquote, urlsplit

from hardware.cards.emrtd.apdu import Apdu
from hardware.cards.emrtd.document import EmrtdDocument, Policy, read_document
from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault
from hardware.cards.emrtd.trust import TrustAnchors
from hardware.cards.pcsc.station import PcscStation
from hardware.cards.port import Access, CardError, CardFault
from hardware.cards.reading import _MINT, CardReading, Kind, Sex

SCHEME: Final = "pcsc"
# The slowest chips we know of take ten seconds for a large portrait over short commands.
READ_S: Final = 40.0
_SEX: Final[dict[str, Sex]] = {"M": "男", "F": "女"}
# The one nationality that Doc 9303-3, part A of section 5 shortens.
_GERMANY: Final = {"D": "DEU"}
_FAULTS: Final = {
    EmrtdFault.ACCESS_REFUSED: CardFault.ACCESS_REFUSED,
    EmrtdFault.ACCESS_NOT_ALLOWED: CardFault.KIND_UNSUPPORTED,
    EmrtdFault.NOT_AUTHENTIC: CardFault.NOT_AUTHENTIC,
    EmrtdFault.PROTOCOL: CardFault.PROTOCOL,
    EmrtdFault.EXPIRED: CardFault.EXPIRED,
    EmrtdFault.GONE: CardFault.UNREADABLE,
}


def name_in(uri: str) -> str:
    """What the reader's name begins with, out of pcsc://NAME; empty for the first reader. Raises ValueError."""
    parts = urlsplit(uri)
    if parts.scheme != SCHEME or parts.query or parts.fragment:
        raise ValueError(f"{uri}: pcsc:// for the first reader, or pcsc://NAME with %20 for a space")
    return unquote(parts.netloc + parts.path)


class PcscReader(PcscStation):
    """`name`: what the reader's name begins with, empty for the first one. `trust`: whose documents are believed.

    `read_s`: how long a whole reading may take.
    """

    def __init__(
        self, name: str, *, policy: Policy, trust: TrustAnchors, today: Callable[[], date], read_s: float = READ_S
    ) -> None:
        super().__init__(name)
        self._policy = policy
        self._trust = trust
        self._today = today
        self._read_s = read_s

    async def read(self, access: Access | None = None) -> CardReading:
        if self.present and access is None:
            raise CardError(CardFault.ACCESS_NEEDED, "a travel document, and no CAN or MRZ was given")
        reader = self._watch.reader

        def read(chip: Apdu) -> EmrtdDocument:
            assert access is not None
            return read_document(chip, access, self._policy, self._trust, self._today())

        try:
            document = await self.talk(read, self._read_s)
        except EmrtdError as error:
            raise CardError(_FAULTS[error.fault], error.detail) from None
        return _reading(document, reader)


def _reading(document: EmrtdDocument, reader: str) -> CardReading:
    if document.birth is None:
        raise CardError(CardFault.KIND_UNSUPPORTED, "the document does not know the day of birth")
    zone = document.zone
    return CardReading(
        mint=_MINT,
        kind=Kind.EMRTD,
        name=document.name,
        latin_name=document.latin_name,
        sex=_SEX.get(zone.sex, "未说明"),
        nationality=_GERMANY.get(zone.nationality, zone.nationality),
        birth=document.birth,
        address=document.personal.address,
        number=zone.document_number,
        issuer=document.document.authority or zone.issuing_state,
        valid_from=document.document.issued,
        valid_until=document.valid_until,
        portrait=document.portrait,
        reader_id=reader,
        authenticity=document.authenticity,
    )
