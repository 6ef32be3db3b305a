"""Cases by card and by number, and what moves them (A06, A17, B18 to B20, B31 to B34, B42, E05)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hall_world import MONDAY, HallWorld, citizen
from platform_world import client_for, identity_of

from platform_client.cases import (
    CASE,
    CASE_BY_CODE,
    CASE_BY_NUMBER,
    CASES,
    Case,
    CaseCall,
    CaseRefusal,
    CaseResult,
    CasesCall,
    CaseSeen,
    CaseState,
    Licence,
    by_code,
    by_number,
)
from platform_client.guides import Stage
from platform_client.kinds import Bilingual
from platform_client.references import NotANumber, Series, checked, number
from platform_client.sandbox.pki import SandboxPki


async def case_in(hall: HallWorld, *states: CaseState, who: int = 1) -> Case:
    """A case of `who` in one of `states`."""
    for line in (await hall.client.call(CASES, CasesCall(hall.shown(who)))).cases:
        if line.state in states:
            return await one(hall, line.number, who)
    raise AssertionError("no such case")


async def one(hall: HallWorld, number: str, who: int = 1) -> Case:
    return await hall.client.call(CASE, CaseCall(hall.shown(who), number))


async def under_way(hall: HallWorld) -> tuple[str, int]:
    """A case that is accepted and neither suspended nor prolonged: its number, and whose it is."""
    for who in range(1, 30):
        for line in (await hall.client.call(CASES, CasesCall(hall.shown(who)))).cases:
            if line.state is CaseState.ACCEPTED:
                return line.number, who
    raise AssertionError("no such case")


async def test_card_and_number_open_the_same_case(hall: HallWorld) -> None:
    """A06, A17: the number alone shows how far it is; material, documents and notices need the card."""
    mine = await case_in(hall, CaseState.DECIDED)
    seen = await hall.client.call(CASE_BY_NUMBER, by_number(mine.progress.number))
    assert seen.progress == mine.progress
    assert await hall.client.call(CASE_BY_CODE, by_code(mine.application.code)) == seen
    assert CaseSeen.__struct_fields__ == ("progress",)
    assert {"application", "result", "acceptance"} <= set(Case.__struct_fields__)


async def test_nobody_is_named_whole(hall: HallWorld) -> None:
    """E05, A06: digits 7 to 14 are stars, and all but the first character of the name, on both ways."""
    mine = await case_in(hall, CaseState.DECIDED)
    card = citizen(1)
    assert mine.progress.holder.number == card.number[:6] + "*" * 8 + card.number[14:]
    assert mine.progress.holder.name == card.name[0] + "*" * (len(card.name) - 1)


async def test_the_case_of_somebody_else_is_no_case(hall: HallWorld) -> None:
    """E02: with a card, only one's own."""
    mine = await case_in(hall, CaseState.DECIDED)
    assert await hall.refused(CASE, CaseCall(hall.shown(2), mine.progress.number)) == CaseRefusal.NO_SUCH_CASE.value


async def test_five_elements_of_the_application_and_five_of_each_step(hall: HallWorld) -> None:
    """B18, B19, B20: code, material, time, receipt, acceptance notice; stage, times, officer, number, opinion; and the
    result with what may be printed (D01)."""
    mine = await case_in(hall, CaseState.DECIDED)
    application = mine.application
    assert checked(Series.REVIEW, application.code)
    assert application.materials
    assert mine.progress.number in application.receipt
    assert mine.progress.number in application.acceptance_notice
    assert application.applied_at < hall.clock.now
    assert [step.stage for step in mine.progress.steps] == [Stage.APPLICATION, Stage.ACCEPTANCE, Stage.DECISION]
    for step in mine.progress.steps:
        assert step.officer_name
        assert step.officer_number
        assert step.opinion
        assert step.ends is not None
        assert step.begins <= step.ends
    assert mine.result is not None
    assert mine.result.decision
    assert [licence.level for licence in mine.result.licences] == ["A"]


async def test_the_acceptance_notice_has_seven_fields(hall: HallWorld) -> None:
    """B32."""
    notice = (await case_in(hall, CaseState.DECIDED)).acceptance
    assert notice is not None
    assert len(type(notice).__struct_fields__) == 7
    assert notice.materials
    assert "工作日" in notice.promised_limit


async def test_a_refusal_has_five_fields_and_a_supplement_six(hall: HallWorld) -> None:
    """B31, B33, B34: and each of them is told once."""
    number, who = await under_way(hall)
    hall.hall.cases.ask_for(number, "请补交近期免冠照片一张。")
    supplement = (await one(hall, number, who)).supplement
    assert supplement is not None
    assert len(type(supplement).__struct_fields__) == 6
    hall.hall.cases.refuse(number, "申请事项不属于本机构职权范围。")
    refusal = (await one(hall, number, who)).refusal
    assert refusal is not None
    assert len(type(refusal).__struct_fields__) == 5
    sent = hall.hall.store.all("SELECT kind FROM outbox WHERE reference = ? ORDER BY kind", number)
    assert [row["kind"] for row in sent] == ["refused", "supplement"]


async def test_the_clock_stands_still_while_a_case_is_suspended(hall: HallWorld) -> None:
    """B42: no countdown meanwhile, and the days that were left are left after it."""
    number, _ = await under_way(hall)
    before = (await hall.client.call(CASE_BY_NUMBER, by_number(number))).progress
    assert before.days_left is not None
    hall.hall.cases.suspend(number, "需等待鉴定结论。")
    hall.clock.now += timedelta(days=14)
    with pytest.raises(ValueError, match="suspended"):
        hall.hall.cases.suspend(number, "再次中止。")
    still = (await hall.client.call(CASE_BY_NUMBER, by_number(number))).progress
    assert (still.state, still.state_reason, still.days_left, still.promised_by) == (
        CaseState.SUSPENDED,
        "需等待鉴定结论。",
        None,
        None,
    )
    hall.hall.cases.resume(number)
    after = (await hall.client.call(CASE_BY_NUMBER, by_number(number))).progress
    assert (after.state, after.days_left) == (CaseState.ACCEPTED, before.days_left)


async def test_more_time_and_an_end_without_decision_say_why(hall: HallWorld) -> None:
    """B42: and a case that is over is moved no more."""
    number, _ = await under_way(hall)
    before = (await hall.client.call(CASE_BY_NUMBER, by_number(number))).progress
    hall.hall.cases.extend(number, 5, "情况复杂。")
    longer = (await hall.client.call(CASE_BY_NUMBER, by_number(number))).progress
    assert before.days_left is not None
    assert (longer.state, longer.state_reason, longer.days_left) == (
        CaseState.EXTENDED,
        "情况复杂。",
        before.days_left + 5,
    )
    hall.hall.cases.terminate(number, "申请人撤回申请。")
    ended = (await hall.client.call(CASE_BY_NUMBER, by_number(number))).progress
    assert (ended.state, ended.state_reason, ended.days_left) == (CaseState.TERMINATED, "申请人撤回申请。", None)
    for late in (hall.hall.cases.accept, hall.hall.cases.resume):
        with pytest.raises(ValueError, match="terminated"):
            late(number)


async def test_a_decision_is_told(hall: HallWorld) -> None:
    """B20, B31."""
    number, _ = await under_way(hall)
    licence = Licence(Bilingual("居住证", "Residence permit"), "household", "A", None)
    hall.hall.cases.decide(number, CaseResult("准予办理。", (licence,)))
    seen = (await hall.client.call(CASE_BY_NUMBER, by_number(number))).progress
    assert seen.state is CaseState.DECIDED
    assert seen.steps[-1].opinion == "准予办理。"


# --- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [by_number, by_code])
@pytest.mark.parametrize(
    "typed", ["999900199001010014", "", "BJ261125-40718256-8", "bj261125-40718256-7", "TY261125-55012943-4", "１２３"]
)
def test_what_is_no_number_is_never_sent(made: Callable[[str], object], typed: str) -> None:
    """E01, A06: an identity number least of all, and the error does not repeat it."""
    with pytest.raises(NotANumber) as refused:
        made(typed)
    assert not typed or typed not in str(refused.value)


def test_a_slip_of_the_finger_is_found() -> None:
    """A06: each single wrong digit, and each swap of neighbours, of a hundred numbers (ISO/IEC 7064)."""
    for digits in range(0, 10**8, 10**6 + 9):
        right = number(Series.CASE, MONDAY, digits)
        assert checked(Series.CASE, right) == right
        at = [place for place, each in enumerate(right[:-2]) if each.isdigit()]
        for place, after in zip(at, [*at[1:], None], strict=True):
            wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
            with pytest.raises(NotANumber):
                checked(Series.CASE, wrong)
            if after is None or right[place] == right[after]:
                continue
            swapped = list(right)
            swapped[place], swapped[after] = right[after], right[place]
            with pytest.raises(NotANumber):
                checked(Series.CASE, "".join(swapped))


async def test_nobody_finds_a_case_by_trying(hall: HallWorld, pki: SandboxPki) -> None:
    """A06, B39: after twenty misses a terminal waits, and no other terminal with it."""
    mine = await case_in(hall, CaseState.DECIDED)
    for digits in range(20):
        guess = by_number(number(Series.CASE, MONDAY, digits))
        assert await hall.refused(CASE_BY_NUMBER, guess) == CaseRefusal.NO_SUCH_CASE.value
    refusal = await hall.refusal(CASE_BY_NUMBER, by_number(mine.progress.number))
    assert (refusal.detail, refusal.until) == (
        CaseRefusal.TOO_MANY_GUESSES.value,
        hall.clock.now + timedelta(minutes=10),
    )
    other = client_for(hall.port, identity_of(pki, "kiosk-other"))
    try:
        assert (await other.call(CASE_BY_NUMBER, by_number(mine.progress.number))).progress == mine.progress
    finally:
        await other.close()
    hall.clock.now += timedelta(minutes=10)
    await hall.client.call(CASE_BY_NUMBER, by_number(mine.progress.number))
