"""The reader port: every fault of a card is a refusal, but for a chip that waits to be opened."""

from datetime import date

import pytest

from hardware.cards.port import Access, Can, CardError, CardFault, ReaderState
from hardware.cards.reading import _MINT, Authenticity, CardReading, Kind
from hardware.cards.synthetic import number
from kiosk.opening import Closed, DoesNotOpen
from kiosk.ports.reader import CardPort
from kiosk.reasons import EXPLANATIONS, Reason, Refused

BIRTH = date(1990, 3, 7)
NAME = "章三样"


class OneCard:
    """A reader that gives one reading, or fails in one way."""

    present = True
    state = ReaderState.READY

    def __init__(self, outcome: CardReading | CardError) -> None:
        self._outcome = outcome

    async def open(self) -> None: ...
    async def close(self) -> None: ...
    async def wait_present(self) -> None: ...
    async def wait_absent(self) -> None: ...
    async def wait_state(self, state: ReaderState) -> None: ...

    async def read(self, access: Access | None = None) -> CardReading:
        if isinstance(self._outcome, CardError):
            raise self._outcome
        return self._outcome


def reading(kind: Kind) -> CardReading:
    return CardReading(
        mint=_MINT,
        kind=kind,
        name=NAME,
        sex="男",
        birth=BIRTH,
        number=number(BIRTH, "121"),
        issuer="示范市公安局样例分局",
        valid_from=None,
        valid_until=None,
        portrait=None,
        reader_id="reader",
        authenticity=Authenticity("reader"),
    )


ANSWERED = {CardFault.ACCESS_NEEDED: Closed, CardFault.ACCESS_REFUSED: DoesNotOpen}
"""The citizen is asked again."""


@pytest.mark.parametrize("fault", set(CardFault) - set(ANSWERED))
async def test_every_fault_is_a_refusal_with_sentences(fault: CardFault) -> None:
    with pytest.raises(Refused) as refused:
        await CardPort(OneCard(CardError(fault, "at the chip"))).read()
    assert refused.value.reason in EXPLANATIONS
    assert refused.value.detail == "at the chip"


@pytest.mark.parametrize("fault", ANSWERED)
async def test_a_chip_that_is_closed_is_no_refusal_yet(fault: CardFault) -> None:
    with pytest.raises(ANSWERED[fault]):
        await CardPort(OneCard(CardError(fault))).read(Can("123456"))


async def test_data_that_is_not_authentic_has_a_reason_of_its_own() -> None:
    with pytest.raises(Refused) as refused:
        await CardPort(OneCard(CardError(CardFault.NOT_AUTHENTIC))).read()
    assert refused.value.reason is Reason.CARD_NOT_AUTHENTIC


@pytest.mark.parametrize("kind", Kind)
async def test_what_the_holder_of_a_document_may_get_is_not_decided_here(kind: Kind) -> None:
    assert (await CardPort(OneCard(reading(kind))).read()).kind is kind
