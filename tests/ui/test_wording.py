"""The texts themselves: complete, typographically right, drawable by our typeface, legible in our colours."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from fontTools.ttLib import TTFont

from kiosk.pages import Text
from kiosk.reasons import EXPLANATIONS
from kiosk.ui import wording
from kiosk.ui.theme import icons, scenes
from kiosk.ui.theme.tokens import COLOURS, TILE_TONES, contrast

HALF_WIDTH_IN_CHINESE = re.compile(r"[\u4e00-\u9fff）」”][,.!?:;()]|[,.!?:;()][\u4e00-\u9fff（「“]")
LATIN_NEXT_TO_CHINESE = re.compile(r"[\u4e00-\u9fff][A-Za-z]|[A-Za-z][\u4e00-\u9fff]")


def _texts(value: object, name: str) -> Iterator[tuple[str, Text]]:
    if isinstance(value, Text):
        yield name, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, f"{name}[{key}]")
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from _texts(each, f"{name}[{number}]")


def _all() -> list[tuple[str, Text]]:
    found = [pair for name, value in vars(wording).items() if name.isupper() for pair in _texts(value, name)]
    for reason, explanation in EXPLANATIONS.items():
        found.append((f"{reason.name}.what", Text(explanation.zh.what, explanation.en.what)))
        found.append((f"{reason.name}.next", Text(explanation.zh.next, explanation.en.next)))
    return found


ALL = _all()


@pytest.mark.parametrize(("name", "text"), ALL, ids=[name for name, _ in ALL])
def test_both_languages_are_there_and_well_set(name: str, text: Text) -> None:
    assert text.zh.strip() == text.zh != ""
    assert text.en.strip() == text.en != ""
    assert set(re.findall(r"{\w+}", text.zh)) == set(re.findall(r"{\w+}", text.en))
    if name != "OTHER_LANGUAGE":
        assert not HALF_WIDTH_IN_CHINESE.search(text.zh)
        assert not LATIN_NEXT_TO_CHINESE.search(re.sub(r"{\w+}", "", text.zh))
        assert not re.search(r"[\u3000-\u303f\uff00-\uffef\u4e00-\u9fff]", text.en)


@pytest.mark.parametrize("weight", ["Regular", "Bold"])
def test_the_typeface_has_every_glyph(fonts: Path, weight: str) -> None:
    with TTFont(fonts / f"NotoSansSC-{weight}.otf", lazy=True) as face:
        known = face.getBestCmap()
    used = {character for _, text in ALL for character in text.zh + text.en} | set(wording.day(datetime.now(), "zh"))
    assert {character for character in used if ord(character) not in known} == set()


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("ink", "page"),
        ("ink", "surface"),
        ("ink", "good_tint"),
        ("ink", "warn_tint"),
        ("ink_soft", "page"),
        ("ink_soft", "surface"),
        ("ink_soft", "line"),
        ("brand", "page"),
        ("brand", "surface"),
        ("brand", "brand_tint"),
        ("brand", "brand_tint_pressed"),
        ("ink", "brand_tint_pressed"),
        ("ink_soft", "brand_tint_pressed"),
        ("on_dark", "brand"),
        ("on_dark", "brand_pressed"),
        ("on_dark_soft", "brand"),
        ("on_dark", "good"),
        ("on_dark", "warn"),
        ("good", "good_tint"),
        ("good", "page"),
        ("warn", "warn_tint"),
        ("warn", "page"),
        ("on_disabled", "disabled"),
    ],
)
def test_text_stands_out(ink: str, ground: str) -> None:
    """WCAG 1.4.3: at least 4.5:1."""
    assert contrast(COLOURS[ink], COLOURS[ground]) >= 4.5


@pytest.mark.parametrize(("tone", "tint"), TILE_TONES)
def test_tile_drawings_stand_out(tone: tuple[float, ...], tint: tuple[float, ...]) -> None:
    """WCAG 1.4.11: at least 3:1."""
    assert contrast(tone, tint) >= 3


@pytest.mark.parametrize("name", icons.ICONS)
def test_drawings_stay_on_their_grid(name: str) -> None:
    points = [point for line in icons.polylines(name) for point in line]
    assert points
    assert all(2 <= x <= 22 and 2 <= y <= 22 for x, y in points)


def test_a_drawing_that_only_the_platform_knows_is_a_document() -> None:
    """A name of ours that is misspelt is found by mypy."""
    assert set(get_args(icons.Drawing)) == set(icons.ICONS)
    assert icons.of_a_kind("no such drawing") == "document"
    assert icons.of_a_kind("home") == "home"


def test_scenes_use_known_colours() -> None:
    assert {shape[1] for scene in scenes.SCENES.values() for shape in scene} <= set(COLOURS)


def test_dates_in_words() -> None:
    assert wording.in_words("2027-05-23", "zh") == "2027年5月23日"
    assert wording.in_words("2027-05-23", "en") == "23 May 2027"
    assert wording.in_words("长期", "zh") == "长期"
    assert wording.day(datetime(2026, 11, 23), "zh") == "11月23日 星期一"


def test_a_moment_is_told_by_the_clock_of_the_hall(monkeypatch: pytest.MonkeyPatch) -> None:
    """GB/T 7408: whatever the machine's own zone is, as the clock in the head of each page."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert wording.to_the_second(datetime(2026, 11, 25, 10, 0, 5, tzinfo=UTC)) == "18:00:05"
    finally:
        monkeypatch.undo()
        time.tzset()
