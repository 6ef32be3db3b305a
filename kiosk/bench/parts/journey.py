"""The journey: the user interface by itself, then whole journeys on the four processes as they are."""

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from kiosk.bench.account import Owner
from kiosk.bench.bench import Bench
from kiosk.bench.finger import finger
from kiosk.bench.glass import watching
from kiosk.bench.journey import KIND
from kiosk.bench.journey import journey as play
from kiosk.bench.screen import change_pages, rest
from kiosk.bench.start import start
from kiosk.demo.display import virtual_display
from kiosk.demo.eyes import Eyes
from kiosk.demo.machine import running
from kiosk.pages import ChooseCertificate, Home

START_RATIO_MOST: Final = 2.0
IDLE_FRAMES_MOST: Final = 0
OURS_MOST_S: Final = 1.5
NEXT_CITIZEN_AFTER_S: Final = 3.0
"""Nobody lays a card down at once; the document process that the last citizen used has been replaced by then."""


async def journey(bench: Bench) -> None:
    findings = bench.findings
    async with bench.noting("screen"):
        await _screen(bench)
    async with bench.noting("whole journey"):
        await _journeys(bench)
    if findings.idle:
        drawn = max(idle.frames for idle in findings.idle)
        findings.aim("frames drawn by a still page", drawn, IDLE_FRAMES_MOST, "frames")
    if findings.journey is not None:
        ours_s = findings.journey.total(Owner.OURS)
        findings.aim("what of the whole journey is ours", ours_s, OURS_MOST_S, "s")


async def _screen(bench: Bench) -> None:
    findings, plan = bench.findings, bench.plan
    async with bench.terminal() as terminal:
        desk, machine = terminal.desk, terminal.machine
        kinds = [offer.kind for offer in await desk.platform.kinds()]
        bench.say("start the user interface")
        desk.screen.show(Home(tuple(kinds)))
        row = await start(machine, plan.long)
        findings.rows.append(row)
        findings.aim("start to first page, over a Kivy hello-world", row.ratio, START_RATIO_MOST, "x")
        bench.say("change pages and rest")
        async with AsyncExitStack() as ui:
            await machine.start_worker(ui, "ui")
            async with watching(machine.probe) as glass:
                findings.rows.append(await change_pages(desk, glass, kinds, plan.long))
                desk.screen.show(ChooseCertificate("样*", tuple(kinds)))
                await glass.page("ChooseCertificate", glass.painted[-1].at)
                findings.idle.append(await rest(machine.probe, "ChooseCertificate", plan.idle_s))


async def _journeys(bench: Bench) -> None:
    findings, plan = bench.findings, bench.plan
    async with (
        virtual_display() as display,
        running(bench.settings("journey", display)) as machine,
        Eyes(machine.probe, machine.display) as eyes,
        watching(machine.probe) as glass,
        finger(machine.display) as hand,
    ):
        home = await glass.touchable(f"pick:{KIND}")
        bench.say("rest on the home page")
        findings.idle.append(await rest(machine.probe, home.page, plan.idle_s))
        for number in range(plan.journeys):
            bench.say(f"whole journey {number + 1} of {plan.journeys}")
            await asyncio.sleep(NEXT_CITIZEN_AFTER_S)
            findings.journeys.append(await play(machine, glass, hand, eyes))
