"""Tells the service manager that a program still does its work (sd_watchdog_enabled(3)). Whoever turns an event loop
feeds it from that loop: a loop that hangs does not."""

import asyncio
import os

from systemd import daemon


async def feed() -> None:
    """At half the time that is allowed; returns at once where nobody watches."""
    period_s = int(os.environ.get("WATCHDOG_USEC", "0")) / 2e6
    while period_s:
        daemon.notify("WATCHDOG=1")
        await asyncio.sleep(period_s)
