"""A terminal with an installed profile, and profiles for it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from hawkbit import Hawkbit, secret
from publishing import PROFILE
from signing import OperatorDesk
from terminal import Terminal

from hardware.printers.loopback_server import claim_port
from kiosk.fleet import signed_profile
from kiosk.fleet.ddi import PROFILE_PART
from kiosk.fleet.profiles import BEGUN, HIGHEST, Highest
from kiosk.fleet.signed_profile import in_force, sign
from kiosk.profile import Updates as Settings
from kiosk.profile import load
from platform_client.sandbox.pki import SandboxPki


def table(name: str, **values: object) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {json.dumps(str(value))}" for key, value in values.items()), ""])


class Bench:
    """A terminal with an installed profile, and profiles for it."""

    def __init__(self, folder: Path, hawkbit: Hawkbit, pki: SandboxPki, fleet: OperatorDesk) -> None:
        self.fleet, self.hawkbit = fleet, hawkbit
        self.path, self.folder = folder / "profile.toml", folder / "profiles"
        self.folder.mkdir()
        (folder / "kept").mkdir()
        self.port = claim_port(0)
        self.server = {"url": f"https://localhost:{hawkbit.port}", "ca": pki.tls_ca.certificate}
        self.server |= {"token": secret(folder / "token"), "kept": folder / "kept", "restart": folder / "restart"}
        self.run = folder
        self.path.write_text(
            self.text(45.0, f"operator = '{fleet.public}'\nprofiles = '{self.folder}'"), encoding="utf-8"
        )
        installed = load(self.path)
        assert isinstance(installed.fleet.updates, Settings)
        self.terminal = Terminal(
            *(hawkbit, installed.fleet.updates, folder / "kept", folder / "restart"),
            installed=installed,
            pinned=fleet.pinned,
        )

    def text(self, idle_s: float, fleet_says: str = "", **server: object) -> str:
        head = PROFILE.format(run=self.run, port=self.port)
        return "\n".join(
            [head, fleet_says, table("fleet.updates", **(self.server | server)), f"[timing]\n{idle_s = }\n"]
        )

    def offer(self, version: int, text: str, action: str = "8", signer: OperatorDesk | None = None) -> None:
        jws = sign(text, version, datetime.now(UTC), (signer or self.fleet).signer)
        self.hawkbit.offer_signed(action, PROFILE_PART, jws)

    async def until_closed(self) -> str:
        before = len(self.hawkbit.closed)
        await self.terminal.until(lambda: len(self.hawkbit.closed) > before)
        return self.hawkbit.feedback[-1][3]

    def has_taken(self, version: int, text: str) -> None:
        """Before the test: and it was kept."""
        signed_profile.put(sign(text, version, datetime.now(UTC), self.fleet.signer), self.folder)
        signed_profile.settle(self.folder)
        (self.terminal.kept / HIGHEST).write_bytes(msgspec.json.encode(Highest(version)))

    def forgets(self, memory: bytes | None) -> None:
        """What is left of the memory of the trial; None: nothing."""
        path = self.terminal.kept / BEGUN
        path.unlink()
        if memory is not None:
            path.write_bytes(memory)

    @property
    def idle_s(self) -> float:
        """Of the profile that a process which starts now reads."""
        return in_force(self.path).timing.idle_s
