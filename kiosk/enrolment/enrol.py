"""The hour in which a terminal becomes one.

It makes its key and shows its fingerprint. Then it waits in two ways at once, for a stick and for somebody who types
its code at the platform; whichever brings an order of the operator's and a certificate for this very key ends the
other. What goes wrong is shown by its name and never ends the waiting: whoever stands there can try again without a
restart.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import msgspec
from cryptography import x509
from cryptography.x509.oid import NameOID

from kiosk.clock import Clock
from kiosk.enrolment.order import Believed, believe
from kiosk.enrolment.plain import plain
from kiosk.enrolment.registry import Registry
from kiosk.enrolment.settings import Settings
from kiosk.enrolment.site import Site
from kiosk.enrolment.standing import Altered, standing
from kiosk.enrolment.stick import Seen, Stick, expect_none, expect_one
from kiosk.fleet.operator import Operator
from kiosk.pages import Action, EnrolmentStep, NotEnrolled, Page, Retry
from kiosk.reasons import Reason, Refused
from platform_client.device_key import DeviceKey, DeviceKeyError
from platform_client.enrolment import NotNow, NotOurs, check
from platform_client.renewal import signing_request

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

LOOK_EVERY_S: Final = 1.0
"""For a stick."""
AGAIN_S: Final = (2.0, 5.0, 10.0, 30.0, 60.0)
"""Between calls that failed in a row."""
FINGERPRINT_OCTETS: Final = 16
DETAIL_MOST: Final = 240
_TOLD: Final = frozenset({Reason.ENROLMENT_UNFIT, Reason.ENROLMENT_KEY, Reason.ENROLMENT_DISK})
"""Where the reason alone does not say what to mend. What is told of an order was signed by the operator."""


class Screen(Protocol):
    """What shows the page: the desk's own port to the ui process, before there is a desk."""

    def show(self, page: Page, countdown_s: int | None = None) -> None: ...

    async def action(self) -> Action: ...


@dataclass(frozen=True, slots=True)
class Keys:
    """Of this terminal. `audit`: public, DER."""

    device: DeviceKey
    audit: bytes

    def request(self) -> bytes:
        """PKCS#10, DER; it names the fingerprint, for there is no other name yet. Raises Refused."""
        try:
            name = x509.NameAttribute(NameOID.COMMON_NAME, fingerprint(self.device.public).replace(" ", "-"))
            return signing_request(x509.Name([name]), self.device)
        except DeviceKeyError as error:
            raise Refused(Reason.ENROLMENT_KEY, str(error)) from None


class Enrolment:
    """One terminal that is nobody. `run` ends when it is enrolled; never for one that was, and is altered."""

    def __init__(self, settings: Settings, operator: Operator, screen: Screen, clock: Clock) -> None:
        self._settings = settings
        self._operator = operator
        self._screen = screen
        self._clock = clock
        self._site = Site(settings.site)
        self._page = NotEnrolled(EnrolmentStep.MAKING_KEY, pairs=settings.pairing is not None)
        self._again = asyncio.Event()

    async def run(self) -> None:
        expect_none(self._settings.run)
        if self._site.enrolled:
            await self._bar_unless_standing()
        listening = asyncio.create_task(self._listen())
        try:
            while not self._site.enrolled:
                try:
                    expect_one(self._settings.run)
                    await self._settle(*await self._granted(await self._keys()))
                except Refused as refused:  # of the disk
                    self._say(refused)
                    await self._clock.sleep(AGAIN_S[-2])
            self._show(step=EnrolmentStep.DONE, trouble=None, code="", until=None)
        finally:
            expect_none(self._settings.run)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _bar_unless_standing(self) -> None:
        """No stick and no code mends what somebody changed: whoever could do that could have changed more."""
        try:
            await asyncio.to_thread(standing, self._site, self._operator)
        except Altered as altered:
            self._show(step=EnrolmentStep.BARRED, altered=altered.file)
            self._say(altered)
            await asyncio.Event().wait()

    async def _keys(self) -> Keys:
        for pause_s in _patiently():
            self._show(step=EnrolmentStep.MAKING_KEY)
            try:
                keys = await asyncio.to_thread(self._make_keys)
            except Refused as refused:
                self._say(refused)
                await self._clock.sleep(pause_s)
            else:
                break
        self._show(step=EnrolmentStep.WAITING, fingerprint=fingerprint(keys.device.public), trouble=None)
        log.info("not enrolled; the fingerprint of the key is %s", self._page.fingerprint)
        return keys

    def _make_keys(self) -> Keys:
        key = self._settings.key
        try:
            return Keys(self._site.device_key(key.pkcs11_module, key.token), self._site.audit_key())
        except DeviceKeyError as error:
            raise Refused(Reason.ENROLMENT_KEY, str(error)) from None
        except OSError as error:
            raise _of_the_disk(error) from None

    async def _granted(self, keys: Keys) -> tuple[Believed, x509.Certificate]:
        """By whichever way is first."""
        ways = [asyncio.create_task(self._by_stick(keys))]
        if self._settings.pairing is not None:
            ways.append(asyncio.create_task(self._by_code(keys)))
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _settle(self, order: Believed, certificate: x509.Certificate) -> None:
        self._show(step=EnrolmentStep.SETTLING, terminal=order.terminal, trouble=None)
        try:
            await asyncio.to_thread(self._site.settle, order.text, order.jws, order.order.files, certificate)
        except OSError as error:
            raise _of_the_disk(error) from None
        log.info("enrolled as %s by the order %s", order.terminal, order.order.order)

    # --- by a stick ---------------------------------------------------------------------------------------------------

    async def _by_stick(self, keys: Keys) -> tuple[Believed, x509.Certificate]:
        stick = Stick(self._settings.stick)
        while True:
            seen = await self._until(lambda: stick.seen)
            reading = asyncio.create_task(self._of_the_stick(stick, keys))
            leaving = asyncio.create_task(self._until(partial(_is_another, stick, seen)))
            try:
                await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if reading.done():
                    return reading.result()
                reading.cancel()
            except Refused as refused:
                self._show(step=EnrolmentStep.WAITING)
                self._say(refused)
                await leaving  # the same stick says the same again
            finally:
                for task in (reading, leaving):
                    task.cancel()
                await asyncio.gather(reading, leaving, return_exceptions=True)
            self._show(step=EnrolmentStep.WAITING, terminal="")

    async def _of_the_stick(self, stick: Stick, keys: Keys) -> tuple[Believed, x509.Certificate]:
        """Ends when there is a certificate. Until then whoever waits for it cancels it when the stick is taken away."""
        self._show(step=EnrolmentStep.READING_STICK, trouble=None)
        order = await self._believed(await asyncio.to_thread(stick.order))
        self._show(terminal=order.terminal)
        await asyncio.to_thread(stick.check_unused, keys.device.public)
        certificate = await asyncio.to_thread(stick.certificate)
        if certificate is not None:
            self._check(certificate, order, keys)
            return order, certificate
        request = await asyncio.to_thread(keys.request)
        await asyncio.to_thread(stick.leave, request, keys.audit)
        if order.order.url is not None and order.order.token is not None:
            return order, await self._redeemed(order, keys, request)
        self._show(step=EnrolmentStep.TAKE_STICK_AWAY)
        taken_away: asyncio.Future[tuple[Believed, x509.Certificate]] = asyncio.get_running_loop().create_future()
        return await taken_away

    async def _redeemed(self, order: Believed, keys: Keys, request: bytes) -> x509.Certificate:
        assert order.order.url is not None and order.order.token is not None
        async with self._calling(order.order.url, order.authority.decode()) as registry:
            for pause_s in _patiently():
                self._show(step=EnrolmentStep.ASKING)
                try:
                    certificate = await registry.redeem(order.order.order, order.order.token, request, keys.audit)
                    break
                except Refused as refused:
                    if refused.reason is not Reason.ENROLMENT_NO_PLATFORM:
                        raise
                    self._show(step=EnrolmentStep.TAKE_STICK_AWAY)  # the request is on it: another way out
                    self._say(refused)
                    await self._clock.sleep(pause_s)
        self._check(certificate, order, keys)
        return certificate

    async def _until(self, found: Callable[[], Answer]) -> Answer:
        """The first thing that is found."""
        while not (answer := await asyncio.to_thread(found)):
            await self._clock.sleep(LOOK_EVERY_S)
        return answer

    # --- by a code ----------------------------------------------------------------------------------------------------

    async def _by_code(self, keys: Keys) -> tuple[Believed, x509.Certificate]:
        while True:
            self._again.clear()
            try:
                return await self._paired(keys)
            except Refused as refused:
                self._show(code="", until=None)
                self._say(refused)
                await self._again.wait()  # a person decides whether to ask anew

    async def _paired(self, keys: Keys) -> tuple[Believed, x509.Certificate]:
        """One code, from its beginning to its end."""
        assert self._settings.pairing is not None
        request = await asyncio.to_thread(keys.request)
        authority = await asyncio.to_thread(_pem, self._settings.pairing.ca)
        async with self._calling(self._settings.pairing.url, authority) as registry:
            pairing = await self._persistently(lambda: registry.pair(request, keys.audit))
            self._show(code=f"{pairing.code[:4]}-{pairing.code[4:]}", until=pairing.until)
            while True:
                await self._clock.sleep(pairing.every_s)
                granted = await self._persistently(lambda: registry.collect(pairing.pairing))
                if granted is not None:
                    order = await self._believed(granted[0])
                    self._check(granted[1], order, keys)
                    return order, granted[1]

    async def _persistently(self, call: Callable[[], Awaitable[Answer]]) -> Answer:
        """Again and again while nobody answers. Raises Refused for every other reason."""
        for pause_s in _patiently():
            try:
                answer = await call()
            except Refused as refused:
                if refused.reason is not Reason.ENROLMENT_NO_PLATFORM:
                    raise
                self._say(refused)
                await self._clock.sleep(pause_s)
            else:
                break
        if self._page.trouble is Reason.ENROLMENT_NO_PLATFORM:
            self._show(trouble=None)
        return answer

    # --- what both need -----------------------------------------------------------------------------------------------

    async def _believed(self, jws: bytes) -> Believed:
        return await asyncio.to_thread(believe, jws, self._operator, self._settings, self._clock.now())

    def _check(self, certificate: x509.Certificate, order: Believed, keys: Keys) -> None:
        try:
            check(certificate, keys.device.public, order.terminal, order.authority, self._clock.now())
        except NotNow as error:
            early = self._clock.now() < certificate.not_valid_before_utc
            raise Refused(Reason.ENROLMENT_CLOCK if early else Reason.ENROLMENT_EXPIRED, str(error)) from None
        except NotOurs as error:
            raise Refused(Reason.ENROLMENT_ANSWER_FOREIGN, str(error)) from None

    @asynccontextmanager
    async def _calling(self, url: str, authority: str) -> AsyncIterator[Registry]:
        registry = Registry(url, authority, self._clock.now)
        try:
            yield registry
        finally:
            await registry.close()

    # --- the page -----------------------------------------------------------------------------------------------------

    @property
    def altered(self) -> str:
        """The file for which it is barred, if it is."""
        return self._page.altered

    def _show(self, **changes: Any) -> None:
        if "trouble" in changes:
            changes = {"detail": "", **changes}
        self._page = msgspec.structs.replace(self._page, **changes)
        self._screen.show(self._page)

    def _say(self, refused: Refused) -> None:
        log.warning("%s %s: %s", refused.reason.value, refused.reason.name, refused.detail)
        detail = plain(" ".join(refused.detail.split()), DETAIL_MOST) if refused.reason in _TOLD else ""
        self._show(trouble=refused.reason, detail=detail)

    async def _listen(self) -> None:
        while True:
            if isinstance(await self._screen.action(), Retry):
                self._show(trouble=None)
                self._again.set()


def fingerprint(public: bytes) -> str:
    """Of a key: what two people can compare, in groups of four digits."""
    digits = hashlib.sha256(public).hexdigest()[: 2 * FINGERPRINT_OCTETS].upper()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _patiently() -> Iterator[float]:
    """Seconds to wait after each failure, for ever."""
    yield from AGAIN_S
    while True:
        yield AGAIN_S[-1]


def _of_the_disk(error: OSError) -> Refused:
    where = f"{error.filename}: " if error.filename else ""
    return Refused(Reason.ENROLMENT_DISK, f"{where}{error.strerror or error}")


def _is_another(stick: Stick, seen: Seen | None) -> bool:
    return stick.seen != seen


def _pem(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(Reason.ENROLMENT_NOT_TRUSTED, f"{file}: {type(error).__name__}") from None
