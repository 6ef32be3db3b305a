"""Guides: complete, found in three ways, and about nobody (B01 to B10, B30)."""

import dataclasses
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hall_world import HallWorld

from platform_client import binding, wire
from platform_client.binding import Message
from platform_client.guides import (
    ASKED_MOST,
    DIRECTORY,
    FULL_TEXT,
    FUZZY,
    GUIDE,
    THEMES,
    DirectorySearch,
    FullTextSearch,
    FuzzySearch,
    Guide,
    GuideCall,
    GuideElements,
    GuideMaterial,
    GuideRefusal,
    GuideStage,
    Stage,
    shows_somebody,
)
from platform_client.kinds import Bilingual
from platform_client.sandbox.hall.guidebook import written
from platform_client.sandbox.hall.plan import arranged
from platform_client.sandbox.hall.search import initials

GUIDES = {guide.code: guide for guide in written().guides}
ELEMENTS = (
    *("name", "type", "legal_basis", "agency", "statutory_limit", "promised_limit", "result_name", "result_sample"),
    *("fee_standard", "fee_basis", "materials", "flow", "handling", "review_standard", "area", "appointment"),
    *("online_payment", "delivery", "place", "hours", "consult_phone", "supervision_phone"),
)


def texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case tuple():
            for each in value:
                yield from texts(each)
        case Message():
            for name in type(value).__struct_fields__:
                yield from texts(getattr(value, name))


# --- what a guide is -------------------------------------------------------------------------------------------------


def test_22_elements_and_9_fields_and_8_stages_of_5() -> None:
    """B01, B02, B03: in the order of the seed; a material's code is the tenth, by which an upload names it."""
    assert GuideElements.__struct_fields__ == ELEMENTS
    assert len(ELEMENTS) == 22
    assert len(GuideMaterial.__struct_fields__) == 9 + 1
    assert len(GuideStage.__struct_fields__) == 5 + 1
    assert len(Stage) == 8


@pytest.mark.parametrize("element", ELEMENTS)
def test_a_guide_without_one_element_is_none(element: str) -> None:
    """B01: the schema refuses it in both directions; what there is not is stated by an empty element."""
    guide = GUIDES["social-card"]
    root = wire.parse(binding.encode(guide), wire.PLATFORM)
    name = "".join(part.capitalize() for part in element.split("_"))
    found = root.find(f"{{*}}Elements/{{*}}{name}")
    assert found is not None
    parent = found.getparent()
    assert parent is not None
    parent.remove(found)
    with pytest.raises(wire.NotOurs):
        wire.serialise(root, wire.PLATFORM)


@pytest.mark.parametrize("code", sorted(GUIDES))
def test_each_guide_is_complete(code: str) -> None:
    """B01, B02, B03, B30: every stage in its order, every free item says that it is free, only what may be empty is."""
    guide = GUIDES[code]
    elements = guide.elements
    assert [stage.name for stage in elements.flow.stages] == list(Stage)
    assert all(stage.begins for stage in elements.flow.stages)
    may_be_empty = {"fee_basis"}
    for name in GuideElements.__struct_fields__:
        assert getattr(elements, name) != "" or name in may_be_empty, name
    for material in elements.materials.materials:
        assert all((material.name, material.type, material.source, material.copies, material.instructions))
        assert material.standard
    if not elements.online_payment and "每" not in elements.fee_standard:
        assert "不收费" in elements.fee_standard
    assert guide.mode in ("pre-check", "verification", "online")
    guidance = elements.guidance
    assert len(dataclasses.fields(guidance)) == 5
    assert guidance.area == elements.area


@pytest.mark.parametrize("code", sorted(GUIDES))
def test_chinese_is_written_as_chinese(code: str) -> None:
    """Full-width punctuation between Chinese characters, and no space between them; names have English, too."""
    guide = GUIDES[code]
    for text in texts(guide):
        assert not re.search(r"[\u4e00-\u9fff][,;:!?()][\u4e00-\u9fff]", text), text
        assert not re.search(r"[\u4e00-\u9fff] [\u4e00-\u9fff]", text), text
    for name in (
        guide.elements.name,
        guide.elements.agency,
        *(each.name for each in guide.elements.materials.materials),
    ):
        assert re.search(r"[\u4e00-\u9fff]", name.zh)
        assert name.en.isascii()


def test_no_guide_shows_somebody() -> None:
    """B04: samples hide digits 7 to 14; a linter finds one that does not."""
    assert not [text for guide in GUIDES.values() for text in texts(guide) if shows_somebody(text)]
    assert shows_somebody("公民身份号码：999900199001010014。")
    assert not shows_somebody("公民身份号码：999900********0014，编号12345678901234567890")


def test_the_plan_and_the_guides_speak_of_the_same_items() -> None:
    """B11, A20: what can be booked or queued for has a guide, and a window."""
    plan = arranged()
    assert set(plan.items) == set(GUIDES)
    assert all(plan.windows_for[code] for code in plan.items)
    letters = [item.letter for item in plan.items.values()]
    assert len(set(letters)) == len(letters)
    assert "Y" not in letters


# --- the directory ---------------------------------------------------------------------------------------------------


async def test_31_and_34_themes_in_the_order_of_a_life(hall: HallWorld) -> None:
    """B10."""
    themes = (await hall.client.fetch(THEMES)).themes
    natural = [each.name.zh for each in themes if each.audience == "natural"]
    legal = [each.name.zh for each in themes if each.audience == "legal"]
    assert (len(natural), len(legal)) == (31, 34)
    assert (natural[0], natural[-2:], legal[0], legal[-3:]) == (
        "生育收养",
        ["死亡殡葬", "其他"],
        "设立变更",
        ["法人注销", "档案文物", "其他"],
    )
    assert len({each.code for each in themes}) == 65
    counted = {each.code: each.items for each in themes}
    assert counted["household"] == 2
    assert sum(counted.values()) == sum(len(guide.themes) for guide in GUIDES.values())


async def test_a_theme_lists_its_items(hall: HallWorld) -> None:
    """B08: by directory."""
    found = await hall.client.call(DIRECTORY, DirectorySearch("household"))
    assert {hit.code for hit in found.hits} == {"residence-permit", "birth-registration"}
    assert (await hall.client.call(DIRECTORY, DirectorySearch("military"))).hits == ()
    assert await hall.refused(DIRECTORY, DirectorySearch("no-such")) == GuideRefusal.NO_SUCH_THEME.value


async def test_a_guide_comes_as_it_was_written(hall: HallWorld) -> None:
    """A20, B01: element for element."""
    for code, guide in GUIDES.items():
        assert await hall.client.call(GUIDE, GuideCall(code)) == guide
    assert await hall.refused(GUIDE, GuideCall("no-such-item")) == GuideRefusal.NO_SUCH_ITEM.value


# --- search ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("社保卡", "social-card"),
        ("社会保障卡", "social-card"),
        ("sbk", "social-card"),
        ("SBK", "social-card"),
        ("公积金", "housing-fund"),
        ("gjj", "housing-fund"),
        ("新生儿落户口", "birth-registration"),
        ("居住正", "residence-permit"),
        ("residence", "residence-permit"),
        ("营业执照", "company-registration"),
    ],
)
async def test_words_that_come_near_find_it(hall: HallWorld, words: str, first: str) -> None:
    """B08: names, aliases, a slip of the pen, pinyin initials (own extra), English."""
    hits = (await hall.client.call(FUZZY, FuzzySearch(words))).hits
    assert hits[0].code == first
    assert all(sooner.score >= later.score for sooner, later in pairwise(hits))


async def test_words_that_come_near_nothing_find_nothing(hall: HallWorld) -> None:
    """B08."""
    assert (await hall.client.call(FUZZY, FuzzySearch("量子力学"))).hits == ()
    assert (await hall.client.call(FULL_TEXT, FullTextSearch("量子力学"))).hits == ()


async def test_every_word_stands_in_the_full_text(hall: HallWorld) -> None:
    """B08, B09: the words are marked where they stand; who has more of them comes first."""
    found = (await hall.client.call(FULL_TEXT, FullTextSearch("照片"))).hits
    assert [hit.code for hit in found] == ["social-card"]
    for hit in found:
        assert hit.marks
        assert {hit.excerpt[mark.begin : mark.begin + mark.length] for mark in hit.marks} == {"照片"}
    both = (await hall.client.call(FULL_TEXT, FullTextSearch("公安派出所 相片"))).hits
    assert [hit.code for hit in both] == ["residence-permit"]
    assert (await hall.client.call(FULL_TEXT, FullTextSearch("照片 公积金"))).hits == ()
    many = (await hall.client.call(FULL_TEXT, FullTextSearch("居住证"))).hits
    assert many[0].code == "residence-permit"


async def test_what_is_asked_for_most_comes_first(hall: HallWorld) -> None:
    """B08: by how often a guide was opened; nothing says by whom."""
    for code, times in (("residence-permit", 3), ("social-card", 1)):
        for _ in range(times):
            await hall.client.call(GUIDE, GuideCall(code))
    hits = (await hall.client.fetch(ASKED_MOST)).hits
    assert [(hit.code, hit.score) for hit in hits] == [("residence-permit", 3), ("social-card", 1)]


@pytest.mark.parametrize(
    ("text", "expected"), [("社保卡", "sbk"), ("居住证", "jzz"), ("A4 纸", "A4z"), ("啊座", "az"), ("龘", "")]
)
def test_initials(text: str, expected: str) -> None:
    """B08: first-level characters of GB 2312; a rare one has none."""
    assert initials(text) == expected


async def test_a_guide_that_is_written_wrong_is_not_published(hall: HallWorld) -> None:
    """B01, C23: the newest version stays what it was."""
    guide = GUIDES["social-card"]
    broken = msgspec.structs.replace(guide, elements=msgspec.structs.replace(guide.elements, consult_phone="拨打热线"))
    before = hall.hall.guides.content
    with pytest.raises(wire.WireError):
        hall.hall.guides.publish(broken)
    assert hall.hall.guides.content == before
    assert await hall.client.call(GUIDE, GuideCall("social-card")) == guide


async def test_a_changed_guide_is_the_one_that_is_shown(hall: HallWorld) -> None:
    """C23: newest only; and a withdrawn one is gone, but whoever waits for it still has a ticket with a name."""
    guide = GUIDES["social-card"]
    named = msgspec.structs.replace(guide.elements, name=Bilingual("社会保障卡首次申领", "First social security card"))
    newer: Guide = msgspec.structs.replace(guide, version=4, elements=named)
    hall.hall.guides.publish(newer)
    assert await hall.client.call(GUIDE, GuideCall("social-card")) == newer
    hall.hall.guides.withdraw("social-card")
    assert await hall.refused(GUIDE, GuideCall("social-card")) == GuideRefusal.NO_SUCH_ITEM.value
    assert (await hall.client.call(FUZZY, FuzzySearch("社会保障卡首次申领"))).hits == ()
