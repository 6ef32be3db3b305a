"""The face: pictures of a recorded check, the beginning and the end of one in the vision process, and what the window
notices of it."""

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from kiosk.bench.bench import Bench
from kiosk.bench.face import decide, pictures, record, start_check
from kiosk.bench.jitter import jitter

REPLAYS: Final = 10
"""However many rounds the rest has: a check is but 40 pictures, and the median of a hundred moves by several percent on
a machine that does other things, too."""
LOOK_RATIO_MOST: Final = 1.25
EMBED_RATIO_MOST: Final = 1.1
DECIDE_MOST_S: Final = 0.3
JITTER_RATIO_MOST: Final = 1.3


async def face(bench: Bench) -> None:
    findings, assets, rounds = bench.findings, bench.place.assets, bench.plan.long
    async with bench.terminal() as terminal:
        _, portrait = await terminal.card()
        bench.say("look at a recorded face")
        recording = await asyncio.to_thread(record, assets, assets / "portrait.png", portrait)
        async with bench.noting("face, replayed"):
            seen = await asyncio.to_thread(pictures, recording, REPLAYS)
            findings.rows += [seen.look, seen.embed, seen.verdict, seen.whole]
            findings.aim("look at a picture, over bare mediapipe", seen.look.ratio, LOOK_RATIO_MOST, "x")
            findings.aim("embed a face, over bare onnxruntime", seen.embed.ratio, EMBED_RATIO_MOST, "x")
            findings.aim("the last picture's verdict", seen.verdict.ours.median, DECIDE_MOST_S, "s")
        bench.say("start and end a face check")
        async with bench.noting("face check"), AsyncExitStack() as vision:
            await terminal.machine.start_worker(vision, "vision")
            findings.rows.append(await start_check(terminal.desk, portrait, rounds))
            decision = await decide(terminal.desk, terminal.machine, portrait, rounds)
            findings.rows.append(decision)
            findings.aim("the match after the last prompt is done", decision.ours.median, DECIDE_MOST_S, "s")
        bench.say("watch the window's timer beside vision")
        async with bench.noting("window beside vision"):
            late = await jitter(terminal, recording.frames, portrait)
            findings.rows.append(late)
            findings.aim("lateness of the window's timer, with vision", late.ratio, JITTER_RATIO_MOST, "x")
