"""The reader port: every fault of a card is a refusal, and so is every kind of card that gets no certificate here."""

from datetime import date

import pytest

from hardware.cards.port import Access, CardError, CardFault, ReaderState
from hardware.cards.reading import _MINT, Authenticity, CardReading, Kind
from hardware.cards.synthetic import number
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


@pytest.mark.parametrize("fault", CardFault)
async def test_every_fault_is_a_refusal_with_sentences(fault: CardFault) -> None:
    with pytest.raises(Refused) as refused:
        await CardPort(OneCard(CardError(fault, "at the chip"))).read()
    assert refused.value.reason in EXPLANATIONS
    assert refused.value.detail == "at the chip"


async def test_data_that_is_not_authentic_has_a_reason_of_its_own() -> None:
    with pytest.raises(Refused) as refused:
        await CardPort(OneCard(CardError(CardFault.NOT_AUTHENTIC))).read()
    assert refused.value.reason is Reason.CARD_NOT_AUTHENTIC


@pytest.mark.parametrize("kind", [Kind.RESIDENT, Kind.FOREIGN_2023])
async def test_kinds_with_a_citizen_number_are_served(kind: Kind) -> None:
    assert (await CardPort(OneCard(reading(kind))).read()).kind is kind


@pytest.mark.parametrize("kind", [Kind.HMT_RESIDENCE, Kind.FOREIGN_2017, Kind.EMRTD])
async def test_other_kinds_are_refused_by_name(kind: Kind) -> None:
    with pytest.raises(Refused) as refused:
        await CardPort(OneCard(reading(kind))).read()
    assert refused.value.reason is Reason.CARD_KIND_UNSUPPORTED
    assert kind.value in refused.value.detail
    assert NAME not in str(refused.value)
