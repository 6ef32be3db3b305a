"""Where the key is made: in a token that never gives it out, or in a file that nobody else reads (C13)."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509

from kiosk.__main__ import main
from platform_client.device_key import DeviceKeyError
from platform_client.token import make_key
from tests import emulated_tpm

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
FONTS = Path(__file__).parents[2] / ".cache/assets/fonts/cut"

IN_A_TOKEN = """
import asyncio, os, sys
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fresh_machine import TERMINAL, World, settled
from kiosk.enrolment.settings import Key
from platform_client.credentials import DIRECTORY
from platform_client.sandbox.control import ApprovePairing
from platform_client.sandbox.pki import make
from platform_client.sandbox.typeface import Typecase

async def main():
    where, module = Path(sys.argv[2]), Path(sys.argv[3])
    pki = make(where / "pki", terminals=[], now=datetime.now(UTC))
    world = World(where, pki, Typecase.open(Path(sys.argv[4])))
    world.key = Key(module, "onecard")
    in_token = {"key": '"pkcs11:token=onecard;object=device"', "pkcs11_module": f'"{module}"', "pin": '"platform.pin"'}
    async with world.platform():
        jws = world.order(world.profile(**in_token))
        (world.orders / f"{TERMINAL}.jws").write_bytes(jws)
        async with world.enrolling() as (glass, task):
            page = await glass.until(lambda page: page.code)
            world.sandbox.obey(ApprovePairing(page.code, TERMINAL))
            await asyncio.wait_for(task, 60)
        assert settled(glass.pages[-1])
        kept = sorted(file.name for file in (world.site.current / "credentials").iterdir())
        assert kept == ["audit.key", "platform.pin"], kept
        await world.serves(lambda folder: os.environ.update({DIRECTORY: str(folder)}))

asyncio.run(main())
print("enrolled")
"""


@pytest.fixture
def softhsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if not MODULE.exists():
        pytest.skip("softhsm2 is not installed: script/setup --tests")
    (tmp_path / "tokens").mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tmp_path}/tokens\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    return tmp_path


def test_the_whole_way_with_a_key_in_a_token(softhsm: Path) -> None:
    """In a process of its own, as on a terminal: an engine of OpenSSL is set up once."""
    words = (sys.executable, "-c", IN_A_TOKEN, str(Path(__file__).parent), str(softhsm), str(MODULE), str(FONTS))
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": "."}, timeout=120
    )
    assert done.stdout == "enrolled\n", done.stderr[-3000:]


async def test_the_whole_way_with_a_key_in_a_tpm(tmp_path: Path) -> None:
    """An emulated TPM that nobody has prepared: its token is made, its key, and the certificate for it."""
    module = Path(emulated_tpm.MODULE)
    if not module.exists() or any(shutil.which(name) is None for name in emulated_tpm.PROGRAMS):
        pytest.skip("no emulated TPM: script/setup --tests")
    words = (sys.executable, "-c", IN_A_TOKEN, str(Path(__file__).parent), str(tmp_path), str(module), str(FONTS))
    process = await asyncio.create_subprocess_exec(
        *("dbus-run-session", "--", "sh", "-c", emulated_tpm.SESSION, "sh", *words),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    said, complained = await asyncio.wait_for(process.communicate(), 150)
    assert said == b"enrolled\n", complained.decode()[-3000:]


def test_the_first_request_for_a_key_in_a_token(softhsm: Path) -> None:
    """By the command alone, for whoever enrols by other means; asked twice, it is the same key."""
    pin = softhsm / "pin"
    pin.touch(mode=0o600)
    pin.write_text("271828\n")
    words = [sys.executable, "-m", "kiosk", "enrol", "request", "--module", str(MODULE), "--pin", str(pin)]
    requests = [
        x509.load_pem_x509_csr(
            subprocess.run([*words, "--terminal", "kiosk-7"], check=True, capture_output=True).stdout
        )
        for _ in range(2)
    ]
    assert requests[0].is_signature_valid and requests[0].subject.rfc4514_string() == "CN=kiosk-7"
    assert requests[0].public_key() == requests[1].public_key()
    listed = subprocess.run(
        ["softhsm2-util", "--show-slots"], check=True, capture_output=True, text=True, env=os.environ
    )
    assert "onecard" in listed.stdout


def test_what_is_no_module_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DeviceKeyError, match="letters, digits"):
        make_key(MODULE, "two words", "1")
    with pytest.raises(DeviceKeyError, match="not a PKCS#11 module"):
        make_key(Path("/nothing.so"), "onecard", "1")
    pin = tmp_path / "pin"
    pin.touch(mode=0o600)
    assert main(["enrol", "request", "--module", "/nothing.so", "--pin", str(pin), "--terminal", "k"]) == 2
    assert "/nothing.so" in capsys.readouterr().err
