"""What a terminal expects of any platform: ours meets it, and one that does not is told what is missing."""

import asyncio
import json
import sys
from pathlib import Path

from platform_world import TERMINAL, Platform, raw_server, saying

from platform_client.conformance import Examiner, Finding
from platform_client.identity import DeviceIdentity
from platform_client.sandbox.faults import Fault
from platform_client.sandbox.pki import SandboxPki


async def examined(port: int, identity: DeviceIdentity) -> list[Finding]:
    return await Examiner(f"https://localhost:{port}", identity).examine()


async def test_the_sandbox_meets_every_expectation(platform: Platform, identity: DeviceIdentity) -> None:
    findings = await examined(platform.port, identity)
    assert [finding for finding in findings if not finding.met] == []
    assert len({finding.expectation for finding in findings}) == len(findings) >= 20


async def test_a_platform_that_mixes_people_up_is_told_so(platform: Platform, identity: DeviceIdentity) -> None:
    platform.sandbox.faults.active = Fault.OTHER_SUBJECT
    unmet = [finding.expectation for finding in await examined(platform.port, identity) if finding.met is False]
    assert "A certificate is issued, and the answer is about request, nonce and person of the call" in unmet
    assert "TLS 1.2 is refused" not in unmet


async def test_a_server_that_says_yes_to_everything_meets_little(pki: SandboxPki, identity: DeviceIdentity) -> None:
    async with raw_server(pki, saying("200 OK", b"<ok/>", "Content-Type: application/xml")) as port:
        unmet = {finding.expectation for finding in await examined(port, identity) if not finding.met}
    assert len(unmet) >= 20
    assert {"TLS 1.2 is refused", "Nobody is served without a client certificate", "JSON is a refusal"} <= unmet


async def run(pki: Path, port: int) -> tuple[int, str]:
    """The command, as somebody would call it."""
    words = ("--pki", str(pki), "--terminal", TERMINAL, "--conformance", f"https://localhost:{port}", "--json")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kiosk", "sandbox", *words), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_the_command_says_yes_no_or_that_it_cannot_tell(platform: Platform, pki: SandboxPki) -> None:
    code, said = await run(pki.directory, platform.port)
    assert code == 0 and all(finding["met"] for finding in json.loads(said))
    platform.sandbox.faults.active = Fault.REFUSE
    code, said = await run(pki.directory, platform.port)
    assert code == 1 and not all(finding["met"] for finding in json.loads(said))
    await platform.sandbox.stop()
    code, said = await run(pki.directory, platform.port)
    assert code == 2 and any(finding["met"] is None for finding in json.loads(said))
