"""A fresh machine, its operator, a stick, and the sandbox as the platform that enrols.

Nothing is mocked: the process that is tested listens on the ui's socket and is looked at through it, the platform is
called over TLS, and who is enrolled calls it with what it was given.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from kiosk.clock import SystemClock
from kiosk.enrolment import order
from kiosk.enrolment.enrol import Enrolment
from kiosk.enrolment.settings import Key, Pairing, Settings
from kiosk.enrolment.site import Site
from kiosk.fleet.operator import Operator
from kiosk.identity import device_identity
from kiosk.meeting import enrolment_stick_in
from kiosk.pages import Action, EnrolmentStep, NotEnrolled, Page
from kiosk.profile import load
from kiosk.reasons import Reason
from platform_client import certificates
from platform_client.client import PlatformClient
from platform_client.credentials import DIRECTORY
from platform_client.device_key import FileKey
from platform_client.https import HttpsTransport
from platform_client.sandbox.assembly import Options, Sandbox
from platform_client.sandbox.enrolling import answer
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.typeface import Typecase

TERMINAL = "kiosk-0042"
PATIENCE_S = 30.0


class OperatorsDesk:
    """Whoever signs orders; `pinned` is what an image holds of them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        key = ec.generate_private_key(ec.SECP256R1())
        self.private = folder / "operator.key"
        self.pinned = folder / "operator.pem"
        self.private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.pinned.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    @property
    def key(self) -> FileKey:
        return FileKey(self.private)


@dataclass
class Glass:
    """What shows the pages; `until` waits for one that came after the last that was waited for."""

    pages: list[NotEnrolled] = field(default_factory=list)
    _next: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _actions: asyncio.Queue[Action] = field(default_factory=asyncio.Queue)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def show(self, page: Page, countdown_s: int | None = None) -> None:
        assert isinstance(page, NotEnrolled)
        self.pages.append(page)
        task = asyncio.get_running_loop().create_task(self._tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def action(self) -> Action:
        return await self._actions.get()

    def tap(self, action: Action) -> None:
        self._actions.put_nowait(action)

    async def until(self, true: Callable[[NotEnrolled], object]) -> NotEnrolled:
        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(lambda: self._passed(true)), PATIENCE_S)
            except TimeoutError:
                raise AssertionError(f"the page stays {self.pages[-1:]}") from None
            return self.pages[self._next - 1]

    def _passed(self, true: Callable[[NotEnrolled], object]) -> bool:
        while self._next < len(self.pages):
            self._next += 1
            if true(self.pages[self._next - 1]):
                return True
        return False

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@dataclass
class ManualClock(SystemClock):
    """Counts sleeps of the enrolment as short, and may be wrong by `ahead`."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.02))


class World:
    """`site`, `stick` and `orders` lie under `where`; the platform listens while it is `open`."""

    def __init__(self, where: Path, pki: SandboxPki, typecase: Typecase) -> None:
        self.where = where
        self.pki = pki
        self._typecase = typecase
        self.operator = OperatorsDesk(where / "operator")
        self.clock = ManualClock()
        self.stick = where / "stick"
        self.orders = where / "orders"
        self.expects_a_stick = enrolment_stick_in(where / "run")
        for folder in (where / "site", self.expects_a_stick.parent, self.stick, self.orders):
            folder.mkdir(parents=True)
        self.site = Site(where / "site")
        self.key = Key()
        self.platforms_clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.sandbox: Sandbox | None = None
        self.port = self.enrolment_port = 0

    @asynccontextmanager
    async def platform(self) -> AsyncIterator["World"]:
        options = Options(clock=lambda: self.platforms_clock(), orders=self.orders)
        self.sandbox = Sandbox(self.pki, self._typecase, options)
        self.port = await self.sandbox.start("127.0.0.1", 0)
        self.enrolment_port = await self.sandbox.enrolling.start("127.0.0.1", 0)
        try:
            yield self
        finally:
            await self.sandbox.stop()

    @property
    def settings(self) -> Settings:
        pairing = Pairing(self.enrolling_url, self.pki.tls_ca.certificate) if self.enrolment_port else None
        return Settings(
            self.operator.pinned,
            site=self.where / "site",
            run=self.where / "run",
            stick=self.stick,
            key=self.key,
            pairing=pairing,
        )

    @property
    def enrolling_url(self) -> str:
        return f"https://localhost:{self.enrolment_port}"

    def profile(self, terminal: str = TERMINAL, **changes: str) -> str:
        current = self.site.current
        key = {"key": '"platform.key"', **changes}
        lines = "\n".join(f"{name} = {value}" for name, value in key.items())
        return f"""
run = "{self.where / "run"}"
audit = "/var/lib/onecard-kiosk/audit"
audit_key = "audit.key"
ledger = "/var/lib/onecard-kiosk/ledger"

[terminal]
id = "{terminal}"
hall = {{ zh = "示例区政务服务中心", en = "Example District Service Hall" }}

[reader]
uri = "sdt+usb://"

[platform]
url = "https://localhost:{self.port or 443}"
ca = "{current / "platform-ca.pem"}"
certificate = "{current / "device/certificate.pem"}"
{lines}

[trust]
root = "{current / "seals-root.pem"}"

[printer]
server = "127.0.0.1:8631"
queue = "kiosk"
uri = "ipp://192.0.2.9/ipp/print"

[certificates.household]
seal = "示例区公安局"
"""

    def order(
        self,
        profile: str | None = None,
        *,
        by: OperatorsDesk | None = None,
        redeem: bool = False,
        signed_at: datetime | None = None,
        days: int = 14,
    ) -> bytes:
        """What the operator signs; `by` somebody else."""
        files = {
            "platform-ca.pem": self.pki.tls_ca.certificate.read_text(),
            "seals-root.pem": self.pki.root.certificate.read_text(),
        }
        return order.write(
            self.profile() if profile is None else profile,
            1,
            files,
            (by or self.operator).key,
            signed_at or datetime.now(UTC),
            timedelta(days=days),
            self.enrolling_url if redeem else None,
        )

    # --- the stick ----------------------------------------------------------------------------------------------------

    @property
    def folder(self) -> Path:
        return self.stick / "onecard-enrolment"

    def plug(self, jws: bytes) -> None:
        """A stick with this order, and nothing else."""
        draft = self.where / "draft"
        draft.mkdir()
        (draft / "order.jws").write_bytes(jws)
        draft.rename(self.folder)

    def unplug(self) -> Path:
        """Takes the stick away; it lies in a drawer from now on."""
        drawer = self.where / "drawer"
        shutil.rmtree(drawer, ignore_errors=True)
        return self.folder.rename(drawer)

    def plug_again(self) -> None:
        (self.where / "drawer").rename(self.folder)

    def sign_in_the_drawer(self) -> None:
        """Whoever signs without a network."""
        answer(self.where / "drawer", self.pki, datetime.now(UTC))

    # --- the machine --------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def enrolling(self) -> AsyncIterator[tuple[Glass, asyncio.Task[None]]]:
        """The machine, with its page; ends it."""
        glass = Glass()
        operator = Operator.pinned(self.operator.pinned)
        task = asyncio.create_task(Enrolment(self.settings, operator, glass, self.clock).run())
        try:
            yield glass, task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def serves(self, monkeypatch_credentials: Callable[[Path], None]) -> None:
        """What was put in place is enough to call the platform as this terminal, over mutual TLS."""
        current = self.site.current
        monkeypatch_credentials(current / "credentials")
        profile = load(current / "profile.toml")
        identity = device_identity(profile.platform)
        assert identity.terminal == profile.terminal.id
        client = PlatformClient(HttpsTransport(profile.platform.url, identity))
        try:
            assert (await client.fetch(certificates.KINDS)).kinds
        finally:
            await client.close()


def settled(page: NotEnrolled) -> bool:
    return page.step is EnrolmentStep.DONE


def trouble(reason: Reason):  # type: ignore[no-untyped-def]
    return lambda page: page.trouble is reason


async def enrolled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.site.enrolled
    await world.serves(lambda folder: monkeypatch.setenv(DIRECTORY, str(folder)))
