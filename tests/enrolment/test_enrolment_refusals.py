"""A fresh machine becomes a terminal by nobody else's word, and by none that would not work here (C13, C24, E07)."""

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
from fresh_machine import TERMINAL, OperatorsDesk, World, enrolled, trouble

from kiosk.enrolment import order
from kiosk.fleet import operator
from kiosk.fleet.operator import Operator
from kiosk.pages import EnrolmentStep
from kiosk.reasons import Reason, Refused
from platform_client.device_key import DeviceKeyError, FileKey
from platform_client.sandbox.control import ApprovePairing
from platform_client.sandbox.faults import Fault
from platform_client.sandbox.pki import SandboxPki


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
