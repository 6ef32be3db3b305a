"""What happens behind the windows, ordered over the control panel while the platform runs."""

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest
from hall_world import MONDAY, HallWorld, china

from platform_client.appointments import BOOK, BookCall
from platform_client.cases import CASE_BY_NUMBER, CASES, CasesCall, CaseState, by_number
from platform_client.materials import APPLY, UPLOAD, ApplyCall, Level, upload
from platform_client.sandbox.control import Control, NotFlipped, flip
from platform_client.sandbox.hall import clerks
from platform_client.tickets import CALLS_AFTER, TICKET, CallsAfter, TicketCall

ITEM = "social-card"


async def applied(hall: HallWorld) -> tuple[str, str]:
    """The number of a fresh case, and that of the scan in it."""
    numbers = []
    for material, level, content in (
        ("photograph", Level.C, b"\xff\xd8\xff"),
        ("application-form", Level.D, b"%PDF-1.7"),
    ):
        call = upload(hall.shown(), item=ITEM, material=material, level=level, content=content, promise=True)
        numbers.append((await hall.client.call(UPLOAD, call)).material.number)
    made = await hall.client.call(APPLY, ApplyCall(hall.shown(), ITEM, "hall", "hall", tuple(numbers)))
    return made.number, numbers[0]


async def test_a_case_goes_its_way(hall: HallWorld, tmp_path: Path) -> None:
    """B20, B31, B42: from received to decided, by orders from outside; each shows at once."""
    control = Control(hall.sandbox.obey, hall.sandbox.tracer)
    await control.start(tmp_path / "control")
    number, scan = await applied(hall)
    steps: tuple[tuple[clerks.ClerkCommand, CaseState], ...] = (
        (clerks.AskForMore(number, "请补交照片。"), CaseState.SUPPLEMENT),
        (clerks.CheckMaterial(scan), CaseState.SUPPLEMENT),
        (clerks.AcceptCase(number), CaseState.ACCEPTED),
        (clerks.SuspendCase(number, "需等待鉴定结论。"), CaseState.SUSPENDED),
        (clerks.ResumeCase(number), CaseState.ACCEPTED),
        (clerks.ExtendCase(number, 3, "情况复杂。"), CaseState.EXTENDED),
        (clerks.DecideCase(number, "准予办理。", "household", date(2027, 12, 31)), CaseState.DECIDED),
    )
    try:
        for command, state in steps:
            await flip(tmp_path / "control", command)
            seen = await hall.client.call(CASE_BY_NUMBER, by_number(number))
            assert seen.progress.state is state, command
        for late in (
            clerks.RefuseCase(number, "理由"),
            clerks.TerminateCase(number, "理由"),
            clerks.DecideCase(number, "", "x", date.max),
        ):
            with pytest.raises(NotFlipped):
                await flip(tmp_path / "control", late)
    finally:
        await control.stop()
    sent = hall.hall.store.all("SELECT kind FROM outbox WHERE reference = ? ORDER BY rowid", number)
    assert [row["kind"] for row in sent] == ["application-taken", "supplement", "accepted", "decided"]


async def test_a_window_calls(hall: HallWorld) -> None:
    """A11: called, not come; called, served."""
    tickets = [(await hall.client.call(TICKET, TicketCall(ITEM))).ticket.number for _ in range(2)]
    for command in (
        clerks.CallNext("1"),
        clerks.NobodyCame("1"),
        clerks.CallNext("2"),
        clerks.Finish("2"),
        clerks.CallNext("2"),
    ):
        hall.sandbox.obey(command)
    calls = (await hall.client.call(CALLS_AFTER, CallsAfter(0))).calls
    assert [(call.ticket, call.window) for call in calls] == [(tickets[0], "1"), (tickets[1], "2")]
    assert [row["state"] for row in hall.hall.store.all("SELECT state FROM tickets")] == ["missed", "done"]


async def test_what_does_not_exist_is_an_error(hall: HallWorld) -> None:
    """Each command says so; nothing is half done."""
    await hall.client.call(CASES, CasesCall(hall.shown()))
    for command in (
        clerks.CallNext("99"),
        clerks.NobodyCame("99"),
        clerks.Finish("99"),
        clerks.AcceptCase("BJ261130-00000000-0"),
        clerks.CheckMaterial("CL261130-00000000-0"),
        clerks.RevokeLicence("CL261130-00000000-0"),
        clerks.AnswerComplaint("TS261130-00000000-0", "答复"),
        clerks.WithdrawGuide("no-such-item"),
    ):
        with pytest.raises(KeyError):
            hall.sandbox.obey(command)


async def test_reminders_go_out_by_themselves(hall: HallWorld) -> None:
    """B15: the platform sees to it as long as it runs."""
    begins = china(MONDAY + timedelta(days=1), 9)
    made = (await hall.client.call(BOOK, BookCall(hall.shown(), ITEM, "1", begins))).appointment
    hall.clock.now = begins - timedelta(hours=1)
    assert hall.hall.remind in hall.sandbox._duties
    duty = asyncio.create_task(hall.hall.remind())
    await asyncio.sleep(0)
    assert [row["reference"] for row in hall.hall.store.all("SELECT * FROM outbox")] == [made.number]
    duty.cancel()
