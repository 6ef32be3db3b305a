"""All of the interface: every subject, and every operation of it."""

from types import ModuleType
from typing import Any, Final

from platform_client import (
    anchors,
    appointments,
    cases,
    certificates,
    complaints,
    content,
    enrolment,
    guides,
    materials,
    portraits,
    ratings,
    renewal,
    tickets,
    trust,
)
from platform_client.operation import Ask, Fetch

Operation = Fetch[Any] | Ask[Any, Any]

SUBJECTS: Final[dict[str, ModuleType]] = {
    "Certificates": certificates,
    "Portraits": portraits,
    "Trust": trust,
    "Enrolment": enrolment,
    "The terminal's certificate": renewal,
    "The terminal's audit log": anchors,
    "Guides": guides,
    "Content": content,
    "Appointments": appointments,
    "Queue": tickets,
    "Cases": cases,
    "Materials": materials,
    "Ratings": ratings,
    "Complaints": complaints,
}


def operations(subject: ModuleType) -> tuple[Operation, ...]:
    """In the order in which they stand in the module."""
    return tuple(value for value in vars(subject).values() if isinstance(value, (Fetch, Ask)))


def everything() -> tuple[Operation, ...]:
    return tuple(each for subject in SUBJECTS.values() for each in operations(subject))
