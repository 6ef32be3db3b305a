"""Typing on the glass what opens a travel document: large keys, a blank after the other, and nothing sent before it is
whole (E01)."""

from typing import Any

import pytest

from kiosk.pages import (
    DOCUMENT_NUMBER_MOST,
    Action,
    Language,
    OpenDocument,
    OtherWay,
    StillHere,
    TypedCan,
    TypedMrz,
    Way,
)
from tests.ui.geometry import faults
from tests.ui.stage import Stage

RESIDENT_NUMBER = "11010519491231002X"


def type_in(stage: Stage, keys: str, shown: str) -> None:
    """Each key is seen to have done something; in the end `shown` stands in a blank."""
    for key in keys:
        before = texts(stage.seen)
        stage.tap(f"key:{key}")
        stage.until(lambda s, before=before: texts(s) != before)
    assert shown in texts(stage.seen)


def texts(snapshot: dict[str, Any]) -> list[str]:
    return [item["text"] for item in snapshot["items"] if item["role"] == "label"]


def whole(stage: Stage) -> bool:
    return bool(stage.item("open")["enabled"])


def said(stage: Stage) -> Action:
    """What the desk hears at last; before that, at least once, that somebody is there."""
    heard = [stage.act().action]
    while heard[-1] == StillHere():
        heard.append(stage.act().action)
    assert len(heard) > 1
    return heard[-1]


def test_six_digits(half_stage: Stage) -> None:
    half_stage.show(OpenDocument(Way.CAN))
    type_in(half_stage, "1247", "1247")
    type_in(half_stage, "<<345", "12345")
    assert not whole(half_stage)
    type_in(half_stage, "6", "123456")
    assert whole(half_stage)
    half_stage.tap("open")
    assert said(half_stage) == TypedCan("123456")


def test_number_and_days(half_stage: Stage) -> None:
    half_stage.show(OpenDocument(Way.MRZ), "en")
    type_in(half_stage, "L8902C3", "L8902C3")
    half_stage.tap("blank:birth")
    half_stage.until(lambda s: not any(item["id"] == "key:L" for item in s["items"]))
    type_in(half_stage, "19740812", "1974 08 12")
    assert faults(half_stage.seen["items"], scale=0.5) == []
    type_in(half_stage, "20300231", "2030 02 31")
    assert not whole(half_stage), "there is no such day"
    type_in(half_stage, "<<28", "2030 02 28")
    assert whole(half_stage)
    half_stage.tap("open")
    assert said(half_stage) == TypedMrz("L8902C3", "19740812", "20300228")


def test_no_blank_takes_a_resident_number(half_stage: Stage) -> None:
    """E01: no widget accepts 18 characters."""
    half_stage.show(OpenDocument(Way.MRZ))
    typed = RESIDENT_NUMBER[:DOCUMENT_NUMBER_MOST]
    type_in(half_stage, typed, typed)
    for key in RESIDENT_NUMBER[DOCUMENT_NUMBER_MOST:]:
        half_stage.tap(f"key:{key}")
    type_in(half_stage, "<", typed[:-1])


def test_the_other_way_and_an_update_of_the_same_page(half_stage: Stage) -> None:
    """The countdown that is called off, or a page shown again, takes nothing of what was typed."""
    page = OpenDocument(Way.CAN)
    half_stage.show(page)
    type_in(half_stage, "12", "12")
    half_stage.show(page, countdown_s=20)
    half_stage.show(page)
    assert "12" in texts(half_stage.seen)
    half_stage.tap("other-way")
    assert said(half_stage) == OtherWay()


@pytest.mark.parametrize(
    ("language", "sentence"), [("zh", "这不是公民身份号码，不能用来查询任何人"), ("en", "This is no identity number")]
)
def test_it_says_what_this_is_not(half_stage: Stage, language: Language, sentence: str) -> None:
    assert sentence in " ".join(texts(half_stage.show(OpenDocument(Way.MRZ), language)))
