"""The interface as data: an operation is a name, a path, a question and an answer.

Both ends are made of the same values: the client asks by them, the sandbox serves by them, and the reference
(docs/platform-api.md) is written from them. A subject is a module that holds its messages and its operations.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from platform_client.binding import Message
from platform_client.evidence import ShownEvidence

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)


class AboutPerson(Message, frozen=True):
    """Base of each question about the person in front of the terminal (E01, E02)."""

    evidence: ShownEvidence


class About(Message, frozen=True):
    """Which request an answer belongs to, and whose data is in it."""

    request_id: str
    nonce: str
    subject_digest: str


class PersonalAnswer(Message, frozen=True):
    """Base of each answer about a person. The client compares `about` with what it asked before it lets it in."""

    about: About


@dataclass(frozen=True, slots=True)
class Fetch(Generic[A]):
    """GET: something public. Asking twice is always allowed."""

    name: str
    path: str
    answer: type[A]


@dataclass(frozen=True, slots=True)
class Ask(Generic[Q, A]):
    """POST. `repeatable`: the platform does no more when it is asked twice under one request id, so a lost answer may
    be asked for again."""

    name: str
    path: str
    question: type[Q]
    answer: type[A]
    repeatable: bool
