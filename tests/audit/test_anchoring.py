"""The end of the log, remembered by the platform: a real sandbox over TLS signs it, and what is cut off behind it, or
whose anchor is not the platform's, is found (C19, F06)."""

import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kiosk.__main__ import main
from kiosk.audit.anchor import FILE, Anchor
from kiosk.audit.anchoring import KEPT_MOST, Anchoring
from kiosk.audit.chain import AuditBroken, files, verify
from kiosk.audit.checkpoint import KeyFile
from kiosk.audit.log import AuditLog
from kiosk.health.findings import Finding, Level
from platform_client.anchor_statement import TAIL_CONTEXT, moment, statement
from platform_client.anchors import ANCHOR, AnchorCall, Anchored, NotAnchored, anchor
from platform_client.client import PlatformClient
from platform_client.errors import PlatformError
from platform_client.https import HttpsTransport
from platform_client.identity import DeviceIdentity
from platform_client.patience import Patience
from platform_client.sandbox.assembly import Options, Sandbox
from platform_client.sandbox.pki import SandboxPki, make
from platform_client.sandbox.typeface import Typecase

TERMINAL = "kiosk-0001"


@dataclass
class Clock:
    """Runs when the test says so."""

    passed: timedelta = timedelta()
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.passed.total_seconds()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def pki(tmp_path: Path) -> SandboxPki:
    return make(tmp_path / "pki", terminals=[TERMINAL, "kiosk-0002"], now=datetime.now(UTC))


@pytest.fixture
async def client(pki: SandboxPki, assets: Path, clock: Clock) -> AsyncIterator[PlatformClient]:
    sandbox = Sandbox(pki, Typecase.open(assets / "fonts" / "cut"), Options(clock=clock.now))
    port = await sandbox.start("127.0.0.1", 0)
    client = of(pki, port, TERMINAL)
    client.port = port  # type: ignore[attr-defined]
    yield client
    await client.close()
    await sandbox.stop()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def identity(pki: SandboxPki, terminal: str = TERMINAL) -> DeviceIdentity:
    device = pki.kiosk(terminal)
    return DeviceIdentity(device.certificate, device.key, pki.tls_ca.certificate)


def of(pki: SandboxPki, port: int, terminal: str) -> PlatformClient:
    transport = HttpsTransport(f"https://localhost:{port}", identity(pki, terminal))
    return PlatformClient(transport, Patience(backoff_s=0.01))


def public(pki: SandboxPki) -> Ed25519PublicKey:
    key = load_pem_public_key(pki.anchor_key.read_bytes())
    assert isinstance(key, Ed25519PublicKey)
    return key


class Terminal:
    """An audit log with its anchoring."""

    def __init__(self, folder: Path, pki: SandboxPki, client: PlatformClient, clock: Clock) -> None:
        self.audit = folder / "audit"
        self.pki, self.clock = pki, clock
        signer = KeyFile.create(folder / "audit.key")
        self.log = AuditLog(self.audit, clock, terminal=TERMINAL, software="0.1.0", signer=signer)
        self.findings: list[Finding] = []
        self.anchoring = Anchoring(
            *(client, identity(pki), self.log, clock),
            directory=self.audit,
            key=pki.anchor_key,
            post=self.findings.append,
        )

    def serve(self, citizens: int = 1) -> None:
        for _ in range(citizens):
            self.log.begin_session()
            self.log.record("print.out", document="ab" * 32, pages=1)
            self.log.end_session("finished")

    @property
    def kept(self) -> list[dict[str, object]]:
        path = self.audit / FILE
        return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []

    def at_the_platform(self) -> Path:
        return self.pki.anchors / f"{TERMINAL}.jsonl"

    def asked(self, anchors: Path | None = None, log: Path | None = None) -> int:
        words = ["audit", "verify", str(log or self.audit), "--anchor-key", str(self.pki.anchor_key), "--json"]
        return main([*words, *(("--anchors", str(anchors)) if anchors else ())])


@pytest.fixture
def terminal(tmp_path: Path, pki: SandboxPki, client: PlatformClient, clock: Clock) -> Terminal:
    return Terminal(tmp_path, pki, client, clock)


async def test_the_platform_remembers_where_the_log_ends(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.serve(3)
    seq, digest = terminal.log.newest
    await terminal.anchoring.once()
    (kept,) = terminal.kept
    assert (kept["seq"], kept["hash"], kept["terminal"]) == (seq, digest, TERMINAL)
    assert terminal.findings[-1].level is Level.OK
    for anchors in (None, terminal.at_the_platform()):
        assert terminal.asked(anchors) == 0
        assert json.loads(capsys.readouterr().out)["anchored"] == seq
    last = [*files(terminal.audit)[-1].read_bytes().splitlines()][-1]
    assert json.loads(last)["event"] == "audit.anchored"


async def test_what_is_cut_off_after_an_anchor_is_found(
    terminal: Terminal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the place where hashes, checkpoints and line ends are all in order."""
    terminal.serve(2)
    keep = len(files(terminal.audit)[-1].read_bytes())
    terminal.serve(3)
    await terminal.anchoring.once()
    shutil.copytree(terminal.audit, tmp_path / "cut")
    with files(tmp_path / "cut")[-1].open("r+b") as file:
        file.truncate(keep)
    verify(tmp_path / "cut")
    assert terminal.asked(log=tmp_path / "cut") == 1
    assert "was anchored" in json.loads(capsys.readouterr().out)["why"]
    (tmp_path / "cut" / FILE).unlink()  # and who cuts takes this away, too: the platform has it
    assert terminal.asked(terminal.at_the_platform(), tmp_path / "cut") == 1


async def test_a_terminal_that_goes_on_with_a_cut_log_is_refused_by_the_platform(
    terminal: Terminal, tmp_path: Path, pki: SandboxPki, client: PlatformClient, clock: Clock
) -> None:
    shutil.copytree(terminal.audit, tmp_path / "before" / "audit")
    terminal.serve(5)
    await terminal.anchoring.once()
    again = Terminal(tmp_path / "before", pki, client, clock)
    again.serve(1)
    await again.anchoring.once()
    assert again.findings[-1].level is Level.WARN
    assert "shorter-than-anchored" in again.findings[-1].says
    assert again.kept == []
    again.serve(2)
    while again.log.newest[0] < int(str(terminal.kept[0]["seq"])) - 1:  # a checkpoint comes on top
        again.log.record("print.out", pages=1)
    await again.anchoring.once()
    assert "another-record" in again.findings[-1].says
    again.serve(1)  # longer than what is remembered: only whoever walks along it with the platform's anchors finds it
    await again.anchoring.once()
    assert [each.level for each in again.findings][-1] is Level.OK
    assert again.asked(terminal.at_the_platform()) == 1


async def test_forged_foreign_and_old_anchors(
    terminal: Terminal, tmp_path: Path, pki: SandboxPki, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.serve(1)
    await terminal.anchoring.once()
    old = tmp_path / "old"
    old.write_bytes((terminal.audit / FILE).read_bytes())
    terminal.serve(1)
    await terminal.anchoring.once()
    assert terminal.asked(old) == 0  # true, and it says how little it vouches for
    assert json.loads(capsys.readouterr().out)["anchored"] == terminal.kept[0]["seq"]
    assert terminal.kept[0]["seq"] < terminal.kept[1]["seq"]  # type: ignore[operator]
    forged = tmp_path / "forged"
    forged.write_bytes(Anchor(TERMINAL, 2, "0" * 64, "2026-11-26T08:00:00Z").signed(Ed25519PrivateKey.generate()))
    assert terminal.asked(forged) == 2
    assert "not signed by this key" in json.loads(capsys.readouterr().out)["why"]
    moved = json.loads((terminal.audit / FILE).read_bytes().splitlines()[0]) | {"seq": 1}
    forged.write_text(json.dumps(moved))
    assert terminal.asked(forged) == 2
    capsys.readouterr()
    seq, digest = terminal.log.newest
    with pytest.raises(AuditBroken, match="never wrote in this chain"):
        verify(terminal.audit, anchors=[Anchor("kiosk-0002", seq, digest, "2026-11-26T08:00:00Z")])


async def test_nobody_speaks_for_another_terminal(
    terminal: Terminal, pki: SandboxPki, client: PlatformClient, clock: Clock
) -> None:
    """The connection of one and the signature of another; a signature over something else; a clock that is wrong."""
    now = datetime.now(UTC).replace(microsecond=0)
    other = of(pki, client.port, "kiosk-0002")  # type: ignore[attr-defined]
    said = statement(TAIL_CONTEXT, TERMINAL, 5, "ab" * 32, moment(now))
    signature = identity(pki).sign(said)
    good = AnchorCall(5, "ab" * 32, now, signature)
    try:
        for caller, call, why in [
            (other, good, "not-signed-by-this-terminal"),
            (client, AnchorCall(6, "ab" * 32, now, signature), "not-signed-by-this-terminal"),
            (client, AnchorCall(5, "ab" * 32, now, b"x"), "not-signed-by-this-terminal"),
            (client, late(pki, now - timedelta(hours=1)), "of-another-time"),
        ]:
            with pytest.raises(PlatformError, match=why):
                await caller.call(ANCHOR, call)
        assert (await client.call(ANCHOR, good)).records == 5
    finally:
        await other.close()


def late(pki: SandboxPki, at: datetime) -> AnchorCall:
    said = statement(TAIL_CONTEXT, TERMINAL, 5, "ab" * 32, moment(at))
    return AnchorCall(5, "ab" * 32, at, identity(pki).sign(said))


@pytest.mark.parametrize("spoilt", ["terminal", "records", "hash", "at", "signature"])
async def test_an_answer_that_is_no_anchor_of_this_record_is_not_kept(
    terminal: Terminal, pki: SandboxPki, client: PlatformClient, spoilt: str
) -> None:
    class Lying:
        async def call(self, operation: object, question: AnchorCall) -> Anchored:
            answer = await client.call(ANCHOR, question)
            told = {name: getattr(answer, name) for name in Anchored.__struct_fields__}
            lies = {"terminal": "kiosk-0002", "records": 9, "hash": "cd" * 32, "signature": bytes(64)}
            return Anchored(**{**told, spoilt: {**lies, "at": answer.at - timedelta(seconds=1)}[spoilt]})

    with pytest.raises(NotAnchored):
        await anchor(
            Lying(),  # type: ignore[arg-type]
            identity(pki),
            public(pki),
            5,
            "ab" * 32,
            datetime.now(UTC).replace(microsecond=0),
        )


async def test_at_each_checkpoint_and_every_day(terminal: Terminal, clock: Clock) -> None:
    """What `keep` does at each look."""

    async def look() -> int:
        if terminal.anchoring.is_due:
            await terminal.anchoring.once()
        return len(terminal.kept)

    assert await look() == 1  # the checkpoint of the start
    assert await look() == 1
    terminal.serve(1)
    assert await look() == 2
    clock.passed += timedelta(hours=23)
    assert await look() == 2
    clock.passed += timedelta(hours=2)
    assert await look() == 3


async def test_a_fault_is_not_the_end_of_it(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    class Enough(BaseException):
        """The test has seen enough."""

    async def ends(seconds: float) -> None:
        terminal.clock.slept.append(seconds)
        if len(terminal.clock.slept) == 2:
            raise Enough

    with monkeypatch.context() as patched, pytest.raises(Enough):
        patched.setattr(terminal.clock, "sleep", ends)
        patched.setattr(terminal.anchoring, "_write", lambda anchored: {"something": 1}["nothing"])
        await terminal.anchoring.keep()
    assert terminal.kept == []
    await terminal.anchoring.once()
    assert len(terminal.kept) == 1


async def test_a_platform_that_is_silent_is_told_of_after_two_days(
    terminal: Terminal, client: PlatformClient, clock: Clock
) -> None:
    await terminal.anchoring.once()
    terminal.pki.anchor_key.unlink()
    await terminal.anchoring.once()
    assert [finding.level for finding in terminal.findings] == [Level.OK]
    clock.passed += timedelta(days=2)
    await terminal.anchoring.once()
    assert terminal.findings[-1].level is Level.WARN
    assert len(terminal.kept) == 1


async def test_the_newest_few_hundred_are_kept(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    assert KEPT_MOST > 100
    monkeypatch.setattr("kiosk.audit.anchoring.KEPT_MOST", 3)
    for _ in range(5):
        terminal.serve(1)
        await terminal.anchoring.once()
    assert [each["seq"] for each in terminal.kept] == sorted(each["seq"] for each in terminal.kept)  # type: ignore[type-var]
    assert len(terminal.kept) == 3
    assert len(terminal.at_the_platform().read_bytes().splitlines()) == 5
