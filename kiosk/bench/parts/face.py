"""The face: pictures of a recorded check, and the start of one in the vision process."""

import asyncio
from contextlib import AsyncExitStack

from kiosk.bench.bench import Bench
from kiosk.bench.face import picture_rows, record, start_check


async def face(bench: Bench) -> None:
    assets, rounds = bench.place.assets, bench.plan.long
    async with bench.terminal() as terminal:
        _, portrait = await terminal.card()
        bench.say("look at a recorded face")
        async with bench.noting("face, replayed"):
            recording = await asyncio.to_thread(record, assets, assets / "portrait.png", portrait)
            bench.findings.rows += await asyncio.to_thread(picture_rows, recording, rounds)
        bench.say("start the face check")
        async with AsyncExitStack() as vision:
            await terminal.machine.start_worker(vision, "vision")
            bench.findings.rows.append(await start_check(terminal.desk, portrait, rounds))
