"""Documents: the certificate verified, admitted and drawn."""

from contextlib import AsyncExitStack
from typing import Final

from kiosk.bench.bench import Bench
from kiosk.bench.document import admit_and_show, draw, verify

VERIFY_RATIO_MOST: Final = 1.15
FIRST_PICTURE_MOST_S: Final = 0.150
_ROUNDS: Final = 3
"""Times as many as of other short steps: they take some milliseconds, and the two differ by less than one."""


async def documents(bench: Bench) -> None:
    findings, rounds = bench.findings, _ROUNDS * bench.plan.short
    async with bench.terminal() as terminal, AsyncExitStack() as workers:
        request = await terminal.request()
        pdf = await terminal.desk.platform.issue(request)
        await terminal.machine.start_worker(workers, "documents")
        bench.say("verify and draw a certificate")
        paper, verified = await verify(terminal.desk, terminal.profile, pdf, request, rounds)
        shown = await admit_and_show(terminal.desk, pdf, request, verified, rounds)
        findings.rows += [verified, shown, await draw(terminal.desk, paper, rounds)]
        findings.aim("verify the seal, over bare pyHanko", verified.ratio, VERIFY_RATIO_MOST, "x")
        if shown.floor is not None:
            beyond_s = shown.ours.median - shown.floor.median
            findings.aim("verify, admit, draw: beyond bare pyHanko", beyond_s, FIRST_PICTURE_MOST_S, "s")
