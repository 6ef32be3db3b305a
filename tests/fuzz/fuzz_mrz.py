"""The machine readable zone against any text, and against good zones with a few characters changed.

`python -m tests.fuzz.fuzz_mrz [-runs=N] [CORPUS]`. What is accepted opens a chip or says that it cannot; what is not is
a named error that quotes nothing.
"""

import sys
from contextlib import suppress
from datetime import date

import atheris

with atheris.instrument_imports(include=["hardware.cards.emrtd"]):
    from hardware.cards.emrtd import mrz
    from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault
    from hardware.cards.emulator.utopia import Traveller

TODAY = date(2026, 11, 23)
LONG_NUMBER = Traveller(document_number="D23145890734")
ZONES = [Traveller().td3(), Traveller().td1(), LONG_NUMBER.td1(), Traveller(birth="74<<<<").td3()]
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<< é"


def fuzz(data: bytes) -> None:
    choices = atheris.FuzzedDataProvider(data)
    text = list(choices.PickValueInList(ZONES))
    if choices.ConsumeBool():
        while choices.remaining_bytes() >= 2:
            place = choices.ConsumeIntInRange(0, len(text) - 1)
            text[place] = choices.PickValueInList(list(CHARACTERS))
    else:
        text = list(choices.ConsumeUnicode(100))
    try:
        zone = mrz.parse("".join(text))
        zone.birth_date(TODAY)
        zone.expiry_date(TODAY)
    except EmrtdError as error:
        assert error.fault is EmrtdFault.PROTOCOL and error.__cause__ is None
        assert "ERIKSSON" not in error.detail
        return
    with suppress(ValueError):
        assert mrz.information(zone.access).isascii()


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()
