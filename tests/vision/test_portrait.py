"""What a card may hold as its portrait: every other thing is refused with a word about it, none of it personal."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from vision_bench import card_portrait

from hardware.cards.portrait.answer import BYTES_MOST
from hardware.cards.portrait.port import PortraitDecoder
from kiosk.vision.portrait import PortraitUnreadable, decode, face_in
from models.embedding import Embedder
from models.landmarks import FaceMesh

DECODER = PortraitDecoder()


def encoded(kind: str, size: tuple[int, int] = (102, 126)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (120, 90, 80)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("encoding, kind", [("webp", "WEBP"), ("jpeg", "JPEG"), ("jp2", "JPEG2000")])
def test_three_formats_are_decoded(encoding: str, kind: str) -> None:
    picture = decode(encoded(kind), encoding, DECODER)
    assert picture.shape == (126, 102, 3)
    assert np.abs(picture[60, 50].astype(int) - (120, 90, 80)).max() <= 4


@pytest.mark.parametrize(
    "data, encoding, word",
    [
        (b"\x01\x02", "wlt", "no decoder for WLT"),
        (encoded("PNG"), "png", "unknown encoding"),
        (encoded("PNG"), "webp", "damaged"),
        (encoded("JPEG"), "webp", "damaged"),
        (encoded("WEBP")[:60], "webp", "damaged"),
        (b"", "jpeg", "0 bytes"),
        (bytes(BYTES_MOST + 1), "jpeg", "bytes"),
        (encoded("WEBP", (4000, 4000)), "webp", "4000 x 4000"),
        (encoded("JPEG", (16, 16)), "jpeg", "16 x 16"),
    ],
    ids=["wlt", "unknown", "png as webp", "jpeg as webp", "cut short", "empty", "too long", "too large", "too small"],
)
def test_everything_else_is_refused(data: bytes, encoding: str, word: str) -> None:
    with pytest.raises(PortraitUnreadable, match=word) as refusal:
        decode(data, encoding, DECODER)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@pytest.fixture(scope="module")
def faces() -> Iterator[FaceMesh]:
    found = FaceMesh.for_stills()
    yield found
    found.close()


@pytest.fixture(scope="module")
def embedder(assets: Path) -> Embedder:
    return Embedder(assets / "models", "dlib-face-resnet-v1")


def test_one_kilobyte_is_enough_for_the_demonstration(faces: FaceMesh, embedder: Embedder, assets: Path) -> None:
    """102 x 126 pixels in 1 KB against the large picture they were made from. A07."""
    large = io.BytesIO()
    with Image.open(assets / "portrait.png") as picture:
        picture.convert("RGB").save(large, "JPEG", quality=95)
    card, print_ = (
        embedder.embed(embedder.chip(*face_in(data, encoding, DECODER, faces)))
        for data, encoding in ((card_portrait(assets / "portrait.png"), "webp"), (large.getvalue(), "jpeg"))
    )
    assert card.distance(print_) < embedder.point.same_at_most - 0.1


def test_a_portrait_without_a_face(faces: FaceMesh, embedder: Embedder) -> None:
    with pytest.raises(PortraitUnreadable, match="no face"):
        face_in(encoded("WEBP"), "webp", DECODER, faces)
