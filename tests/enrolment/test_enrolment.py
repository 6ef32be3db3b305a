"""A fresh machine becomes a terminal, by either way, and by nobody else's word (C13, C24, E07)."""

import asyncio
import errno
import os
from base64 import b64decode, encodebytes
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from fresh_machine import TERMINAL, OperatorsDesk, World, settled

from kiosk.audit.checkpoint import KeyFile
from kiosk.enrolment import order
from kiosk.enrolment.enrol import DETAIL_MOST, Keys
from kiosk.enrolment.registry import Registry
from kiosk.fleet import operator
from kiosk.fleet.operator import Operator
from kiosk.pages import EnrolmentStep, NotEnrolled, Retry
from kiosk.reasons import Reason, Refused
from platform_client.credentials import DIRECTORY
from platform_client.device_key import DeviceKeyError, FileKey
from platform_client.sandbox.control import ApprovePairing, RefusePairing
from platform_client.sandbox.enrolling import COLLECTED_MOST, GRANT_LASTS, WRONG_CODES_MOST
from platform_client.sandbox.faults import Fault
from platform_client.sandbox.pki import SandboxPki

REFUSED = Reason.ENROLMENT_REFUSED


def trouble(reason: Reason):  # type: ignore[no-untyped-def]
    return lambda page: page.trouble is reason


def audit_key_of(world: World) -> bytes:
    return KeyFile(str(world.site.current / "credentials/audit.key")).public_pem()


async def enrolled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.site.enrolled
    await world.serves(lambda folder: monkeypatch.setenv(DIRECTORY, str(folder)))


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


@pytest.mark.parametrize("way", ["stick", "token", "code"])
async def test_a_stranger_s_order_is_refused_by_name(world: World, way: str) -> None:
    """Signed by another operator, it counts by no way: nor does the platform's word make up for it."""
    jws = world.order(by=OperatorsDesk(world.where / "stranger"), redeem=way == "token")
    (world.orders / f"{TERMINAL}.jws").write_bytes(jws)
    async with world.enrolling() as (glass, _):
        if way == "code":
            page = await glass.until(lambda page: page.code)
            world.sandbox.obey(ApprovePairing(page.code, TERMINAL))
        else:
            world.plug(jws)
        await glass.until(trouble(Reason.ENROLMENT_FOREIGN))
        if way != "code":
            assert [file.name for file in world.folder.iterdir()] == ["order.jws"], "a stranger learns nothing of us"
    assert not world.site.enrolled


async def test_who_is_no_order_is_unreadable(world: World) -> None:
    async with world.enrolling() as (glass, _):
        world.plug(b"not.a.jws")
        await glass.until(trouble(Reason.ENROLMENT_STICK))
        world.unplug()
        world.plug(b"x" * 300_000)
        await glass.until(lambda page: page.trouble is None)
        await glass.until(trouble(Reason.ENROLMENT_STICK))


async def test_a_stick_that_cannot_be_written_to(world: World) -> None:
    """Full, or write-protected: here a folder stands where the request would."""
    world.plug(world.order())
    (world.folder / "request.pem.new").mkdir()
    async with world.enrolling() as (glass, _):
        await glass.until(trouble(Reason.ENROLMENT_STICK))


async def test_an_order_that_has_expired(world: World) -> None:
    world.plug(world.order(signed_at=datetime.now(UTC) - timedelta(days=20)))
    async with world.enrolling() as (glass, _):
        await glass.until(trouble(Reason.ENROLMENT_EXPIRED))


async def test_a_clock_that_is_years_behind_is_said_to_be(world: World) -> None:
    """A flat battery: by a stick the order is of the future, by a code the platform's certificate is."""
    world.clock.ahead = -timedelta(days=3000)
    world.plug(world.order())
    async with world.enrolling() as (glass, _):
        await glass.until(trouble(Reason.ENROLMENT_CLOCK))
        world.unplug()


async def test_a_clock_that_is_behind_the_order_is_said_to_be_where_nobody_else_knows_the_time(world: World) -> None:
    world.clock.ahead = -timedelta(days=1)
    world.enrolment_port = 0
    world.plug(world.order())
    async with world.enrolling() as (glass, _):
        await glass.until(trouble(Reason.ENROLMENT_CLOCK))


@pytest.mark.parametrize("way", ["token", "code"])
async def test_a_platform_that_certifies_somebody_else_is_not_believed(
    world: World, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """E07: a desk with that certificate would be another terminal."""
    certify = SandboxPki.enrolled
    monkeypatch.setattr(SandboxPki, "enrolled", lambda pki, request, _, now: certify(pki, request, "kiosk-other", now))
    jws = world.order(redeem=way == "token")
    (world.orders / f"{TERMINAL}.jws").write_bytes(jws)
    async with world.enrolling() as (glass, _):
        page = await glass.until(lambda page: page.code)
        if way == "token":
            world.plug(jws)
        else:
            world.sandbox.obey(ApprovePairing(page.code, TERMINAL))
        await glass.until(trouble(Reason.ENROLMENT_ANSWER_FOREIGN))
    assert not world.site.enrolled


async def test_an_answer_for_another_terminal_or_another_key(world: World) -> None:
    """A certificate of the right CA, but somebody else's: from another stick, or replayed to a wiped machine."""
    world.plug(world.order())
    async with world.enrolling() as (glass, _):
        await glass.until(lambda page: page.step is EnrolmentStep.TAKE_STICK_AWAY)
        other = world.pki.kiosk("kiosk-other").certificate
        drawer = world.unplug()
        await glass.until(lambda page: page.step is EnrolmentStep.WAITING)
        (drawer / "certificate.pem").write_bytes(other.read_bytes())
        world.plug_again()
        await glass.until(trouble(Reason.ENROLMENT_ANSWER_FOREIGN))
        assert not world.site.enrolled


def of_no_known_kind(pem: bytes) -> bytes:
    """As it was, but for the kind of its key, which no library knows (RFC 5480, 2.1.1)."""
    first, *lines, last = pem.splitlines()
    ec_public_key = bytes.fromhex("06072a8648ce3d0201")
    der = b64decode(b"".join(lines))
    assert ec_public_key in der
    return b"\n".join([first, encodebytes(der.replace(ec_public_key, ec_public_key[:-1] + b"\x09")).strip(), last])


@pytest.mark.parametrize(
    ("name", "reason"),
    [("certificate.pem", Reason.ENROLMENT_ANSWER_FOREIGN), ("request.pem", Reason.ENROLMENT_STICK)],
)
async def test_what_no_library_can_read_is_refused_by_name(world: World, name: str, reason: Reason) -> None:
    """And does not end the waiting."""
    world.plug(world.order())
    async with world.enrolling() as (glass, _):
        await glass.until(lambda page: page.step is EnrolmentStep.TAKE_STICK_AWAY)
        drawer = world.unplug()
        await glass.until(lambda page: page.step is EnrolmentStep.WAITING)
        world.sign_in_the_drawer()
        (drawer / name).write_bytes(of_no_known_kind((drawer / name).read_bytes()))
        world.plug_again()
        await glass.until(trouble(reason))
    assert not world.site.enrolled


async def test_an_order_that_brings_what_no_library_can_read_is_unfit(world: World) -> None:
    roots = {"platform-ca.pem": world.pki.tls_ca, "seals-root.pem": world.pki.root}
    files = {name: root.certificate.read_text() for name, root in roots.items()}
    files["anchor.pem"] = of_no_known_kind(world.operator.pinned.read_bytes()).decode()
    world.plug(
        order.write(world.profile(), 1, files, world.operator.key, datetime.now(UTC), timedelta(days=1)),
    )
    async with world.enrolling() as (glass, _):
        page = await glass.until(trouble(Reason.ENROLMENT_UNFIT))
        assert "anchor.pem" in page.detail


@pytest.mark.parametrize("name", ["certificate.pem", "request.pem"])
async def test_a_stick_that_fails_while_it_is_read(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that is pulled out just then: it is asked for whether such a file is there, and cannot say."""

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Path, *arguments: Any, **named: Any) -> Any:
            if path.name == name:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(path, *arguments, **named)

        return call

    for what in ("stat", "open"):
        monkeypatch.setattr(Path, what, failing(getattr(Path, what)))
    world.plug(world.order())
    async with world.enrolling() as (glass, _):
        await glass.until(trouble(Reason.ENROLMENT_STICK))


async def test_a_key_that_does_not_sign_is_said_not_to_and_ends_no_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By either way; and when it signs again the stick does it."""

    def fails(*_: object) -> bytes:
        raise DeviceKeyError("the token did not sign")

    jws = world.order(redeem=True)
    (world.orders / f"{TERMINAL}.jws").write_bytes(jws)
    async with world.enrolling() as (glass, task):
        with monkeypatch.context() as patched:
            patched.setattr(FileKey, "sign", fails)
            page = await glass.until(trouble(Reason.ENROLMENT_KEY))
            assert page.detail == "the token did not sign"
            world.plug(jws)
            await glass.until(lambda page: page.terminal)
            await glass.until(trouble(Reason.ENROLMENT_KEY))
        world.unplug()
        await glass.until(lambda page: not page.terminal)
        world.plug_again()
        await asyncio.wait_for(task, 30)
    await enrolled(world, monkeypatch)


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


async def test_somebody_else_s_platform_is_not_believed(world: World) -> None:
    world.sandbox.faults.active = Fault.UNKNOWN_AUTHORITY
    async with world.enrolling() as (glass, _):
        await glass.until(trouble(Reason.ENROLMENT_NOT_TRUSTED))


@pytest.mark.parametrize(
    "profile",
    [
        {"key": '"another.key"'},
        {"key": '"platform.key"\n[fleet]\noperator = "/etc/another.pem"'},
    ],
)
async def test_a_profile_that_would_not_work_here_is_refused_before_anything_is_put_in_place(
    world: World, profile: dict[str, str]
) -> None:
    """Nor can it name another operator than the image does. What does not fit stands on the page until the next stick
    comes, for nobody can read the log of a machine that is nobody."""
    world.plug(world.order(world.profile(**profile)))
    async with world.enrolling() as (glass, _):
        page = await glass.until(trouble(Reason.ENROLMENT_UNFIT))
        assert page.detail.startswith(f"{TERMINAL}: its profile says ")
        world.unplug()
        world.plug(b"not.a.jws")
        page = await glass.until(trouble(Reason.ENROLMENT_STICK))
        assert page.detail == "", "a stranger's words are not shown"
    assert not world.site.enrolled


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("another run", "says run = /elsewhere"),
        ("another place for its CA", "looks for platform.ca at /etc/platform-ca.pem"),
        ("a file that does not come", "names .*/ledger, and the order does not bring it"),
        ("a name that is ours", "may bring"),
        ("a key for a CA", "platform-ca.pem: "),
        ("a token in the clear", "https"),
    ],
)
async def test_whatever_would_not_work_here_is_said(world: World, case: str, says: str) -> None:
    """Also of an order that was not written by our own command, which checks some of it before it signs."""
    profile, current, key = world.profile(), world.site.current, world.operator.pinned.read_text()
    if case == "another run":
        profile = profile.replace(f'run = "{world.where / "run"}"', 'run = "/elsewhere"')
    elif case == "another place for its CA":
        profile = profile.replace(str(current / "platform-ca.pem"), "/etc/platform-ca.pem")
    elif case == "a file that does not come":
        profile = profile.replace("/var/lib/onecard-kiosk/ledger", str(current / "ledger"))
    pinned = Operator.pinned(world.operator.pinned)
    words = pinned.words(world.order(profile, redeem=True), order.TYPE, order.EnrolmentOrder)
    if case == "a name that is ours":
        words = msgspec.structs.replace(words, files={**words.files, "device/certificate.pem": key})
    elif case == "a key for a CA":
        words = msgspec.structs.replace(words, files={**words.files, "platform-ca.pem": key})
    elif case == "a token in the clear":
        words = msgspec.structs.replace(words, url="http://localhost/")
    jws = operator.sign(words, order.TYPE, world.operator.key)
    with pytest.raises(Refused, match=says) as refused:
        order.believe(jws, pinned, world.settings, datetime.now(UTC))
    assert refused.value.reason is Reason.ENROLMENT_UNFIT


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
