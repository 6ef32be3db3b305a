"""The files of a travel document against any bytes, and against good files with a few bytes changed or cut off.

`python -m tests.fuzz.fuzz_lds [-runs=N] [CORPUS]`. What comes out is a value or a named error, and the hashes that a
security object gives are never others than those that were signed.
"""

import sys
from datetime import date

import atheris

with atheris.instrument_imports(include=["hardware.cards.emrtd"]):
    from hardware.cards.emrtd import chip_authentication, lds, pace, security_infos, signatures
    from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault
    from hardware.cards.emrtd.files import FileId
    from hardware.cards.emrtd.trust import TrustAnchors, passive_authentication
    from hardware.cards.emulator.specimens import Specimen, make

TODAY = date(2026, 11, 23)
ISSUED = [
    make(each, b"\xff\xd8 a picture", TODAY) for each in (Specimen.PASSPORT, Specimen.OLD_PASSPORT, Specimen.CARD)
]
GOOD = [file for issued in ISSUED for file in issued.document.files.items()]
TRUST = TrustAnchors([issued.anchor for issued in ISSUED])
SIGNED = [passive_authentication(issued.document.files[FileId.SOD], TRUST, TODAY) for issued in ISSUED]


def read(identifier: int, file: bytes) -> None:
    match identifier:
        case FileId.CARD_ACCESS:
            pace.choose(security_infos.parse(file))
        case FileId.COM:
            assert lds.common(file) <= set(range(1, 17))
        case FileId.SOD:
            assert passive_authentication(file, TRUST, TODAY) in SIGNED
        case FileId.DG1:
            lds.machine_readable_zone(file)
        case FileId.DG2:
            assert len(lds.portrait(file).data) < len(file)
        case FileId.DG11:
            lds.personal_details(file)
        case FileId.DG12:
            lds.document_details(file)
        case FileId.DG14:
            infos = security_infos.parse(lds.security_infos(file))
            chip_authentication.choose(infos)
            pace.choose(infos)
        case FileId.DG15:
            signatures.public_key(lds.active_authentication_key(file))


def fuzz(data: bytes) -> None:
    choices = atheris.FuzzedDataProvider(data)
    identifier, good = choices.PickValueInList(GOOD)
    file = bytearray(good)
    if choices.ConsumeBool():
        del file[choices.ConsumeIntInRange(1, len(file)) :]
        while choices.remaining_bytes() >= 3:
            file[choices.ConsumeIntInRange(0, len(file) - 1)] = choices.ConsumeIntInRange(0, 255)
    else:
        file = bytearray(choices.ConsumeBytes(4096))
    try:
        read(identifier, bytes(file))
    except EmrtdError as error:
        assert error.fault in {EmrtdFault.PROTOCOL, EmrtdFault.NOT_AUTHENTIC}
        assert error.__cause__ is None and error.detail.isascii() and "ERIKSSON" not in error.detail


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()
