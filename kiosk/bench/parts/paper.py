"""Paper: a certificate handed to the queue, then put on paper.

Each round prints a certificate of its own: the ledger lets nothing out twice.
"""

from contextlib import AsyncExitStack
from typing import Final

from kiosk.bench.bench import Bench
from kiosk.bench.paper import certificates, put_on_paper, submit

SUBMIT_RATIO_MOST: Final = 1.2


async def paper(bench: Bench) -> None:
    findings, plan = bench.findings, bench.plan
    async with bench.terminal() as terminal, AsyncExitStack() as workers:
        request = await terminal.request()
        await terminal.machine.start_worker(workers, "documents")
        bench.say("certificates to print")
        papers = await certificates(terminal.desk, request, plan.long + 1)
        bench.say("hand over a certificate")
        row = await submit(terminal.profile, terminal.machine, papers[0].pdf, 6 * plan.short)
        findings.rows.append(row)
        findings.aim("hand a document to the queue, over bare pycups", row.ratio, SUBMIT_RATIO_MOST, "x")
        bench.say("put it on paper")
        findings.rows.append(await put_on_paper(terminal.desk, terminal.machine, papers))
