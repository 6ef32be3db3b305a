"""A desk at its door, without devices: the real door, floor and menu; the entries tell the test what was asked."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from hawkbit import TERMINAL
from publishing import PROFILE

from kiosk.audit.log import AuditLog
from kiosk.clock import SystemClock
from kiosk.fleet.command import BY_DESK
from kiosk.maintenance.allowance import Allowance
from kiosk.maintenance.aside import STAND_ASIDE
from kiosk.maintenance.door import Door
from kiosk.maintenance.entry import Choice, Entry, Group, Role
from kiosk.maintenance.floor import Floor
from kiosk.maintenance.line import Said, fine, wrong
from kiosk.maintenance.menu import Menu
from kiosk.maintenance.orders import Orders
from kiosk.maintenance.workshop import Workshop
from kiosk.pages import Text
from kiosk.profile import parse

CHOICES = {"out-of-service": ("repair",), "log-level": ("debug", "info"), "restart": ("ui", "machine")}
ALONE = ("out-of-service", "self-test")
CHANGES = ("out-of-service", "in-service", "restart", "log-level")


@dataclass
class Asked:
    """What the entries were asked for, in order; `fails`: those that do not work; `hangs`: those that
    do not end. `citizen`: one is being served."""

    entries: list[tuple[str, str]] = field(default_factory=list)
    fails: set[str] = field(default_factory=set)
    hangs: set[str] = field(default_factory=set)
    citizen: asyncio.Event = field(default_factory=asyncio.Event)
    standing_aside: bool = False
    now: Callable[[], datetime] = SystemClock().now


class _OnTheWall(SystemClock):
    """As the test says."""

    def __init__(self, asked: Asked) -> None:
        self.now = lambda: asked.now()  # type: ignore[method-assign]


@asynccontextmanager
async def desk(folder: Path, socket: Path, operator: Path | None = None) -> AsyncIterator[Asked]:
    """What it was asked for at this socket. `asked.citizen` is set while nobody is served. `operator`: the pinned key
    of the operator of "hall-7"."""
    profile = parse(PROFILE.format(run=folder, port=9469), folder)
    audit = AuditLog(folder / "desk-audit", SystemClock(), terminal="kiosk-0001", software="0.1.0")
    asked, floor = Asked(), Floor()
    asked.citizen.set()
    names, fleet = [*BY_DESK, "restart"], msgspec.structs.replace(profile.fleet, operator=operator, groups=("hall-7",))
    nothing: dict[str, Any] = dict.fromkeys(each.name for each in fields(Workshop))
    workshop = Workshop(**{**nothing, "profile": profile, "clock": SystemClock(), "audit": audit})
    menu = Menu([*(entry(name, asked) for name in names), STAND_ASIDE], workshop)
    orders = Orders(fleet, TERMINAL, _OnTheWall(asked), audit, folder)
    orders.recall()
    door = Door(menu, floor, Allowance(SystemClock()), orders)

    async def between_citizens() -> None:
        while True:
            await floor.wanted()
            await asked.citizen.wait()
            asked.standing_aside = True
            await floor.give()
            asked.standing_aside = False

    serving = asyncio.create_task(between_citizens())
    await door.open(socket)
    try:
        yield asked
    finally:
        await door.close()
        serving.cancel()
        audit.close()


def entry(name: str, asked: Asked) -> Entry:
    return Entry(
        name,
        Text(name, name),
        Group.SERVICE,
        frozenset({Role.SERVICE}),
        _run(name, asked),
        choices=tuple(Choice(value, Text(value, value)) for value in CHOICES.get(name, ())),
        asks=Text("真的？", "Really?") if name in CHANGES else None,
        alone=name in ALONE,
        fleet=True,
    )


def _run(name: str, asked: Asked) -> Callable[[Workshop, str], AsyncGenerator[Said, None]]:
    async def run(_: Workshop, choice: str) -> AsyncGenerator[Said, None]:
        asked.entries.append((name, choice))
        if name in asked.hangs:
            await asyncio.Event().wait()
        if name in asked.fails:
            yield wrong("不行", "it does not work", Text("修", "mend it"))
        else:
            yield fine("好", f"{name} is done")

    return run
