"""Invented cards for the tests of this room; the portrait is a grey rectangle."""

from datetime import date

from PIL import Image

from hardware.cards.synthetic import (
    PORTRAIT_SIZE_PX,
    SyntheticCard,
    citizens,
    foreigners_and_others,
    portrait_block,
    webp_portrait,
)

TODAY = date(2026, 6, 1)
WEBP = webp_portrait(Image.new("RGB", PORTRAIT_SIZE_PX, "grey"), (0, 0, *PORTRAIT_SIZE_PX))
CITIZENS = citizens(portrait_block(WEBP))
VALID, ENDLESS, LONG_NATION, EXPIRED = CITIZENS
OTHERS = foreigners_and_others(portrait_block(WEBP))
FROM_MACAU, FOREIGNER_2017, FOREIGNER_2023 = OTHERS


def today() -> date:
    return TODAY


def with_wrong_check_character(card: SyntheticCard) -> str:
    return card.number[:17] + ("1" if card.number[17] != "1" else "2")
