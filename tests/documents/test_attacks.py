"""C17: nothing that was forged, spoilt, hidden, wrapped or cut off is accepted, and nothing costs the desk more than a
document process."""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path

import attacks
import pytest
from attacks import Attack, archived
from sealed_samples import Sealer, question, replace_struct

from kiosk.channel import Channel
from kiosk.documents.confinement import MEMORY_BYTES
from kiosk.documents.verdict import judge
from kiosk.messages import Message, NotVerified, Trust, Verified
from kiosk.processes import Command, Supervised

PATIENCE_S = 60


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    """Same names, same profiles, other keys."""
    return Sealer(tmp_path_factory.mktemp("stranger"))


@pytest.fixture(scope="module")
def archive(sealer: Sealer, good: bytes) -> bytes:
    return archived(sealer, good)


def accepted(sealer: Sealer, attempts: Iterable[Attack], trust: Trust | None = None) -> list[str]:
    """The names of the attacks that got through; every other one was refused by name."""
    through = []
    for name, pdf in attempts:
        verdict = asyncio.run(judge(question(pdf, trust or sealer.trust), sealer.now))
        if isinstance(verdict, Verified):
            through.append(name)
        else:
            assert isinstance(verdict, NotVerified) and verdict.failed is not None and verdict.detail
    return through


def test_the_good_ones_are_accepted(sealer: Sealer, good: bytes, archive: bytes) -> None:
    """Else nothing below would mean anything."""
    assert accepted(sealer, [("as sealed", good), ("as archived", archive)]) == ["as sealed", "as archived"]


def test_universal_signature_forgery(sealer: Sealer, good: bytes) -> None:
    assert accepted(sealer, attacks.universal_forgery(good)) == []


def test_signature_wrapping(sealer: Sealer, good: bytes) -> None:
    assert accepted(sealer, attacks.wrapping(good)) == []


def test_incremental_saving(sealer: Sealer, good: bytes) -> None:
    assert accepted(sealer, attacks.incremental_saving("as sealed", good)) == []


def test_incremental_saving_after_archiving(sealer: Sealer, archive: bytes) -> None:
    assert accepted(sealer, attacks.incremental_saving("as archived", archive)) == []


def test_junk(sealer: Sealer, good: bytes) -> None:
    assert accepted(sealer, attacks.junk(good)) == []


def test_shadow_attacks(sealer: Sealer) -> None:
    assert accepted(sealer, attacks.shadow(sealer)) == []


def test_attacks_on_certified_documents(sealer: Sealer) -> None:
    assert accepted(sealer, attacks.certification(sealer)) == []


def test_seals_of_others_and_of_nobody(sealer: Sealer, stranger: Sealer) -> None:
    assert accepted(sealer, attacks.whose(sealer, stranger)) == []


def test_expired_and_not_yet_valid(sealer: Sealer, good: bytes) -> None:
    for name, later in attacks.later().items():
        then = sealer.now + later
        trust = replace_struct(sealer.trust, crls=tuple(sealer.pki.crls(then)))
        assert isinstance(asyncio.run(judge(question(good, trust), then)), NotVerified), name


def test_cut_off_at_every_kilobyte(sealer: Sealer, good: bytes, archive: bytes) -> None:
    assert accepted(sealer, attacks.truncated(good)) == []
    assert accepted(sealer, attacks.truncated(archive)) == []


class Desk:
    """The desk's end of the socket, and a supervised document process behind it, as in the terminal."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "documents.sock"
        self._answers: asyncio.Queue[Message | None] = asyncio.Queue()
        self._channel = Channel(
            "documents", on_message=self._answers.put_nowait, on_lost=lambda: self._answers.put_nowait(None)
        )
        argv = (sys.executable, "-m", "kiosk", "documents", "--socket", str(self._socket))
        self._process = Supervised(Command("documents", argv), folder)

    async def __aenter__(self) -> "Desk":
        await self._channel.listen(self._socket)
        await self._process.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._process.stop()
        await self._channel.close()

    async def ask(self, message: Message) -> Message | None:
        """The answer; None when the question ended the process."""
        async with asyncio.timeout(PATIENCE_S):
            await self._channel.connected.wait()
            assert self._channel.send(message)
            return await self._answers.get()

    def peak_bytes(self) -> int:
        """The most memory that the process of now ever had mapped."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.split("VmPeak:")[1].split()[0]) * 1024


async def test_bombs_cost_the_desk_nothing(sealer: Sealer, good: bytes, run_directory: Path) -> None:
    """E10: through the real process; each bomb is refused or ends it, and the next question is answered."""
    peaks = []
    async with Desk(run_directory) as desk:
        for name, bomb in attacks.bombs():
            verdict = await desk.ask(question(bomb, sealer.trust))
            assert verdict is None or isinstance(verdict, NotVerified), name
            assert isinstance(await desk.ask(question(good, sealer.trust)), Verified), name
            peaks.append(desk.peak_bytes())
    assert max(peaks) <= MEMORY_BYTES
