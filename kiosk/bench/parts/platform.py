"""The platform: the call for a certificate, by itself and 200 at once."""

from pathlib import Path
from tempfile import TemporaryDirectory

from kiosk.bench import load
from kiosk.bench.bench import Bench
from kiosk.bench.call import call


async def platform(bench: Bench) -> None:
    async with bench.noting("call the platform"), bench.terminal() as terminal:
        request = await terminal.request()
        bench.say("call the platform")
        bench.findings.rows.append(await call(terminal.desk, terminal.profile, request, bench.plan.short))

    bench.say(f"{load.REQUESTS} calls at once from {load.TERMINALS} terminals")
    async with bench.noting("many calls at once"):
        with TemporaryDirectory(prefix="kiosk-bench-") as folder:
            ours, floor = await load.issues(Path(folder), bench.place.assets)
        bench.findings.loads += [("issue a certificate", ours), ("an empty handler", floor)]
        bench.findings.aim("wrong answers among many at once", ours.wrong, 0, "answers")
        bench.findings.aim("calls that failed among many at once", len(ours.failed), 0, "calls")
