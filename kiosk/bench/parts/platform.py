"""The platform: the call for a certificate."""

from kiosk.bench.bench import Bench
from kiosk.bench.call import call


async def platform(bench: Bench) -> None:
    async with bench.terminal() as terminal:
        request = await terminal.request()
        bench.say("call the platform")
        bench.findings.rows.append(await call(terminal.desk, terminal.profile, request, bench.plan.short))
