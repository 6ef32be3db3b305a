"""Bookings and their rules: D+1 to D+7 in working time, capacity, one live booking, no-shows (B11 to B17, A10, A19)."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from platform_client.appointments import (
    Appointment,
    Appointments,
    AppointmentsCall,
    AppointmentState,
    BookCall,
    Booked,
    BookingRefusal,
    CancelCall,
    Cancelled,
    CheckedIn,
    CheckInCall,
    Slot,
    SlotDay,
    Slots,
    SlotsCall,
)
from platform_client.hall import Holder
from platform_client.references import Series
from platform_client.sandbox.hall.guidebook import Guidebook
from platform_client.sandbox.hall.notices import Notice, post
from platform_client.sandbox.hall.plan import Item, Plan
from platform_client.sandbox.hall.queue import HallQueue
from platform_client.sandbox.hall.store import Store, fresh_number, instant, seconds
from platform_client.sandbox.hall.visitor import Visitor
from platform_client.sandbox.hall.working_time import SLOT
from platform_client.sandbox.intake import Refuse
from platform_client.sandbox.material import CHINA

MISSED_AT_MOST: Final = 3
MISSED_WITHIN: Final = timedelta(days=30)
"""B17: who did not come more than so often within so long cannot book (the seed's own example)."""

REMIND_BEFORE: Final = timedelta(hours=2)

_LIVE: Final = "('booked', 'checked-in')"


class Bookings:
    """The appointments of the hall."""

    def __init__(
        self, store: Store, plan: Plan, guides: Guidebook, queue: HallQueue, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._plan = plan
        self._guides = guides
        self._queue = queue
        self._clock = clock

    async def slots(self, call: SlotsCall) -> Slots:
        item, now = self._item(call.item), self._clock()
        taken = {
            (row["window"], row["begins"]): row["taken"]
            for row in self._store.all(
                f"SELECT window, begins, COUNT(*) AS taken FROM appointments WHERE item = ? AND begins > ?"
                f" AND state IN {_LIVE} GROUP BY window, begins",
                item.code,
                seconds(now),
            )
        }
        days = tuple(self._day(item, day, taken) for day in self._plan.calendar.week_from(now))
        return Slots(item.code, self._guides.name(item.code), days)

    def book(self, call: BookCall, visitor: Visitor) -> Booked:
        """One booking. The looking and the writing are one transaction, so nobody comes between."""
        self._settle(visitor.now)
        item = self._item(call.item)
        with self._store.change() as change:
            row = change.execute("SELECT * FROM appointments WHERE request_id = ?", (visitor.request_id,)).fetchone()
            if row is None:
                self._admit(change, item, call, visitor)
                row = self._insert(change, item, call, visitor)
        return Booked(visitor.about, self._told(row))

    def mine(self, call: AppointmentsCall, visitor: Visitor) -> Appointments:
        """Only what is valid and not over (A10)."""
        self._settle(visitor.now)
        rows = self._store.all(
            f"SELECT * FROM appointments WHERE who = ? AND ends > ? AND state IN {_LIVE} ORDER BY begins",
            visitor.who,
            seconds(visitor.now),
        )
        return Appointments(visitor.about, tuple(self._told(row) for row in rows))

    def cancel(self, call: CancelCall, visitor: Visitor) -> Cancelled:
        """Until the slot ends (B16); whoever asks twice is told the same."""
        with self._store.change() as change:
            row = self._own(change, call.number, visitor)
            if row["state"] != AppointmentState.CANCELLED.value:
                self._still_possible(row, visitor.now)
                change.execute("UPDATE appointments SET state = 'cancelled' WHERE number = ?", (call.number,))
                change.execute(
                    "UPDATE tickets SET state = 'done' WHERE appointment = ? AND state = 'waiting'", (call.number,)
                )
                row = self._own(change, call.number, visitor)
        return Cancelled(visitor.about, self._told(row))

    def check_in(self, call: CheckInCall, visitor: Visitor) -> CheckedIn:
        """On the day, until the slot ends; whoever asks twice gets the same ticket."""
        with self._store.change() as change:
            row = self._own(change, call.number, visitor)
            self._still_possible(row, visitor.now)
            if instant(row["begins"]).astimezone(CHINA).date() != visitor.today:
                raise Refuse(BookingRefusal.NOT_TODAY.value)
            ticket = self._queue.check_in(change, visitor, row)
            change.execute("UPDATE appointments SET state = 'checked-in' WHERE number = ?", (call.number,))
            row = self._own(change, call.number, visitor)
        return CheckedIn(visitor.about, self._told(row), ticket)

    def remind(self) -> None:
        """Put a reminder into the outbox for each booking that is due (B15)."""
        now = self._clock()
        due = "SELECT * FROM appointments WHERE state = 'booked' AND ends > ? AND begins <= ?"
        with self._store.change() as change:
            for row in change.execute(due, (seconds(now), seconds(now + REMIND_BEFORE))).fetchall():
                post(change, row["who"], Notice.APPOINTMENT_SOON, row["number"], now)

    def suspended_until(self, who: str, now: datetime) -> datetime | None:
        """When somebody who did not come too often may book again (B17)."""
        rows = self._store.all(
            "SELECT ends FROM appointments WHERE who = ? AND state = 'missed' AND ends > ? ORDER BY ends",
            who,
            seconds(now - MISSED_WITHIN),
        )
        if len(rows) <= MISSED_AT_MOST:
            return None
        return instant(rows[len(rows) - MISSED_AT_MOST - 1]["ends"]) + MISSED_WITHIN

    def _admit(self, change: sqlite3.Connection, item: Item, call: BookCall, visitor: Visitor) -> None:
        if (outside := self._plan.calendar.outside(call.begins, visitor.now)) is not None:
            raise Refuse(outside.value)
        if call.window not in {each.number for each in self._plan.windows_for[item.code]}:
            raise Refuse(BookingRefusal.NOT_A_SLOT.value)
        if (until := self.suspended_until(visitor.who, visitor.now)) is not None:
            raise Refuse(BookingRefusal.SUSPENDED.value, until=until)
        live = f"SELECT 1 FROM appointments WHERE who = ? AND item = ? AND state IN {_LIVE}"
        if change.execute(live, (visitor.who, item.code)).fetchone():
            raise Refuse(BookingRefusal.BOOKED_ALREADY.value)
        taken = f"SELECT COUNT(*) FROM appointments WHERE item = ? AND window = ? AND begins = ? AND state IN {_LIVE}"
        place = (item.code, call.window, seconds(call.begins))
        if change.execute(taken, place).fetchone()[0] >= self._plan.capacity(item):
            raise Refuse(BookingRefusal.FULL.value)

    def _insert(self, change: sqlite3.Connection, item: Item, call: BookCall, visitor: Visitor) -> sqlite3.Row:
        number, begins = fresh_number(Series.APPOINTMENT, visitor.today), seconds(call.begins)
        change.execute(
            "INSERT INTO appointments VALUES (?, ?, ?, ?, ?, ?, ?, 'booked', ?, ?)",
            (
                number,
                visitor.request_id,
                visitor.who,
                item.code,
                call.window,
                begins,
                begins + int(SLOT.total_seconds()),
                visitor.holder.name,
                visitor.holder.number,
            ),
        )
        return self._own(change, number, visitor)

    def _own(self, change: sqlite3.Connection, number: str, visitor: Visitor) -> sqlite3.Row:
        mine = "SELECT * FROM appointments WHERE number = ? AND who = ?"
        row: sqlite3.Row | None = change.execute(mine, (number, visitor.who)).fetchone()
        if row is None:
            raise Refuse(BookingRefusal.NO_SUCH_APPOINTMENT.value)
        return row

    def _still_possible(self, row: sqlite3.Row, now: datetime) -> None:
        if row["state"] not in (AppointmentState.BOOKED.value, AppointmentState.CHECKED_IN.value):
            raise Refuse(BookingRefusal.NOT_LIVE.value)
        if row["ends"] <= seconds(now):
            raise Refuse(BookingRefusal.SLOT_OVER.value)

    def _settle(self, now: datetime) -> None:
        """A booking whose slot is over was missed; one that was checked in but never called is nobody's fault."""
        midnight = datetime.combine(now.astimezone(CHINA).date(), datetime.min.time(), CHINA)
        with self._store.change() as change:
            change.execute(
                "UPDATE appointments SET state = 'missed' WHERE state = 'booked' AND ends <= ?", (seconds(now),)
            )
            change.execute(
                "UPDATE appointments SET state = 'cancelled' WHERE state = 'checked-in' AND ends <= ?",
                (seconds(midnight),),
            )

    def _item(self, code: str) -> Item:
        if code not in self._plan.items or not self._guides.takes_appointments(code):
            raise Refuse(BookingRefusal.NO_SUCH_ITEM.value)
        return self._plan.items[code]

    def _day(self, item: Item, day: date, taken: dict[tuple[str, int], int]) -> SlotDay:
        capacity = self._plan.capacity(item)
        slots = tuple(
            Slot(
                window.number,
                begins.astimezone(UTC),
                (begins + SLOT).astimezone(UTC),
                capacity,
                capacity - taken.get((window.number, seconds(begins)), 0),
            )
            for begins in self._plan.calendar.slots_of(day)
            for window in self._plan.windows_for[item.code]
        )
        return SlotDay(day, self._plan.calendar.works_on(day), slots)

    def _told(self, row: sqlite3.Row) -> Appointment:
        return Appointment(
            row["number"],
            row["item"],
            self._guides.name(row["item"]),
            row["window"],
            instant(row["begins"]),
            instant(row["ends"]),
            AppointmentState(row["state"]),
            Holder(row["holder_name"], row["holder_number"]),
        )
