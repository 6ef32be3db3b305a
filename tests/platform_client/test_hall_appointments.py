"""Booking over real TLS, and the rules that keep it fair (B11 to B17, A10, A19)."""

import asyncio
import threading
import uuid
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hall_world import MONDAY, Clock, HallWorld, china, citizen
from platform_world import client_for, evidence_of

from platform_client.appointments import (
    APPOINTMENTS,
    BOOK,
    CANCEL,
    CHECK_IN,
    SLOTS,
    Appointment,
    AppointmentsCall,
    AppointmentState,
    BookCall,
    BookingRefusal,
    CancelCall,
    CheckInCall,
    SlotsCall,
)
from platform_client.client import PlatformClient
from platform_client.errors import PlatformError
from platform_client.operation import About
from platform_client.sandbox.hall.appointments import Bookings
from platform_client.sandbox.hall.guidebook import Guidebook
from platform_client.sandbox.hall.masking import holder_of
from platform_client.sandbox.hall.plan import arranged
from platform_client.sandbox.hall.queue import HallQueue
from platform_client.sandbox.hall.store import Store
from platform_client.sandbox.hall.visitor import Visitor
from platform_client.sandbox.intake import Refuse
from platform_client.sandbox.registry import Person

ITEM = "social-card"
TOMORROW_9 = china(MONDAY + timedelta(days=1), 9)


async def book(world: HallWorld, who: int = 1, begins: datetime = TOMORROW_9, item: str = ITEM) -> Appointment:
    window = world.hall.plan.windows_for[item][0].number
    return (await world.client.call(BOOK, BookCall(world.shown(who), item, window, begins))).appointment


def call(world: HallWorld, who: int = 1, begins: datetime = TOMORROW_9, window: str = "1") -> BookCall:
    return BookCall(world.shown(who), ITEM, window, begins)


async def mine(world: HallWorld, who: int = 1) -> tuple[Appointment, ...]:
    return (await world.client.call(APPOINTMENTS, AppointmentsCall(world.shown(who)))).appointments


# --- what can be booked ----------------------------------------------------------------------------------------------


async def test_a_booking_says_clearly_that_it_is_one(hall: HallWorld) -> None:
    """B11: item, window, day and slot; the answer is a number and a state, and nobody's data (E05)."""
    made = await book(hall)
    assert (made.item, made.window, made.begins, made.state) == (ITEM, "1", TOMORROW_9, AppointmentState.BOOKED)
    assert made.ends - made.begins == timedelta(minutes=30)
    card = citizen(1)
    assert (made.holder.name, made.holder.number) == (
        card.name[0] + "**",
        card.number[:6] + "********" + card.number[14:],
    )
    assert await mine(hall) == (made,)


async def test_nobody_books_without_evidence(hall: HallWorld) -> None:
    """B11, E01: there is no such call; and the platform refuses evidence that another card's digest stands in."""
    with pytest.raises(TypeError):
        BookCall(ITEM, "1", TOMORROW_9)  # type: ignore[call-arg,arg-type]
    with pytest.raises(ValueError, match="not a question"):
        await hall.client.call(BOOK, BookCall(hall.shown(), "999900199001010014", "1", TOMORROW_9))


async def test_slots_are_those_of_seven_days_in_working_time(hall: HallWorld) -> None:
    """B12, B13: from tomorrow, one week; what is left follows the bookings; a weekend has none."""
    shown = await hall.client.call(SLOTS, SlotsCall(ITEM))
    assert [day.date for day in shown.days] == [MONDAY + timedelta(days=ahead) for ahead in range(1, 8)]
    assert [day.working for day in shown.days] == [True] * 4 + [False] * 2 + [True]
    assert all(bool(day.slots) is day.working for day in shown.days)
    first = shown.days[0].slots[0]
    assert (first.begins, first.left, first.capacity) == (TOMORROW_9, 3, 3)
    await book(hall)
    again = await hall.client.call(SLOTS, SlotsCall(ITEM))
    assert again.days[0].slots[0].left == 2


@pytest.mark.parametrize(
    ("begins", "why"),
    [
        (china(MONDAY, 10), BookingRefusal.TOO_SOON),
        (china(MONDAY + timedelta(days=8), 9), BookingRefusal.TOO_LATE),
        (china(MONDAY + timedelta(days=5), 9), BookingRefusal.NOT_WORKING_TIME),
        (china(MONDAY + timedelta(days=1), 12), BookingRefusal.NOT_WORKING_TIME),
        (china(MONDAY + timedelta(days=1), 9, 10), BookingRefusal.NOT_A_SLOT),
    ],
)
async def test_what_is_no_slot_is_refused_by_name(hall: HallWorld, begins: datetime, why: BookingRefusal) -> None:
    """B12."""
    assert await hall.refused(BOOK, call(hall, begins=begins)) == why.value


async def test_the_first_and_the_last_slot_are_taken(hall: HallWorld) -> None:
    """B12: D+1 and D+7."""
    await book(hall, 1, china(MONDAY + timedelta(days=1), 9))
    await book(hall, 2, china(MONDAY + timedelta(days=7), 16, 30))


async def test_a_window_that_does_not_do_this_is_no_slot(hall: HallWorld) -> None:
    """B11."""
    assert await hall.refused(BOOK, call(hall, window="5")) == BookingRefusal.NOT_A_SLOT.value


async def test_an_item_without_appointments_cannot_be_booked(hall: HallWorld) -> None:
    """B06: the guide says so, and the booking follows the guide."""
    question = BookCall(hall.shown(), "housing-fund", "3", TOMORROW_9)
    assert await hall.refused(BOOK, question) == BookingRefusal.NO_SUCH_ITEM.value
    assert await hall.refused(SLOTS, SlotsCall("housing-fund")) == BookingRefusal.NO_SUCH_ITEM.value


# --- never too many --------------------------------------------------------------------------------------------------


async def test_fifty_at_once_never_overbook(hall: HallWorld) -> None:
    """B13: fifty people, ten connections of TLS, one slot: exactly its capacity is booked, everybody else reads why."""
    clients = [client_for(hall.port, hall.identity) for _ in range(10)]
    questions = [call(hall, who) for who in range(50)]

    async def attempt(client: PlatformClient, question: BookCall) -> str:
        try:
            await client.call(BOOK, question)
        except PlatformError as error:
            return error.detail
        return "booked"

    try:
        outcomes = Counter(
            await asyncio.gather(*(attempt(clients[who % 10], question) for who, question in enumerate(questions)))
        )
    finally:
        for client in clients:
            await client.close()
    capacity = hall.hall.plan.capacity(hall.hall.plan.items[ITEM])
    assert outcomes == {"booked": capacity, BookingRefusal.FULL.value: 50 - capacity}
    slot = (await hall.client.call(SLOTS, SlotsCall(ITEM))).days[0].slots[0]
    assert slot.left == 0
    assert hall.hall.store.count("SELECT COUNT(*) FROM appointments") == capacity


def test_nor_do_fifty_connections_to_one_file(tmp_path: Path) -> None:
    """B13: the rule is the transaction's, not the event loop's: fifty threads, each with a connection of its own."""
    plan, clock, key, gate = arranged(), Clock(), b"k" * 32, threading.Barrier(50)
    guides = Guidebook(clock)
    Store(tmp_path / "hall.db", key).close()
    outcomes: list[str] = []

    def attempt(who: int) -> None:
        store = Store(tmp_path / "hall.db", key)
        bookings = Bookings(store, plan, guides, HallQueue(store, plan, guides, clock), clock)
        card = citizen(who)
        person = Person(card.name, card.number)
        about = About(uuid.uuid4().hex, uuid.uuid4().hex, "0" * 64)
        visitor = Visitor(person, store.pseudonym(person), holder_of(person), about, clock())
        question = BookCall(None, ITEM, "1", TOMORROW_9)  # type: ignore[arg-type]
        gate.wait()
        try:
            bookings.book(question, visitor)
            outcomes.append("booked")
        except Refuse as refuse:
            outcomes.append(refuse.code)
        store.close()

    threads = [threading.Thread(target=attempt, args=(who,)) for who in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outcomes) == {"booked": 3, BookingRefusal.FULL.value: 47}
    kept = (tmp_path / "hall.db").read_bytes()
    assert not [who for who in range(50) if citizen(who).number.encode() in kept or citizen(who).name.encode() in kept]


async def test_a_lost_answer_is_asked_for_again(hall: HallWorld) -> None:
    """C19, B13: the same request id brings the same booking, not a second one; for another question it is refused."""
    question = call(hall)
    first = await hall.client.call(BOOK, question)
    assert await hall.client.call(BOOK, question) == first
    other = BookCall(question.evidence, ITEM, "1", TOMORROW_9 + timedelta(minutes=30))
    assert await hall.refused(BOOK, other) == "request-id-used"
    nonce = "5" * 32
    for who, code in ((1, "day-too-soon"), (1, "nonce-used")):
        again = evidence_of(hall.identity, card=citizen(who), at=hall.clock.now, nonce=nonce)
        assert await hall.refused(BOOK, BookCall(again, ITEM, "1", china(MONDAY, 10))) == code
    theft = CancelCall(question.evidence, first.appointment.number)
    assert await hall.refused(CANCEL, theft) == "request-id-used"


# --- one live booking, and those who do not come ---------------------------------------------------------------------


async def test_one_live_booking_for_one_item_and_person(hall: HallWorld) -> None:
    """B14: another item may be booked meanwhile, and so may this one by somebody else."""
    await book(hall)
    later = TOMORROW_9 + timedelta(minutes=30)
    assert await hall.refused(BOOK, call(hall, begins=later)) == BookingRefusal.BOOKED_ALREADY.value
    await book(hall, 1, later, "residence-permit")
    await book(hall, 2, later)


async def test_a_cancelled_booking_frees_the_slot_and_the_person(hall: HallWorld) -> None:
    """A19, B14, B16: and cancelling twice is cancelling once."""
    made = await book(hall)
    for _ in range(2):
        gone = await hall.client.call(CANCEL, CancelCall(hall.shown(), made.number))
        assert gone.appointment.state is AppointmentState.CANCELLED
    assert (await hall.client.call(SLOTS, SlotsCall(ITEM))).days[0].slots[0].left == 3
    assert await mine(hall) == ()
    await book(hall)


async def test_a_booking_can_be_cancelled_until_its_slot_ends(hall: HallWorld) -> None:
    """B16, as the list of decisions reads it."""
    made = await book(hall)
    hall.clock.now = made.ends
    late = CancelCall(hall.shown(), made.number)
    assert await hall.refused(CANCEL, late) == BookingRefusal.SLOT_OVER.value
    hall.clock.now = made.ends - timedelta(seconds=1)
    assert (await hall.client.call(CANCEL, CancelCall(hall.shown(), made.number))).appointment.number == made.number


async def test_nobody_cancels_for_somebody_else(hall: HallWorld) -> None:
    """E02: the number alone opens nothing."""
    made = await book(hall)
    for operation, question in ((CANCEL, CancelCall), (CHECK_IN, CheckInCall)):
        refused = await hall.refused(operation, question(hall.shown(2), made.number))  # type: ignore[type-var]
        assert refused == BookingRefusal.NO_SUCH_APPOINTMENT.value


async def miss(hall: HallWorld, times: int) -> None:
    """Book for tomorrow and do not come, working day after working day."""
    for _ in range(times):
        begins = hall.clock.now.replace(hour=1, minute=0) + timedelta(days=1)
        while not hall.hall.plan.calendar.works_on(begins.date()):
            begins += timedelta(days=1)
        made = await book(hall, begins=begins)
        hall.clock.now = made.ends + timedelta(minutes=1)


async def test_who_misses_more_than_three_in_thirty_days_cannot_book(hall: HallWorld) -> None:
    """B17: three are forgiven, the fourth suspends; the refusal says until when, and then it is over."""
    await miss(hall, 3)
    made = await book(hall, begins=china(MONDAY + timedelta(days=4), 9))
    hall.clock.now = made.ends
    refusal = await hall.refusal(BOOK, call(hall, begins=china(MONDAY + timedelta(days=7), 9)))
    assert refusal.detail == BookingRefusal.SUSPENDED.value
    first_missed = china(MONDAY + timedelta(days=1), 9, 30)
    assert refusal.until == first_missed + timedelta(days=30)
    hall.clock.now = refusal.until - timedelta(days=5)
    assert await hall.refused(BOOK, call(hall, begins=next_slot(hall))) == BookingRefusal.SUSPENDED.value
    hall.clock.now = refusal.until
    await book(hall, begins=next_slot(hall))


def next_slot(hall: HallWorld) -> datetime:
    calendar = hall.hall.plan.calendar
    return next(slot for day in calendar.week_from(hall.clock.now) for slot in calendar.slots_of(day)).astimezone(
        hall.clock.now.tzinfo
    )


async def test_others_may_book_meanwhile_and_cancelling_is_not_missing(hall: HallWorld) -> None:
    """B17."""
    for _ in range(5):
        made = await book(hall)
        await hall.client.call(CANCEL, CancelCall(hall.shown(), made.number))
    await book(hall)
    await miss_all_of(hall, 2)
    await book(hall, 3, next_slot(hall))


async def miss_all_of(hall: HallWorld, who: int) -> None:
    for _ in range(4):
        made = await book(hall, who, next_slot(hall))
        hall.clock.now = made.ends
    assert await hall.refused(BOOK, call(hall, who, next_slot(hall))) == BookingRefusal.SUSPENDED.value


# --- coming ----------------------------------------------------------------------------------------------------------


async def test_only_what_is_valid_and_not_over_is_offered(hall: HallWorld) -> None:
    """A10: a cancelled, a missed and a finished one are not."""
    made = await book(hall)
    other = await book(hall, begins=TOMORROW_9 + timedelta(hours=1), item="residence-permit")
    gone = await book(hall, begins=TOMORROW_9 + timedelta(hours=2), item="birth-registration")
    await hall.client.call(CANCEL, CancelCall(hall.shown(), gone.number))
    assert [each.number for each in await mine(hall)] == [made.number, other.number]
    hall.clock.now = made.ends
    assert [each.number for each in await mine(hall)] == [other.number]
    assert await hall.refused(CHECK_IN, CheckInCall(hall.shown(), made.number)) == BookingRefusal.NOT_LIVE.value
    hall.clock.now = other.begins
    await hall.client.call(CHECK_IN, CheckInCall(hall.shown(), other.number))
    hall.hall.queue.call_next(other.window)
    hall.hall.queue.finish(other.window)
    assert await mine(hall) == ()
    await book(hall, begins=next_slot(hall), item="residence-permit")


async def test_a_booking_is_checked_in_on_its_day_once(hall: HallWorld) -> None:
    """A10: not the day before, not after the slot; twice gives the same ticket."""
    made = await book(hall)
    early = CheckInCall(hall.shown(), made.number)
    assert await hall.refused(CHECK_IN, early) == BookingRefusal.NOT_TODAY.value
    hall.clock.now = made.begins - timedelta(minutes=40)
    first = await hall.client.call(CHECK_IN, CheckInCall(hall.shown(), made.number))
    again = await hall.client.call(CHECK_IN, CheckInCall(hall.shown(), made.number))
    assert first.ticket == again.ticket
    assert (first.appointment.state, first.ticket.not_before) == (AppointmentState.CHECKED_IN, made.begins)
    assert first.ticket.number == "Y001"


async def test_a_ticket_that_nobody_answers_counts_as_missed(hall: HallWorld) -> None:
    """B17: 取号不办理 is not coming, too."""
    made = await book(hall)
    hall.clock.now = made.begins
    await hall.client.call(CHECK_IN, CheckInCall(hall.shown(), made.number))
    hall.hall.queue.call_next(made.window)
    hall.hall.queue.nobody_came(made.window)
    row = hall.hall.store.one("SELECT state FROM appointments WHERE number = ?", made.number)
    assert row is not None
    assert row["state"] == "missed"


async def test_each_booking_is_reminded_of_once(hall: HallWorld) -> None:
    """B15: at the lead time, not before, and not of what was cancelled."""
    made, gone = await book(hall), await book(hall, 2)
    await hall.client.call(CANCEL, CancelCall(hall.shown(2), gone.number))
    hall.hall.bookings.remind()
    assert hall.hall.store.count("SELECT COUNT(*) FROM outbox") == 0
    hall.clock.now = made.begins - timedelta(hours=1)
    hall.hall.bookings.remind()
    hall.hall.bookings.remind()
    assert [row["reference"] for row in hall.hall.store.all("SELECT * FROM outbox")] == [made.number]
