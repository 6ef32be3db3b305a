"""One whole journey on the running machine, accounted for to the last millisecond.

A finger that never hesitates plays the citizen: the card is laid down, the head follows the prompts, the certificate is
picked and printed, card and paper are taken, five stars are given. Whose time is what:

- citizen: from a page that waits for a finger until the finger; and of each prompt of the face check the time that the
  head needs to get there (`TURNS_OVER_S`) and to be held still (`HOLD_S`, which the challenge demands), or the whole
  prompt if it was over sooner.
- reader: from the card on it until the session began, but no longer than the interval at which its protocol lets
  itself be asked for a card; and of the reading, the time that its bytes occupy the line.
- platform: each call as the audit log records it, from the request to the decoded answer.
- printer: from the moment the queue had the whole document (`print.accepted`) until the page lay in the tray: the
  queue's conversion, the way to the printer and the printer's second.
- ours: everything else.
"""

import asyncio
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from kiosk.audit.chain import records
from kiosk.bench.account import Account, Mark, Owner, Span, account
from kiosk.bench.card import FIND_INTERVAL_S, line_s
from kiosk.bench.finger import Finger
from kiosk.bench.glass import Glass, Painted
from kiosk.bench.timing import NotMeasured
from kiosk.demo.eyes import Eyes
from kiosk.demo.machine import Machine
from kiosk.demo.puppeteer import follow_prompts
from models.liveness.challenge import HOLD_S

KIND: Final = "social-insurance"
TURNS_OVER_S: Final = 0.5
"""The default of kiosk.demo.puppeteer.Puppet.follow."""
_HELD: Final = {"look": HOLD_S, "back-to-front": HOLD_S}
_MOVED: Final = {"look": 0.0} | dict.fromkeys(
    ("turn-left", "turn-right", "look-up", "open-mouth", "back-to-front"), TURNS_OVER_S
)


async def journey(machine: Machine, glass: Glass, finger: Finger, eyes: Eyes) -> Account:
    """Plays it once, from the home page to the home page."""
    there = set(machine.printed.glob("*.pdf"))
    head = asyncio.create_task(follow_prompts(eyes, machine.puppet))
    try:
        marks, spans = await _play(machine, glass, finger)
    finally:
        head.cancel()
        await asyncio.gather(head, return_exceptions=True)
    began, ended = marks[0].at, marks[-1].at
    landed = [_landed(paper) for paper in machine.printed.glob("*.pdf") if paper not in there]
    if len(landed) != 1:
        raise NotMeasured(f"{len(landed)} papers lie in the tray")
    prompts = [painted for painted in glass.painted if began < painted.at < ended]
    session = [body for body in _bodies(machine.audit) if body["session"] and began < body["monotonic"] < ended]
    recorded = [Mark(body["monotonic"], _name(body)) for body in session]
    spans += read(began, recorded) + prompted(prompts) + called(session) + printed(recorded, landed[0])
    marks += [Mark(landed[0], "the page lies in the tray"), *recorded, *_pages(prompts)]
    return account(marks, spans)


async def _play(machine: Machine, glass: Glass, finger: Finger) -> tuple[list[Mark], list[Span]]:
    """The hand's marks, first to last, and the citizen's spans at pages that wait for it."""
    spans: list[Span] = []

    async def touch(item: str, after: float) -> Mark:
        seen = await glass.touchable(item, after)
        at = finger.tap(seen.places[item])
        spans.append(Span(Owner.CITIZEN, seen.at, at))
        return Mark(at, f"finger: {item}")

    laid = Mark(time.monotonic(), "hand: the card is laid down")
    machine.lay_card()
    choosing = await glass.page("ChooseCertificate", laid.at)
    picked = await touch(f"pick:{KIND}", choosing.at - _INSTANT)
    printing = await touch("print", picked.at)
    out = await glass.page("HandOver", printing.at)
    taken = Mark(time.monotonic(), "hand: the card is taken")
    machine.take_card()
    spans.append(Span(Owner.CITIZEN, out.at, taken.at))
    done = await touch("done", taken.at)
    rated = await touch("stars:5", done.at)
    home = await glass.page("Home", rated.at)
    return [laid, picked, printing, taken, done, rated, Mark(home.at, "painted: Home")], spans


_INSTANT: Final = 1e-6


def prompted(painted: Sequence[Painted]) -> list[Span]:
    """The citizen's part of each prompt."""
    prompts = [each for index, each in enumerate(painted) if index == 0 or each.prompt != painted[index - 1].prompt]
    spans = []
    for prompt, after in pairwise(prompts):
        if prompt.prompt in _MOVED:
            needed = _MOVED[prompt.prompt] + _HELD.get(prompt.prompt, 0.0)
            spans.append(Span(Owner.CITIZEN, prompt.at, min(after.at, prompt.at + needed)))
    return spans


def read(laid: float, recorded: Sequence[Mark]) -> list[Span]:
    """The reader's part: noticing a card that was `laid` down, and sending what is on it."""
    at = {mark.what: mark.at for mark in recorded}
    noticed, known = at["audit: session.began"], at["audit: card.read"]
    return [
        Span(Owner.READER, laid, min(noticed, laid + FIND_INTERVAL_S)),
        Span(Owner.READER, noticed, min(known, noticed + line_s())),
    ]


def called(session: Sequence[dict[str, Any]]) -> list[Span]:
    """The platform's calls."""
    return [
        Span(Owner.PLATFORM, body["monotonic"] - body["fields"]["took_s"], body["monotonic"])
        for body in session
        if body["event"] == "platform.called"
    ]


def printed(recorded: Sequence[Mark], landed: float) -> list[Span]:
    accepted = [mark.at for mark in recorded if mark.what == "audit: print.accepted"]
    if len(accepted) != 1:
        raise NotMeasured("the audit log does not say when the queue had the document")
    return [Span(Owner.PRINTER, accepted[0], landed)]


def _pages(painted: Sequence[Painted]) -> list[Mark]:
    """A mark for each new page and each new prompt."""
    marks, before = [], ("", "")
    for each in painted:
        if (each.page, each.prompt) != before:
            before = (each.page, each.prompt)
            marks.append(Mark(each.at, f"painted: {each.page} {each.prompt}".rstrip()))
    return marks


def _name(body: dict[str, Any]) -> str:
    operation = body["fields"].get("operation", "")
    return f"audit: {body['event']} {operation}".rstrip()


def _bodies(audit: Path) -> list[dict[str, Any]]:
    return [record.body for record in records(audit)]


def _landed(paper: Path) -> float:
    """When the file got its name, on the clock of everything else (the kernel counts it in steps of some 4 ms)."""
    return paper.stat().st_ctime - time.time() + time.monotonic()
