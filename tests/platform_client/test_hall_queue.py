"""Tickets, whose turn it is, and how a call is heard (A09 to A12)."""

import asyncio
from datetime import timedelta
from typing import Literal

from hall_world import MONDAY, HallWorld, china

from platform_client.appointments import BOOK, CHECK_IN, BookCall, CheckInCall
from platform_client.tickets import (
    CALLS_AFTER,
    QUEUE,
    TICKET,
    TICKET_FOR,
    CallsAfter,
    Ticket,
    TicketCall,
    TicketForCall,
    TicketRefusal,
)

ITEM = "social-card"


class Noticed(asyncio.Event):
    """Tells when somebody begins to wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = asyncio.Event()

    async def wait(self) -> Literal[True]:
        self.waited.set()
        return await super().wait()


async def take(hall: HallWorld, item: str = ITEM) -> Ticket:
    return (await hall.client.call(TICKET, TicketCall(item))).ticket


async def arrive(hall: HallWorld, who: int, begins_h: int, begins_m: int = 0, window: str = "1") -> Ticket:
    """Book for Tuesday, and check in now."""
    now, hall.clock.now = hall.clock.now, china(MONDAY, 9)
    begins = china(MONDAY + timedelta(days=1), begins_h, begins_m)
    made = (await hall.client.call(BOOK, BookCall(hall.shown(who), ITEM, window, begins))).appointment
    hall.clock.now = now
    return (await hall.client.call(CHECK_IN, CheckInCall(hall.shown(who), made.number))).ticket


def called(hall: HallWorld, window: str) -> str | None:
    call = hall.hall.queue.call_next(window)
    return None if call is None else call.ticket


async def test_a_ticket_says_number_item_and_how_many_wait(hall: HallWorld) -> None:
    """A09."""
    first, second, other = await take(hall), await take(hall), await take(hall, "residence-permit")
    assert [each.number for each in (first, second, other)] == ["A001", "A002", "B001"]
    assert [each.waiting for each in (first, second, other)] == [0, 1, 0]
    assert (first.item, first.item_name.zh, first.windows) == (ITEM, "社会保障卡申领", ("1", "2"))
    assert await hall.refused(TICKET, TicketCall("no-such-item")) == TicketRefusal.NO_SUCH_ITEM.value


async def test_one_person_waits_once_for_one_item(hall: HallWorld) -> None:
    """A09, by card: until the ticket was called; somebody else is not kept from it."""
    question = TicketForCall(hall.shown(), ITEM)
    mine = await hall.client.call(TICKET_FOR, question)
    assert await hall.client.call(TICKET_FOR, question) == mine
    again = TicketForCall(hall.shown(), ITEM)
    assert await hall.refused(TICKET_FOR, again) == TicketRefusal.WAITS_ALREADY.value
    await hall.client.call(TICKET_FOR, TicketForCall(hall.shown(2), ITEM))
    assert called(hall, "1") == mine.ticket.number
    await hall.client.call(TICKET_FOR, TicketForCall(hall.shown(), ITEM))


async def test_an_appointment_goes_first_in_its_slot_and_never_before(hall: HallWorld) -> None:
    """A10: at 09:40 walk-ins are called; at 10:00 the appointment of 10:00, whoever waits longer."""
    hall.clock.now = china(MONDAY + timedelta(days=1), 9, 40)
    walk_ins = [(await take(hall)).number for _ in range(3)]
    later = await arrive(hall, 1, 10, 30)
    sooner = await arrive(hall, 2, 10)
    assert sooner.waiting == 0
    assert called(hall, "1") == walk_ins[0]
    hall.clock.now = china(MONDAY + timedelta(days=1), 10)
    assert called(hall, "1") == sooner.number
    assert called(hall, "1") == walk_ins[1]
    hall.clock.now = china(MONDAY + timedelta(days=1), 10, 30)
    assert called(hall, "1") == later.number
    assert called(hall, "1") == walk_ins[2]
    assert called(hall, "1") is None


async def test_an_appointment_is_called_to_its_own_window(hall: HallWorld) -> None:
    """A10, A11."""
    hall.clock.now = china(MONDAY + timedelta(days=1), 10)
    mine = await arrive(hall, 1, 10, window="2")
    assert mine.windows == ("2",)
    assert called(hall, "1") is None
    assert called(hall, "2") == mine.number


async def test_a_walk_in_is_called_once_by_one_of_its_windows(hall: HallWorld) -> None:
    """A11: ticket, window and display agree."""
    ticket = await take(hall)
    assert called(hall, "5") is None
    assert called(hall, "2") == ticket.number
    assert called(hall, "1") is None
    state = await hall.client.fetch(QUEUE)
    assert {each.number: each.serving for each in state.windows if each.serving} == {"2": ticket.number}
    hall.hall.queue.finish("2")
    assert not [each for each in (await hall.client.fetch(QUEUE)).windows if each.serving]


async def test_a_call_is_heard_while_it_is_waited_for(hall: HallWorld) -> None:
    """A11: the answer comes with the call, not at the next question; nothing that was called meanwhile is lost."""
    tickets = [(await take(hall)).number for _ in range(3)]
    hall.hall.queue.called = noticed = Noticed()
    waiting = asyncio.create_task(hall.client.call(CALLS_AFTER, CallsAfter(0)))
    await asyncio.wait_for(noticed.waited.wait(), 10)
    called(hall, "1")
    heard = (await waiting).calls
    assert [(each.ticket, each.window) for each in heard] == [(tickets[0], "1")]
    called(hall, "2")
    called(hall, "1")
    missed = (await hall.client.call(CALLS_AFTER, CallsAfter(heard[-1].sequence))).calls
    assert [(each.ticket, each.window) for each in missed] == [(tickets[1], "2"), (tickets[2], "1")]
    assert (await hall.client.fetch(QUEUE)).sequence == missed[-1].sequence


async def test_a_terminal_that_outlived_the_platform_hears_everything_again(hall: HallWorld) -> None:
    """A11: its sequence is one the platform never reached."""
    ticket = await take(hall)
    called(hall, "1")
    heard = (await hall.client.call(CALLS_AFTER, CallsAfter(999))).calls
    assert [each.ticket for each in heard] == [ticket.number]


async def test_when_nobody_is_called_the_answer_is_empty(hall: HallWorld) -> None:
    """A11."""
    hall.hall.queue.wait_s = 0.01
    assert (await hall.client.call(CALLS_AFTER, CallsAfter(0))).calls == ()


async def test_a_window_shows_its_six_groups(hall: HallWorld) -> None:
    """A12: number, agency, items, clerk with staff number, the line, distinctions."""
    await take(hall)
    windows = {each.number: each for each in (await hall.client.fetch(QUEUE)).windows}
    one, five = windows["1"], windows["5"]
    assert one.agency.zh == "示例市人力资源和社会保障局"
    assert [name.zh for name in one.item_names] == ["社会保障卡申领"]
    assert (one.clerk_name, one.clerk_number, one.waiting, one.serving) == ("示例一", "S0101", 1, None)
    assert (one.red_flag, one.model_worker, five.red_flag, five.model_worker) == (True, False, False, True)
