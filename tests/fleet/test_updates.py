"""An update from the server's wish to a terminal that is well on it, and every way in which it is not.

RAUC is Debian's own, on a private bus (two_slots.py); hawkBit is a stub of its public interface (hawkbit.py). RAUC
mounts its bundles, so these tests need root.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hawkbit import TERMINAL, Hawkbit, secret
from publishing import LOST, PROFILE, WELL, report
from signing import OperatorDesk
from terminal import Terminal
from two_slots import IMAGE_BYTES, Signer, TwoSlots

from hardware.printers.loopback_server import claim_port
from kiosk import meeting
from kiosk.audit.chain import verify
from kiosk.fleet.command import Command, sign
from kiosk.fleet.ddi import COMMAND_PART, DdiError, Server
from kiosk.fleet.gate import STEADY_S
from kiosk.fleet.gate import WITHIN_S as GATE_S
from kiosk.fleet.machine import GOES_DOWN_WITHIN_S
from kiosk.fleet.patience import FORCED_AFTER_S
from kiosk.fleet.rauc import Rauc, RaucError
from kiosk.health.findings import fail
from kiosk.health.published import Report
from kiosk.profile import Updates as Settings
from kiosk.reasons import Reason
from platform_client.sandbox.pki import SandboxPki

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="RAUC mounts bundles, which only root may")

IMAGE = os.urandom(IMAGE_BYTES)
NO_PAPER = fail("printer", "no paper", "put paper in", Reason.PAPER_EMPTY)


class PowerCut(BaseException):
    """Nothing catches it."""


class Updated(Terminal):
    """On a machine with two slots."""

    machine: TwoSlots

    def boot(self) -> str:
        return f"boot {self.machine.boots}"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("signer") / "keys")


@pytest.fixture(scope="module")
def bundle(signer: Signer) -> bytes:
    return signer.bundle(IMAGE)


@pytest.fixture
async def terminal(pki: SandboxPki, signer: Signer, tmp_path: Path) -> AsyncIterator[Updated]:
    machine = TwoSlots(tmp_path / "machine", signer.certificate)
    (tmp_path / "kept").mkdir()
    async with Hawkbit().running(pki) as hawkbit:
        await machine.start()
        try:
            url = f"https://localhost:{hawkbit.port}"
            token = secret(tmp_path / "token")
            settings = Settings(url, pki.tls_ca.certificate, token=token)
            terminal = Updated(hawkbit, settings, tmp_path / "kept", machine.wish, machine.address)
            terminal.machine = machine
            yield terminal
        finally:
            await machine.stop()


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path: Path) -> Iterator[None]:
    """No bundle stays on the disk, however it ended."""
    yield
    assert not list((tmp_path / "kept").glob("*.raucb"))


async def test_an_update_is_installed_restarted_into_and_good(terminal: Updated, bundle: bytes) -> None:
    terminal.hawkbit.offer("8", bundle)
    await terminal.until_restart()
    assert terminal.hawkbit.introduced == {"software": "0.1.0"}
    assert terminal.machine.content("B") == IMAGE
    assert terminal.machine.primary == "B"
    await terminal.machine.restart()
    await terminal.steps(STEADY_S - 10)
    assert terminal.hawkbit.closed == []
    await terminal.steps(STEADY_S + 10)
    assert terminal.hawkbit.closed == ["success"]
    assert (terminal.machine.running, terminal.machine.state("B")) == ("B", "good")
    assert not terminal.machine.wish.exists()
    assert {path.name for path in terminal.kept.iterdir()} == {"audit", "update-ended.json"}


async def test_it_waits_until_no_citizen_is_served(terminal: Updated, bundle: bytes) -> None:
    terminal.hawkbit.offer("8", bundle)
    terminal.health = report(WELL, serving=True)
    await terminal.steps(FORCED_AFTER_S + 60)
    assert not terminal.machine.wish.exists()
    assert "waits" in terminal.hawkbit.feedback[-1][3]
    terminal.health = report(WELL)
    await terminal.until_restart()


async def test_a_forced_one_does_not_wait_for_ever(terminal: Updated, bundle: bytes) -> None:
    terminal.hawkbit.offer("8", bundle)
    terminal.hawkbit.update = "forced"
    terminal.health = report(WELL, serving=True)
    await terminal.steps(FORCED_AFTER_S - 60)
    assert not terminal.machine.wish.exists()
    await terminal.steps(FORCED_AFTER_S + 60)
    assert terminal.machine.wish.exists()


@pytest.mark.parametrize("health", [None, report(LOST)], ids=["the desk is dead", "the reader is lost"])
async def test_a_terminal_that_is_not_well_on_it_goes_back(
    terminal: Updated, bundle: bytes, health: Report | None
) -> None:
    terminal.hawkbit.offer("8", bundle)
    await terminal.until_restart()
    await terminal.machine.restart()
    (terminal.machine.folder / "state.B").write_text("good\n")  # RAUC says bad of what it writes; it was well before
    terminal.health = health
    await terminal.steps(GATE_S - 30)
    assert not terminal.machine.wish.exists()
    await terminal.steps(GATE_S + 30)
    assert terminal.machine.wish.exists()
    assert (terminal.machine.primary, terminal.machine.state("B")) == ("A", "bad")
    await terminal.machine.restart()
    await terminal.steps(10)
    assert terminal.machine.running == "A"
    assert terminal.hawkbit.closed == ["failure"]


async def test_what_was_amiss_before_does_not_send_it_back_nor_does_an_empty_tray(
    terminal: Updated, bundle: bytes
) -> None:
    terminal.hawkbit.offer("8", bundle)
    terminal.health = report(LOST)
    await terminal.until_restart()
    await terminal.machine.restart()
    terminal.health = report(LOST, NO_PAPER)
    await terminal.steps(STEADY_S + 10)
    assert terminal.hawkbit.closed == ["success"]


async def test_what_was_well_does_not_go_back_because_its_server_hears_so_late(
    terminal: Updated, bundle: bytes
) -> None:
    """F06: a reader that is lost hours later is no fault of the image's."""
    terminal.hawkbit.offer("8", bundle)
    await terminal.until_restart()
    await terminal.machine.restart()
    terminal.hawkbit.away = True
    async with terminal.agent() as rounds:
        for health, until_s in ((report(WELL), STEADY_S + 30), (report(LOST), 3 * GATE_S)):
            terminal.health, end = health, terminal.clock.seconds + until_s
            while terminal.clock.seconds < end:
                await terminal.clock.sleep(await rounds.step())
        assert not terminal.wish.exists()
        terminal.hawkbit.away = False
        await rounds.step()
    assert terminal.hawkbit.closed == ["success"]
    assert (terminal.machine.primary, terminal.machine.state("B")) == ("B", "good")


async def test_a_slot_that_does_not_boot_is_reported(terminal: Updated, bundle: bytes) -> None:
    terminal.hawkbit.offer("8", bundle)
    await terminal.until_restart()
    await terminal.machine.restart(boots=False)
    await terminal.steps(10)
    assert terminal.hawkbit.closed == ["failure"]
    assert "did not boot" in terminal.hawkbit.feedback[-1][3]
    assert terminal.machine.primary == "A"


async def test_a_machine_that_does_not_restart_is_asked_again_and_its_server_heard(
    terminal: Updated, bundle: bytes
) -> None:
    """F06: nothing hangs on a service manager that did not hear; the update can still be taken back."""
    terminal.hawkbit.offer("8", bundle)
    await terminal.until_restart()
    async with terminal.agent() as rounds:
        for _ in range(4):
            await rounds.step()
            assert terminal.wish.exists()
        terminal.clock.seconds += GOES_DOWN_WITHIN_S
        await rounds.step()
        assert terminal.wish.exists(), "asked once more"
        assert [event for event, _ in terminal.audited].count("update.restarts") == 2
        terminal.clock.seconds += GOES_DOWN_WITHIN_S
        terminal.hawkbit.cancelled = "9"
        await rounds.step()
    assert terminal.hawkbit.feedback[-1][:3] == ("cancelAction", "closed", "success")
    assert terminal.machine.primary == "A"
    assert not terminal.wish.exists()


async def test_a_cancelled_one_does_not_boot(terminal: Updated, bundle: bytes) -> None:
    terminal.hawkbit.offer("8", bundle)
    terminal.health = report(WELL, serving=True)
    await terminal.steps(60)
    assert terminal.machine.primary == "B"
    terminal.hawkbit.cancelled = "9"
    await terminal.steps(10)
    assert terminal.hawkbit.feedback[-1][:3] == ("cancelAction", "closed", "success")
    assert terminal.machine.primary == "A"
    terminal.health = report(WELL)
    await terminal.steps(400)
    assert not terminal.machine.wish.exists()


async def test_a_power_cut_after_the_installation_does_not_pass_the_gate_by(
    terminal: Updated, bundle: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.hawkbit.offer("8", bundle)
    install = Rauc.install

    async def cut(rauc: Rauc, path: str) -> None:
        await install(rauc, path)
        raise PowerCut

    with monkeypatch.context() as patched, pytest.raises(PowerCut):
        patched.setattr(Rauc, "install", cut)
        await terminal.steps(60)
    await terminal.machine.restart()
    assert terminal.machine.running == "B"
    terminal.health = None
    await terminal.steps(GATE_S + 30)
    assert terminal.machine.primary == "A"


async def test_a_power_cut_while_it_waits_leads_to_the_gate(terminal: Updated, bundle: bytes) -> None:
    terminal.hawkbit.offer("8", bundle)
    terminal.health = report(WELL, serving=True)
    await terminal.steps(60)
    await terminal.machine.restart()
    terminal.health = report(WELL)
    await terminal.steps(STEADY_S + 10)
    assert terminal.hawkbit.closed == ["success"]
    assert (terminal.machine.running, terminal.machine.state("B")) == ("B", "good")


async def test_an_agent_that_died_before_it_asked_to_go_back_asks_again(terminal: Updated) -> None:
    begun = b'{"action":"8","version":"2.0","forced":false,"slot":"B","amiss":[],"stage":"returning"}'
    (terminal.kept / "update.json").write_bytes(begun)
    await terminal.steps(10)
    assert terminal.machine.wish.exists()
    assert terminal.hawkbit.closed == []


async def test_a_desk_that_was_dead_before_is_no_excuse(terminal: Updated, bundle: bytes) -> None:
    """It may only have tested itself just then."""
    terminal.hawkbit.offer("8", bundle)
    terminal.health = None
    await terminal.until_restart()
    await terminal.machine.restart()
    await terminal.steps(GATE_S + 30)
    assert (terminal.machine.primary, terminal.machine.state("B")) == ("A", "bad")


async def test_an_agent_that_died_over_the_installation_does_it_again(terminal: Updated, bundle: bytes) -> None:
    terminal.hawkbit.offer("8", bundle)
    begun = b'{"action":"8","version":"2.0","forced":false,"slot":"A","amiss":[],"stage":"installing"}'
    (terminal.kept / "update.json").write_bytes(begun)
    await terminal.until_restart()
    assert terminal.machine.content("B") == IMAGE


async def test_what_rauc_still_works_on_is_waited_for(terminal: Updated, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is given to it, and what it is left with does not boot."""

    async def busy(_: Rauc) -> bool:
        return True

    begun = b'{"action":"8","version":"2.0","forced":false,"slot":"A","amiss":[],"stage":"installing"}'
    (terminal.kept / "update.json").write_bytes(begun)
    (terminal.machine.folder / "primary").write_text("B\n")
    with monkeypatch.context() as patched:
        patched.setattr(Rauc, "is_busy", busy)
        await terminal.steps(200)
        assert (terminal.kept / "update.json").read_bytes() == begun
    await terminal.steps(10)
    assert not (terminal.kept / "update.json").exists()
    assert terminal.machine.primary == "A"


@pytest.mark.parametrize("ends", ["power", "disk"])
async def test_what_was_installed_and_not_written_down_does_not_boot_when_nobody_wants_it_any_more(
    terminal: Updated, bundle: bytes, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    """E07: it would boot at the next restart, whoever asks for that, and pass the gate by."""
    install = Rauc.install

    async def cut(rauc: Rauc, path: str) -> None:
        await install(rauc, path)
        if ends == "power":
            raise PowerCut
        patched.setattr("kiosk.durable.replace", full)

    terminal.hawkbit.offer("8", bundle)
    with monkeypatch.context() as patched, contextlib.suppress(PowerCut):
        patched.setattr(Rauc, "install", cut)
        async with terminal.agent() as rounds:
            await rounds.step()
    assert terminal.machine.primary == "B"
    if ends == "power":
        terminal.hawkbit.cancelled = "9"
    else:
        assert terminal.hawkbit.closed == ["failure"]
    await terminal.steps(10)
    assert terminal.machine.primary == "A"


def full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def commanded(what: str, fleet: OperatorDesk, **more: Any) -> bytes:
    now = datetime.now(UTC)
    told = {"id": f"{what}-1", "to": (TERMINAL,), "issued_at": now, "not_after": now + timedelta(hours=1), **more}
    return sign(Command(command=what, **told), fleet.signer)


async def test_what_became_of_an_update_stands_in_the_audit_log(terminal: Updated, bundle: bytes) -> None:
    """C19, F06"""
    terminal.hawkbit.offer("8", bundle)
    await terminal.until_restart()
    await terminal.machine.restart()
    await terminal.steps(STEADY_S + 10)
    events = ["update.began", "update.installed", "update.restarts", "update.ended"]
    assert [event for event, _ in terminal.audited] == events
    assert terminal.audited[-1][1]["outcome"] == "success"
    assert verify(terminal.kept / "audit").records > len(events)


async def test_an_update_by_command_does_not_wait_beyond_its_deadline(
    terminal: Updated, bundle: bytes, tmp_path: Path
) -> None:
    """The command lies beside the image that it means, by its hash."""
    fleet = OperatorDesk(tmp_path / "operator")
    terminal.pinned, terminal.health = fleet.pinned, report(WELL, serving=True)
    image = hashlib.sha256(bundle).hexdigest()
    other = commanded("update", fleet, argument="0" * 64)
    terminal.hawkbit.offer_signed("7", COMMAND_PART, other, bundle)
    await terminal.steps(10)
    assert "by its SHA-256" in terminal.hawkbit.feedback[-1][3]
    soon = terminal.clock.now() + timedelta(minutes=5)
    jws = commanded("update", fleet, argument=image, deadline=soon)
    terminal.hawkbit.offer_signed("8", COMMAND_PART, jws, bundle)
    await terminal.steps(200)
    assert not terminal.machine.wish.exists()
    await terminal.steps(200)
    assert terminal.machine.wish.exists()
    await terminal.machine.restart()
    terminal.health = report(WELL)
    await terminal.steps(STEADY_S + 10)
    assert (terminal.hawkbit.closed[-1], terminal.machine.running) == ("success", "B")
    terminal.hawkbit.offer_signed("9", COMMAND_PART, jws, bundle)
    await terminal.steps(10)
    assert terminal.hawkbit.feedback[-1][3].startswith("replayed: ")


@pytest.mark.parametrize("well", [True, False])
async def test_a_rollback_by_command_passes_the_gate_like_an_update(
    terminal: Updated, bundle: bytes, tmp_path: Path, well: bool
) -> None:
    terminal.hawkbit.offer("8", bundle)
    await terminal.until_restart()
    await terminal.machine.restart()
    await terminal.steps(STEADY_S + 10)
    assert terminal.machine.running == "B"
    fleet = OperatorDesk(tmp_path / "operator")
    terminal.pinned = fleet.pinned
    terminal.hawkbit.offer_signed("9", COMMAND_PART, commanded("rollback", fleet))
    await terminal.until_restart()
    await terminal.machine.restart()
    assert terminal.machine.running == "A"
    terminal.health = report(WELL) if well else None
    await terminal.until(lambda: len(terminal.hawkbit.closed) == 2 or terminal.wish.exists())
    if not well:
        await terminal.machine.restart()
        await terminal.steps(10)
    assert terminal.hawkbit.closed[-1] == ("success" if well else "failure")
    assert terminal.machine.running == ("A" if well else "B")


async def test_a_rollback_over_which_the_power_goes_is_one(
    terminal: Updated, bundle: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E07: done once more it would be none; and it passes the gate."""
    terminal.hawkbit.offer("8", bundle)
    await terminal.until_restart()
    await terminal.machine.restart()
    await terminal.steps(STEADY_S + 10)
    fleet, mark = OperatorDesk(tmp_path / "operator"), Rauc.mark

    async def cut(rauc: Rauc, state: str, slot: str) -> None:
        await mark(rauc, state, slot)
        raise PowerCut

    terminal.pinned = fleet.pinned
    terminal.hawkbit.offer_signed("9", COMMAND_PART, commanded("rollback", fleet))
    with monkeypatch.context() as patched, pytest.raises(PowerCut):
        patched.setattr(Rauc, "mark", cut)
        await terminal.steps(10)
    await terminal.machine.restart()
    assert terminal.machine.running == "A"
    await terminal.steps(STEADY_S - 10)
    assert len(terminal.hawkbit.closed) == 1
    await terminal.steps(STEADY_S + 10)
    assert terminal.hawkbit.closed == ["success", "success"]
    assert terminal.machine.primary == "A"


async def test_a_commanded_update_whose_image_did_not_come_is_tried_again(
    terminal: Updated, bundle: bytes, tmp_path: Path
) -> None:
    fleet = OperatorDesk(tmp_path / "operator")
    terminal.pinned = fleet.pinned
    jws = commanded("update", fleet, argument=hashlib.sha256(bundle).hexdigest())
    terminal.hawkbit.offer_signed("8", COMMAND_PART, jws, bundle)
    terminal.hawkbit.breaks_off = True
    await terminal.steps(200)
    assert terminal.hawkbit.closed == []
    assert [event for event, _ in terminal.audited].count("update.began") == 1, "it is asked again and again"
    terminal.hawkbit.breaks_off = False
    await terminal.until_restart()
    assert terminal.machine.content("B") == IMAGE


async def test_without_rauc_a_rollback_is_refused(terminal: Updated, tmp_path: Path) -> None:
    fleet = OperatorDesk(tmp_path / "operator")
    terminal.pinned, terminal.bus = fleet.pinned, f"unix:path={tmp_path}/nobody"
    terminal.hawkbit.offer_signed("9", COMMAND_PART, commanded("rollback", fleet))
    await terminal.steps(10)
    assert terminal.hawkbit.closed == ["failure"]
    assert "no bus" in terminal.hawkbit.feedback[-1][3]


@pytest.mark.parametrize(
    "spoil, says",
    [
        (lambda bundle: bundle[:2000] + bytes([bundle[2000] ^ 1]) + bundle[2001:], "not the one that was announced"),
        (lambda bundle: bundle + b"more", "longer than announced"),
        (lambda bundle: bundle[:-1], "not the one that was announced"),
    ],
    ids=["changed", "longer", "shorter"],
)
async def test_a_bundle_that_is_not_the_announced_one(
    terminal: Updated, bundle: bytes, spoil: Callable[[bytes], bytes], says: str
) -> None:
    terminal.hawkbit.offer("8", spoil(bundle))
    terminal.hawkbit.announced = bundle
    await terminal.steps(60)
    assert terminal.hawkbit.closed == ["failure"]
    assert says in terminal.hawkbit.feedback[-1][3]
    assert terminal.machine.primary == "A"


async def test_a_bundle_that_somebody_else_signed(terminal: Updated, tmp_path: Path) -> None:
    """The server alone cannot put anything on a terminal: RAUC has the key of the image."""
    terminal.hawkbit.offer("8", Signer(tmp_path / "stranger").bundle(IMAGE))
    await terminal.steps(60)
    assert terminal.hawkbit.closed == ["failure"]
    assert "signature" in terminal.hawkbit.feedback[-1][3]
    assert terminal.machine.content("B") == bytes(IMAGE_BYTES)
    assert {path.name for path in terminal.kept.iterdir()} == {"audit", "update-ended.json"}


async def test_a_deployment_that_is_no_bundle_and_one_whose_time_has_not_come(terminal: Updated, bundle: bytes) -> None:
    terminal.hawkbit.offer("8", bundle)
    terminal.hawkbit.window = "unavailable"
    await terminal.steps(400)
    assert terminal.hawkbit.feedback == []
    terminal.hawkbit.window, terminal.hawkbit.filename = "available", "script.sh"
    await terminal.steps(400)
    assert terminal.hawkbit.closed == ["failure"]


async def test_a_link_to_another_server_gets_no_token(terminal: Updated, bundle: bytes) -> None:
    terminal.hawkbit.offer("8", bundle)
    async with Server(terminal.settings, TERMINAL) as server:
        for elsewhere in ("https://127.0.0.1:1/deploymentBase/8", "http://localhost/8", "no link"):
            terminal.hawkbit.elsewhere = elsewhere
            with pytest.raises(DdiError, match=r"another server|is none"):
                await server.poll()


async def test_a_terminal_shows_itself_by_certificate(terminal: Updated, pki: SandboxPki) -> None:
    device = pki.kiosk(TERMINAL)
    url, ca = terminal.settings.url, terminal.settings.ca
    settings = Settings(url, ca, certificate=device.certificate, key=str(device.key))
    async with Server(settings, TERMINAL) as server:
        assert (await server.poll()).config_data is not None
    assert terminal.hawkbit.client == TERMINAL


async def test_a_wrong_token_and_a_server_of_another_ca(terminal: Updated, pki: SandboxPki, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("0000")
    wrong.chmod(0o600)
    url = terminal.settings.url
    async with Server(Settings(url, terminal.settings.ca, token=str(wrong)), TERMINAL) as server:
        with pytest.raises(DdiError, match="401"):
            await server.poll()
    stranger = Settings(url, pki.stranger_ca.certificate, token=str(wrong))
    async with Server(stranger, TERMINAL) as server:
        with pytest.raises(DdiError, match="Certificate"):
            await server.poll()


async def test_no_rauc_and_no_bus(terminal: Updated, tmp_path: Path) -> None:
    async with Rauc(f"unix:path={tmp_path}/nobody") as rauc:
        with pytest.raises(RaucError):
            await rauc.boot_slot()
    async with Rauc(terminal.machine.address) as rauc:
        assert await rauc.boot_slot() == "A"
        await terminal.machine.stop()
        with pytest.raises(RaucError):
            await rauc.boot_slot()


async def test_a_bus_that_comes_back_is_found_again(terminal: Updated) -> None:
    async with Rauc(terminal.machine.address) as rauc:
        assert await rauc.boot_slot() == "A"
        await terminal.machine.stop()
        with pytest.raises(RaucError):
            await rauc.boot_slot()
        await terminal.machine.start()
        assert await rauc.boot_slot() == "A"


async def test_the_agent_itself_takes_an_update_and_asks_for_a_restart(
    terminal: Updated, bundle: bytes, tmp_path: Path
) -> None:
    terminal.hawkbit.offer("8", bundle)
    updates = {"url": terminal.settings.url, "ca": str(terminal.settings.ca), "token": terminal.settings.token}
    updates |= {"kept": str(terminal.kept), "restart": str(terminal.machine.wish)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in updates.items()]
    profile = tmp_path / "profile.toml"
    meeting.make(tmp_path)
    text = PROFILE.format(run=tmp_path, port=claim_port(0))
    profile.write_text("\n".join([text, "[fleet.updates]", *lines]), encoding="utf-8")
    agent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kiosk", "agent", "--profile", str(profile)),
        env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": terminal.machine.address},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            while not terminal.machine.wish.exists():
                assert agent.returncode is None
                await asyncio.sleep(0.05)
    finally:
        agent.terminate()
        _, said = await agent.communicate()
    assert agent.returncode == 0
    assert "is installed" in said.decode()
    assert terminal.machine.content("B") == IMAGE
    assert terminal.hawkbit.introduced == {"terminal": TERMINAL, "software": version("onecard-kiosk"), "profile": "0"}
