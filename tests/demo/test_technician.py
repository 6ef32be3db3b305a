"""The technician's menu through the real window, with real clicks: prompt, PIN, an entry, card out, home page."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from houses import House

from hardware.cards.emulator.technicians import PIN
from kiosk.audit.chain import records
from kiosk.demo.eyes import Eyes, View
from kiosk.ui.theme.tokens import PANEL_DPI

EMBLEM = tuple(str(round(mm * PANEL_DPI / 25.4)) for mm in (23.5, 19.0))
"""The drawing at the top left of the home page."""


@asynccontextmanager
async def holding(display: str) -> AsyncIterator[None]:
    """A finger on the drawing."""
    await pointer(display, "mousemove", *EMBLEM, "mousedown", "1")
    try:
        yield
    finally:
        await pointer(display, "mouseup", "1")


async def pointer(display: str, *words: str) -> None:
    process = await asyncio.create_subprocess_exec("xdotool", *words, env={**os.environ, "DISPLAY": display})
    assert await process.wait() == 0


async def type_pin(eyes: Eyes, digits: str) -> None:
    for count, digit in enumerate(digits, 1):
        await eyes.tap(f"key:{digit}")
        await eyes.see(lambda view, count=count: "● " * (count - 1) + "●" in view.text, what=f"{count} dots")
    await eyes.tap("log-in")


async def test_a_technician_comes_in_looks_and_is_gone_with_the_card(home: House) -> None:
    """C16, C19: nobody else comes in meanwhile, and the home page is as if nobody had been there."""
    eyes, machine = home.eyes, home.machine
    fresh = await eyes.see(lambda view: view.can_touch("pick:social-insurance"), seconds=60.0, what="the tiles")
    machine.insert_technician_card()
    machine.take_technician_card()

    async def called() -> View:
        async with holding(machine.display):
            return await eyes.page("StaffCard", "StaffDenied", seconds=60.0)

    view = await called()
    while view.page == "StaffDenied":  # its reader was plugged in a moment ago
        await eyes.tap("done")
        await eyes.page("Home")
        view = await called()

    machine.lay_card(home.citizen)
    machine.insert_technician_card()
    await eyes.page("StaffPin")
    await type_pin(eyes, "111111")
    await eyes.see(lambda view: "不正确" in view.text, what="that the PIN is wrong")
    await type_pin(eyes, PIN)
    view = await eyes.page("StaffMenu")
    assert "pick:out-of-service" in view.items

    await eyes.tap("pick:in-service")
    await eyes.page("StaffConfirm")
    await eyes.tap("agree")
    await eyes.see(lambda view: view.page == "StaffRun" and "已恢复服务" in view.text, what="what the entry says")
    machine.take_technician_card()
    await eyes.see(lambda view: view.page == "Home", what="the home page")

    machine.take_card()
    view = await eyes.see(lambda view: view.can_touch("pick:social-insurance"), what="the home page as it was")
    assert view.text.splitlines()[-1] == fresh.text.splitlines()[-1]
    seen = [record.body for record in records(machine.audit)]
    logins = [body["fields"]["outcome"] for body in seen if body["event"] == "maintenance.login"]  # type: ignore[index]
    assert logins == ["wrong-pin", "in"]
    assert [body["event"] for body in seen if body["event"] in ("card.read", "session.began")] == []
    assert [body["fields"]["why"] for body in seen if body["event"] == "maintenance.closed"][-1] == "card out"  # type: ignore[index]
