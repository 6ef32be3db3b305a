"""E01, E05: only a reader makes a reading, and a reading shows itself masked."""

import copy
import pickle
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from card_samples import VALID, WEBP
from PIL import Image

from hardware.cards.port import Can, Mrz
from hardware.cards.reading import _MINT, Authenticity, CardReading, Kind, Portrait, UnknownEncoding
from hardware.cards.synthetic import PORTRAIT_BLOCK_BYTES, PORTRAIT_SIZE_PX, portrait_block, webp_portrait


def reading(mint: object = _MINT, number: str = VALID.number) -> CardReading:
    return CardReading(
        mint=mint,
        kind=Kind.RESIDENT,
        name=VALID.name,
        sex="男",
        nation="汉",
        birth=date(1990, 3, 7),
        address=VALID.address,
        number=number,
        issuer=VALID.issuer,
        valid_from=date(2016, 5, 4),
        valid_until=None,
        portrait=Portrait.detect(VALID.portrait),
        reader_id="05.01-20101129-0001228293-0296863149",
        authenticity=Authenticity("reader", ("sam-id bound",)),
    )


def test_nobody_else_makes_a_reading() -> None:
    """E01"""
    with pytest.raises(TypeError, match="only a card reader"):
        reading(mint=object())


def test_it_shows_itself_masked() -> None:
    """E05: digits 7 to 14 are hidden."""
    shown = f"{reading()!r} {reading()} {[reading()]}"
    for secret in (VALID.name, VALID.number, VALID.birth, "1990", VALID.address, VALID.issuer):
        assert secret not in shown
    assert reading().masked_number == f"119999********{VALID.number[14:]}"
    assert reading().masked_name == "章*"


def test_of_other_numbers_only_the_last_two_characters_are_shown() -> None:
    """E05: where the day of birth stands in them differs from kind to kind."""
    assert reading(number="UTO119985010112").masked_number == "*************12"
    assert reading(number="X4").masked_number == "X4"


def test_what_opens_a_chip_is_not_shown_either() -> None:
    shown = f"{Mrz('L898902C<', '690806', '940623')!r} {Can('123456')}"
    assert shown == "Mrz(…) Can(…)"


@pytest.mark.parametrize(
    "values",
    [
        ("", "690806", "940623"),
        ("l898902c<", "690806", "940623"),
        ("L" * 23, "690806", "940623"),
        ("L898902C<", "19690806", "940623"),
        ("L898902C<", "69O806", "940623"),
        ("L898902C<", "690806", "9406<<"),
    ],
)
def test_an_mrz_that_cannot_be_is_refused_without_quoting_it(values: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError) as raised:
        Mrz(*values)
    assert not any(value and value in str(raised.value) for value in values)


def test_an_mrz_may_leave_parts_of_the_birth_open() -> None:
    assert Mrz("L898902C<", "69<<<<", "940623").birth == "69<<<<"


@pytest.mark.parametrize("digits", ["", "12345", "1234567", "12345X", "１２３４５６"])
def test_a_card_access_number_is_six_digits(digits: str) -> None:
    with pytest.raises(ValueError, match="six digits"):
        Can(digits)


@pytest.mark.parametrize("spread", [pickle.dumps, copy.copy, copy.deepcopy])
@pytest.mark.parametrize(
    "evidence",
    [reading(), reading().portrait, Mrz("L898902C<", "690806", "940623"), Can("123456")],
    ids=["reading", "portrait", "mrz", "can"],
)
def test_it_is_not_spread(spread: object, evidence: object) -> None:
    with pytest.raises(TypeError, match="personal data"):
        spread(evidence)  # type: ignore[operator]


def test_it_cannot_be_changed_or_extended() -> None:
    evidence = reading()
    assert not hasattr(evidence, "__dict__")
    with pytest.raises(AttributeError):
        evidence.name = "another"  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        evidence.note = "more"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("block", "encoding"),
    [
        (b"WL\x66\x00\x7e\x00", "wlt"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (bytes.fromhex("0000000C6A5020200D0A870A"), "jp2"),
        (bytes.fromhex("FF4FFF51"), "jp2"),
        (portrait_block(WEBP), "webp"),
    ],
)
def test_a_portrait_is_known_by_its_first_bytes(block: bytes, encoding: str) -> None:
    assert Portrait.detect(block).encoding == encoding


@pytest.mark.parametrize("block", [b"", bytes(1024), b"GIF89a", b"RIFF\x00\x00\x00\x00WAVE"])
def test_other_bytes_are_no_portrait(block: bytes) -> None:
    with pytest.raises(UnknownEncoding):
        Portrait.detect(block)


def test_the_padding_of_the_block_is_not_part_of_the_picture() -> None:
    assert Portrait.detect(portrait_block(WEBP)).data == WEBP


def test_a_real_face_fits_into_the_block(assets: Path) -> None:
    webp = webp_portrait(assets / "portrait.png", (150, 10, 320, 220))
    assert webp[8:12] == b"WEBP"
    assert len(portrait_block(webp)) == PORTRAIT_BLOCK_BYTES
    with Image.open(BytesIO(webp)) as picture:
        assert picture.size == PORTRAIT_SIZE_PX


def test_what_does_not_fit_is_refused() -> None:
    noise = Image.merge("RGB", [Image.effect_noise(PORTRAIT_SIZE_PX, 255) for _ in "RGB"])
    with pytest.raises(ValueError, match="do not fit"):
        portrait_block(bytes(PORTRAIT_BLOCK_BYTES + 1))
    with pytest.raises(ValueError, match="does not fit"):
        webp_portrait(noise, (0, 0, *PORTRAIT_SIZE_PX))
