"""What a technician sees, from the card prompt to the end of an entry: frozen view-models, as in `kiosk.pages`.

No page here has a place for anything of a citizen.
"""

from enum import Enum
from typing import Annotated

from msgspec import Meta, Struct

from kiosk.maintenance.line import Line, Live
from kiosk.maintenance.plan import Choice, Group, Role
from kiosk.text import Text


class Denied(Enum):
    """Why somebody is not let in. The value stands in the audit log."""

    READER_LOST = "reader-lost"
    CARD_UNREADABLE = "card-unreadable"
    NO_STAFF_CARD = "no-staff-card"
    KEY_UNSUPPORTED = "key-unsupported"
    ISSUER_UNKNOWN = "issuer-unknown"
    CERTIFICATE_UNFIT = "certificate-unfit"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    NO_ROLE = "no-role"
    REVOKED = "revoked"
    LIST_MISSING = "revocation-list-missing"
    LIST_STALE = "revocation-list-stale"
    PIN_BLOCKED = "pin-blocked"
    NOT_PROVEN = "not-proven"
    NO_RECORD = "no-record"


class StaffCard(Struct, frozen=True, tag=True):
    """Put your card into the reader. This is all that whoever found the way in sees."""


class StaffPin(Struct, frozen=True, tag=True):
    """Type the PIN. `tries_left`: as the card says, None when it does not. `wrong`: the last one was. `wait_s`: how
    long nobody may try."""

    tries_left: int | None
    wrong: bool = False
    wait_s: int = 0


class StaffDenied(Struct, frozen=True, tag=True):
    """You are not let in, and why."""

    why: Denied


class Tile(Struct, frozen=True):
    """One entry. `changes`: it asks before it begins, for it changes something."""

    name: str
    title: Text
    group: Group
    changes: bool = False


class StaffMenu(Struct, frozen=True, tag=True):
    """What a technician of this role may do."""

    role: Role
    tiles: tuple[Tile, ...]


class StaffChoose(Struct, frozen=True, tag=True):
    """With which of these is it to run?"""

    title: Text
    choices: tuple[Choice, ...]


class StaffConfirm(Struct, frozen=True, tag=True):
    """It changes something: really? `choice`: with what it would run."""

    title: Text
    question: Text
    choice: Text | None = None


class StaffRun(Struct, frozen=True, tag=True):
    """An entry at work: what it said so far, and how it is at this moment. `over`: it has ended."""

    title: Text
    lines: tuple[Line, ...] = ()
    live: Live | None = None
    over: bool = False


class StaffTouch(Struct, frozen=True, tag=True):
    """Touch every field of the grid; `touched`: where a finger was, counted from the upper left, row by row."""

    title: Text
    columns: int
    rows: int
    touched: tuple[int, ...] = ()


StaffPage = StaffCard | StaffPin | StaffDenied | StaffMenu | StaffChoose | StaffConfirm | StaffRun | StaffTouch


class CallStaff(Struct, frozen=True, tag=True):
    """The hidden gesture on the home page."""


class TypedPin(Struct, frozen=True, tag=True):
    """The answer to StaffPin."""

    digits: Annotated[str, Meta(max_length=8)]

    def __repr__(self) -> str:
        return "TypedPin(…)"


class Agree(Struct, frozen=True, tag=True):
    """Yes, change it (StaffConfirm)."""


class Back(Struct, frozen=True, tag=True):
    """To the menu: from a question, or from an entry, which then ends."""


class Touched(Struct, frozen=True, tag=True):
    """A finger was on this field of StaffTouch."""

    field: int


StaffAction = CallStaff | TypedPin | Agree | Back | Touched
