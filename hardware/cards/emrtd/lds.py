"""What is in the files of the logical data structure (Doc 9303-10, 4.6 and 4.7).

Everything here is bytes in, values out, and raises `EmrtdError` PROTOCOL for what is not as the standard says. The
contents are worth nothing before `trust` has compared them with what the issuing state signed.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from hardware.cards.emrtd import mrz, tlv
from hardware.cards.emrtd.faults import broken
from hardware.cards.emrtd.mrz import MachineReadableZone
from hardware.cards.reading import NotPicklable, Portrait, UnknownEncoding

# Tags of the data groups 1 to 16 in order (table 34).
GROUP_TAGS: Final = (0x61, 0x75, 0x63, 0x76, *range(0x65, 0x71))
COM_TAG: Final = 0x60
SOD_TAG: Final = 0x77
MAX_TEXT_BYTES: Final = 1024
MAX_FACES: Final = 16

_MRZ: Final = 0x5F1F
_BIOMETRIC_GROUP: Final = 0x7F61
_BIOMETRIC_TEMPLATE: Final = 0x7F60
_BIOMETRIC_DATA: Final = (0x5F2E, 0x7F2E)
_COUNT: Final = 0x02
_TAG_LIST: Final = 0x5C
_NAME: Final = 0x5F0E
_PERSONAL_NUMBER: Final = 0x5F10
_FULL_BIRTH: Final = 0x5F2B
_BIRTH_PLACE: Final = 0x5F11
_ADDRESS: Final = 0x5F42
_AUTHORITY: Final = 0x5F19
_ISSUED: Final = 0x5F26

# ISO/IEC 19794-5:2005: facial record header, then per face: facial information, feature points, image information.
_FACE_MAGIC: Final = b"FAC\x00010\x00"
_FACE_HEADER: Final = 14
_FACE_INFORMATION: Final = 20
_FEATURE_POINT: Final = 8
_IMAGE_INFORMATION: Final = 12
_IMAGE_TYPES: Final = {0: "jpeg", 1: "jp2"}

# ISO/IEC 39794-5:2019 in ICAO's application profile, from the biometric data down: block, FaceImageDataBlock,
# representationBlocks, the first of them, imageRepresentation, base, imageRepresentation2DBlock, representationData2D.
# What stands beside these is optional, differs from state to state, and nobody here needs it.
_FACE_PATH: Final = (0xA1, 0x65, 0xA1, 0x30, 0xA1, 0xA0, 0xA0, 0x80)


@dataclass(frozen=True, slots=True, repr=False)
class PersonalDetails(NotPicklable):
    """DG11, as far as it is used. Empty where the document is silent. `name`: in national characters."""

    name: str = ""
    personal_number: str = ""
    birth: date | None = None
    birth_place: str = ""
    address: str = ""

    def __repr__(self) -> str:
        return "PersonalDetails(…)"


@dataclass(frozen=True, slots=True)
class DocumentDetails:
    """DG12, as far as it is used."""

    authority: str = ""
    issued: date | None = None


def common(file: bytes) -> frozenset[int]:
    """EF.COM: numbers of the data groups that the chip says it has. Nobody signs this list."""
    tags = tlv.unique(tlv.only(file, COM_TAG)).get(_TAG_LIST, b"")
    if not set(tags) <= set(GROUP_TAGS):
        raise broken("EF.COM: unknown data group")
    return frozenset(GROUP_TAGS.index(tag) + 1 for tag in tags)


def machine_readable_zone(file: bytes) -> MachineReadableZone:
    """DG1."""
    text = tlv.unique(_group(file, 1)).get(_MRZ, b"")
    if not text.isascii():
        raise broken("DG1: no MRZ")
    return mrz.parse(text.decode("ascii"))


def portrait(file: bytes) -> Portrait:
    """DG2: the first picture of the first face, undecoded; in ISO/IEC 19794-5 or its successor 39794-5."""
    instances = tlv.parse(tlv.only(_group(file, 2), _BIOMETRIC_GROUP))
    template = next((value for tag, value in instances if tag == _BIOMETRIC_TEMPLATE), None)
    if template is None or dict(instances).get(_COUNT, b"\x00") == b"\x00":
        raise broken("DG2: no face")
    record = next((value for tag, value in tlv.parse(template) if tag in _BIOMETRIC_DATA), b"")
    return _recorded_face(record) if record.startswith(_FACE_MAGIC) else _tagged_face(record)


def personal_details(file: bytes) -> PersonalDetails:
    """DG11."""
    objects = tlv.unique(_group(file, 11))
    return PersonalDetails(
        name=_text(objects, _NAME),
        personal_number=_text(objects, _PERSONAL_NUMBER),
        birth=_full_day(objects, _FULL_BIRTH),
        birth_place=_text(objects, _BIRTH_PLACE),
        address=_text(objects, _ADDRESS),
    )


def document_details(file: bytes) -> DocumentDetails:
    """DG12."""
    objects = tlv.unique(_group(file, 12))
    return DocumentDetails(authority=_text(objects, _AUTHORITY), issued=_full_day(objects, _ISSUED))


def security_infos(file: bytes) -> bytes:
    """DG14: SecurityInfos, still ASN.1."""
    return _group(file, 14)


def active_authentication_key(file: bytes) -> bytes:
    """DG15: a SubjectPublicKeyInfo, still ASN.1."""
    return _group(file, 15)


def security_object(file: bytes) -> bytes:
    """EF.SOD: a CMS SignedData, still ASN.1."""
    return tlv.only(file, SOD_TAG)


def _group(file: bytes, number: int) -> bytes:
    return tlv.only(file, GROUP_TAGS[number - 1])


def _tagged_face(block: bytes) -> Portrait:
    for tag in _FACE_PATH:
        found = next((value for each, value in tlv.parse(block) if each == tag), None)
        if found is None:
            raise broken(f"DG2: neither ISO/IEC 19794-5 nor 39794-5, no {tag:02X}")
        block = found
    return _picture(block)


def _recorded_face(record: bytes) -> Portrait:
    if len(record) < _FACE_HEADER:
        raise broken("DG2: facial record is not whole")
    length, faces = int.from_bytes(record[8:12], "big"), int.from_bytes(record[12:14], "big")
    if length != len(record) or not 1 <= faces <= MAX_FACES:
        raise broken("DG2: lengths of the facial record")
    face = record[_FACE_HEADER:]
    size = int.from_bytes(face[:4], "big")
    points = int.from_bytes(face[4:6], "big")
    image_information = _FACE_INFORMATION + points * _FEATURE_POINT
    image = image_information + _IMAGE_INFORMATION
    if not image < size <= len(face):
        raise broken("DG2: lengths of the face")
    picture = _picture(face[image:size])
    if _IMAGE_TYPES.get(face[image_information + 1]) != picture.encoding:
        raise broken("DG2: the picture is not what it says")
    return picture


def _picture(data: bytes) -> Portrait:
    try:
        picture = Portrait.detect(data)
    except UnknownEncoding:
        raise broken("DG2: unknown picture") from None
    if picture.encoding not in _IMAGE_TYPES.values():
        raise broken("DG2: neither JPEG nor JPEG 2000")
    return picture


def _text(objects: dict[int, bytes], tag: int) -> str:
    """UTF-8, with fillers for blanks where the issuer copied the MRZ's way."""
    value = objects.get(tag, b"")
    if len(value) > MAX_TEXT_BYTES:
        raise broken(f"LDS: text {tag:04X} is too long")
    try:
        return " ".join(value.decode("utf-8").replace(mrz.FILLER, " ").split())
    except UnicodeDecodeError:
        raise broken(f"LDS: text {tag:04X} is not UTF-8") from None


def _full_day(objects: dict[int, bytes], tag: int) -> date | None:
    """YYYYMMDD in ASCII, or packed into four bytes as early documents have it. None when absent or in part unknown."""
    value = objects.get(tag, b"")
    digits = value.hex() if len(value) == 4 else value.decode("ascii", "replace")
    if len(digits) != 8 or not (digits.isascii() and digits.isdecimal()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        if digits.endswith("00"):
            return None
        raise broken(f"LDS: day {tag:04X}") from None
