"""A private network of two: the guest, and a namespace of this machine that plays the hall's network (ip-netns(8)).

Nothing of it reaches this machine's own network, and no port here is shared with it. A sandbox, an update server or a
port scanner runs inside with `link.enter` before its command; the guest sees it at `link.host`. Needs root.
"""

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

_NUMBER: Final = itertools.count()


@dataclass(frozen=True, slots=True)
class Link:
    """`host`: our end. `guest`: the address that the guest is to have. Both in a /24 without a gateway."""

    namespace: str
    tap: str = "kiosk0"
    host: str = "10.70.0.1"
    guest: str = "10.70.0.2"

    @property
    def enter(self) -> tuple[str, ...]:
        """Before the words of a command that is to run at the host's end."""
        return ("ip", "netns", "exec", self.namespace)

    def run(self, *words: str) -> str:
        return subprocess.run([*self.enter, *words], check=True, capture_output=True, text=True).stdout


@contextmanager
def private_link(*more_hosts: str) -> Iterator[Link]:
    """`more_hosts`: further addresses at our end, to see that nobody reaches them."""
    link = Link(f"kiosk-{os.getpid()}-{next(_NUMBER)}")
    subprocess.run(["ip", "netns", "add", link.namespace], check=True)
    try:
        link.run("ip", "link", "set", "lo", "up")
        link.run("ip", "tuntap", "add", link.tap, "mode", "tap")
        for address in (link.host, *more_hosts):
            link.run("ip", "address", "add", f"{address}/24", "dev", link.tap)
        link.run("ip", "link", "set", link.tap, "up")
        yield link
    finally:
        subprocess.run(["ip", "netns", "delete", link.namespace], check=True)
