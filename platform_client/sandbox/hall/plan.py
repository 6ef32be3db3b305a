"""The hall as it is arranged: working time, windows, what each item takes there (content/hall.toml)."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property
from importlib import resources
from typing import Final

import msgspec

from platform_client.kinds import Bilingual
from platform_client.sandbox.hall.working_time import SLOT, Calendar, Session

_FILE: Final = "hall.toml"


class Hours(msgspec.Struct, frozen=True):
    opens: time
    closes: time


class WorkingDays(msgspec.Struct, frozen=True):
    hours: tuple[Hours, ...]
    closed: tuple[date, ...]
    worked: tuple[date, ...]


class Department(msgspec.Struct, frozen=True):
    code: str
    zh: str
    en: str


class Window(msgspec.Struct, frozen=True):
    """One window and who sits there."""

    number: str
    department: str
    items: tuple[str, ...]
    clerk_name: str
    clerk_number: str
    red_flag: bool = False
    model_worker: bool = False


class Item(msgspec.Struct, frozen=True):
    """What one item takes. `booked_percent`: the share of a window's time that appointments may fill."""

    code: str
    letter: str
    handling_minutes: int
    booked_percent: int
    promised_days: int


class _File(msgspec.Struct, frozen=True):
    working_days: WorkingDays
    department: tuple[Department, ...]
    window: tuple[Window, ...]
    item: tuple[Item, ...]


@dataclass(frozen=True)
class Plan:
    """The hall's arrangement."""

    calendar: Calendar
    departments: dict[str, Bilingual]
    windows: dict[str, Window]
    items: dict[str, Item]

    @cached_property
    def windows_for(self) -> dict[str, tuple[Window, ...]]:
        """For each item, where it is handled."""
        return {code: tuple(each for each in self.windows.values() if code in each.items) for code in self.items}

    def capacity(self, item: Item) -> int:
        """How many may book one slot at one window (B13): what the share of the time is enough for, at least one."""
        return max(1, int(SLOT / timedelta(minutes=item.handling_minutes) * item.booked_percent / 100))


def arranged() -> Plan:
    """The plan in content/hall.toml."""
    text = (resources.files("platform_client.sandbox.hall") / "content" / _FILE).read_bytes()
    file = msgspec.toml.decode(text, type=_File)
    days = file.working_days
    calendar = Calendar(
        tuple(Session(each.opens, each.closes) for each in days.hours), frozenset(days.closed), frozenset(days.worked)
    )
    return Plan(
        calendar,
        {each.code: Bilingual(each.zh, each.en) for each in file.department},
        {each.number: each for each in file.window},
        {each.code: each for each in file.item},
    )
