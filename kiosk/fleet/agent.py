"""The agent process: shows the terminal's figures on loopback, and keeps the image up to date, until SIGTERM.

It lives whether the desk does or not: a desk that is dead is what the fleet most wants to hear of.
"""

import asyncio
import contextlib
import logging
import signal
from importlib.metadata import version
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from systemd import daemon

from kiosk import meeting, watchdog
from kiosk.clock import SystemClock
from kiosk.fleet.ddi import Server
from kiosk.fleet.metrics import Terminal, registry
from kiosk.fleet.rauc import Rauc, RaucError
from kiosk.fleet.updates import Updates
from kiosk.health.published import read
from kiosk.profile import Profile, ProfileError
from kiosk.profile import Updates as Settings
from platform_client.credentials import CredentialError

log = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"
NO_RAUC_S: Final = 60.0


async def serve(profile: Profile) -> None:
    """Raises OSError when the port is taken, and ProfileError when the update server's files are not there."""
    software = version("onecard-kiosk")
    terminal = Terminal(meeting.health_in(profile.run), profile.terminal.id, software)
    runner = web.AppRunner(_application(registry(terminal)), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, profile.fleet.metrics_port).start()
        work = asyncio.gather(watchdog.feed(), _keep_up_to_date(profile, software), asyncio.Event().wait())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        daemon.notify("READY=1")
        with contextlib.suppress(asyncio.CancelledError):
            await work
    finally:
        await runner.cleanup()


async def _keep_up_to_date(profile: Profile, software: str) -> None:
    """For ever, where the profile names a server. A terminal without RAUC asks nobody."""
    settings = profile.fleet.updates
    if settings is None:
        return
    try:
        server = Server(settings, profile.terminal.id)
    except (CredentialError, OSError, ValueError) as error:
        raise ProfileError(f"[fleet.updates] {error}") from None
    async with server:
        while True:
            try:
                async with Rauc() as rauc:
                    await _until_lost(rauc, _updates(settings, profile, software, server, rauc))
            except RaucError as error:
                log.error("no updates: %s", error)
            await asyncio.sleep(NO_RAUC_S)


def _updates(settings: Settings, profile: Profile, software: str, server: Server, rauc: Rauc) -> Updates:
    return Updates(
        server,
        rauc,
        lambda: read(meeting.health_in(profile.run)),
        SystemClock(),
        kept=settings.kept,
        restart=settings.restart,
        introduction={"terminal": profile.terminal.id, "software": software},
    )


async def _until_lost(rauc: Rauc, updates: Updates) -> None:
    """Until the bus is gone; a fault of the updates is one of the agent's."""
    tasks = [asyncio.create_task(updates.run()), asyncio.create_task(rauc.lost())]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0] in done:
            tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _application(figures: CollectorRegistry) -> web.Application:
    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(figures), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    application = web.Application()
    application.router.add_get("/metrics", metrics)
    return application
