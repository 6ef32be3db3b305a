"""Which resident numbers stand on a page (GB 11643), however they are set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sealed_samples import NONCE, OTHER, ZHANG

from hardware.cards.resident_number import check_character
from kiosk.documents.digests import number_digest
from kiosk.documents.numbers import number_digests

N = ZHANG.number
FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


@pytest.mark.parametrize(
    "text",
    [
        N,
        f"公民身份号码{N}。",
        f"No.{N},",
        N.translate(FULL_WIDTH),
        " ".join(N),
        "  ".join(N),
        "\u00a0".join(N),
        "\u200b".join(N),
        f"{N[:6]} {N[6:14]}\n{N[14:]}",
        f"20261123 {N}",
        f"{N} 20261123",
        f"{N}{'，'}{N}",
    ],
)
def test_it_is_found(text: str) -> None:
    assert number_digests([text], NONCE) == (number_digest(NONCE, ZHANG),)


@pytest.mark.parametrize("x", ["X", "x", "Ｘ", "ｘ"])
def test_the_check_character_x_in_every_form(x: str) -> None:
    assert number_digests([OTHER.number[:17] + x], NONCE) == (number_digest(NONCE, OTHER),)


@pytest.mark.parametrize(
    "text",
    [
        "",
        N[:17],
        N[:17] + "5",
        f"1{N}",
        f"{N}1",
        f"{N[:6]}********{N[14:]}",
        "99990019901301001" + check_character("99990019901301001"),
        (" " * 9).join(N),
    ],
    ids=["empty", "short", "check", "longer left", "longer right", "masked", "month 13", "columns"],
)
def test_it_is_not_found(text: str) -> None:
    assert number_digests([text], NONCE) == ()


@given(st.text(max_size=300))
def test_no_text_is_a_problem(text: str) -> None:
    assert set(number_digests([text, text], NONCE)) == set(number_digests([text], NONCE))


def test_a_long_page_takes_linear_time() -> None:
    number_digests(["1 " * 100_000, "1    " * 40_000, " " * 200_000], NONCE)
