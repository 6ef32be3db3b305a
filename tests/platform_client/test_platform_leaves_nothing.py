"""C20: after 200 certificates no file holds a number, a name or a page of anybody, on either side.

Sandbox and client are processes of their own, with every log at DEBUG and a folder that is home, temporary folder and
place of work. A hook of the interpreter (PEP 578) notes whatever else they open to write; all of it is searched, and
the files that the sandbox holds open, too, deleted ones included.
"""

import asyncio
import json
import os
import sys
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from platform_world import NAME, TERMINAL

from platform_client.sandbox.pki import make
from platform_client.sandbox.registry import check_character

ISSUES = 200

NOTING = """
import os, sys
noted = open(f"opened-{os.getpid()}.txt", "a", buffering=1)
def note(event, args):
    if event == "open" and isinstance(args[0], str) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        noted.write(os.path.abspath(args[0]) + chr(10))
    elif event == "sqlite3.connect":
        noted.write(str(args[0]) + chr(10))
sys.addaudithook(note)
"""

SANDBOX = (
    NOTING
    + """
import logging, sys
from pathlib import Path
from platform_client.sandbox.server import Settings, main
logging.basicConfig(filename="sandbox.log", level=logging.DEBUG)
main(Settings(Path("pki"), Path(sys.argv[1]), (sys.argv[2],)))
"""
)

CLIENT = (
    NOTING
    + """
import asyncio, logging, sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from platform_world import Card, call_of, client_for, issue
from platform_client.identity import DeviceIdentity
from platform_client.sandbox.pki import SandboxPki
from test_platform_leaves_nothing import ISSUES, number_of

async def main():
    pki = SandboxPki(Path("pki"))
    device = pki.kiosk(sys.argv[2])
    identity = DeviceIdentity(device.certificate, device.key, pki.tls_ca.certificate)
    client = client_for(int(sys.argv[1]), identity, total_s=120.0, read_s=120.0)
    async def ask(of):
        assert (await issue(client, call_of(identity, card=Card(number=number_of(of))))).startswith(b"%PDF-")
    for first in range(0, ISSUES, 4):
        await asyncio.gather(*(ask(first + each) for each in range(4)))
    await client.close()

logging.basicConfig(filename="client.log", level=logging.DEBUG)
asyncio.run(main(), debug=True)
"""
)


def number_of(person: int) -> str:
    body = f"99990019{50 + person // 100}0{1 + person % 9}{1 + person % 28:02}{person:03}"
    return body + check_character(body)


def secrets() -> list[bytes]:
    """Whatever must not be found, in each way in which a file might hold it."""
    texts = [NAME, *(number_of(person) for person in range(ISSUES))]
    found = [text.encode(encoding) for text in texts for encoding in ("utf-8", "utf-16-le", "gb18030")]
    found += [b"%PDF-", b64encode(b"%PDF-1")[:7]]
    # In base64 a text begins at one of three places of a group.
    found += [b64encode(b"\0" * lead + text.encode())[4 if lead else 0 : -4] for text in texts for lead in range(3)]
    return [secret for secret in found if len(secret) > 4]


def opened_to_write(folder: Path) -> set[Path]:
    """What the hooks noted; a database in memory is no file."""
    lines = [line for notes in folder.glob("opened-*.txt") for line in notes.read_text().splitlines()]
    return {folder / line for line in lines if line not in (":memory:", os.devnull)}


def held_open(process: int) -> Iterator[bytes]:
    """The content of every plain file that a process has open."""
    for link in Path(f"/proc/{process}/fd").iterdir():
        try:
            if link.is_file() and not str(link.readlink()).startswith(("/dev/", "/proc/")):
                yield link.read_bytes()
        except OSError:
            continue


async def test_200_certificates_leave_nothing(assets: Path, tmp_path: Path) -> None:
    make(tmp_path / "pki", terminals=[TERMINAL], now=datetime.now(UTC))
    (tmp_path / "tmp").mkdir()
    here = str(Path(__file__).parent)
    environment = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": str(Path.cwd())}
    sandbox = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SANDBOX, str(assets / "fonts" / "cut"), TERMINAL),
        cwd=tmp_path,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert sandbox.stdout is not None
        port = json.loads(await asyncio.wait_for(sandbox.stdout.readline(), 120))["port"]
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CLIENT, str(port), TERMINAL, here), cwd=tmp_path, env=environment
        )
        assert await asyncio.wait_for(client.wait(), 170) == 0
        contents = list(held_open(sandbox.pid))
    finally:
        sandbox.terminate()
        await sandbox.wait()
    noted = opened_to_write(tmp_path)
    assert {"client.log", "sandbox.log"} <= {path.name for path in noted}
    assert [path for path in noted if not path.is_relative_to(tmp_path) and not path.is_relative_to(assets)] == []
    files = {path for path in {*tmp_path.rglob("*"), *noted} if path.is_file()}
    assert (tmp_path / "sandbox.log").read_text().count("operation=certificates") == ISSUES
    wanted = secrets()
    for content in [*contents, *(path.read_bytes() for path in files)]:
        found = [secret for secret in wanted if secret in content]
        assert not found, f"{len(found)} secrets in {len(content)} bytes"


def test_the_search_can_find() -> None:
    """Each way of hiding is found."""
    number, wanted = number_of(7), secrets()
    for content in (
        number.encode(),
        number.encode("utf-16-le"),
        b64encode(b"x" + number.encode() + b"y"),
        b64encode(b"xy" + number.encode() + b"z"),
        b64encode(b"%PDF-1.7 and so on"),
        NAME.encode("gb18030"),
    ):
        assert any(secret in b"before" + content + b"after" for secret in wanted)
