"""The ui process through its real window: a finger that taps, a desk that hears, an end that is clean."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from kiosk.messages import Act
from kiosk.pages import (
    Action,
    Cancel,
    ChooseCertificate,
    Done,
    FaceCheck,
    HandOver,
    Home,
    Page,
    Pick,
    Print,
    Printing,
    Prompt,
    Rate,
    Refusal,
    Retry,
    SlipState,
    Stars,
    StillHere,
    SwitchLanguage,
    Waiting,
    WantSlip,
    Zone,
)
from kiosk.pages import (
    Stage as Step,
)
from kiosk.preview import HEIGHT, WIDTH, PreviewRing
from kiosk.reasons import Reason
from kiosk.ui import wording
from kiosk.ui.app import CLOSED_BY_HAND
from tests.ui import samples
from tests.ui.conftest import NewStage
from tests.ui.geometry import faults
from tests.ui.ring import is_ring
from tests.ui.stage import Snapshot, Stage, display

KIND = samples.KINDS[0]
TAPS = 60


@pytest.mark.parametrize(
    ("page", "button", "action"),
    [
        (Home(samples.KINDS), "pick:residence", Pick("residence")),
        (ChooseCertificate("张*", samples.KINDS), "pick:education", Pick("education")),
        (Waiting(Step.ISSUING), "cancel", Cancel()),
        (HandOver(KIND, 1, card=True), "done", Done()),
        (HandOver(KIND, 1, card=True, slip=SlipState.OFFERED), "slip", WantSlip()),
        (Rate(), "stars:5", Stars(5)),
        (Rate(), "stars:1", Stars(1)),
        (Rate(), "done", Done()),
        (Refusal(Reason.CARD_UNREADABLE), "retry", Retry()),
    ],
)
def test_a_tap_is_the_action_of_its_button(half_stage: Stage, page: Page, button: str, action: Action) -> None:
    shown = half_stage.show(page)
    half_stage.tap(button)
    assert half_stage.act() == Act(shown["seq"], action)


def test_preview_is_confirmed_by_a_tap(half_stage: Stage, fonts: Path) -> None:
    shown = half_stage.show(samples.preview(samples.certificate(fonts)))
    half_stage.tap("print")
    assert half_stage.act() == Act(shown["seq"], Print())


def test_a_touch_is_seen_before_the_finger_is_lifted(half_stage: Stage, tmp_path: Path) -> None:
    """Feedback within 0.1 s: the next frame has it, and the quickest of some touches shows what the screen can do."""
    half_stage.show(Home(samples.KINDS))
    took = []
    for _ in range(5):
        half_stage.picture(tmp_path / "before.png")
        tile = half_stage.item("pick:residence")
        began = time.monotonic()
        half_stage.press("pick:residence")
        half_stage.until(lambda shown: any(item["pressed"] for item in shown["items"]))
        took.append(time.monotonic() - began)
        half_stage.picture(tmp_path / "pressed.png")
        half_stage.drag_off()
        half_stage.until(lambda shown: not any(item["pressed"] for item in shown["items"]))
    assert min(took) < 0.1
    spot = (tile["x"] - tile["w"] // 2 + 12, tile["y"])
    with Image.open(tmp_path / "before.png") as before, Image.open(tmp_path / "pressed.png") as pressed:
        assert before.getpixel(spot) != pressed.getpixel(spot)


def test_a_finger_that_slides_off_has_chosen_nothing(half_stage: Stage) -> None:
    shown = half_stage.show(Home(samples.KINDS))
    half_stage.press("pick:residence")
    half_stage.drag_off()
    half_stage.tap("language")
    assert half_stage.act() == Act(shown["seq"], SwitchLanguage("en"))


def test_a_disabled_tile_says_nothing(half_stage: Stage) -> None:
    shown = half_stage.show(Home(samples.KINDS, Reason.PRINTER_LOST))
    half_stage.tap("pick:residence")
    half_stage.tap("language")
    assert half_stage.act() == Act(shown["seq"], SwitchLanguage("en"))


def test_a_double_tap_says_one_thing(half_stage: Stage) -> None:
    shown = half_stage.show(Home(samples.KINDS))
    half_stage.tap("pick:residence", times=2)
    half_stage.tap("language")
    assert [half_stage.act(), half_stage.act()] == [
        Act(shown["seq"], Pick("residence")),
        Act(shown["seq"], SwitchLanguage("en")),
    ]


def test_language_changes_in_place_and_back_again(half_stage: Stage) -> None:
    shown = half_stage.show(Rate(), "zh")
    for said, answer in ((SwitchLanguage("en"), "en"), (SwitchLanguage("zh"), "zh"), (SwitchLanguage("en"), "en")):
        half_stage.tap("language")
        assert half_stage.act() == Act(shown["seq"], said)
        half_stage.show(Rate(), answer, seq=shown["seq"])


def test_countdown_changes_in_place_and_is_answered(half_stage: Stage) -> None:
    page = ChooseCertificate("张*", samples.KINDS)
    built = half_stage.show(page)["built"]
    for seconds in (20, 19, 18):
        shown = half_stage.count(seconds)
        assert shown["built"] == built, "the page below is not built again"
        assert str(seconds) in [item["text"] for item in shown["items"]]
    half_stage.tap("still-here")
    assert half_stage.act() == Act(shown["seq"], StillHere())
    shown = half_stage.count(None)
    assert "still-here" not in [item["id"] for item in shown["items"]]
    assert shown["built"] == built


def test_under_the_countdown_nothing_can_be_tapped(half_stage: Stage) -> None:
    page = ChooseCertificate("张*", samples.KINDS)
    half_stage.show(page)
    below = half_stage.item("pick:residence")
    shown = half_stage.show(page, countdown_s=9)
    half_stage.tap_at(below["x"], below["y"])
    half_stage.tap("cancel")
    assert half_stage.act() == Act(shown["seq"], Cancel())


def test_guidance_changes_in_place(half_stage: Stage) -> None:
    built = half_stage.show(FaceCheck(Prompt.LOOK))["built"]
    shown = half_stage.show(FaceCheck(Prompt.TURN_LEFT, progress=0.3))
    assert shown["built"] == built
    assert "请慢慢向左转头" in [item["text"] for item in shown["items"]]


def test_seconds_of_a_printer_trouble_change_in_place(half_stage: Stage) -> None:
    built = half_stage.show(Printing(KIND, Reason.PAPER_EMPTY_DURING, 60))["built"]
    shown = half_stage.show(Printing(KIND, Reason.PAPER_EMPTY_DURING, 59))
    assert shown["built"] == built
    assert any("59" in item["text"] for item in shown["items"])


def test_the_camera_picture_is_a_mirror(half_stage: Stage, tmp_path: Path) -> None:
    """Red on the camera's left is the citizen's right, and must be on the right of the screen."""
    frame = Image.new("RGB", (WIDTH, HEIGHT), "blue")
    frame.paste("red", (0, 0, WIDTH // 2, HEIGHT))
    ring = PreviewRing.create(half_stage.preview)
    ring.write(frame.tobytes())
    half_stage.show(FaceCheck(Prompt.LOOK))
    half_stage.until(lambda shown: any(item["id"] == "camera" and item["enabled"] for item in shown["items"]))
    half_stage.picture(tmp_path / "screen.png")
    camera = half_stage.item("camera")
    with Image.open(tmp_path / "screen.png") as screen:
        left = screen.convert("RGB").getpixel((camera["x"] - 40, camera["y"]))
        right = screen.convert("RGB").getpixel((camera["x"] + 40, camera["y"]))
    ring.clear()
    half_stage.preview.unlink()
    assert left == (0, 0, 255)
    assert right == (255, 0, 0)


def test_the_oval_goes_to_where_the_face_is(half_stage: Stage, tmp_path: Path) -> None:
    """A point in the upper third is in the oval of a tall person and outside that of one who sits. A07."""
    colours = {}
    for zone in Zone:
        half_stage.show(Rate())  # or the oval, on a page that is there, moves with the next pictures
        half_stage.show(FaceCheck(Prompt.LOOK, zone=zone))
        half_stage.picture(tmp_path / f"{zone.value}.png")
        camera = half_stage.item("camera")
        with Image.open(tmp_path / f"{zone.value}.png") as screen:
            sides = (camera["y"] - camera["h"] * 0.3, camera["y"] + camera["h"] * 0.3)
            colours[zone] = [screen.convert("RGB").getpixel((round(camera["x"]), round(y))) for y in sides]
    (upper, lower), (up, below), (above, low) = (colours[zone] for zone in (Zone.MIDDLE, Zone.HIGH, Zone.LOW))
    assert upper == lower == up == low
    assert below == above != upper


def test_a_page_that_looks_the_same_is_told_apart_by_its_number(half_stage: Stage) -> None:
    first = half_stage.show(Rate())
    second = half_stage.show(Rate())
    assert (second["seq"], second["built"]) == (first["seq"] + 1, first["built"])


def test_a_finger_put_down_on_a_page_that_is_gone_means_nothing(half_stage: Stage) -> None:
    half_stage.show(Rate())
    half_stage.press("done")
    shown = half_stage.show(Home(samples.KINDS))
    half_stage.lift()
    half_stage.tap("language")
    assert half_stage.act() == Act(shown["seq"], SwitchLanguage("en"))


@pytest.mark.parametrize(
    ("page", "update", "button", "action"),
    [
        (HandOver(KIND, 1, card=True), HandOver(KIND, 1, card=False), "done", Done()),
        (Printing(KIND), Printing(KIND, Reason.PAPER_EMPTY, 60), "cancel", Cancel()),
    ],
)
def test_a_finger_put_down_before_an_update_counts(
    half_stage: Stage, page: Page, update: Page, button: str, action: Action
) -> None:
    shown = half_stage.show(page)
    half_stage.press(button)
    # This button: another one may still be shown as pressed, for the tenth of a second that even a short tap is.
    half_stage.until(lambda seen: any(item["id"] == button and item["pressed"] for item in seen["items"]))
    half_stage.show(update, seq=shown["seq"])
    half_stage.until(lambda seen: seen["built"] > shown["built"])
    half_stage.lift()
    assert half_stage.act() == Act(shown["seq"], action)


def test_a_long_wait_is_admitted(half_stage: Stage) -> None:
    half_stage.show(Waiting(Step.ISSUING))
    half_stage.until(lambda shown: any(item["text"] == wording.WAIT_MORE.zh for item in shown["items"]))


def test_an_idle_page_draws_no_frames(new_stage: NewStage) -> None:
    """Over eight signs of life to systemd nothing is painted, but for the clock's minute."""
    stage = new_stage(WATCHDOG_USEC="500000")
    page = Home(samples.KINDS)
    stage.show(page)
    assert stage.notified_anew() == "WATCHDOG=1"
    before = stage.look_again()
    for _ in range(8):
        assert stage.notified() == "WATCHDOG=1"
    after = stage.look_again()
    minutes = int(before["items"] != after["items"])
    assert after["frames"] - before["frames"] <= minutes
    # Meanwhile a timer went on, and tells how well it keeps time.
    assert len(after["beats_s"]) > len(before["beats_s"])
    assert min(after["beats_s"]) > after["beat_s"] / 2


def test_a_page_is_rehearsed_and_not_shown_while_there_is_no_desk(fonts: Path, tmp_path: Path) -> None:
    """Signs of life, and no more: on the glass the boot loader's ring, nothing to touch, no word that it is ready. What
    comes then is the page as it is painted without a rehearsal."""
    pictures = []
    for rehearsed in (True, False):
        folder = tmp_path / str(rehearsed)
        folder.mkdir()
        with display(540, 960) as alone, Stage(folder, fonts, alone, WATCHDOG_USEC="1000000") as stage:
            if rehearsed:
                assert [stage.notified() for _ in range(3)] == ["WATCHDOG=1"] * 3
                assert is_ring(picture(stage))
                stage.tap_at(270, 480)
            shown = stage.show(Home(samples.KINDS))
            assert shown["built"] == 1 + rehearsed
            assert stage.acts.empty()
            pictures.append(picture(stage))
    one, other = (each.crop((0, each.height // 12, *each.size)) for each in pictures)  # the clock may have gone on
    assert one.tobytes() == other.tobytes()


def picture(stage: Stage) -> Image.Image:
    file = stage.folder / "picture.png"
    stage.picture(file)
    with Image.open(file) as image:
        return image.convert("RGB")


def test_a_gesture_is_shown_a_few_times_and_then_rests(new_stage: NewStage) -> None:
    """A drawing turns its head and comes to rest, in the same pose in which it stands where nothing is to move. A07."""
    stage = new_stage(WATCHDOG_USEC="1600000")  # a sign of life in 0.8 s, longer than a beat of the drawing
    stage.show(Home(samples.KINDS))  # from here on nothing that is painted is missed
    stage.show(FaceCheck(Prompt.TURN_LEFT))
    for pose in ("left-to", "left-from", "left-to", "left-from", "left-to"):
        last = stage.until(lambda shown, pose=pose: pose_in(shown) == pose)
    rested = frames_at_rest(stage)
    assert rested - last["frames"] <= 2, "nothing more but the clock's minute"
    stage.show(FaceCheck(Prompt.TURN_LEFT, progress=0.4))
    assert frames_at_rest(stage) - rested <= 3, "progress alone does not start it again"


def test_nothing_moves_by_itself_where_motion_is_reduced(new_stage: NewStage, half_display: str) -> None:
    stage = new_stage(half_display, "--still", WATCHDOG_USEC="1600000")
    shown = stage.show(FaceCheck(Prompt.TURN_LEFT))
    assert pose_in(shown) == "left-to"
    assert frames_at_rest(stage) - shown["frames"] <= 3


def pose_in(shown: Snapshot) -> str:
    """In which the drawing beside the prompt is."""
    (pose,) = {item["id"] for item in shown["items"]} & {"look", "left-from", "left-to"}
    return str(pose)


def frames_at_rest(stage: Stage) -> int:
    """How many were painted when over three signs of life none was, or one for the clock's minute."""
    frames, quiet = stage.look_again()["frames"], 0
    while quiet < 3:
        assert stage.notified_anew() == "WATCHDOG=1"
        now = stage.look_again()["frames"]
        quiet = quiet + 1 if now == frames else 0
        frames = now
    return int(frames)


def test_pages_that_never_pause_do_not_fill_the_memory(half_stage: Stage) -> None:
    """Garbage is collected at rest, but not only then."""

    def turn(rounds: int) -> int:
        for _ in range(rounds):
            half_stage.show(Home(samples.KINDS))
            half_stage.show(Rate())
        return half_stage.memory()

    settled = turn(15)
    assert turn(30) - settled < 150_000_000


def test_a_window_on_a_laptop_is_whole_and_can_be_tapped_wherever_it_is(new_stage: NewStage, laptop: str) -> None:
    stage = new_stage(laptop, "--windowed")
    shown = stage.show(Home(samples.KINDS))
    left, top, width, height = shown["window"]
    assert height < 768
    assert faults(shown["items"], scale=height / 1920, corner=(left, top)) == []
    for corner in ((611, 40), (0, 77)):
        stage.move_window(*corner)
        moved = stage.until(lambda s, corner=corner: tuple(s["window"]) == (*corner, width, height))
        stage.tap("pick:education")
        assert stage.act() == Act(moved["seq"], Pick("education"))
        stage.show(Home(samples.KINDS))


def test_closing_the_window_says_that_a_person_did_it(new_stage: NewStage, laptop: str) -> None:
    stage = new_stage(laptop, "--windowed")
    stage.show(Home(samples.KINDS))
    stage.close_window()
    assert stage.process.wait(15) == CLOSED_BY_HAND


def test_ending_a_window_by_a_signal_is_not_closing_it(new_stage: NewStage, laptop: str) -> None:
    stage = new_stage(laptop, "--windowed")
    stage.show(Home(samples.KINDS))
    assert stage.terminate() == 0


def test_sigterm_ends_it_cleanly_and_leaves_nothing(new_stage: NewStage, fonts: Path) -> None:
    """C20: no file of its own outlives the process."""
    stage = new_stage()
    stage.show(samples.preview(samples.certificate(fonts)))
    assert stage.terminate() == 0
    assert {path.name for path in stage.folder.iterdir()} == {"ui.sock", "notify.sock", "stderr"}
    (line,) = (stage.folder / "stderr").read_text().splitlines()
    assert line.startswith("ui: INFO kiosk.ui.glass the first page is painted")


def test_it_ends_when_the_desk_hangs_up(new_stage: NewStage) -> None:
    stage = new_stage()
    stage.show(Home(samples.KINDS))
    stage.hang_up()
    assert stage.process.wait(15) == 0
    assert {path.name for path in stage.folder.iterdir()} == {"ui.sock", "notify.sock", "stderr"}


def test_it_ends_when_the_desk_talks_nonsense(new_stage: NewStage) -> None:
    stage = new_stage()
    stage.show(Home(samples.KINDS))
    stage.say(b"\x00\x00\x00\x02ab")
    assert stage.process.wait(15) == 0


def test_importing_the_entry_point_brings_no_kivy() -> None:
    code = "import sys, kiosk.ui.app; sys.exit(any(name.startswith('kivy') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_tap_counts_at_whatever_moment_the_page_under_the_finger_is_updated(half_stage: Stage) -> None:
    """The card is taken while the button is tapped: the page is built anew, and the button stays where it was."""
    half_stage.show(HandOver(KIND, 1, card=True))
    for number in range(TAPS):
        shown = half_stage.show(HandOver(KIND, 1, card=True))
        with half_stage.tapping("done"):
            time.sleep(number * 0.0005)  # another moment each time, from before the tap until after it
            half_stage.update(HandOver(KIND, 1, card=False))
        assert half_stage.act() == Act(shown["seq"], Done())
