"""Invented citizens and their cards, for demonstrations and tests.

Nobody here exists. The region code 119999 has the shape of a county of Beijing but was never assigned (there is no
division 1199), so no real number can begin with it. Likewise 999 is no numeric code of a country and 9999 no place of
application; the order 000 of residence permits is not given to anybody. Check characters are computed.

A real card carries its portrait as WLT, a closed format that only the vendor's library decodes. An emulated card has
the same 1024-byte block, but with a WebP in it, padded with zeros: a stand-in for the encoding, not for anything
else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

from hardware.cards import sdt_text
from hardware.cards.codes import NATION, SEX
from hardware.cards.reading import Kind
from hardware.cards.resident_number import check_character

PORTRAIT_BLOCK_BYTES: Final = 1024
PORTRAIT_SIZE_PX: Final = (102, 126)
UNASSIGNED_REGION: Final = "119999"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticCard:
    """What is written on one emulated card, as `CardReading` names it. `sex` and `nation` are codes, days YYYYMMDD.

    `new_addresses`: those written since the card was issued, the newest last. Nothing is validated, so that a bad card
    can be made with `dataclasses.replace`.
    """

    kind: Kind = Kind.RESIDENT
    name: str
    latin_name: str = ""
    sex: str
    nation: str = ""
    nationality: str = ""
    birth: str
    address: str = ""
    number: str
    pass_number: str = ""
    issue_count: str = ""
    related_number: str = ""
    issuer: str = ""
    valid_from: str
    valid_until: str
    portrait: bytes
    new_addresses: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        return sdt_text.FLAGS[self.kind]

    def text_block(self) -> bytes:
        """The 256 bytes, fields padded with blanks. Raises ValueError when a field is too long."""
        layout = sdt_text.LAYOUTS[self.kind]
        values = {field: getattr(self, field, "") for field, _ in layout}
        if "latin_name_rest" in values:
            first = dict(layout)["latin_name"] // 2
            values |= {"latin_name": self.latin_name[:first], "latin_name_rest": self.latin_name[first:]}
        return b"".join(_padded(values[field], width) for field, width in layout)

    def extra_address_block(self) -> bytes:
        """The addresses written since the card was issued, as many places of 70 bytes as are filled."""
        return b"".join(_padded(address, sdt_text.ADDRESS_BYTES) for address in self.new_addresses)


def number(birth: date, order: str) -> str:
    """An invented person's number. `order`: three digits, the last one odd for men."""
    return _checked(f"{UNASSIGNED_REGION}{birth:%Y%m%d}{order}")


def residence_permit_number(birth: date, place: str) -> str:
    """An invented number of a resident permit. `place`: 81 Hong Kong, 82 Macau, 83 Taiwan."""
    return _checked(f"{place}0000{birth:%Y%m%d}000")


def permanent_residence_number(birth: date, order: str) -> str:
    """An invented number of a foreigner's card of 2023."""
    return _checked(f"911999{birth:%Y%m%d}{order}")


def citizens(portrait: bytes) -> tuple[SyntheticCard, ...]:
    """Four people who share one face: valid, without end, of a nation with a long name, and expired in 2015."""
    return (
        _citizen("章三样", "男", "汉", date(1990, 3, 7), "121", date(2016, 5, 4), "20360504", portrait),
        _citizen("李试", "女", "回", date(1958, 11, 30), "204", date(2010, 1, 20), "长期", portrait),
        _citizen("古丽·样本", "女", "维吾尔", date(2001, 2, 28), "366", date(2020, 9, 1), "20300901", portrait),
        _citizen("王过期", "男", "汉", date(1985, 7, 15), "407", date(2005, 6, 1), "20150601", portrait),
    )


def foreigners_and_others(portrait: bytes) -> tuple[SyntheticCard, ...]:
    """One person for each other layout, who share one face: from Macau, and foreigners with cards of 2017 and 2023."""
    return (
        SyntheticCard(
            kind=Kind.HMT_RESIDENCE,
            name="何例",
            sex=_code(SEX, "女"),
            birth="19930815",
            address="示范市样例区虚构路2号",
            number=residence_permit_number(date(1993, 8, 15), "82"),
            pass_number="M00000000",
            issue_count="02",
            issuer="示范市公安局样例分局",
            valid_from="20230301",
            valid_until="20280301",
            portrait=portrait,
        ),
        SyntheticCard(
            kind=Kind.FOREIGN_2017,
            name="欧拉·样本",
            latin_name="SPECIMEN, OLA MARIE",
            sex=_code(SEX, "女"),
            nationality="NOR",
            birth="19780228",
            number="NOR999978022801",
            issuer="9999",
            valid_from="20190110",
            valid_until="20290110",
            portrait=portrait,
        ),
        SyntheticCard(
            kind=Kind.FOREIGN_2023,
            name="",
            latin_name="EXAMPLEFORD-TESTINGHAM, MAXIMILIAN BALTHASAR",
            sex=_code(SEX, "男"),
            nationality="AUT",
            birth="19690420",
            number=permanent_residence_number(date(1969, 4, 20), "007"),
            issue_count="01",
            related_number="A07",
            valid_from="20240105",
            valid_until="20340105",
            portrait=portrait,
        ),
    )


def portrait_block(webp: bytes) -> bytes:
    """A WebP picture as the portrait block of an emulated card. Raises ValueError when it does not fit."""
    if len(webp) > PORTRAIT_BLOCK_BYTES:
        raise ValueError(f"{len(webp)} bytes do not fit into a portrait block of {PORTRAIT_BLOCK_BYTES}")
    return webp.ljust(PORTRAIT_BLOCK_BYTES, b"\0")


def webp_portrait(picture: Path | Image.Image, box: tuple[int, int, int, int]) -> bytes:
    """The part `box` (left, top, right, bottom, pixels) as a 102x126 WebP, as good as 1024 bytes allow.

    Raises ValueError when even the lowest quality is too large.
    """
    if isinstance(picture, Path):
        with Image.open(picture) as opened:
            return webp_portrait(opened.convert("RGB"), box)
    face = ImageOps.fit(picture.convert("RGB").crop(box), PORTRAIT_SIZE_PX, Image.Resampling.LANCZOS)
    for quality in range(80, -1, -2):
        encoded = BytesIO()
        face.save(encoded, "WEBP", quality=quality, method=6)
        if encoded.tell() <= PORTRAIT_BLOCK_BYTES:
            return encoded.getvalue()
    raise ValueError("this picture does not fit into a portrait block")


def _citizen(
    name: str, sex: str, nation: str, birth: date, order: str, valid_from: date, valid_until: str, portrait: bytes
) -> SyntheticCard:
    return SyntheticCard(
        name=name,
        sex=_code(SEX, sex),
        nation=_code(NATION, nation),
        birth=f"{birth:%Y%m%d}",
        address="示范市样例区虚构路1号",
        number=number(birth, order),
        issuer="示范市公安局样例分局",
        valid_from=f"{valid_from:%Y%m%d}",
        valid_until=valid_until,
        portrait=portrait,
    )


def _checked(first_seventeen: str) -> str:
    return first_seventeen + check_character(first_seventeen)


def _code(table: Mapping[str, str], meaning: str) -> str:
    return next(code for code, word in table.items() if word == meaning)


def _padded(text: str, width: int) -> bytes:
    encoded = text.encode("utf-16-le")
    if len(encoded) > width:
        raise ValueError(f"a field of {width} bytes cannot hold {len(encoded)}")
    return encoded + " ".encode("utf-16-le") * ((width - len(encoded)) // 2)
