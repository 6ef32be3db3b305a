"""The queue: tickets, whose turn it is, and the calls (A09 to A12).

Whose turn: appointments whose slot has begun, in the order of their slots; then walk-ins, in the order they came. An
appointment is never called before its slot, and only to its own window. A window that calls ends what it did before.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Final

from platform_client.sandbox.door import CALLER
from platform_client.sandbox.hall.guidebook import Guidebook
from platform_client.sandbox.hall.plan import Plan, Window
from platform_client.sandbox.hall.store import Store, instant, seconds
from platform_client.sandbox.hall.visitor import Visitor
from platform_client.sandbox.intake import Refuse
from platform_client.sandbox.material import CHINA
from platform_client.tickets import (
    Calls,
    CallsAfter,
    Queue,
    QueueCall,
    Ticket,
    TicketCall,
    TicketForCall,
    TicketGiven,
    TicketRefusal,
    TicketTaken,
    WindowState,
)

WAIT_S: Final = 10.0
"""How long an answer waits for a call: less than a terminal waits for an answer."""

_APPOINTMENT_LETTER: Final = "Y"
_LAST_TURN: Final = 999
_NEXT: Final = """
SELECT * FROM tickets
WHERE state = 'waiting' AND day = :day
  AND (window = :window OR (window IS NULL AND item IN (SELECT value FROM json_each(:items))))
  AND (not_before IS NULL OR not_before <= :now)
ORDER BY not_before IS NULL, not_before, turn
"""


class HallQueue:
    """`wait_s`: how long an answer waits for a call. `called`: the next one."""

    def __init__(self, store: Store, plan: Plan, guides: Guidebook, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._plan = plan
        self._guides = guides
        self._clock = clock
        self.wait_s = WAIT_S
        self.called = asyncio.Event()

    # --- who waits ----------------------------------------------------------------------------------------------------

    async def take(self, call: TicketCall) -> TicketTaken:
        """A ticket for nobody in particular."""
        with self._store.change() as change:
            return TicketTaken(self._ticket(self._walk_in(change, call.item, CALLER.get().request_id, None)))

    def take_for(self, call: TicketForCall, visitor: Visitor) -> TicketGiven:
        """A ticket for a person, one at a time for one item."""
        with self._store.change() as change:
            turn = self._walk_in(change, call.item, visitor.request_id, visitor.who)
            return TicketGiven(visitor.about, self._ticket(turn))

    def check_in(self, change: sqlite3.Connection, visitor: Visitor, appointment: sqlite3.Row) -> Ticket:
        """The ticket of an appointment; the same one again for whoever asks twice."""
        row = change.execute("SELECT * FROM tickets WHERE appointment = ?", (appointment["number"],)).fetchone()
        if row is None:
            row = self._insert(
                change,
                _APPOINTMENT_LETTER,
                item=appointment["item"],
                who=visitor.who,
                request_id=visitor.request_id,
                window=appointment["window"],
                appointment=appointment["number"],
                not_before=appointment["begins"],
            )
        return self._ticket(row)

    def _walk_in(self, change: sqlite3.Connection, item: str, request_id: str, who: str | None) -> sqlite3.Row:
        row: sqlite3.Row | None = change.execute("SELECT * FROM tickets WHERE request_id = ?", (request_id,)).fetchone()
        if row is not None:
            return row
        if item not in self._plan.items:
            raise Refuse(TicketRefusal.NO_SUCH_ITEM.value)
        waits = "SELECT 1 FROM tickets WHERE who = ? AND item = ? AND day = ? AND state = 'waiting'"
        if who is not None and change.execute(waits, (who, item, self._day())).fetchone():
            raise Refuse(TicketRefusal.WAITS_ALREADY.value)
        return self._insert(change, self._plan.items[item].letter, item=item, who=who, request_id=request_id)

    def _insert(
        self,
        change: sqlite3.Connection,
        letter: str,
        *,
        item: str,
        who: str | None,
        request_id: str,
        window: str | None = None,
        appointment: str | None = None,
        not_before: int | None = None,
    ) -> sqlite3.Row:
        given = "SELECT COUNT(*) FROM tickets WHERE day = ? AND number GLOB ?"
        turn_of_day = change.execute(given, (self._day(), letter + "*")).fetchone()[0] + 1
        if turn_of_day > _LAST_TURN:
            raise Refuse(TicketRefusal.QUEUE_FULL.value)
        number, now = f"{letter}{turn_of_day:03}", seconds(self._clock())
        change.execute(
            "INSERT INTO tickets (number, day, item, who, request_id, window, appointment, taken_at, not_before, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting')",
            (number, self._day(), item, who, request_id, window, appointment, now, not_before),
        )
        row: sqlite3.Row = change.execute("SELECT * FROM tickets WHERE request_id = ?", (request_id,)).fetchone()
        return row

    def _ticket(self, row: sqlite3.Row) -> Ticket:
        windows = [row["window"]] if row["window"] else [each.number for each in self._plan.windows_for[row["item"]]]
        not_before = None if row["not_before"] is None else instant(row["not_before"])
        return Ticket(
            row["number"],
            row["item"],
            self._guides.name(row["item"]),
            self._ahead(row, windows),
            instant(row["taken_at"]),
            not_before,
            tuple(windows),
        )

    def _ahead(self, row: sqlite3.Row, windows: list[str]) -> int:
        """How many would be called before it at its windows, as things stand."""
        now = max(seconds(self._clock()), row["not_before"] or 0)
        before = set()
        for window in windows:
            for other in self._turns(self._plan.windows[window], now):
                if other["turn"] == row["turn"]:
                    break
                before.add(other["turn"])
        return len(before)

    # --- who is called ------------------------------------------------------------------------------------------------

    def call_next(self, window: str) -> QueueCall | None:
        """The next one, please. Raises KeyError for a window that does not exist."""
        place = self._plan.windows[window]
        now = seconds(self._clock())
        turns = self._turns(place, now)
        with self._store.change() as change:
            self._end(change, window, "done", "finished")
            if not turns:
                return None
            row = turns[0]
            change.execute("UPDATE tickets SET state = 'called', window = ? WHERE turn = ?", (window, row["turn"]))
            told = change.execute(
                "INSERT INTO calls (turn, ticket, window, at) VALUES (?, ?, ?, ?) RETURNING sequence",
                (row["turn"], row["number"], window, now),
            ).fetchone()
        woken, self.called = self.called, asyncio.Event()
        woken.set()
        return QueueCall(told["sequence"], row["number"], window, instant(now))

    def nobody_came(self, window: str) -> None:
        """Whoever was called to `window` did not answer; an appointment is missed then (B17).

        Raises KeyError for a window that does not exist, as `finish` does.
        """
        with self._store.change() as change:
            self._end(change, self._plan.windows[window].number, "missed", "missed")

    def finish(self, window: str) -> None:
        """Whoever is at `window` is served; an appointment is finished then (B14)."""
        with self._store.change() as change:
            self._end(change, self._plan.windows[window].number, "done", "finished")

    async def calls_after(self, call: CallsAfter) -> Calls:
        """Waits for a call, but not for long. Whoever has heard of later calls than there were has outlived us."""
        newest = self._store.count("SELECT COALESCE(MAX(sequence), 0) FROM calls")
        after = call.sequence if call.sequence <= newest else 0
        if after == newest:
            try:
                await asyncio.wait_for(self.called.wait(), self.wait_s)
            except TimeoutError:
                return Calls(())
        rows = self._store.all("SELECT * FROM calls WHERE sequence > ? ORDER BY sequence DESC LIMIT 200", after)
        return Calls(
            tuple(
                QueueCall(row["sequence"], row["ticket"], row["window"], instant(row["at"])) for row in reversed(rows)
            )
        )

    async def queue(self) -> Queue:
        newest = self._store.count("SELECT COALESCE(MAX(sequence), 0) FROM calls")
        return Queue(newest, tuple(self._window(each) for each in self._plan.windows.values()))

    def _window(self, window: Window) -> WindowState:
        serving = self._store.one(
            "SELECT number FROM tickets WHERE window = ? AND day = ? AND state = 'called'", window.number, self._day()
        )
        return WindowState(
            window.number,
            self._plan.departments[window.department],
            window.clerk_name,
            window.clerk_number,
            len(self._turns(window, seconds(self._clock()))),
            None if serving is None else serving["number"],
            window.red_flag,
            window.model_worker,
            tuple(self._guides.name(item) for item in window.items),
        )

    def _turns(self, window: Window, now: int) -> list[sqlite3.Row]:
        asked = {"day": self._day(), "window": window.number, "items": json.dumps(window.items), "now": now}
        return self._store.named(_NEXT, asked)

    def _end(self, change: sqlite3.Connection, window: str, ticket_state: str, appointment_state: str) -> None:
        ended = change.execute(
            "UPDATE tickets SET state = ? WHERE window = ? AND state = 'called' RETURNING appointment",
            (ticket_state, window),
        ).fetchall()
        for row in ended:
            change.execute(
                "UPDATE appointments SET state = ? WHERE number = ? AND state = 'checked-in'",
                (appointment_state, row["appointment"]),
            )

    def _day(self) -> str:
        return self._clock().astimezone(CHINA).date().isoformat()
