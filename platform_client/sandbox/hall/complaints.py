"""Complaints: in one's own name to the hall, without it to the public (B24, B25)."""

from collections.abc import Callable
from datetime import datetime

from platform_client.complaints import (
    ComplaintCall,
    ComplaintCategory,
    ComplaintRefusal,
    ComplaintReply,
    ComplaintState,
    ComplaintTaken,
    PublishedComplaint,
    PublishedComplaints,
    ReplyCall,
)
from platform_client.references import Series
from platform_client.sandbox.hall.guesses import Guesses
from platform_client.sandbox.hall.masking import without_author
from platform_client.sandbox.hall.plan import Plan
from platform_client.sandbox.hall.store import Store, fresh_number, instant, seconds
from platform_client.sandbox.hall.visitor import Visitor
from platform_client.sandbox.intake import Refuse


class Complaints:
    """What is kept of a complaint is its text without its author, under the author's pseudonym."""

    def __init__(self, store: Store, plan: Plan, guesses: Guesses, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._plan = plan
        self._guesses = guesses
        self._clock = clock

    def complain(self, call: ComplaintCall, visitor: Visitor) -> ComplaintTaken:
        if call.department not in self._plan.departments:
            raise Refuse(ComplaintRefusal.NO_SUCH_DEPARTMENT.value)
        if not call.text.strip():
            raise Refuse(ComplaintRefusal.TEXT_MISSING.value)
        text = without_author(call.text, visitor.person.name)
        with self._store.change() as change:
            before = change.execute(
                "SELECT number FROM complaints WHERE request_id = ?", (visitor.request_id,)
            ).fetchone()
            number = fresh_number(Series.COMPLAINT, visitor.today) if before is None else str(before["number"])
            if before is None:
                change.execute(
                    "INSERT INTO complaints VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)",
                    (
                        number,
                        visitor.request_id,
                        visitor.who,
                        call.department,
                        call.category.value,
                        call.publish,
                        text,
                        ComplaintState.RECEIVED.value,
                    ),
                )
        return ComplaintTaken(visitor.about, number)

    async def reply(self, call: ReplyCall) -> ComplaintReply:
        """What became of it, for whoever has the number."""
        self._guesses.allow()
        row = self._store.one("SELECT * FROM complaints WHERE number = ?", call.number)
        if row is None:
            self._guesses.missed()
            raise Refuse(ComplaintRefusal.NO_SUCH_COMPLAINT.value)
        at = None if row["replied_at"] is None else instant(row["replied_at"])
        return ComplaintReply(call.number, ComplaintState(row["state"]), at, row["reply"])

    async def published(self) -> PublishedComplaints:
        rows = self._store.all("SELECT * FROM complaints WHERE publish ORDER BY rowid DESC LIMIT 100")
        return PublishedComplaints(
            tuple(
                PublishedComplaint(
                    row["number"], row["department"], ComplaintCategory(row["category"]), row["text"], row["reply"]
                )
                for row in rows
            )
        )

    def answer(self, number: str, text: str) -> None:
        """The hall replies. Raises KeyError for a complaint that does not exist."""
        with self._store.change() as change:
            found = change.execute(
                "UPDATE complaints SET state = 'replied', replied_at = ?, reply = ? WHERE number = ?",
                (seconds(self._clock()), text, number),
            )
            if found.rowcount == 0:
                raise KeyError(number)
