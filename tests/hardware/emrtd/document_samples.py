"""Making and reading documents in one step."""

from datetime import date
from io import BytesIO

from PIL import Image

from hardware.cards.emrtd.document import EmrtdDocument, Policy, read_document
from hardware.cards.emrtd.trust import TrustAnchors
from hardware.cards.emulator.chip import ChipFaults, EmrtdChip
from hardware.cards.emulator.specimens import Issued
from hardware.cards.port import Can, Mrz

TODAY = date(2026, 11, 23)
LENIENT = Policy(bac_allowed=True)


def picture(encoding: str, size: tuple[int, int] = (240, 320)) -> bytes:
    encoded = BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(encoded, encoding)
    return encoded.getvalue()


def read(
    issued: Issued,
    access: Mrz | Can | None = None,
    policy: Policy = LENIENT,
    faults: ChipFaults | None = None,
) -> EmrtdDocument:
    """Lays the document on and reads it, by its own MRZ unless told otherwise."""
    chip = EmrtdChip(issued.document, faults)
    return read_document(chip, access or issued.document.access, policy, TrustAnchors([issued.anchor]), TODAY)
