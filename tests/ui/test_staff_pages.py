"""What a technician sees and does, through the real window: the hidden gesture, the PIN, lines that arrive."""

from pathlib import Path
from queue import Empty

import pytest
from PIL import Image

from kiosk.maintenance.entries import ENTRIES
from kiosk.maintenance.line import Live, Number, fine, wrong
from kiosk.maintenance.pages import (
    Agree,
    Back,
    CallStaff,
    Denied,
    StaffConfirm,
    StaffDenied,
    StaffMenu,
    StaffPin,
    StaffRun,
    StaffTouch,
    Tile,
    Touched,
    TypedPin,
)
from kiosk.maintenance.plan import Group, Role
from kiosk.pages import Action, Cancel, Home, Language, Pick, StillHere, Text
from kiosk.preview import HEIGHT, WIDTH, PreviewRing
from kiosk.reasons import Reason
from kiosk.ui import wording
from tests.ui import samples
from tests.ui.geometry import PX_PER_MM, faults
from tests.ui.stage import Snapshot, Stage

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def texts(snapshot: Snapshot) -> str:
    return " ".join(item["text"] for item in snapshot["items"])


def enabled(snapshot: Snapshot) -> set[str]:
    return {item["id"] for item in snapshot["items"] if item["role"] == "button" and item["enabled"]}


def ask_pin(stage: Stage) -> Snapshot:
    """Of somebody who comes now: the same page in a row keeps what was typed."""
    stage.show(Home(()))
    return stage.show(StaffPin(3))


def type_pin(stage: Stage, digits: str) -> None:
    """Each key is seen to have done something."""
    for digit in digits:
        before = texts(stage.seen)
        stage.tap(f"key:{digit}")
        stage.until(lambda shown, before=before: texts(shown) != before)


def said(stage: Stage) -> Action:
    """What the desk hears at last; before that, that somebody is there."""
    while (action := stage.act().action) == StillHere():
        pass
    return action


# --- the way in ------------------------------------------------------------------------------------------------------


def test_who_holds_the_drawing_in_the_head_calls_for_the_card_prompt(half_stage: Stage) -> None:
    """C16: also while the terminal is out of service, and again: the desk may have had a reason not to hear of it."""
    half_stage.show(Home((), Reason.PAPER_EMPTY))
    for _ in range(2):
        with half_stage.holding(*emblem(0.5)):
            assert half_stage.act().action == CallStaff()


def test_a_tap_a_slide_and_any_other_place_are_nothing(half_stage: Stage) -> None:
    """C16: nobody finds it by leaning on the screen."""
    half_stage.show(Home(samples.KINDS))
    half_stage.tap_at(*emblem(0.5))
    with half_stage.holding(*emblem(0.5)), pytest.raises(Empty):
        half_stage.slide(200, 20)
        half_stage.acts.get(timeout=6)


def test_nothing_on_the_page_tells_of_it(half_stage: Stage) -> None:
    shown = half_stage.show(Home(samples.KINDS))
    assert enabled(shown) == {f"pick:{kind.code}" for kind in samples.KINDS} | {"language"}


def emblem(scale: float) -> tuple[int, int]:
    """The middle of the drawing in the head."""
    return round(23.5 * PX_PER_MM * scale), round(19 * PX_PER_MM * scale)


# --- the PIN ---------------------------------------------------------------------------------------------------------


def test_a_pin_is_typed_and_only_its_length_shows(half_stage: Stage) -> None:
    """C16."""
    ask_pin(half_stage)
    type_pin(half_stage, "24681")
    assert "log-in" not in enabled(half_stage.seen)
    half_stage.tap("key:0")
    half_stage.until(lambda shown: "log-in" in enabled(shown))
    dots = [item["text"] for item in half_stage.seen["items"] if "●" in item["text"]]
    assert dots == ["● ● ● ● ● ●"]
    assert "24681" not in texts(half_stage.seen)
    half_stage.tap("log-in")
    assert said(half_stage) == TypedPin("246810")


def test_the_same_wrong_pin_may_be_typed_twice(half_stage: Stage) -> None:
    """The door forgets a PIN when the card has answered."""
    shown = ask_pin(half_stage)
    for left in (2, 1):
        type_pin(half_stage, "111111")
        half_stage.until(lambda shown: "log-in" in enabled(shown))
        half_stage.tap("log-in")
        assert said(half_stage) == TypedPin("111111")
        half_stage.update(StaffPin(left, wrong=True))
        half_stage.until(lambda shown, left=left: wording.STAFF_PIN_TRIES.zh.format(n=left) in texts(shown))
        half_stage.until(lambda shown: "log-in" not in enabled(shown))
    assert shown["seq"] == half_stage.seen["seq"]


def test_a_digit_can_be_taken_back_and_nine_are_too_many(half_stage: Stage) -> None:
    ask_pin(half_stage)
    type_pin(half_stage, "12345678")
    half_stage.tap("key:9")
    type_pin(half_stage, "<<<")
    half_stage.until(lambda shown: "● ● ● ● ● ○" in texts(shown))
    assert "log-in" not in enabled(half_stage.seen)
    half_stage.tap("cancel")
    assert said(half_stage) == Cancel()


@pytest.mark.parametrize("language", LANGUAGES)
def test_while_nobody_may_try_no_key_can_be_pressed(half_stage: Stage, language: Language) -> None:
    """C16: and the seconds are counted down."""
    shown = half_stage.show(StaffPin(8, wrong=True, wait_s=15), language)
    assert enabled(shown) == {"cancel", "language"}
    assert wording.STAFF_PIN_WAIT.in_language(language).format(n=15) in texts(shown)
    half_stage.update(StaffPin(8, wrong=True, wait_s=14), language)
    half_stage.until(lambda shown: wording.STAFF_PIN_WAIT.in_language(language).format(n=14) in texts(shown))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_last_try_is_called_that(half_stage: Stage, language: Language) -> None:
    """C16: no card's last try is spent unsaid."""
    shown = half_stage.show(StaffPin(1), language)
    assert wording.STAFF_PIN_LAST.in_language(language) in texts(shown)
    assert wording.STAFF_PIN_LAST_HOW.in_language(language) in texts(shown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_denial_says_what_and_what_to_do(half_stage: Stage, language: Language) -> None:
    for why in Denied:
        shown = half_stage.show(StaffDenied(why), language)
        assert faults(shown["items"], scale=0.5) == [], why
        what, then = wording.DENIALS[why]
        assert what.in_language(language) in texts(shown)
        assert then.in_language(language) in texts(shown)


# --- the menu --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", Role)
def test_the_real_menu_of_each_role_is_tidy(stage: Stage, role: Role, language: Language) -> None:
    """C16: every entry has its place, whole, and can be tapped."""
    own = [entry for entry in ENTRIES if role in entry.roles]
    tiles = tuple(Tile(each.name, each.title, each.group, each.asks is not None) for each in own)
    shown = stage.show(StaffMenu(role, tiles), language)
    assert faults(shown["items"]) == []
    assert {f"pick:{entry.name}" for entry in own} <= enabled(shown)
    assert wording.STAFF_ROLES[role].in_language(language) in texts(shown)


def test_every_group_has_its_heading() -> None:
    assert set(wording.STAFF_GROUPS) == set(Group)


def test_an_entry_a_question_and_the_way_back(half_stage: Stage) -> None:
    pages = samples.staff_pages()
    half_stage.show(pages["staff-menu"])
    half_stage.tap("pick:restart")
    assert half_stage.act().action == Pick("restart")
    half_stage.show(StaffConfirm(Text("重新启动", "Restart"), Text("重新启动？", "Restart?")))
    half_stage.tap("agree")
    assert half_stage.act().action == Agree()
    half_stage.tap("back")
    assert half_stage.act().action == Back()


def test_lines_arrive_without_the_page_being_built_anew(half_stage: Stage) -> None:
    title = Text("自检", "Self-test")
    lines = tuple(fine(f"第 {number} 项", f"part {number}") for number in range(30))
    half_stage.show(StaffRun(title))
    built = half_stage.seen["built"]
    for count in range(1, 31):
        half_stage.update(StaffRun(title, lines[:count]))
    half_stage.until(lambda shown: "第 29 项" in texts(shown))
    assert half_stage.seen["built"] == built
    assert "第 0 项" not in texts(half_stage.seen), "it follows the end of what is longer than the page"
    bad = wrong("坏了", "broken", Text("修好它", "mend it"))
    half_stage.update(StaffRun(title, (*lines, bad), over=True))
    shown = half_stage.until(lambda shown: wording.STAFF_OVER_FAIL.zh.format(n=1) in texts(shown))
    assert "修好它" in texts(shown)
    assert faults(shown["items"], scale=0.5) == []


def test_a_camera_entry_shows_its_picture_and_its_numbers(half_stage: Stage) -> None:
    """The picture only while there is one, and the numbers in place."""
    title, name = Text("摄像头", "Camera"), Text("亮度", "brightness")
    half_stage.show(StaffRun(title, (), Live((Number(name, "101", well=True),))))
    assert "camera" not in {item["id"] for item in half_stage.seen["items"]}
    ring = PreviewRing.create(half_stage.preview)
    ring.write(Image.new("RGB", (WIDTH, HEIGHT), "grey").tobytes())
    half_stage.update(StaffRun(title, (), Live((Number(name, "102", well=False),))))
    half_stage.until(lambda shown: any(item["id"] == "camera" and item["enabled"] for item in shown["items"]))
    assert "102" in texts(half_stage.seen)
    assert faults(half_stage.seen["items"], scale=0.5) == []
    half_stage.update(StaffRun(title, (), Live((Number(name, "102", well=False),)), over=True))
    half_stage.until(lambda shown: "camera" not in {item["id"] for item in shown["items"]})
    ring.close()
    Path(half_stage.preview).unlink()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_countdown_of_a_technician_speaks_of_the_menu(half_stage: Stage, language: Language) -> None:
    shown = half_stage.show(samples.staff_pages()["staff-menu"], language, countdown_s=20)
    assert wording.STAFF_COUNTDOWN_HOW.in_language(language) in texts(shown)
    assert {"still-here", "cancel"} <= enabled(shown)


# --- the touch grid --------------------------------------------------------------------------------------------------


def test_a_finger_that_slides_over_fields_is_felt_on_each(half_stage: Stage) -> None:
    """F03: dead places of a panel show."""
    half_stage.show(Home(()))
    half_stage.show(StaffTouch(Text("触摸屏", "Touch grid"), 9, 12))
    felt = set()
    with half_stage.holding(270, 480):
        felt.add(said(half_stage))
        half_stage.slide(150, 480)
        felt.add(said(half_stage))
    assert all(isinstance(each, Touched) for each in felt) and len(felt) == 2
