"""The agent process: shows the terminal's figures on loopback, until SIGTERM.

It lives whether the desk does or not: a desk that is dead is what the fleet most wants to hear of.
"""

import asyncio
import signal
from importlib.metadata import version

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from systemd import daemon

from kiosk import meeting, watchdog
from kiosk.fleet.metrics import Terminal, registry
from kiosk.profile import Profile

LOOPBACK = "127.0.0.1"


async def serve(profile: Profile) -> None:
    """Raises OSError when the port is taken."""
    terminal = Terminal(meeting.health_in(profile.run), profile.terminal.id, version("onecard-kiosk"))
    runner = web.AppRunner(_application(registry(terminal)), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, profile.fleet.metrics_port).start()
        end = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, end.set)
        pulse = asyncio.create_task(watchdog.feed())
        daemon.notify("READY=1")
        await end.wait()
        pulse.cancel()
    finally:
        await runner.cleanup()


def _application(figures: CollectorRegistry) -> web.Application:
    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(figures), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    application = web.Application()
    application.router.add_get("/metrics", metrics)
    return application
