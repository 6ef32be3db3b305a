"""Documents: the certificate verified and drawn."""

from contextlib import AsyncExitStack

from kiosk.bench.bench import Bench
from kiosk.bench.document import draw, verify


async def documents(bench: Bench) -> None:
    rows, plan = bench.findings.rows, bench.plan
    async with bench.terminal() as terminal, AsyncExitStack() as workers:
        request = await terminal.request()
        pdf = await terminal.desk.platform.issue(request)
        await terminal.machine.start_worker(workers, "documents")
        bench.say("verify and draw a certificate")
        paper, row = await verify(terminal.desk, terminal.profile, pdf, request, plan.short)
        rows += [row, await draw(terminal.desk, paper, plan.short)]
