"""Material by level, uploads, applications (A04, B28, B29, B37, D01 to D08, D10, D13, D14)."""

from datetime import date, timedelta

import pytest
from hall_world import HallWorld

from platform_client.cases import CASE, CASES, CaseCall, CasesCall, CaseState
from platform_client.materials import (
    APPLY,
    LICENCE,
    LIMIT_BYTES,
    MATERIALS,
    SUPPLEMENT,
    UPLOAD,
    ApplyCall,
    HeldMaterial,
    Level,
    LicenceCall,
    MaterialRefusal,
    MaterialsCall,
    NotUploadable,
    SupplementCall,
    UploadCall,
    upload,
    watermark,
)
from platform_client.sandbox.hall.clerks import RevokeLicence

PDF = b"%PDF-1.7\n% nothing of anybody\n"
JPEG, PNG = b"\xff\xd8\xff\xe0 picture", b"\x89PNG\r\n\x1a\n picture"
ITEM = "social-card"


async def uploaded(
    hall: HallWorld,
    material: str = "photograph",
    level: Level = Level.C,
    content: bytes = JPEG,
    *,
    third_party: bool = False,
    who: int = 1,
) -> HeldMaterial:
    question = upload(
        hall.shown(who),
        item=ITEM,
        material=material,
        level=level,
        content=content,
        promise=level is Level.D,
        third_party=third_party,
    )
    return (await hall.client.call(UPLOAD, question)).material


def forced(hall: HallWorld, level: Level, *, promise: bool = False, third_party: bool = False) -> UploadCall:
    """A call that `upload` would not make."""
    return UploadCall(hall.shown(), ITEM, "photograph", level, third_party, promise, "image/jpeg", JPEG)


def test_the_four_sentences() -> None:
    """D05 to D08, word for word."""
    day = date(2027, 2, 3)
    assert watermark(Level.A, "××机构", day) == "此件由××机构提供，仅供办理政务服务事项时使用，有效期至2027年2月3日"
    assert (
        watermark(Level.B, valid_until=day) == "此件经与原件核对无误，仅供办理政务服务事项时使用，有效期至2027年2月3日"
    )
    assert watermark(Level.C) == "此件由本用户按原件上传，请政务服务窗口人员受理时与原件核对"
    assert watermark(Level.D) == "本用户对此材料的真实性负责"
    for level in (Level.A, Level.B):
        with pytest.raises(ValueError, match="has an end"):
            watermark(level, "××机构")
    with pytest.raises(ValueError, match="an agency"):
        watermark(Level.A, "", day)


async def test_a_scan_is_c_and_its_original_must_be_seen(hall: HallWorld) -> None:
    """D03, D07: it counts, and the application says what to bring."""
    form = await uploaded(hall, "application-form", Level.D, PDF)
    photo = await uploaded(hall)
    assert (photo.level, photo.watermark, photo.valid_until) == (Level.C, watermark(Level.C), None)
    applied = await hall.client.call(APPLY, ApplyCall(hall.shown(), ITEM, "hall", "hall", (form.number, photo.number)))
    assert [each.zh for each in applied.bring_original] == ["近期免冠照片"]


async def test_a_promise_makes_d_and_nothing_else_does(hall: HallWorld) -> None:
    """D04, D08: neither end takes it without."""
    made = await uploaded(hall, "application-form", Level.D, PDF)
    assert made.watermark == watermark(Level.D)
    with pytest.raises(NotUploadable) as refused:
        upload(hall.shown(), item=ITEM, material="photograph", level=Level.D, content=JPEG, promise=False)
    assert refused.value.reason is MaterialRefusal.PROMISE_MISSING
    assert await hall.refused(UPLOAD, forced(hall, Level.D)) == MaterialRefusal.PROMISE_MISSING.value


@pytest.mark.parametrize("level", [Level.A, Level.B])
async def test_a_terminal_makes_neither_a_nor_b(hall: HallWorld, level: Level) -> None:
    """D01, D02: A is an agency's, B a window's."""
    with pytest.raises(NotUploadable):
        upload(hall.shown(), item=ITEM, material="photograph", level=level, content=JPEG, promise=True)
    assert await hall.refused(UPLOAD, forced(hall, level, promise=True)) == MaterialRefusal.LEVEL_NOT_YOURS.value


async def test_a_report_by_somebody_else_is_d_until_a_window_checked_it(hall: HallWorld) -> None:
    """D13, D02."""
    wrong = forced(hall, Level.C, third_party=True)
    assert await hall.refused(UPLOAD, wrong) == MaterialRefusal.WRONG_LEVEL.value
    report = await uploaded(hall, "photograph", Level.D, third_party=True)
    checked = hall.hall.materials.checked(report.number)
    assert (checked.level, checked.valid_until) == (Level.B, hall.clock.now.date() + timedelta(days=365))
    assert checked.valid_until is not None
    assert checked.watermark == watermark(Level.B, valid_until=checked.valid_until)


async def test_a_window_checks_a_scan_but_not_somebodys_own_word(hall: HallWorld) -> None:
    """D02, D03, D04."""
    scan, word = await uploaded(hall), await uploaded(hall, "application-form", Level.D, PDF)
    assert hall.hall.materials.checked(scan.number).level is Level.B
    with pytest.raises(ValueError, match="a window checks"):
        hall.hall.materials.checked(word.number)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"MZ\x90\x00", MaterialRefusal.EXECUTABLE),
        (b"\x7fELF\x02", MaterialRefusal.EXECUTABLE),
        (b"#!/bin/sh\n", MaterialRefusal.EXECUTABLE),
        (b"PK\x03\x04", MaterialRefusal.NOT_THAT_TYPE),
        (b"<html>", MaterialRefusal.NOT_THAT_TYPE),
        (b" %PDF-1.7", MaterialRefusal.NOT_THAT_TYPE),
        (b"", MaterialRefusal.NOT_THAT_TYPE),
    ],
)
async def test_nothing_that_runs_is_uploaded_whatever_it_is_called(
    hall: HallWorld, content: bytes, why: MaterialRefusal
) -> None:
    """B37: by its first bytes; a terminal that says otherwise is not believed."""
    with pytest.raises(NotUploadable) as refused:
        upload(hall.shown(), item=ITEM, material="photograph", level=Level.C, content=content, promise=False)
    assert refused.value.reason is why
    if content:
        lie = UploadCall(hall.shown(), ITEM, "photograph", Level.C, False, False, "image/png", content)
        assert await hall.refused(UPLOAD, lie) == why.value


async def test_a_picture_that_is_another_kind_of_picture_is_refused(hall: HallWorld) -> None:
    """B37."""
    lie = UploadCall(hall.shown(), ITEM, "photograph", Level.C, False, False, "image/png", JPEG)
    assert await hall.refused(UPLOAD, lie) == MaterialRefusal.NOT_THAT_TYPE.value


async def test_the_largest_piece_travels_and_a_larger_one_does_not(hall: HallWorld) -> None:
    """B37, C02: five MiB in base64 still fit into one document."""
    largest = PNG.ljust(LIMIT_BYTES, b"\0")
    assert (await uploaded(hall, content=largest)).level is Level.C
    with pytest.raises(NotUploadable) as refused:
        await uploaded(hall, content=largest + b"\0")
    assert refused.value.reason is MaterialRefusal.TOO_LARGE


async def test_there_is_a_quota(hall: HallWorld) -> None:
    """B37: four of the largest are twenty MiB; the fifth is refused, somebody else's is not."""
    largest = PNG.ljust(LIMIT_BYTES, b"\0")
    for _ in range(4):
        await uploaded(hall, content=largest)
    more = upload(hall.shown(), item=ITEM, material="photograph", level=Level.C, content=JPEG, promise=False)
    assert await hall.refused(UPLOAD, more) == MaterialRefusal.QUOTA_EXCEEDED.value
    await uploaded(hall, who=2)


async def test_what_the_guide_does_not_ask_for_is_not_taken(hall: HallWorld) -> None:
    """B37, C22."""
    for item, material, why in (
        (ITEM, "holiday-pictures", MaterialRefusal.NO_SUCH_MATERIAL),
        ("no-such-item", "photograph", MaterialRefusal.NO_SUCH_ITEM),
    ):
        more = upload(hall.shown(), item=item, material=material, level=Level.C, content=JPEG, promise=False)
        assert await hall.refused(UPLOAD, more) == why.value


async def test_what_is_there_need_not_be_brought(hall: HallWorld) -> None:
    """D14, D02: the identity card of level A, and what a window checked once; only what this guide asks for, only one's
    own, only while it is valid (D10)."""
    photo = hall.hall.materials.checked((await uploaded(hall)).number)
    held = (await hall.client.call(MATERIALS, MaterialsCall(hall.shown(), ITEM))).materials
    assert [(each.material, each.level) for each in held] == [("identity-card", Level.A), ("photograph", Level.B)]
    assert held[0].watermark.startswith("此件由示例省公安厅提供，")
    theirs = (await hall.client.call(MATERIALS, MaterialsCall(hall.shown(2), ITEM))).materials
    assert [each.material for each in theirs] == ["identity-card"]
    assert photo.valid_until is not None
    hall.clock.now += timedelta(days=365)
    assert photo.valid_until == hall.clock.now.date()
    held = (await hall.client.call(MATERIALS, MaterialsCall(hall.shown(), ITEM))).materials
    assert "photograph" in [each.material for each in held]
    hall.clock.now += timedelta(days=1)
    held = (await hall.client.call(MATERIALS, MaterialsCall(hall.shown(), ITEM))).materials
    assert "photograph" not in [each.material for each in held]


async def test_a_licence_is_what_its_library_says_now(hall: HallWorld) -> None:
    """D11, D12: metadata, face data, standing; revoked, it is neither offered nor attached; B is no licence."""
    checked = hall.hall.materials.checked((await uploaded(hall)).number)
    no_licence = LicenceCall(hall.shown(), checked.number)
    assert await hall.refused(LICENCE, no_licence) == MaterialRefusal.NO_SUCH_MATERIAL.value
    card = (await hall.client.call(MATERIALS, MaterialsCall(hall.shown(), ITEM))).materials[0]
    shown = await hall.client.call(LICENCE, LicenceCall(hall.shown(), card.number))
    assert (shown.metadata.type, shown.metadata.issuer, shown.standing) == ("identity-card", "示例省公安厅", "valid")
    assert shown.metadata.valid_until == card.valid_until
    assert shown.lines[1].value == shown.metadata.holder.number
    theirs = LicenceCall(hall.shown(2), card.number)
    assert await hall.refused(LICENCE, theirs) == MaterialRefusal.NO_SUCH_MATERIAL.value
    hall.sandbox.obey(RevokeLicence(card.number))
    assert (await hall.client.call(LICENCE, LicenceCall(hall.shown(), card.number))).standing == "revoked"
    offered = (await hall.client.call(MATERIALS, MaterialsCall(hall.shown(), ITEM))).materials
    assert card.number not in [each.number for each in offered]
    question = ApplyCall(hall.shown(), ITEM, "hall", "hall", (card.number,))
    assert await hall.refused(APPLY, question) == MaterialRefusal.REVOKED.value
    other = (await hall.client.call(MATERIALS, MaterialsCall(hall.shown(2), ITEM))).materials[0]
    hall.clock.now += timedelta(days=4000)
    assert (await hall.client.call(LICENCE, LicenceCall(hall.shown(2), other.number))).standing == "expired"


async def test_expired_material_is_not_attached(hall: HallWorld) -> None:
    """D10."""
    form = await uploaded(hall, "application-form", Level.D, PDF)
    photo = hall.hall.materials.checked((await uploaded(hall)).number)
    hall.clock.now += timedelta(days=366)
    question = ApplyCall(hall.shown(), ITEM, "hall", "hall", (form.number, photo.number))
    assert await hall.refused(APPLY, question) == MaterialRefusal.EXPIRED.value


async def test_an_application_gets_a_number_a_case_and_one_message(hall: HallWorld) -> None:
    """A04, B28, B29: a lost answer is asked for again and brings the same number."""
    form, photo = await uploaded(hall, "application-form", Level.D, PDF), await uploaded(hall)
    question = ApplyCall(hall.shown(), ITEM, "hall", "hall", (form.number, photo.number))
    applied = await hall.client.call(APPLY, question)
    assert await hall.client.call(APPLY, question) == applied
    lines = (await hall.client.call(CASES, CasesCall(hall.shown()))).cases
    assert [line.state for line in lines if line.number == applied.number] == [CaseState.RECEIVED]
    sent = hall.hall.store.all("SELECT * FROM outbox WHERE reference = ?", applied.number)
    assert [row["kind"] for row in sent] == ["application-taken"]


async def test_originals_and_result_go_one_of_two_ways(hall: HallWorld) -> None:
    """B31: at the hall or by post; by post only where the guide offers it."""
    form, photo = await uploaded(hall, "application-form", Level.D, PDF), await uploaded(hall)
    by_post = ApplyCall(hall.shown(), ITEM, "post", "post", (form.number, photo.number))
    number = (await hall.client.call(APPLY, by_post)).number
    hall.hall.cases.accept(number)
    notice = (await hall.client.call(CASE, CaseCall(hall.shown(), number))).acceptance
    assert notice is not None
    assert notice.delivery == "post"
    online_only = ApplyCall(hall.shown(), "housing-fund", "hall", "post", ())
    assert await hall.refused(APPLY, online_only) == MaterialRefusal.POST_NOT_OFFERED.value


async def test_what_was_missing_goes_to_the_case_that_is_there(hall: HallWorld) -> None:
    """B31, B42: no second case; the clock stands still until it is accepted, and then the days left are left."""
    form, photo = await uploaded(hall, "application-form", Level.D, PDF), await uploaded(hall)
    first = ApplyCall(hall.shown(), ITEM, "hall", "hall", (form.number, photo.number))
    number = (await hall.client.call(APPLY, first)).number
    early = SupplementCall(hall.shown(), number, (photo.number,))
    assert await hall.refused(SUPPLEMENT, early) == MaterialRefusal.NOTHING_MISSING.value
    hall.hall.cases.accept(number)
    before = (await hall.client.call(CASE, CaseCall(hall.shown(), number))).progress.days_left
    hall.hall.cases.ask_for(number, "请重新提交照片。")
    hall.clock.now += timedelta(days=7)
    again = await uploaded(hall)
    theirs = SupplementCall(hall.shown(2), number, ((await uploaded(hall, who=2)).number,))
    assert await hall.refused(SUPPLEMENT, theirs) == MaterialRefusal.NO_SUCH_CASE.value
    question = SupplementCall(hall.shown(), number, (again.number,))
    done = await hall.client.call(SUPPLEMENT, question)
    assert await hall.client.call(SUPPLEMENT, question) == done
    assert [each.zh for each in done.bring_original] == ["近期免冠照片"]
    case = await hall.client.call(CASE, CaseCall(hall.shown(), number))
    assert (case.progress.state, case.progress.days_left) == (CaseState.RECEIVED, None)
    assert len(case.application.materials) == 3
    hall.hall.cases.accept(number)
    after = (await hall.client.call(CASE, CaseCall(hall.shown(), number))).progress
    assert (after.state, after.days_left) == (CaseState.ACCEPTED, before)


async def test_an_application_is_complete_and_ones_own(hall: HallWorld) -> None:
    """B28."""
    photo, theirs = await uploaded(hall), await uploaded(hall, who=2)
    for numbers, why in (
        ((photo.number,), MaterialRefusal.INCOMPLETE),
        ((photo.number, theirs.number), MaterialRefusal.NO_SUCH_MATERIAL),
    ):
        assert await hall.refused(APPLY, ApplyCall(hall.shown(), ITEM, "hall", "hall", numbers)) == why.value
    window_only = ApplyCall(hall.shown(), "birth-registration", "hall", "hall", ())
    assert await hall.refused(APPLY, window_only) == MaterialRefusal.ONLINE_NOT_OFFERED.value


async def test_the_sandbox_keeps_what_material_is_not_the_material(hall: HallWorld) -> None:
    """C20."""
    await uploaded(hall, content=PDF + b"words of the applicant")
    assert "words of the applicant" not in hall.everything_kept()
