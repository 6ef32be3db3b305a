"""The whole bench: first each step, on a desk of the same composition root as the terminal's, step after step with what
the step before gave it; then the journey on the four processes as they are.

What cannot be measured is noted by name and the rest goes on, as far as it does not need what is missing.
"""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hardware.printers.loopback_server import ServerError
from kiosk.bench.call import issue
from kiosk.bench.card import read_card
from kiosk.bench.document import draw, verify
from kiosk.bench.face import picture_rows, prove_presence, record
from kiosk.bench.findings import Findings
from kiosk.bench.finger import finger
from kiosk.bench.glass import watching
from kiosk.bench.journey import KIND, journey
from kiosk.bench.paper import put_on_paper
from kiosk.bench.plan import Plan
from kiosk.bench.screen import change_pages, rest
from kiosk.bench.start import start
from kiosk.bench.timing import NotMeasured
from kiosk.bench.travel_document import travel_documents
from kiosk.bootstrap import opened
from kiosk.clock import SystemClock
from kiosk.demo.display import NoDisplay, virtual_display
from kiosk.demo.eyes import Eyes, NeverSeen
from kiosk.demo.machine import SOURCE_S, Machine, Settings, equipped, running
from kiosk.desk import Desk
from kiosk.evidence import IssueRequest
from kiosk.pages import ChooseCertificate, Home
from kiosk.processes import StartFailed
from kiosk.profile import load
from kiosk.reasons import Refused

_FAILURES: Final = (NotMeasured, NeverSeen, Refused, ServerError, StartFailed, OSError)
PART_WITHIN_S: Final = 400.0
NEXT_CITIZEN_AFTER_S: Final = 3.0
"""Nobody lays a card down at once; the document process that the last citizen used has been replaced by then."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are: what set-up made, and where logs, audit and paper of the run are left."""

    assets: Path
    pki: Path
    out: Path


async def play(place: Place, plan: Plan) -> Findings:
    """Measures everything."""
    findings = Findings()
    for part in ("steps", "journey"):
        shutil.rmtree(place.out / part, ignore_errors=True)
    try:
        async with virtual_display() as display:
            async with _noting(findings, "travel documents"):
                await _travel_documents(findings, plan)
            async with _noting(findings, "steps"):
                await _steps(findings, _settings(place, "steps", display, source_s=0.0), plan)
            async with _noting(findings, "journey"):
                await _journeys(findings, _settings(place, "journey", display), plan)
    except NoDisplay as error:
        findings.missing["display"] = str(error)
    return findings


async def _travel_documents(findings: Findings, plan: Plan) -> None:
    _say("read a passport")
    found = await travel_documents(plan.short)
    findings.travel_documents = found
    findings.rows += [found.by_bac, found.by_pace, found.notice]


async def _steps(findings: Findings, settings: Settings, plan: Plan) -> None:
    async with equipped(settings) as machine, AsyncExitStack() as stack:
        profile = load(machine.profile)
        desk = await stack.enter_async_context(opened(profile, SystemClock()))
        _say("read the card")
        machine.lay_card()
        card, portrait, rows = await read_card(desk.reader, machine.citizens[0], machine.run, plan.short)
        findings.rows += rows
        findings.card = rows[-1]

        _say("look at a face")
        async with _noting(findings, "face, replayed"):
            recording = await asyncio.to_thread(record, settings.assets, settings.assets / "portrait.png", portrait)
            findings.rows += await asyncio.to_thread(picture_rows, recording, plan.long)
        async with AsyncExitStack() as vision:
            await machine.start_worker(vision, "vision")
            match, row = await prove_presence(desk, machine, portrait, plan.long)
            findings.rows.append(row)

        _say("call the platform")
        offers = await desk.platform.kinds_for(card, match)
        request = IssueRequest.new(offers[0], card, match)
        pdf, row = await issue(desk, profile, request, plan.short)
        findings.rows.append(row)

        _say("verify and draw")
        await machine.start_worker(stack, "documents")
        paper, row = await verify(desk, profile, pdf, request, plan.short)
        findings.rows += [row, await draw(desk, paper, plan.short)]

        _say("put it on paper")
        async with _noting(findings, "paper"):
            findings.rows.append(await put_on_paper(desk, machine, paper, plan.long))
        async with _noting(findings, "screen"):
            await _screen(findings, machine, desk, plan)


async def _screen(findings: Findings, machine: Machine, desk: Desk, plan: Plan) -> None:
    kinds = [offer.kind for offer in await desk.platform.kinds()]
    _say("start the user interface")
    desk.screen.show(Home(tuple(kinds)))
    findings.start = await start(machine, plan.long)
    findings.rows.append(findings.start)
    _say("change pages and rest")
    async with AsyncExitStack() as stack:
        await machine.start_worker(stack, "ui")
        async with watching(machine.probe) as glass:
            findings.rows.append(await change_pages(desk, glass, kinds, plan.long))
            desk.screen.show(ChooseCertificate("样*", tuple(kinds)))
            await glass.page("ChooseCertificate", glass.painted[-1].at)
            findings.idle.append(await rest(machine.probe, "ChooseCertificate", plan.idle_s))


async def _journeys(findings: Findings, settings: Settings, plan: Plan) -> None:
    async with (
        running(settings) as machine,
        Eyes(machine.probe, machine.display) as eyes,
        watching(machine.probe) as glass,
        finger(machine.display) as hand,
    ):
        home = await glass.touchable(f"pick:{KIND}")
        _say("rest on the home page")
        findings.idle.append(await rest(machine.probe, home.page, plan.idle_s))
        for number in range(plan.journeys):
            _say(f"whole journey {number + 1} of {plan.journeys}")
            await asyncio.sleep(NEXT_CITIZEN_AFTER_S)
            findings.journeys.append(await journey(machine, glass, hand, eyes))


def _settings(place: Place, part: str, display: str, source_s: float = SOURCE_S) -> Settings:
    return Settings(place.assets, place.pki, place.out / part, display, source_s=source_s)


@asynccontextmanager
async def _noting(findings: Findings, what: str) -> AsyncIterator[None]:
    """A part that fails, or takes for ever, is missing in the findings."""
    try:
        async with asyncio.timeout(PART_WITHIN_S):
            yield
    except TimeoutError:
        findings.missing[what] = f"not done within {PART_WITHIN_S:.0f} s"
    except _FAILURES as error:
        findings.missing[what] = f"{type(error).__name__}: {error}"


def _say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)
