"""Appointments: which slots there are, book, look up, cancel, check in (B11 to B17, A10, A19).

A slot is public; a booking is a person's, so it takes their evidence. Which days and hours can be booked is the
platform's to know: a terminal offers what `SLOTS` brought and says what `BookingRefusal` names.
"""

from datetime import date, datetime
from enum import Enum
from typing import Final

from platform_client.binding import Message, field
from platform_client.hall import Holder
from platform_client.kinds import Bilingual
from platform_client.operation import AboutPerson, Ask, PersonalAnswer
from platform_client.refusal import RefusalCode
from platform_client.tickets import Ticket


class AppointmentState(Enum):
    """MISSED: nobody came, or nobody answered the call."""

    BOOKED = "booked"
    CHECKED_IN = "checked-in"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    MISSED = "missed"


class Slot(Message, frozen=True):
    """Half an hour at one window. `left`: how many more may book it."""

    window: str
    begins: datetime
    ends: datetime
    capacity: int
    left: int


class SlotDay(Message, frozen=True):
    """One day; without slots where nobody works."""

    date: date
    working: bool
    slots: tuple[Slot, ...] = field(name="Slot")


class SlotsCall(Message, frozen=True):
    """When may one come for this item?"""

    item: str


class Slots(Message, frozen=True):
    """The days from tomorrow, one week (B12)."""

    item: str
    item_name: Bilingual
    days: tuple[SlotDay, ...] = field(name="Day")


class Appointment(Message, frozen=True):
    """One booking."""

    number: str
    item: str
    item_name: Bilingual
    window: str
    begins: datetime
    ends: datetime
    state: AppointmentState
    holder: Holder


class BookCall(AboutPerson, frozen=True):
    """Book the slot that begins then at this window."""

    item: str
    window: str
    begins: datetime


class Booked(PersonalAnswer, frozen=True):
    appointment: Appointment


class AppointmentsCall(AboutPerson, frozen=True):
    """The bookings of this person that are valid and not over (A10)."""


class Appointments(PersonalAnswer, frozen=True):
    appointments: tuple[Appointment, ...] = field(name="Appointment")


class CancelCall(AboutPerson, frozen=True):
    """Give a booking up."""

    number: str


class Cancelled(PersonalAnswer, frozen=True):
    appointment: Appointment


class CheckInCall(AboutPerson, frozen=True):
    """Turn a booking into a turn in the queue."""

    number: str


class CheckedIn(PersonalAnswer, frozen=True):
    appointment: Appointment
    ticket: Ticket


SLOTS: Final = Ask("slots", "/v1/appointments/slots", SlotsCall, Slots, repeatable=True)
BOOK: Final = Ask("book", "/v1/appointments/book", BookCall, Booked, repeatable=True)
APPOINTMENTS: Final = Ask("appointments", "/v1/appointments/mine", AppointmentsCall, Appointments, repeatable=True)
CANCEL: Final = Ask("cancel", "/v1/appointments/cancel", CancelCall, Cancelled, repeatable=True)
CHECK_IN: Final = Ask("check-in", "/v1/appointments/check-in", CheckInCall, CheckedIn, repeatable=True)


class BookingRefusal(RefusalCode):
    """Why the platform does not book, cancel or check in."""

    NO_SUCH_ITEM = "no-such-item"
    TOO_SOON = "day-too-soon"
    """Today, or before: the first day is tomorrow."""
    TOO_LATE = "day-too-late"
    """Later than a week from today."""
    NOT_WORKING_TIME = "not-working-time"
    NOT_A_SLOT = "not-a-slot"
    """Nobody begins then, or not at this window."""
    FULL = "slot-full"
    BOOKED_ALREADY = "booked-already"
    """One live booking for one item and person (B14)."""
    SUSPENDED = "booking-suspended"
    """More than three times not come within thirty days (B17)."""
    NO_SUCH_APPOINTMENT = "no-such-appointment"
    NOT_LIVE = "appointment-not-live"
    """Cancelled, finished or missed."""
    SLOT_OVER = "slot-over"
    NOT_TODAY = "appointment-not-today"
