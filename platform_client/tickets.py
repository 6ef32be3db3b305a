"""The queue: a ticket, who is called where, and how long the lines are (A09 to A12).

A place in the queue needs nobody's name: whoever stands there gets one. `TICKET_FOR` is for a card that was tapped: the
platform then sees to it that one person waits once for one item.
"""

from datetime import datetime
from typing import Final

from platform_client.binding import Message, field
from platform_client.kinds import Bilingual
from platform_client.operation import AboutPerson, Ask, Fetch, PersonalAnswer
from platform_client.refusal import RefusalCode


class Ticket(Message, frozen=True):
    """`waiting`: how many are before it. `windows`: where it may be called to. An appointment is not called before
    `not_before`."""

    number: str
    item: str
    item_name: Bilingual
    waiting: int
    taken_at: datetime
    not_before: datetime | None
    windows: tuple[str, ...] = field(name="Window")


class TicketCall(Message, frozen=True):
    """A place in the queue, for whoever stands there."""

    item: str


class TicketTaken(Message, frozen=True):
    ticket: Ticket


class TicketForCall(AboutPerson, frozen=True):
    """A place in the queue for this person."""

    item: str


class TicketGiven(PersonalAnswer, frozen=True):
    ticket: Ticket


class WindowState(Message, frozen=True):
    """The six groups of a window display: number, agency, items, who sits there, the line, distinctions (A12)."""

    number: str
    agency: Bilingual
    clerk_name: str
    clerk_number: str
    waiting: int
    serving: str | None
    red_flag: bool
    model_worker: bool
    item_names: tuple[Bilingual, ...] = field(name="ItemName")


class Queue(Message, frozen=True):
    """Every window. `sequence`: of the newest call."""

    sequence: int
    windows: tuple[WindowState, ...] = field(name="Window")


class QueueCall(Message, frozen=True):
    """This ticket, to this window."""

    sequence: int
    ticket: str
    window: str
    at: datetime


class CallsAfter(Message, frozen=True):
    """What has been called since `sequence`? The answer waits for a call, but not for long."""

    sequence: int


class Calls(Message, frozen=True):
    """Oldest first; empty when nothing was called for a while."""

    calls: tuple[QueueCall, ...] = field(name="Call")


TICKET: Final = Ask("ticket", "/v1/queue/ticket", TicketCall, TicketTaken, repeatable=True)
TICKET_FOR: Final = Ask("ticket-for", "/v1/queue/ticket-for", TicketForCall, TicketGiven, repeatable=True)
QUEUE: Final = Fetch("queue", "/v1/queue", Queue)
CALLS_AFTER: Final = Ask("queue-calls", "/v1/queue/calls", CallsAfter, Calls, repeatable=True)


class TicketRefusal(RefusalCode):
    """Why there is no ticket."""

    NO_SUCH_ITEM = "no-such-item"
    WAITS_ALREADY = "waits-already"
    QUEUE_FULL = "queue-full"
