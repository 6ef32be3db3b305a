"""Somebody whose evidence was admitted, and the trail that each of their calls leaves (C19, E12).

A request id stands for one question, and a nonce for one request: the same again is answered again, anything else under
either is refused. So evidence that was shown once opens nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from platform_client.binding import Message
from platform_client.hall import Holder
from platform_client.operation import A, About, AboutPerson, Ask, Q
from platform_client.sandbox.catalogue import CITIZEN_NUMBERED
from platform_client.sandbox.door import Door
from platform_client.sandbox.hall.masking import holder_of
from platform_client.sandbox.hall.store import Store, seconds
from platform_client.sandbox.intake import Applicant, Refuse
from platform_client.sandbox.material import CHINA
from platform_client.sandbox.registry import Person


@dataclass(frozen=True, slots=True, repr=False)
class Visitor:
    """One person, for one call. `who`: the pseudonym. `person` is for masking and digests, never for a table."""

    person: Person
    who: str
    holder: Holder
    about: About
    now: datetime

    @property
    def request_id(self) -> str:
        return self.about.request_id

    @property
    def today(self) -> date:
        return self.now.astimezone(CHINA).date()

    def __repr__(self) -> str:
        return "Visitor(***)"


class Reception:
    """Makes visitors of the applicants at `door`, and keeps the trail."""

    def __init__(self, door: Door, store: Store, clock: Callable[[], datetime]) -> None:
        self._door = door
        self._store = store
        self._clock = clock

    def ask(self, operation: Ask[Q, A], answer: Callable[[Q, Visitor], A]) -> None:
        """`answer` is given a visitor, and each call leaves a row."""

        async def served(question: Q, applicant: Applicant) -> A:
            if applicant.statement.card.kind not in CITIZEN_NUMBERED:
                raise Refuse("document-not-served")
            visitor = self._visitor(applicant)
            asked = self._store.sealed(_content(operation.name, question))
            terminal, outcome = applicant.statement.terminal, "failed"
            try:
                self._once(visitor, asked)
                said = answer(question, visitor)
                outcome = "ok"
            except Refuse as refuse:
                outcome = refuse.code
                raise
            finally:
                with self._store.change() as change:
                    change.execute(
                        "INSERT INTO trail VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        (
                            visitor.request_id,
                            visitor.about.nonce,
                            seconds(visitor.now),
                            terminal,
                            operation.name,
                            visitor.who,
                            outcome,
                            asked,
                        ),
                    )
            return said

        self._door.ask_about_person(operation, served)

    def _visitor(self, applicant: Applicant) -> Visitor:
        person = applicant.person
        return Visitor(person, self._store.pseudonym(person), holder_of(person), applicant.about(person), self._clock())

    def _once(self, visitor: Visitor, asked: bytes) -> None:
        other = "SELECT 1 FROM trail WHERE request_id = ? AND (who != ? OR question != ?)"
        if self._store.one(other, visitor.request_id, visitor.who, asked) is not None:
            raise Refuse("request-id-used")
        another = "SELECT 1 FROM trail WHERE nonce = ? AND request_id != ?"
        if self._store.one(another, visitor.about.nonce, visitor.request_id) is not None:
            raise Refuse("nonce-used")


def _content(operation: str, question: Message) -> bytes:
    """What was asked, without the evidence: it is signed anew for a repeated call."""
    assert isinstance(question, AboutPerson)
    fields = [getattr(question, name) for name in type(question).__struct_fields__ if name != "evidence"]
    return msgspec.msgpack.encode([operation, fields])
