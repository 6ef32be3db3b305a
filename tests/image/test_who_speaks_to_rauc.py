"""Who may say what to RAUC (image/rauc/de.pengutronix.rauc.conf): a bus as Debian has it, and the image's own rules.

On it somebody with RAUC's name answers everything that the bus lets through; users of this machine stand for the
agent's and the desk's.
"""

import asyncio
import os
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

from kiosk.fleet import rauc

POLICY = Path(__file__).parents[2] / "image/rauc/de.pengutronix.rauc.conf"
DESK_UNIT = POLICY.parents[2] / "systemd/kiosk-desk.service"
PROPERTIES = rauc.PROPERTIES
AGENT, DESK, SOMEBODY_ELSE = "nobody", "games", "daemon"
WHATEVER_THEY_ARE = ("Install", "InstallBundle", "Info", "InspectBundle", "Mark", "GetSlotStatus", "GetPrimary")
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else"),
    pytest.mark.skipif(shutil.which("dbus-send") is None, reason="no dbus-send"),
]


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[str]:
    """Its address."""
    rules, config = tmp_path / "rules.conf", tmp_path / "bus.conf"
    policy = POLICY.read_text(encoding="utf-8")
    for unit, here in (("kiosk-agent", AGENT), ("kiosk-desk", DESK)):
        policy = policy.replace(f'user="{unit}"', f'user="{here}"')
    rules.write_text(policy)
    # What of /usr/share/dbus-1/system.conf decides: a call is denied unless somebody allows it.
    config.write_text(f"""<busconfig><type>system</type><listen>unix:abstract=onecard-{secrets.token_hex(8)}</listen><auth>EXTERNAL</auth>
    <policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/>
    <allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/><allow receive_type="method_call"/>
    <allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/></policy><include>{rules}</include></busconfig>""")
    words = ("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1")
    daemon = await asyncio.create_subprocess_exec(*words, stdout=subprocess.PIPE)
    assert daemon.stdout is not None
    address = (await daemon.stdout.readline()).decode().strip()
    named = await MessageBus(bus_address=address).connect()
    await named.request_name(rauc.NAME)
    named.add_message_handler(
        lambda asked: asked.message_type is MessageType.METHOD_CALL and Message.new_method_return(asked)
    )
    try:
        yield address
    finally:
        named.disconnect()
        daemon.terminate()
        await daemon.wait()


async def gets_through(bus: str, who: str, interface: str, member: str) -> bool:
    user = ("setpriv", f"--reuid={who}", "--clear-groups")
    words = ("dbus-send", f"--bus={bus}", "--print-reply", f"--dest={rauc.NAME}", "/", f"{interface}.{member}")
    asking = await asyncio.create_subprocess_exec(*user, *words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    _, said = await asking.communicate()
    assert asking.returncode == 0 or b"AccessDenied" in said, said
    return asking.returncode == 0


async def passed(bus: str, who: str) -> set[str]:
    calls = [(rauc.INTERFACE, member) for member in WHATEVER_THEY_ARE] + [(PROPERTIES, "Get"), (PROPERTIES, "Set")]
    return {member for interface, member in calls if await gets_through(bus, who, interface, member)}


async def test_the_agent_says_what_it_has_to_and_no_more(bus: str) -> None:
    """An agent that was taken over cannot look into bundles, nor set what RAUC does."""
    assert await passed(bus, AGENT) == {"InstallBundle", "Mark", "Get"}


async def test_staff_at_the_desk_roll_back_and_see_the_slot_and_install_nothing(bus: str) -> None:
    """Entries `rollback` and `software` (docs/maintenance.md), which run in the desk, under its user."""
    assert await passed(bus, DESK) == {"Mark", "Get"}
    assert "User=kiosk-desk\n" in DESK_UNIT.read_text(encoding="utf-8")


async def test_root_says_all_and_others_nothing(bus: str) -> None:
    for who, may in (("root", True), (SOMEBODY_ELSE, False)):
        assert await gets_through(bus, who, rauc.INTERFACE, "InstallBundle") is may, who
