"""Pages as pictures and as text, within limits."""

import pytest
from fpdf import FPDF
from sealed_samples import ZHANG, compose

from kiosk.documents.render import draw_page, page_texts
from kiosk.reasons import Reason, Refused


def test_a4_at_150_dpi() -> None:
    picture = draw_page(compose(), 0, 150)
    assert (picture.width, picture.height, len(picture.rgb)) == (1241, 1754, 1241 * 1754 * 3)


@pytest.mark.parametrize(("page", "dpi"), [(0, 0), (0, 301), (-1, 100), (2, 100)])
def test_what_cannot_be_drawn(page: int, dpi: int) -> None:
    with pytest.raises(Refused) as refused:
        draw_page(compose(pages=2), page, dpi)
    assert refused.value.reason is Reason.DOCUMENT_UNSAFE


def test_a_page_as_large_as_a_house() -> None:
    with pytest.raises(Refused, match="pixels"):
        draw_page(compose(shape=(5000, 5000)), 0, 100)


def test_the_text_of_every_page() -> None:
    texts = list(page_texts(compose(pages=3)))
    assert len(texts) == 3
    assert all(ZHANG.number in text for text in texts)


def test_too_much_text() -> None:
    document = FPDF(format="A4")
    document.add_page()
    document.set_font("helvetica", size=12)
    document.text(10, 10, "1" * 25_000)
    with pytest.raises(Refused, match="text"):
        list(page_texts(bytes(document.output())))
