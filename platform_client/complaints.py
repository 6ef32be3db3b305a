"""Complaints in one's own name, replies to them, and what is published of them (B09, B24, B25)."""

from datetime import datetime
from enum import Enum
from typing import Final

from platform_client import references
from platform_client.binding import Message, field
from platform_client.operation import AboutPerson, Ask, Fetch, PersonalAnswer
from platform_client.references import Series
from platform_client.refusal import RefusalCode


class ComplaintCategory(Enum):
    """What it is about."""

    ATTITUDE = "attitude"
    DELAY = "delay"
    PROCEDURE = "procedure"
    FEE = "fee"
    INTEGRITY = "integrity"
    FACILITY = "facility"
    OTHER = "other"


class ComplaintState(Enum):
    RECEIVED = "received"
    IN_PROGRESS = "in-progress"
    REPLIED = "replied"


class ComplaintCall(AboutPerson, frozen=True):
    """The four inputs of B24. `publish`: may it be published, without its author?"""

    department: str
    category: ComplaintCategory
    publish: bool
    text: str


class ComplaintTaken(PersonalAnswer, frozen=True):
    number: str


class ReplyCall(Message, frozen=True):
    """Made by `reply_to`."""

    number: str


class ComplaintReply(Message, frozen=True):
    """What became of a complaint; the complaint itself is not told."""

    number: str
    state: ComplaintState
    replied_at: datetime | None
    text: str | None


class PublishedComplaint(Message, frozen=True):
    """A complaint without anything about its author."""

    number: str
    department: str
    category: ComplaintCategory
    text: str
    reply: str | None


class PublishedComplaints(Message, frozen=True):
    complaints: tuple[PublishedComplaint, ...] = field(name="Complaint")


COMPLAIN: Final = Ask("complain", "/v1/complaints", ComplaintCall, ComplaintTaken, repeatable=True)
REPLY: Final = Ask("complaint-reply", "/v1/complaints/reply", ReplyCall, ComplaintReply, repeatable=True)
PUBLISHED: Final = Fetch("complaints-published", "/v1/complaints/published", PublishedComplaints)


class ComplaintRefusal(RefusalCode):
    """Why a complaint is not taken, or its reply not told."""

    NO_SUCH_DEPARTMENT = "no-such-department"
    TEXT_MISSING = "text-missing"
    NO_SUCH_COMPLAINT = "no-such-complaint"
    TOO_MANY_GUESSES = "too-many-guesses"


def reply_to(typed: str) -> ReplyCall:
    """The question about the complaint whose number somebody typed. Raises NotANumber: nothing else is sent (E01)."""
    return ReplyCall(references.checked(Series.COMPLAINT, typed))
