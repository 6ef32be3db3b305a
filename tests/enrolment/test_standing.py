"""At every start: what a terminal remembers of itself is what its operator signed, or it serves nobody (C24)."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from fresh_machine import PATIENCE_S, TERMINAL, OperatorsDesk, World

from kiosk import meeting
from kiosk.enrolment import order
from kiosk.enrolment.standing import Altered, standing
from kiosk.fleet import operator, signed_profile
from kiosk.fleet.operator import Operator
from kiosk.fleet.signed_profile import SignedProfile
from kiosk.health.findings import Finding
from kiosk.health.published import read
from kiosk.pages import EnrolmentStep, Retry
from kiosk.reasons import Reason
from platform_client.sandbox.control import ApprovePairing


def pinned(world: World) -> Operator:
    return Operator.pinned(world.operator.pinned)


@pytest.fixture
async def terminal(world: World) -> World:
    """Enrolled by a code."""
    (world.orders / f"{TERMINAL}.jws").write_bytes(world.order())
    async with world.enrolling() as (glass, task):
        page = await glass.until(lambda page: page.code)
        assert world.sandbox is not None
        world.sandbox.obey(ApprovePairing(page.code, TERMINAL))
        await asyncio.wait_for(task, 30)
    return world


async def test_it_stands_as_long_as_nobody_changed_it(terminal: World) -> None:
    """Whatever the time is, and after its certificate was renewed."""
    terminal.clock.ahead = timedelta(days=4000)
    (terminal.site.current / "device/certificate.pem.new").write_text("a draft")
    assert standing(terminal.site, pinned(terminal)) == TERMINAL


async def test_a_profile_that_this_version_cannot_read_is_not_one_that_somebody_altered(terminal: World) -> None:
    """After an update that goes too far: the health gate takes it back, and nobody looks for a burglar."""
    current = terminal.site.current
    signed = SignedProfile(TERMINAL, 1, datetime.now(UTC), "a-word-of-tomorrow = 1\n")
    inner = operator.sign(signed, signed_profile.TYPE, terminal.operator.key).decode().strip()
    words = pinned(terminal).words((current / "order.jws").read_bytes(), order.TYPE, order.EnrolmentOrder)
    outer = operator.sign(msgspec.structs.replace(words, profile=inner), order.TYPE, terminal.operator.key)
    (current / "order.jws").write_bytes(outer)
    (current / "profile.toml").write_text(signed.profile)
    assert standing(terminal.site, pinned(terminal)) == TERMINAL


def other_profile(world: World, current: Path) -> None:
    """The hostile platform of whoever has the disk."""
    profile = current / "profile.toml"
    profile.write_text(profile.read_text().replace("localhost", "elsewhere.example"))


def other_root(world: World, current: Path) -> None:
    shutil.copy(current / "platform-ca.pem", current / "seals-root.pem")


def one_root_more(world: World, current: Path) -> None:
    """A profile may name a folder of roots."""
    (current / "masters").mkdir()
    shutil.copy(current / "platform-ca.pem", current / "masters")


def one_root_less(world: World, current: Path) -> None:
    (current / "seals-root.pem").unlink()


def a_link(world: World, current: Path) -> None:
    """With the right content, as long as somebody looks."""
    (current / "seals-root.pem").rename(world.where / "elsewhere.pem")
    (current / "seals-root.pem").symlink_to(world.where / "elsewhere.pem")


def all_of_it_a_link(world: World, current: Path) -> None:
    current.rename(world.where / "elsewhere")
    current.symlink_to(world.where / "elsewhere")


def a_pipe(world: World, current: Path) -> None:
    """Nobody waits for it."""
    (current / "profile.toml").unlink()
    os.mkfifo(current / "profile.toml")


def no_order(world: World, current: Path) -> None:
    (current / "order.jws").unlink()


def an_order_of_their_own(world: World, current: Path) -> None:
    """Everything fits together, but for who signed it."""
    stranger = OperatorsDesk(world.where / "stranger")
    (current / "order.jws").write_bytes(world.order(by=stranger))


def a_name_that_is_none(world: World, current: Path) -> None:
    """Which no page could show and no log line hold."""
    (current / os.fsdecode(b"a\n\xff" + b"x" * 200)).touch()


FIRST: dict[Callable[[World, Path], None], str] = {
    other_profile: "profile.toml",
    other_root: "seals-root.pem",
    one_root_more: "masters/platform-ca.pem",
    one_root_less: "seals-root.pem",
    a_link: "seals-root.pem",
    all_of_it_a_link: "current",
    a_pipe: "profile.toml",
    no_order: "order.jws",
    an_order_of_their_own: "order.jws",
    a_name_that_is_none: ascii(os.fsdecode(b"a\n\xff" + b"x" * 200))[:80],
}
"""The file that each of them differs by first."""


@pytest.mark.parametrize("change", FIRST, ids=lambda change: change.__name__)
async def test_whatever_somebody_changed_bars_it(terminal: World, change: Callable[[World, Path], None]) -> None:
    change(terminal, terminal.site.current)
    with pytest.raises(Altered) as altered:
        standing(terminal.site, pinned(terminal))
    assert altered.value.reason is Reason.ENROLMENT_ALTERED
    assert altered.value.file == FIRST[change]


async def test_however_much_somebody_writes_no_more_is_read_than_an_order_brings(terminal: World) -> None:
    """Killed over it the unit would start again and again, and show nothing."""
    many, large = terminal.site.current / "many", terminal.site.current / "large"
    for folder, number, size in ((many, 3000, 0), (large, 8, 1 << 40)):
        folder.mkdir()
        for each in range(number):
            with (folder / str(each)).open("wb") as file:
                file.truncate(size)
        with pytest.raises(Altered, match="more than any order brings"):
            standing(terminal.site, pinned(terminal))
        shutil.rmtree(folder)
    assert standing(terminal.site, pinned(terminal)) == TERMINAL


async def test_folders_within_folders_are_followed_no_deeper_than_a_path_is_long(terminal: World) -> None:
    """Which is deeper than a program may call itself."""
    deepest = os.open(terminal.site.current, os.O_DIRECTORY)
    for _ in range(2100):
        os.mkdir("x", dir_fd=deepest)
        deeper = os.open("x", os.O_DIRECTORY, dir_fd=deepest)
        os.close(deepest)
        deepest = deeper
    os.close(deepest)
    try:
        with pytest.raises(Altered) as altered:
            standing(terminal.site, pinned(terminal))
        assert altered.value.file == "x"
    finally:  # as Python's own cannot
        await asyncio.to_thread(subprocess.run, ["rm", "-r", terminal.site.current / "x"], check=True)


async def test_one_that_is_barred_says_so_and_takes_no_stick(terminal: World) -> None:
    """Nor a code: what was changed once may have been changed twice."""
    other_profile(terminal, terminal.site.current)
    async with terminal.enrolling() as (glass, task):
        page = await glass.until(lambda page: page.trouble)
        assert (page.step, page.trouble, page.code) == (EnrolmentStep.BARRED, Reason.ENROLMENT_ALTERED, "")
        assert page.altered == "profile.toml", "nobody can look into this machine"
        terminal.plug(terminal.order())
        glass.tap(Retry())
        done, _ = await asyncio.wait({task}, timeout=0.5)
        assert not done and glass.pages[-1] == page


async def test_one_that_is_barred_lets_no_stick_in(terminal: World) -> None:
    """Neither udev nor the drivers (systemd/udev, kiosk-stick.path): not even where an enrolment before was killed."""
    terminal.expects_a_stick.touch()
    other_profile(terminal, terminal.site.current)
    async with terminal.enrolling() as (glass, _):
        await glass.until(lambda page: page.trouble)
        assert not terminal.expects_a_stick.exists()


async def test_one_that_stands_is_done_at_once(terminal: World) -> None:
    async with terminal.enrolling() as (glass, task):
        await asyncio.wait_for(task, 30)
        assert glass.pages[-1].step is EnrolmentStep.DONE


def settings_of(world: World) -> Path:
    file = world.where / "enrolment.toml"
    file.write_text(
        f'operator = "{world.operator.pinned}"\nsite = "{world.where}/site"\nrun = "{world.where}/run"\n'
        f'stick = "{world.stick}"\n'
    )
    return file


async def test_one_that_is_barred_is_told_of_where_its_health_is(terminal: World) -> None:
    """F03: for whoever decides whether this start was good."""
    other_root(terminal, terminal.site.current)
    words = (sys.executable, "-m", "kiosk", "enrol", "run", "--settings", str(settings_of(terminal)))
    health = meeting.enrolment_health_in(terminal.where / "run")
    process = await asyncio.create_subprocess_exec(*words, stderr=subprocess.DEVNULL)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not any(finding.code == "K714" for finding in findings_in(health)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        process.terminate()
        await process.wait()


def findings_in(folder: Path) -> tuple[Finding, ...]:
    report = read(folder)
    return () if report is None else report.findings


async def test_the_command_of_every_start_says_which_file(terminal: World) -> None:
    words = [sys.executable, "-m", "kiosk", "enrol", "verify", "--settings", settings_of(terminal)]
    good = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=False)
    assert (good.returncode, good.stdout) == (0, f"{TERMINAL}\n")
    other_root(terminal, terminal.site.current)
    bad = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=False)
    assert (bad.returncode, bad.stdout) == (1, "")
    assert "K714 ENROLMENT_ALTERED: not as the order says: seals-root.pem" in bad.stderr
    words[4] = "status"
    status = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, check=False)
    barred = "barred (K714): seals-root.pem is not what the operator signed\n"
    assert (status.returncode, status.stdout) == (1, barred), status.stderr
