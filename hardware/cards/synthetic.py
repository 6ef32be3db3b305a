"""Invented citizens and their cards, for demonstrations and tests.

Nobody here exists. The region code 119999 has the shape of a county of Beijing but was never assigned (there is no
division 1199), so no real number can begin with it; check characters are computed.

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
from hardware.cards.resident_number import check_character

PORTRAIT_BLOCK_BYTES: Final = 1024
PORTRAIT_SIZE_PX: Final = (102, 126)
UNASSIGNED_REGION: Final = "119999"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticCard:
    """What is written on one emulated card. `sex` and `nation` are codes; `flag`: the kind, blank for resident.

    Nothing is validated, so that a bad card can be made with `dataclasses.replace`.
    """

    name: str
    sex: str
    nation: str
    birth: str
    address: str
    number: str
    issuer: str
    valid_from: str
    valid_until: str
    portrait: bytes
    flag: str = " "
    new_addresses: tuple[str, ...] = ()

    def text_block(self) -> bytes:
        """The 256 bytes, fields padded with blanks. Raises ValueError when a field is too long."""
        layout = sdt_text.RESIDENT_LAYOUT
        return b"".join(_padded(getattr(self, field, ""), width) for field, width in layout.items())

    def extra_address_block(self) -> bytes:
        """The addresses written since the card was issued, 70 bytes each, the newest last."""
        return b"".join(_padded(address, 70) for address in self.new_addresses)


def number(birth: date, order: str) -> str:
    """An invented person's number. `order`: three digits, the last one odd for men."""
    first_seventeen = f"{UNASSIGNED_REGION}{birth:%Y%m%d}{order}"
    return first_seventeen + check_character(first_seventeen)


def citizens(portrait: bytes) -> tuple[SyntheticCard, ...]:
    """Four people who share one face: valid, without end, of a nation with a long name, and expired in 2015."""
    return (
        _citizen("章三样", "男", "汉", date(1990, 3, 7), "121", date(2016, 5, 4), "20360504", portrait),
        _citizen("李试", "女", "回", date(1958, 11, 30), "204", date(2010, 1, 20), "长期", portrait),
        _citizen("古丽·样本", "女", "维吾尔", date(2001, 2, 28), "366", date(2020, 9, 1), "20300901", portrait),
        _citizen("王过期", "男", "汉", date(1985, 7, 15), "407", date(2005, 6, 1), "20150601", portrait),
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


def _code(table: Mapping[str, str], meaning: str) -> str:
    return next(code for code, word in table.items() if word == meaning)


def _padded(text: str, width: int) -> bytes:
    encoded = text.encode("utf-16-le")
    if len(encoded) > width:
        raise ValueError(f"a field of {width} bytes cannot hold {len(encoded)}")
    return encoded + " ".encode("utf-16-le") * ((width - len(encoded)) // 2)
