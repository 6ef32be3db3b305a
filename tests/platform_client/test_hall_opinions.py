"""What citizens say of the hall: ratings of their cases, and complaints (A13, B09, B21 to B25, F02)."""

import pytest
from hall_world import HallWorld, citizen

from platform_client.cases import CASES, CasesCall, CaseState
from platform_client.complaints import (
    COMPLAIN,
    PUBLISHED,
    REPLY,
    ComplaintCall,
    ComplaintCategory,
    ComplaintRefusal,
    ComplaintState,
    reply_to,
)
from platform_client.ratings import (
    DISSATISFIED,
    RATE_SERVICE,
    SCORES,
    RatingRefusal,
    ReasonMissing,
    ServiceRating,
    service_rating,
)
from platform_client.references import NotANumber

# --- ratings ---------------------------------------------------------------------------------------------------------


async def finished(hall: HallWorld, who: int = 1) -> str:
    """The number of a decided case."""
    lines = (await hall.client.call(CASES, CasesCall(hall.shown(who)))).cases
    return next(line.number for line in lines if line.state is CaseState.DECIDED)


def test_five_levels_with_their_scores() -> None:
    """B22: names and points as the seed has them."""
    assert SCORES == {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}


@pytest.mark.parametrize("score", [5, 4, 3, 2, 1])
async def test_the_two_lowest_need_a_reason_and_the_others_none(hall: HallWorld, score: int) -> None:
    """B23: the terminal does not send it, and the platform does not take it."""
    number = await finished(hall)
    if score not in DISSATISFIED:
        await hall.client.call(RATE_SERVICE, service_rating(hall.shown(), number, score))
        return
    for reason in ("", "  \n"):
        with pytest.raises(ReasonMissing):
            service_rating(hall.shown(), number, score, reason)
    for nothing in (None, "\u3000"):  # an ideographic blank is no blank to XML
        forced = ServiceRating(hall.shown(), number, score, nothing)
        assert await hall.refused(RATE_SERVICE, forced) == RatingRefusal.REASON_MISSING.value
    await hall.client.call(RATE_SERVICE, service_rating(hall.shown(), number, score, "等候时间过长。"))


@pytest.mark.parametrize("score", [0, 6, -1])
async def test_there_is_no_other_score(hall: HallWorld, score: int) -> None:
    """B22: refused before it is sent, by the rule and by the schema."""
    number = await finished(hall)
    with pytest.raises(ValueError, match="5, 4, 3, 2 or 1"):
        service_rating(hall.shown(), number, score)
    with pytest.raises(ValueError, match="not a question"):
        await hall.client.call(RATE_SERVICE, ServiceRating(hall.shown(), number, score, "原因"))


async def test_one_account_rates_one_case_once(hall: HallWorld) -> None:
    """B21: a repeated call is answered again, a second opinion is not taken."""
    number = await finished(hall)
    rating = service_rating(hall.shown(), number, 5)
    assert await hall.client.call(RATE_SERVICE, rating) == await hall.client.call(RATE_SERVICE, rating)
    other = service_rating(hall.shown(), number, 1, "改主意了。")
    assert await hall.refused(RATE_SERVICE, other) == RatingRefusal.RATED_ALREADY.value


async def test_a_hundred_people_rate_at_one_terminal(hall: HallWorld) -> None:
    """B21, A13, F02: the limit is the account's, not the terminal's; each rating counts for the window of its case."""
    windows = set()
    for who in range(100):
        taken = await hall.client.call(RATE_SERVICE, service_rating(hall.shown(who), await finished(hall, who), 4))
        windows.add(taken.window)
    counted = hall.hall.ratings.by_window()
    assert set(counted) == windows
    assert sum(many for many, _ in counted.values()) == 100
    assert {mean for _, mean in counted.values()} == {4.0}


async def test_only_ones_own_case_and_only_when_it_is_over(hall: HallWorld) -> None:
    """A13, B21."""
    theirs = await finished(hall, 2)
    question = service_rating(hall.shown(), theirs, 5)
    assert await hall.refused(RATE_SERVICE, question) == RatingRefusal.NO_SUCH_CASE.value
    lines = (await hall.client.call(CASES, CasesCall(hall.shown()))).cases
    going = next(line.number for line in lines if line.state is not CaseState.DECIDED)
    question = service_rating(hall.shown(), going, 5)
    assert await hall.refused(RATE_SERVICE, question) == RatingRefusal.NOT_OVER.value


# --- complaints ------------------------------------------------------------------------------------------------------


async def complain(hall: HallWorld, text: str, *, publish: bool) -> str:
    question = ComplaintCall(hall.shown(), "human-resources", ComplaintCategory.DELAY, publish, text)
    return (await hall.client.call(COMPLAIN, question)).number


async def test_a_complaint_has_four_inputs_and_gets_a_number(hall: HallWorld) -> None:
    """B24: none may be missing, and nobody complains without evidence."""
    number = await complain(hall, "窗口排队时间过长。", publish=False)
    assert (await hall.client.call(REPLY, reply_to(number))).state is ComplaintState.RECEIVED
    with pytest.raises(ValueError, match="not a question"):
        await complain(hall, "  ", publish=False)
    blank = ComplaintCall(hall.shown(), "human-resources", ComplaintCategory.DELAY, False, "\u3000")
    assert await hall.refused(COMPLAIN, blank) == ComplaintRefusal.TEXT_MISSING.value
    unknown = ComplaintCall(hall.shown(), "no-such", ComplaintCategory.DELAY, False, "内容")
    assert await hall.refused(COMPLAIN, unknown) == ComplaintRefusal.NO_SUCH_DEPARTMENT.value
    assert {"department", "category", "publish", "text"} < set(ComplaintCall.__struct_fields__)


async def test_a_reply_is_found_by_number(hall: HallWorld) -> None:
    """B09: its text, and nothing of the complaint."""
    number = await complain(hall, "窗口排队时间过长。", publish=False)
    hall.hall.complaints.answer(number, "已增开窗口，感谢您的意见。")
    reply = await hall.client.call(REPLY, reply_to(number))
    assert (reply.state, reply.text) == (ComplaintState.REPLIED, "已增开窗口，感谢您的意见。")
    with pytest.raises(NotANumber):
        reply_to("999900199001010014")


async def test_what_is_published_hides_its_author(hall: HallWorld) -> None:
    """B25, E08: name, identity number and telephone are gone; without consent so is the complaint."""
    card = citizen(1)
    text = f"我是{card.name}，身份证{card.number}，电话138 0000 0000，窗口排队时间过长。"
    shown = await complain(hall, text, publish=True)
    await complain(hall, "不愿公开的内容。", publish=False)
    published = (await hall.client.fetch(PUBLISHED)).complaints
    assert [each.number for each in published] == [shown]
    assert published[0].text == "我是＊＊＊，身份证＊＊＊，电话＊＊＊，窗口排队时间过长。"
    assert card.number not in hall.everything_kept()
    assert card.name not in hall.everything_kept()
