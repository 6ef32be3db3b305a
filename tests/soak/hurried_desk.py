"""The desk process as it is, on a clock that can be hurried: `python hurried_desk.py PROFILE ASSETS OFFSET SOCKET`.

On SOCKET it takes lines with a number of seconds to hurry over, and answers each with the time it is then.
"""

import asyncio
import contextlib
import logging
import sys
from pathlib import Path

from hurried_clock import HurriedClock

from kiosk.bootstrap import serve
from kiosk.maintenance.examiner import ExaminerProcess
from kiosk.profile import load


async def main(profile: Path, assets: Path, offset: Path, socket: Path) -> int:
    clock = HurriedClock(offset)

    async def hurry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                await clock.hurry(float(line))
                writer.write(f"{clock.now().isoformat()}\n".encode())
                await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(hurry, socket):
        return await serve(load(profile), clock, ExaminerProcess(profile, assets))


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="desk: %(levelname)s %(name)s %(message)s")
    sys.exit(asyncio.run(main(*map(Path, sys.argv[1:]))))
