"""A whole reading against a chip that answers anything: `python -m tests.fuzz.fuzz_emrtd_chip [-runs=N] [CORPUS]`.

Each answer is a good chip's, a good chip's with changes, or any bytes; the reading ends with the document that was
issued or with a named error, and within a bounded number of commands.
"""

import sys
from datetime import date

import atheris

with atheris.instrument_imports(include=["hardware.cards.emrtd"]):
    from hardware.cards.emrtd.document import Policy, read_document
    from hardware.cards.emrtd.faults import EmrtdError
    from hardware.cards.emrtd.trust import TrustAnchors
    from hardware.cards.emulator.chip import EmrtdChip
    from hardware.cards.emulator.specimens import Specimen, make
    from hardware.cards.emulator.utopia import Document

TODAY = date(2026, 11, 23)
PORTRAIT = b"\xff\xd8 a picture"
ISSUED = [make(each, PORTRAIT, TODAY) for each in (Specimen.OLD_PASSPORT, Specimen.PASSPORT)]
MOST_COMMANDS = 1000


class _Liar:
    """A chip between which and the reader somebody sits."""

    def __init__(self, document: Document, choices: atheris.FuzzedDataProvider) -> None:
        self._chip = EmrtdChip(document)
        self._choices = choices
        self.commands = 0

    def transmit(self, command: bytes) -> bytes:
        self.commands += 1
        answer = bytearray(self._chip.transmit(command))
        match self._choices.ConsumeIntInRange(0, 7) if self._choices.remaining_bytes() else 0:
            case 6:
                answer[self._choices.ConsumeIntInRange(0, len(answer) - 1)] = self._choices.ConsumeIntInRange(0, 255)
            case 7:
                answer = bytearray(self._choices.ConsumeBytes(300))
        return bytes(answer)


def fuzz(data: bytes) -> None:
    choices = atheris.FuzzedDataProvider(data)
    issued = choices.PickValueInList(ISSUED)
    chip = _Liar(issued.document, choices)
    try:
        policy = Policy(bac_allowed=True)
        document = read_document(chip, issued.document.access, policy, TrustAnchors([issued.anchor]), TODAY)
        assert document.portrait.data == PORTRAIT and document.zone.document_number == "L898902C3"
    except EmrtdError as error:
        assert error.__cause__ is None and error.detail.isascii() and "ERIKSSON" not in error.detail
    assert chip.commands <= MOST_COMMANDS


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()
