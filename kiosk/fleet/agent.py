"""The agent process: shows the terminal's figures on loopback, and does what the fleet wants, until SIGTERM.

It lives whether the desk does or not: a desk that is dead is what the fleet most wants to hear of. And the figures are
shown whether the fleet's server can be spoken to or not.
"""

import asyncio
import contextlib
import logging
import signal
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from systemd import daemon

from kiosk import meeting, watchdog
from kiosk.audit import witness
from kiosk.audit.checkpoint import KeyFile, KeyUnusable
from kiosk.audit.log import AuditLog
from kiosk.clock import SystemClock
from kiosk.enrolment.order import installed_version
from kiosk.fleet import profiles
from kiosk.fleet.commands import Commands
from kiosk.fleet.ddi import Server
from kiosk.fleet.door import DeskDoor
from kiosk.fleet.machine import Machine
from kiosk.fleet.metrics import Terminal, registry
from kiosk.fleet.operator import Operator, OperatorKeyError, OrderRefused
from kiosk.fleet.profiles import Profiles
from kiosk.fleet.rauc import Rauc
from kiosk.fleet.rounds import Rounds
from kiosk.fleet.signed_profile import delivered
from kiosk.fleet.trail import Trail
from kiosk.fleet.updates import Updates
from kiosk.fleet.wish import Wish
from kiosk.health.published import Report, read
from kiosk.loudness import Loudness
from kiosk.maintenance.plan import DIAGNOSTICS, PROFILE_WISH, UPDATE_WISH
from kiosk.profile import Profile
from kiosk.profile import Updates as Settings
from platform_client.credentials import CredentialError

log = logging.getLogger(__name__)

LOOPBACK: Final = "127.0.0.1"
NO_SERVER_S: Final = 60.0


async def serve(profile: Profile, installed: Path) -> None:
    """`profile`: the one in force. `installed`: where the installed one lies. Raises OSError when the port is taken."""
    software = version("onecard-kiosk")
    terminal = Terminal(meeting.health_in(profile.run), profile.terminal.id, software)
    runner = web.AppRunner(_application(registry(terminal)), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, LOOPBACK, profile.fleet.metrics_port).start()
        work = asyncio.gather(watchdog.feed(), _answer_the_fleet(profile, installed, software), asyncio.Event().wait())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        daemon.notify("READY=1")
        with contextlib.suppress(asyncio.CancelledError):
            await work
    finally:
        await runner.cleanup()


def give_back_profile(profile: Profile) -> None:
    """The agent cannot work: if a profile on trial may be why, it is taken back."""
    if profile.fleet.updates is not None:
        _give_back(profile, profile.fleet.updates, _trail(profile, profile.fleet.updates, version("onecard-kiosk")))


async def _answer_the_fleet(profile: Profile, installed: Path, software: str) -> None:
    """For ever, where the profile names a server. What is wrong with the way to it is told once a minute."""
    settings = profile.fleet.updates
    if settings is None:
        return
    trail: Trail | None = None
    while True:
        try:
            trail = trail or _trail(profile, settings, software)
            server = Server(settings, profile.terminal.id)
        except (CredentialError, OSError, ValueError) as error:
            log.error("[fleet.updates] %s", error)
            if trail is not None:
                _give_back(profile, settings, trail)
            await asyncio.sleep(NO_SERVER_S)
        else:
            await _rounds(profile, installed, settings, software, server, trail)


async def _rounds(
    profile: Profile, installed: Path, settings: Settings, software: str, server: Server, trail: Trail
) -> None:
    clock, pinned, kept = SystemClock(), _operator(profile), settings.kept
    socket = meeting.door_in(profile.run)
    door, beside_the_door = DeskDoor(socket), socket.parent

    def health() -> Report | None:
        return read(meeting.health_in(profile.run))

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(server)
        rauc = await stack.enter_async_context(Rauc())
        machine = await stack.enter_async_context(Machine(settings.restart, health, door, clock))
        loudness = Loudness(clock)
        stack.callback(loudness.close)
        updates = Updates(server, rauc, machine, health, clock, trail, kept=kept)
        commands = Commands(
            *(server, pinned, door, machine, health, updates, clock, trail),
            terminal=profile.terminal.id,
            groups=profile.fleet.groups,
            kept=kept,
            collected=beside_the_door / DIAGNOSTICS,
            loudness=loudness,
        )
        stack.callback(commands.leave)
        newest = Wish(beside_the_door / PROFILE_WISH)
        at_first = _version_of(installed, pinned)
        deliveries = Profiles(server, pinned, profile, at_first, machine, health, clock, trail, newest, kept=kept)
        held = delivered(profile)
        about = {"terminal": profile.terminal.id, "software": software, "profile": str(held[0].version if held else 0)}
        await Rounds(server, commands, deliveries, updates, clock, about, Wish(beside_the_door / UPDATE_WISH)).run()


def _give_back(profile: Profile, settings: Settings, trail: Trail) -> None:
    machine = Machine(settings.restart, lambda: None, DeskDoor(meeting.door_in(profile.run)), SystemClock())
    profiles.give_back(settings.kept, profile, machine, trail)


def _operator(profile: Profile) -> Operator | None:
    """A key file that cannot be used is as good as none: nobody may command."""
    try:
        return None if profile.fleet.operator is None else Operator.pinned(profile.fleet.operator)
    except OperatorKeyError as error:
        log.error("[fleet] operator: %s", error)
        return None


def _version_of(installed: Path, pinned: Operator | None) -> int:
    """Of the installed profile; 0: no order brought it. An order that cannot be read lets no terminal start
    (kiosk.enrolment.standing)."""
    try:
        return 0 if pinned is None else installed_version(installed, pinned)
    except (OSError, OrderRefused) as error:
        log.error("the order by which this terminal was enrolled: %s", error)
        return 0


def _trail(profile: Profile, settings: Settings, software: str) -> Trail:
    try:
        signer = None if profile.fleet.audit_key is None else KeyFile(profile.fleet.audit_key)
    except KeyUnusable as error:
        log.error("[fleet] audit_key %s", error)
        signer = None
    chain = AuditLog(
        settings.kept / "audit",
        SystemClock(),
        terminal=profile.terminal.id,
        software=software,
        signer=signer,
        writer="agent",
        channel="fleet",
    )
    return Trail(chain, settings.restart.parent / witness.FILE)


def _application(figures: CollectorRegistry) -> web.Application:
    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(figures), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    application = web.Application()
    application.router.add_get("/metrics", metrics)
    return application
