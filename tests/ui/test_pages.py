"""Every page in both languages, as painted: legible, roomy, nothing cut, nothing over anything else."""

from pathlib import Path
from typing import Any

import pytest

from kiosk.pages import ChooseCertificate, Home, Kind, Language, NotEnrolled, Page, Picture, Printing, Text
from kiosk.reasons import EXPLANATIONS, Reason
from kiosk.ui import wording
from tests.ui import samples
from tests.ui.geometry import faults
from tests.ui.stage import HALL, Stage

NAMES = sorted(samples.pages(Path(__file__).parent.parent.parent / ".cache" / "assets" / "fonts"))
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@pytest.fixture(scope="module")
def pages(fonts: Path) -> dict[str, Page]:
    return samples.pages(fonts)


def texts(snapshot: dict[str, Any]) -> str:
    return " ".join(item["text"] for item in snapshot["items"])


def buttons(snapshot: dict[str, Any]) -> set[str]:
    return {item["id"] for item in snapshot["items"] if item["role"] == "button" and item["enabled"]}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_page_is_tidy_and_can_be_left(stage: Stage, pages: dict[str, Page], name: str, language: Language) -> None:
    shown = stage.show(pages[name], language)
    assert faults(shown["items"]) == []
    assert "language" in buttons(shown)
    assert (
        name.startswith(("home", "not-enrolled"))
        or name == "waiting-recalling"
        or buttons(shown) & {"cancel", "done", "back"}
    )
    assert HALL.in_language(language) in texts(shown)
    foot = wording.STAFF_FOOT if name.startswith("staff") else wording.HELP
    assert foot.in_language(language) in texts(shown)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["choose", "preview", "hand-over", "rate", "refusal-retry"])
def test_countdown_is_tidy(half_stage: Stage, pages: dict[str, Page], name: str, language: Language) -> None:
    shown = half_stage.show(pages[name], language, countdown_s=20)
    assert faults(shown["items"], scale=0.5) == []
    assert {"still-here", "language"} <= buttons(shown)
    assert not buttons(shown) & {"print", "retry"}, "what lies under the veil cannot be tapped"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_a_page_that_says_all(half_stage: Stage, language: Language) -> None:
    for page in samples.refusals():
        shown = half_stage.show(page, language)
        explanation = EXPLANATIONS[page.reason]
        sentences = explanation.in_language(language)
        assert faults(shown["items"], scale=0.5) == [], page.reason
        assert sentences.what in texts(shown)
        assert sentences.next in texts(shown)
        assert page.reason.value in texts(shown)
        assert ("retry" in buttons(shown)) is explanation.retry


@pytest.mark.parametrize("count", range(1, 9))
def test_there_is_a_tile_for_each_kind(half_stage: Stage, count: int) -> None:
    kinds = samples.KINDS[:count]
    for page in (Home(kinds), ChooseCertificate("张*", kinds)):
        shown = half_stage.show(page)
        assert faults(shown["items"], scale=0.5) == []
        assert {f"pick:{kind.code}" for kind in kinds} <= buttons(shown)


def test_a_title_that_is_too_long_is_cut_inside_its_tile(stage: Stage) -> None:
    long = Text("关于某某某某某某某某某某某某某某某某某某某某某某某某某某某某某某情况的证明", "A certificate " * 12)
    kinds = tuple(Kind(f"long-{n}", long, long, long, "no such drawing") for n in range(8))
    for language in LANGUAGES:
        assert faults(stage.show(ChooseCertificate("欧阳*", kinds), language)["items"]) == []


def test_a_hall_with_a_long_name_fits_into_the_head(stage: Stage) -> None:
    hall = Text(
        "示例省示例市示例新区政务服务中心（东部分中心）",
        "Example New District Government Service Centre, Eastern Branch",
    )
    for language in LANGUAGES:
        shown = stage.show(Home(samples.KINDS), language, hall=hall)
        assert faults(shown["items"]) == []
        assert hall.in_language(language) in texts(shown)


def test_a_long_issuer_and_many_pages_leave_the_certificate_large(stage: Stage, pages: dict[str, Page]) -> None:
    page = pages["preview-long"]
    for language in LANGUAGES:
        shown = stage.show(page, language)
        paper = next(item for item in shown["items"] if item["id"] == "paper")
        assert faults(shown["items"]) == []
        assert paper["h"] > 1920 / 2


def test_trouble_closes_the_tiles_and_says_why(stage: Stage) -> None:
    shown = stage.show(Home(samples.KINDS, Reason.PAPER_EMPTY))
    assert buttons(shown) == {"language"}
    assert wording.HOME_TROUBLES[Reason.PAPER_EMPTY].zh in texts(shown)
    assert wording.HOME_CARD.zh not in texts(shown), "nobody is invited"
    assert faults(shown["items"]) == []


def test_every_trouble_of_an_empty_terminal_is_tidy(half_stage: Stage) -> None:
    for reason in Reason:
        for language in LANGUAGES:
            shown = half_stage.show(Home(samples.KINDS, reason), language)
            assert faults(shown["items"], scale=0.5) == [], (reason, language)
            assert reason.value in texts(shown)


def test_before_the_platform_has_answered_nobody_is_invited(half_stage: Stage) -> None:
    shown = half_stage.show(Home(()))
    assert wording.HOME_READYING.zh in texts(shown)
    assert wording.HOME_CARD.zh not in texts(shown)
    assert buttons(shown) == {"language"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_job_that_waits_is_not_called_cancelled(half_stage: Stage, language: Language) -> None:
    for reason in (*wording.PRINTING_TROUBLES, Reason.PRINTER_LOST):
        shown = half_stage.show(Printing(samples.KINDS[0], reason, 90), language)
        what, then = wording.PRINTING_TROUBLES.get(reason, wording.PRINTING_TROUBLE)
        assert what.in_language(language) in texts(shown)
        assert then.in_language(language) in texts(shown)
        assert EXPLANATIONS[reason].in_language(language).next not in texts(shown)
        assert "90" in texts(shown)
        assert "cancel" in buttons(shown)


def test_preview_that_cannot_be_shown_cannot_be_printed(stage: Stage, pages: dict[str, Page]) -> None:
    broken = samples.preview(Picture(909, 1286, b"a few pixels"))
    shown = stage.show(broken)
    assert "print" not in buttons(shown)
    assert "cancel" in buttons(shown)
    assert faults(shown["items"]) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_machine_that_is_nobody_shows_its_code_large_and_its_fingerprint_whole(
    stage: Stage, pages: dict[str, Page], language: Language
) -> None:
    shown = stage.show(pages["not-enrolled-foreign"], language)
    (code,) = (item for item in shown["items"] if item["id"] == "code")
    assert code["text"] == "BCDF-WXZK"
    assert code["font_px"] == max(item["font_px"] for item in shown["items"])
    assert all(group in texts(shown) for group in samples.FINGERPRINT.split())
    assert Reason.ENROLMENT_FOREIGN.value in texts(shown)
    assert "retry" not in buttons(shown), "a code is open"
    assert "retry" in buttons(stage.show(pages["not-enrolled-no-code"], language))
    assert "kiosk-0001" in texts(stage.show(pages["not-enrolled-stick"], language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_machine_that_is_nobody_says_what_nobody_can_read_in_its_log(
    stage: Stage, pages: dict[str, Page], language: Language
) -> None:
    for name in ("not-enrolled-unfit", "not-enrolled-disk"):
        page = pages[name]
        assert isinstance(page, NotEnrolled) and page.detail
        shown = stage.show(page, language)
        assert any(item["text"].endswith(page.detail) for item in shown["items"])
        assert faults(shown["items"]) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_machine_that_is_barred_says_for_which_file_and_promises_no_service(
    stage: Stage, pages: dict[str, Page], language: Language
) -> None:
    said = texts(stage.show(pages["not-enrolled-barred"], language))
    assert Reason.ENROLMENT_ALTERED.value in said and "seals-root.pem" in said
    assert wording.ENROL_LEAD.in_language(language) not in said
