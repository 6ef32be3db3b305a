"""The text block against any bytes, and against cards with a few of theirs changed.

`python -m tests.fuzz.fuzz_sdt_text [-runs=N] [CORPUS]`. What comes out is a text or a named fault, nothing else, and no
fault quotes the card.
"""

import re
import sys
from datetime import date

import atheris

with atheris.instrument_imports(include=["hardware"]):
    from hardware.cards import sdt_text
    from hardware.cards.port import CardError, CardFault
    from hardware.cards.synthetic import PORTRAIT_BLOCK_BYTES, citizens, foreigners_and_others

TODAY = date(2026, 6, 1)
PORTRAIT = bytes(PORTRAIT_BLOCK_BYTES)
CARDS = [card.text_block() for card in citizens(PORTRAIT) + foreigners_and_others(PORTRAIT)]
NUMBER = re.compile(r"\d{6}")
FAULTS = {CardFault.UNREADABLE, CardFault.NUMBER_INVALID, CardFault.KIND_UNSUPPORTED}


def fuzz(data: bytes) -> None:
    choices = atheris.FuzzedDataProvider(data)
    if choices.ConsumeBool():
        block = bytearray(choices.PickValueInList(CARDS))
        while choices.remaining_bytes() >= 3:
            block[choices.ConsumeIntInRange(0, len(block) - 1)] = choices.ConsumeIntInRange(0, 255)
    else:
        block = bytearray(choices.ConsumeBytes(1024))
    for parse in (lambda: sdt_text.parse(bytes(block), TODAY), lambda: sdt_text.newest_address(bytes(block))):
        try:
            assert parse() is not None
        except CardError as error:
            assert error.fault in FAULTS and error.__context__ is None
            assert error.detail.isascii() and not NUMBER.search(error.detail)


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()
