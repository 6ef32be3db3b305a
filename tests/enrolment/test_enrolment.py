"""A fresh machine becomes a terminal, by either way (C13, C24, E07)."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from fresh_machine import TERMINAL, World, enrolled, settled, trouble

from kiosk.audit.checkpoint import KeyFile
from kiosk.enrolment import order
from kiosk.enrolment.enrol import DETAIL_MOST, Keys
from kiosk.enrolment.registry import Registry
from kiosk.pages import EnrolmentStep, NotEnrolled, Retry
from kiosk.reasons import Reason, Refused
from platform_client.device_key import DeviceKeyError
from platform_client.sandbox.control import ApprovePairing, RefusePairing
from platform_client.sandbox.enrolling import COLLECTED_MOST, GRANT_LASTS, WRONG_CODES_MOST
from platform_client.sandbox.faults import Fault

REFUSED = Reason.ENROLMENT_REFUSED


def audit_key_of(world: World) -> bytes:
    return KeyFile(str(world.site.current / "credentials/audit.key")).public_pem()


async def test_by_a_stick_that_goes_to_whoever_signs_and_comes_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.plug(world.order())
    async with world.enrolling() as (glass, task):
        page = await glass.until(lambda page: page.step is EnrolmentStep.TAKE_STICK_AWAY)
        assert page.terminal == TERMINAL
        assert (world.folder / "request.pem").exists()
        world.unplug()
        await glass.until(lambda page: page.step is EnrolmentStep.WAITING)
        world.sign_in_the_drawer()
        world.plug_again()
        await asyncio.wait_for(task, 30)
        assert settled(glass.pages[-1])
    await enrolled(world, monkeypatch)
    assert (world.folder / "audit-key.pem").read_bytes() == audit_key_of(world)


async def test_a_stick_is_let_in_as_long_as_one_may_help(world: World) -> None:
    """What udev and kiosk-stick.path look for."""
    assert not world.expects_a_stick.exists()
    async with world.enrolling() as (glass, task):
        await glass.until(lambda page: page.step is EnrolmentStep.WAITING)
        assert world.expects_a_stick.exists()
        jws = world.order(redeem=True)
        (world.orders / f"{TERMINAL}.jws").write_bytes(jws)
        world.plug(jws)
        await asyncio.wait_for(task, 30)
    assert not world.expects_a_stick.exists()


async def test_by_a_stick_whose_token_is_redeemed_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    jws = world.order(redeem=True)
    (world.orders / f"{TERMINAL}.jws").write_bytes(jws)
    world.plug(jws)
    async with world.enrolling() as (glass, task):
        await asyncio.wait_for(task, 30)
        assert settled(glass.pages[-1])
    await enrolled(world, monkeypatch)
    told = (world.orders / f"{TERMINAL}.audit-key.pem").read_bytes()
    assert told == audit_key_of(world)


async def test_by_a_code_that_somebody_types(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fingerprint that the platform's person sees is the one on the glass."""
    (world.orders / f"{TERMINAL}.jws").write_bytes(world.order())
    async with world.enrolling() as (glass, task):
        page = await glass.until(lambda page: page.code)
        assert world.sandbox.enrolling.waiting() == {page.code.replace("-", ""): page.fingerprint}
        world.sandbox.obey(ApprovePairing(page.code, TERMINAL))
        await asyncio.wait_for(task, 30)
    await enrolled(world, monkeypatch)
    with pytest.raises(KeyError):
        world.sandbox.obey(ApprovePairing(page.code, TERMINAL))  # a code is good for one


async def test_an_order_is_good_for_one_machine_by_codes_too(world: World) -> None:
    """Nobody can be talked into admitting a second machine by the order of the first."""
    (world.orders / f"{TERMINAL}.jws").write_bytes(world.order())
    async with world.enrolling() as (glass, task):
        page = await glass.until(lambda page: page.code)
        world.sandbox.obey(ApprovePairing(page.code, TERMINAL))
        await asyncio.wait_for(task, 30)
    world.site.current.rename(world.where / "first")
    async with world.enrolling() as (glass, _):
        page = await glass.until(lambda page: page.code)
        with pytest.raises(KeyError):
            world.sandbox.obey(ApprovePairing(page.code, TERMINAL))


async def test_an_order_is_good_for_one_terminal(world: World) -> None:
    """By its stick, which carries another key's request; and by its token, which another key has spent."""
    jws = world.order(redeem=True)
    (world.orders / f"{TERMINAL}.jws").write_bytes(jws)
    world.plug(jws)
    async with world.enrolling() as (_, task):
        await asyncio.wait_for(task, 30)
    world.site.current.rename(world.where / "wiped")
    async with world.enrolling() as (glass, _):
        await glass.until(trouble(Reason.ENROLMENT_TAKEN))
        world.unplug()
        await glass.until(lambda page: page.step is EnrolmentStep.WAITING)
        world.plug(jws)  # a copy, without what the first terminal left there
        await glass.until(lambda page: page.step is EnrolmentStep.ASKING)
        await glass.until(trouble(Reason.ENROLMENT_TAKEN))
    assert not world.site.enrolled


async def test_a_stick_pulled_too_early(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While its token is being redeemed: nothing has happened, and the same stick does it the next time."""
    jws = world.order(redeem=True)
    (world.orders / f"{TERMINAL}.jws").write_bytes(jws)
    world.sandbox.faults.active = Fault.DROP
    world.plug(jws)
    async with world.enrolling() as (glass, task):
        await glass.until(lambda page: page.step is EnrolmentStep.ASKING)
        world.unplug()
        await glass.until(lambda page: page.step is EnrolmentStep.WAITING)
        assert not world.site.enrolled
        world.sandbox.faults.active = None
        world.plug_again()
        await asyncio.wait_for(task, 30)
    await enrolled(world, monkeypatch)


async def test_a_code_that_is_refused_and_another_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.orders / f"{TERMINAL}.jws").write_bytes(world.order())
    async with world.enrolling() as (glass, task):
        page = await glass.until(lambda page: page.code)
        world.sandbox.obey(RefusePairing(page.code))
        await glass.until(trouble(REFUSED))
        glass.tap(Retry())
        again = await glass.until(lambda page: page.code)
        assert again.code != page.code
        assert again.fingerprint == page.fingerprint
        world.sandbox.obey(ApprovePairing(again.code, TERMINAL))
        await asyncio.wait_for(task, 30)
    await enrolled(world, monkeypatch)


async def test_a_code_that_expires(world: World) -> None:
    async with world.enrolling() as (glass, _):
        await glass.until(lambda page: page.code)
        ahead = timedelta(minutes=20)
        world.clock.ahead = ahead
        world.platforms_clock = lambda: datetime.now(UTC) + ahead
        await glass.until(lambda page: page.trouble in (Reason.ENROLMENT_CODE_EXPIRED, Reason.ENROLMENT_CLOCK))


async def test_who_guesses_codes_ends_all_of_them(world: World) -> None:
    """RFC 8628, section 5.1: a few tries, and then whoever stands before a terminal asks for another code."""
    (world.orders / f"{TERMINAL}.jws").write_bytes(world.order())
    async with world.enrolling() as (glass, _):
        page = await glass.until(lambda page: page.code)
        for _ in range(WRONG_CODES_MOST):
            with pytest.raises(KeyError):
                world.sandbox.obey(ApprovePairing("BBBB-BBBB", TERMINAL))
        with pytest.raises(KeyError):
            world.sandbox.obey(ApprovePairing(page.code, TERMINAL))
        await glass.until(trouble(Reason.ENROLMENT_CODE_EXPIRED))
        glass.tap(Retry())
        await glass.until(lambda page: page.code)


@pytest.mark.parametrize("end", ["time", "times"])
async def test_what_was_granted_is_not_there_for_ever(world: World, end: str) -> None:
    """Whoever learns the secret of a pairing afterwards collects nothing by it."""
    (world.orders / f"{TERMINAL}.jws").write_bytes(world.order())
    registry = Registry(world.enrolling_url, world.pki.tls_ca.certificate.read_text())
    key = world.site.device_key(None, "")
    try:
        pairing = await registry.pair(Keys(key, b"").request(), world.site.audit_key())
        world.sandbox.obey(ApprovePairing(pairing.code, TERMINAL))
        assert await registry.collect(pairing.pairing) is not None
        if end == "time":
            world.platforms_clock = lambda: datetime.now(UTC) + GRANT_LASTS
        else:
            for _ in range(COLLECTED_MOST - 1):
                assert await registry.collect(pairing.pairing) is not None, "an answer may be lost on the way"
        with pytest.raises(Refused) as refused:
            await registry.collect(pairing.pairing)
        assert refused.value.reason is Reason.ENROLMENT_CODE_EXPIRED
    finally:
        await registry.close()


async def test_a_platform_that_is_away_and_comes_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (world.orders / f"{TERMINAL}.jws").write_bytes(world.order())
    world.sandbox.faults.active = Fault.UNREACHABLE
    async with world.enrolling() as (glass, task):
        await glass.until(trouble(Reason.ENROLMENT_NO_PLATFORM))
        world.sandbox.faults.active = None
        page = await glass.until(lambda page: page.code)
        world.sandbox.obey(ApprovePairing(page.code, TERMINAL))
        await asyncio.wait_for(task, 30)
    await enrolled(world, monkeypatch)


@pytest.mark.parametrize(
    ("path", "reason", "detail"),
    [
        ("coming/credentials/platform.key/folder", Reason.ENROLMENT_KEY, "platform.key: Is a directory"),
        ("coming", Reason.ENROLMENT_DISK, "coming: File exists"),
    ],
)
async def test_what_keeps_the_key_from_being_made_stands_on_the_page(
    world: World, path: str, reason: Reason, detail: str
) -> None:
    spoilt = world.where / "site" / path
    spoilt.parent.mkdir(parents=True, exist_ok=True)
    spoilt.write_bytes(b"")
    async with world.enrolling() as (glass, _):
        page = await glass.until(trouble(reason))
        assert page.detail.endswith(detail)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a: No space left\n  on device", "a: No space left on device"),
        ("order \u202egpj.exe", "'order \\u202egpj.exe'"),
        ("x" * (DETAIL_MOST + 1), "x" * DETAIL_MOST),
    ],
)
async def test_what_stands_on_the_page_moves_no_line_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch, said: str, shown: str
) -> None:
    def fails(_: object) -> bytes:
        raise DeviceKeyError(said)

    monkeypatch.setattr("kiosk.enrolment.site.Site.audit_key", fails)
    async with world.enrolling() as (glass, _):
        assert (await glass.until(trouble(Reason.ENROLMENT_KEY))).detail == shown


@pytest.mark.parametrize("name", ["profile.toml", "credentials/platform.pem", "device/certificate.pem", "../x.pem"])
async def test_an_order_brings_roots_and_nothing_in_the_place_of_what_is_the_terminal_s_own(
    world: World, name: str
) -> None:
    with pytest.raises(ValueError, match="may bring"):
        order.write(world.profile(), 1, {name: "x"}, world.operator.key, datetime.now(UTC), timedelta(days=1))


async def test_what_is_on_the_disk_afterwards_is_private_where_it_must_be(world: World) -> None:
    (world.orders / f"{TERMINAL}.jws").write_bytes(world.order())
    async with world.enrolling() as (glass, task):
        page: NotEnrolled = await glass.until(lambda page: page.code)
        world.sandbox.obey(ApprovePairing(page.code, TERMINAL))
        await asyncio.wait_for(task, 30)
    modes = {
        str(path.relative_to(world.site.current)): path.stat().st_mode & 0o777
        for path in Path(world.site.current).rglob("*")
    }
    assert modes == {
        "credentials": 0o700,
        "credentials/platform.key": 0o600,
        "credentials/audit.key": 0o600,
        "device": 0o775,
        "device/certificate.pem": 0o644,
        "order.jws": 0o644,
        "profile.toml": 0o644,
        "platform-ca.pem": 0o644,
        "seals-root.pem": 0o644,
    }
    certificate = x509.load_pem_x509_certificate((world.site.current / "device/certificate.pem").read_bytes())
    assert certificate.subject.rfc4514_string().startswith(f"CN={TERMINAL}")
