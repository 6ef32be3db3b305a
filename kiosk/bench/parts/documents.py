"""Documents: the certificate verified, drawn and put on paper."""

from contextlib import AsyncExitStack

from kiosk.bench.bench import Bench
from kiosk.bench.document import draw, verify
from kiosk.bench.paper import put_on_paper


async def documents(bench: Bench) -> None:
    rows, plan = bench.findings.rows, bench.plan
    async with bench.terminal() as terminal, AsyncExitStack() as workers:
        request = await terminal.request()
        pdf = await terminal.desk.platform.issue(request)
        await terminal.machine.start_worker(workers, "documents")
        bench.say("verify and draw a certificate")
        paper, row = await verify(terminal.desk, terminal.profile, pdf, request, plan.short)
        rows += [row, await draw(terminal.desk, paper, plan.short)]
        bench.say("put it on paper")
        async with bench.noting("paper"):
            rows.append(await put_on_paper(terminal.desk, terminal.machine, paper, plan.long))
