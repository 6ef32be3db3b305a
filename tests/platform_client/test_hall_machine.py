"""Any morning that people and clerks could make of the hall, and what holds in each (B12 to B17, A10, A11).

Hypothesis books, cancels, checks in, takes tickets, calls, lets time pass, in any order; the rules are told once more
beside it, over the rows of the table, and nothing of the hall's own judgement is used.
"""

import uuid
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hall_world import MONDAY, Clock, china, citizen
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from platform_client.appointments import BookCall, CancelCall, CheckInCall
from platform_client.operation import About
from platform_client.sandbox.hall.appointments import Bookings
from platform_client.sandbox.hall.guidebook import Guidebook
from platform_client.sandbox.hall.masking import holder_of
from platform_client.sandbox.hall.plan import arranged
from platform_client.sandbox.hall.queue import HallQueue
from platform_client.sandbox.hall.store import Store, instant, seconds
from platform_client.sandbox.hall.visitor import Visitor
from platform_client.sandbox.intake import Refuse
from platform_client.sandbox.registry import Person
from platform_client.tickets import TicketForCall

PLAN = arranged()
GUIDES = Guidebook(Clock())
WINDOWS = ("1", "5")
ITEMS = ("social-card", "residence-permit")
NOBODY: Any = None  # evidence was checked at the door

# Few of each, and the good ones often: a slot must fill up, and somebody must miss four.
people = st.integers(0, 4)
days = st.sampled_from([1, 1, 1, 2, 3, 7, 0, 8])
half_hours = st.sampled_from([18, 18, 18, 18, 19, 33, 17, 24])
items = st.sampled_from(ITEMS)
windows = st.sampled_from(WINDOWS)
places = st.sampled_from([("social-card", "1")] * 4 + [("residence-permit", "5")] * 2 + [("social-card", "5")])


class Morning(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(china(MONDAY, 9))
        self.store = Store()
        self.queue = HallQueue(self.store, PLAN, GUIDES, self.clock)
        self.bookings = Bookings(self.store, PLAN, GUIDES, self.queue, self.clock)

    def teardown(self) -> None:
        self.store.close()

    def visitor(self, who: int) -> Visitor:
        card = citizen(who)
        person = Person(card.name, card.number)
        about = About(uuid.uuid4().hex, uuid.uuid4().hex, "0" * 64)
        return Visitor(person, self.store.pseudonym(person), holder_of(person), about, self.clock())

    def numbers(self, who: int) -> list[str]:
        rows = self.store.all("SELECT number FROM appointments WHERE who = ? ORDER BY rowid", self.visitor(who).who)
        return [row["number"] for row in rows]

    @rule(who=people, place=places, ahead=days, half_hour=half_hours)
    def book(self, who: int, place: tuple[str, str], ahead: int, half_hour: int) -> None:
        today = (self.clock.now + timedelta(hours=8)).date()
        begins = china(today + timedelta(days=ahead), 0) + half_hour * timedelta(minutes=30)
        missed = self.missed(self.visitor(who).who, self.clock.now)
        try:
            made = self.bookings.book(BookCall(NOBODY, *place, begins), self.visitor(who)).appointment
        except Refuse:
            return
        local = made.begins + timedelta(hours=8)
        assert 1 <= ahead <= 7
        assert local.weekday() < 5
        assert (9, 0) <= (local.hour, local.minute) <= (11, 30) or (13, 30) <= (local.hour, local.minute) <= (16, 30)
        assert missed <= 3

    def missed(self, who: str, now: datetime) -> int:
        """Not come, by what is known now: also those whose slot has just ended."""
        rows = self.store.all("SELECT state, ends FROM appointments WHERE who = ?", who)
        gone = [row for row in rows if row["state"] == "booked" and row["ends"] <= seconds(now)]
        over = gone + [row for row in rows if row["state"] == "missed"]
        return sum(row["ends"] > seconds(now - timedelta(days=30)) for row in over)

    @rule(who=people, which=st.integers(0, 30))
    def cancel(self, who: int, which: int) -> None:
        numbers = self.numbers(who)
        if numbers:
            self.attempt(self.bookings.cancel, CancelCall(NOBODY, numbers[which % len(numbers)]), who)

    @rule(who=people, which=st.integers(0, 30))
    def check_in(self, who: int, which: int) -> None:
        numbers = self.numbers(who)
        if numbers:
            self.attempt(self.bookings.check_in, CheckInCall(NOBODY, numbers[which % len(numbers)]), who)

    @rule(who=people, item=items)
    def walk_in(self, who: int, item: str) -> None:
        self.attempt(self.queue.take_for, TicketForCall(NOBODY, item), who)

    def attempt(self, act: Any, call: Any, who: int) -> None:
        try:
            act(call, self.visitor(who))
        except Refuse:
            return

    @rule(window=windows)
    def call(self, window: str) -> None:
        today = (self.clock.now + timedelta(hours=8)).date().isoformat()
        rows = self.store.all("SELECT * FROM tickets WHERE state = 'waiting' AND day = ?", today)
        waiting = {row["number"]: row for row in rows}
        made = self.queue.call_next(window)
        if made is None:
            return
        chosen = waiting[made.ticket]
        due = [each for each in waiting.values() if self.is_due(each, window)]
        if chosen["appointment"] is None:
            assert chosen["item"] in PLAN.windows[window].items
            assert not due, "an appointment in its slot goes before every walk-in"
            assert not [
                each
                for each in waiting.values()
                if each["appointment"] is None
                and each["item"] in PLAN.windows[window].items
                and each["turn"] < chosen["turn"]
            ], "walk-ins go in the order they came"
        else:
            assert chosen["turn"] in [each["turn"] for each in due], "not before its slot, not to another window"
            assert chosen["not_before"] == min(each["not_before"] for each in due)

    def is_due(self, ticket: Any, window: str) -> bool:
        return bool(
            ticket["appointment"] and ticket["window"] == window and instant(ticket["not_before"]) <= self.clock.now
        )

    @rule(window=windows, answered=st.booleans())
    def end(self, window: str, answered: bool) -> None:
        (self.queue.finish if answered else self.queue.nobody_came)(window)

    @rule(early=st.sampled_from([0, 0, 40]), over=st.booleans())
    def the_next_slot_comes(self, early: int, over: bool) -> None:
        """To where things happen: shortly before a booked slot, to its beginning, or past its end."""
        next_one = "SELECT MIN(begins) AS begins FROM appointments WHERE state = 'booked' AND begins > ?"
        row = self.store.one(next_one, seconds(self.clock.now))
        if row is not None and row["begins"] is not None:
            begins = instant(row["begins"])
            self.clock.now = begins + timedelta(minutes=30) if over else begins - timedelta(minutes=early)

    @rule(place=places, half_hour=half_hours)
    def a_crowd_books(self, place: tuple[str, str], half_hour: int) -> None:
        for who in range(5):
            self.book(who, place, 1, half_hour)

    @rule(window=windows)
    def everybody_is_called(self, window: str) -> None:
        for who in range(5):
            for number in self.numbers(who):
                self.attempt(self.bookings.check_in, CheckInCall(NOBODY, number), who)
            self.attempt(self.queue.take_for, TicketForCall(NOBODY, ITEMS[who % 2]), who)
        for _ in range(3):
            self.call(window)

    @precondition(lambda self: self.clock.now < china(MONDAY, 9) + timedelta(days=90))
    @rule(minutes=st.sampled_from([1, 29, 30, 60, 240, 1440, 1440 * 3]))
    def time_passes(self, minutes: int) -> None:
        self.clock.now += timedelta(minutes=minutes)

    @invariant()
    def no_slot_holds_more_than_it_may(self) -> None:
        """B13."""
        live = "SELECT item, window, begins FROM appointments WHERE state IN ('booked', 'checked-in')"
        for (item, _, _), many in Counter(tuple(row) for row in self.store.all(live)).items():
            assert many <= PLAN.capacity(PLAN.items[item])

    @invariant()
    def nobody_holds_two_of_one_item(self) -> None:
        """B14."""
        live = "SELECT who, item FROM appointments WHERE state IN ('booked', 'checked-in')"
        assert all(many == 1 for many in Counter(tuple(row) for row in self.store.all(live)).values())

    @invariant()
    def each_ticket_is_called_once(self) -> None:
        """A11."""
        turns = [row["turn"] for row in self.store.all("SELECT turn FROM calls")]
        assert len(turns) == len(set(turns))
        states = {row["turn"]: row["state"] for row in self.store.all("SELECT turn, state FROM tickets")}
        assert all(states[turn] != "waiting" for turn in turns)


Morning.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestMorning = Morning.TestCase
