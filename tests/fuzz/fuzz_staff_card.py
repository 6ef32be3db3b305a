"""A technician's card that answers anything: `python -m tests.fuzz.fuzz_staff_card [-runs=N] [CORPUS]`.

Some runs answer with the bytes as they come, some with a good certificate that they spoil. Whatever it says, it is not
let in, and for a named reason.
"""

import sys
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hardware.cards.piv", "kiosk.maintenance"]):
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    from hardware.cards.emrtd import tlv
    from hardware.cards.emulator.technicians import TechnicianCa
    from hardware.cards.piv.card import Pin, look, prove
    from hardware.cards.piv.faults import PivError
    from kiosk.maintenance.credential import PURPOSES, NotLetIn, TechnicianTrust

CA = TechnicianCa()
GOOD = CA.certify(ec.generate_private_key(ec.SECP256R1()), list(PURPOSES)[:1])
DER = GOOD.public_bytes(Encoding.DER)
FOLDER = tempfile.TemporaryDirectory()
TRUST = TechnicianTrust([CA.certificate], CA.publish(Path(FOLDER.name))[1:])


class Card:
    """Says `data` to whatever it is asked, piece by piece, and then that all is well."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def transmit(self, command: bytes, /) -> bytes:
        if command[1] in (0xA4, 0x20):
            return b"\x90\x00"
        piece, self._rest = self._rest[:256], self._rest[256:]
        return piece + (b"\x61\x00" if self._rest else b"\x90\x00")


def spoilt(data: bytes) -> bytes:
    """The certificate with bytes of it changed: place (two bytes), by what (one)."""
    certificate = bytearray(DER)
    for at in range(0, len(data) - 2, 3):
        certificate[int.from_bytes(data[at : at + 2], "big") % len(certificate)] ^= data[at + 2]
    return tlv.encode(0x53, tlv.encode(0x70, bytes(certificate)) + tlv.encode(0x71, b"\x00"))


def fuzz(data: bytes) -> None:
    said = spoilt(data[1:]) if data[:1] < b"\x80" else data[1:]
    try:
        certificate = look(Card(said)).certificate
        TRUST.judge(certificate, datetime.now(UTC))
    except (PivError, NotLetIn):
        pass
    else:
        # How many bits of the signature's last byte count, the CA does not sign.
        assert certificate.tbs_certificate_bytes == GOOD.tbs_certificate_bytes
    with suppress(PivError):
        prove(Card(said), Pin("123456"), None, bytes(32))


if __name__ == "__main__":
    atheris.Setup(sys.argv, fuzz)
    atheris.Fuzz()
