"""Whatever is done to the log afterwards is found (C19, F06)."""

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.__main__ import main
from kiosk.audit import log as module
from kiosk.audit.anchor import Anchor, NotAnAnchor
from kiosk.audit.chain import AuditBroken, files, verify
from kiosk.audit.checkpoint import KeyFile, PublicKey
from kiosk.audit.log import AuditLog
from kiosk.clock import SystemClock

MUTATIONS = 1000


class Terminal:
    """A terminal that has served, its key, and a fleet that remembers its last record."""

    def __init__(self, folder: Path) -> None:
        self.audit = folder / "audit"
        signer = KeyFile.create(folder / "audit.key")
        self.public = folder / "audit.pub"
        self.public.write_bytes(signer.public_pem())
        self.key = PublicKey(signer.public_pem())
        log = AuditLog(self.audit, SystemClock(), terminal="T-1", software="0.1.0", signer=signer)
        for number in range(30):
            log.begin_session()
            log.record("print.out", document="ab" * 32, pages=number)
            log.end_session("finished")
        self.anchor = Anchor("T-1", *log.newest, at="2026-11-25T12:00:00+00:00")
        log.close()
        fleet = Ed25519PrivateKey.generate()
        self.fleet = folder / "fleet.pub"
        self.fleet.write_bytes(fleet.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        self.fleet_key = fleet.public_key()
        self.anchored = folder / "anchors"
        self.anchored.write_bytes(self.anchor.signed(fleet))


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "FILE_BYTES", 8192)  # several files
        return Terminal(tmp_path_factory.mktemp("terminal"))


def test_an_untouched_log_holds(terminal: Terminal) -> None:
    chain = verify(terminal.audit, terminal.key, [terminal.anchor])
    assert (chain.records, chain.last) == (terminal.anchor.seq, terminal.anchor.hash)
    assert chain.signed == chain.records
    assert len(files(terminal.audit)) > 3


def test_every_one_of_many_mutations_is_found(terminal: Terminal, tmp_path: Path) -> None:
    """A thousand random deletions, insertions, changes, moves and cuts."""
    chance = random.Random(20261125)
    unnoticed = []
    for number in range(MUTATIONS):
        copy = tmp_path / "copy"
        shutil.copytree(terminal.audit, copy)
        what = mutate(copy, chance)
        try:
            verify(copy, terminal.key, [terminal.anchor])
        except AuditBroken:
            pass
        else:
            unnoticed.append(f"{number}: {what}")
        shutil.rmtree(copy)
    assert unnoticed == []


def mutate(directory: Path, chance: random.Random) -> str:
    """Does something to the log; says what."""
    path = chance.choice(files(directory))
    lines = path.read_bytes().splitlines(keepends=True)
    at = chance.randrange(len(lines))
    what = chance.choice(["delete", "repeat", "swap", "flip", "blank", "cut", "no file", "swap files", "field"])
    match what:
        case "delete":
            del lines[at]
        case "repeat":
            lines.insert(chance.randrange(len(lines) + 1), lines[at])
        case "swap":
            other = (at + 1 + chance.randrange(len(lines) - 1)) % len(lines)
            lines[at], lines[other] = lines[other], lines[at]
        case "flip":
            line = bytearray(lines[at])
            line[chance.randrange(len(line))] ^= 1 << chance.randrange(8)
            lines[at] = bytes(line)
        case "blank":
            lines[at] = lines[at].replace(b",", b", ", 1)
        case "cut":
            whole = b"".join(lines)
            lines = [whole[: chance.randrange(len(whole))]]
        case "field":
            body = json.loads(lines[at])
            body["monotonic"] += 1
            lines[at] = json.dumps(body, sort_keys=True, separators=(",", ":")).encode() + b"\n"
        case "no file":
            path.unlink()
            return what
        case "swap files":
            other_path = chance.choice([other for other in files(directory) if other != path])
            here, there = path.read_bytes(), other_path.read_bytes()
            path.write_bytes(there)
            other_path.write_bytes(here)
            return what
    path.write_bytes(b"".join(lines))
    return what


def test_a_whole_new_chain_is_not_signed_by_this_terminal(terminal: Terminal, tmp_path: Path) -> None:
    """Hashes alone anybody can compute."""
    forger = KeyFile.create(tmp_path / "forger.key")
    for signer, says in ((forger, "not signed by this terminal"), (None, "65 records without a checkpoint")):
        forged = tmp_path / f"forged-{signer is None}"
        log = AuditLog(forged, SystemClock(), terminal="T-1", software="0.1.0", signer=signer)
        for _ in range(100):
            log.record("print.out", pages=1)
        log.close()
        verify(forged)
        with pytest.raises(AuditBroken, match=says):
            verify(forged, terminal.key)


def test_a_cut_at_a_checkpoint_is_found_by_who_remembers_more(terminal: Terminal, tmp_path: Path) -> None:
    shutil.copytree(terminal.audit, tmp_path / "cut")
    files(tmp_path / "cut")[-1].unlink()
    verify(tmp_path / "cut")
    with pytest.raises(AuditBroken, match=f"record {terminal.anchor.seq} was anchored"):
        verify(tmp_path / "cut", anchors=[terminal.anchor])


@pytest.mark.parametrize("turned", [False, True])
def test_two_anchors_that_contradict_each_other_prove_a_change(terminal: Terminal, turned: bool) -> None:
    """C19: whichever of the two is read last, the other one is not forgotten for it."""
    anchors = [replace(terminal.anchor, hash="f" * 64), terminal.anchor]
    with pytest.raises(AuditBroken, match="two records"):
        verify(terminal.audit, anchors=anchors[::-1] if turned else anchors)


def test_only_its_keeper_signs_an_anchor(terminal: Terminal) -> None:
    line = terminal.anchored.read_bytes()
    assert Anchor.read(line, terminal.fleet_key) == terminal.anchor
    for forged in (
        line.replace(b'"terminal":"T-1"', b'"terminal":"T-2"'),
        b"{}",
        b"[]",
        b"\xff",
        line.replace(b'"signature":"', b'"signature":"!'),
    ):
        with pytest.raises(NotAnAnchor):
            Anchor.read(forged, terminal.fleet_key)
    with pytest.raises(NotAnAnchor, match="not signed by this key"):
        Anchor.read(line, Ed25519PrivateKey.generate().public_key())


def test_the_command_answers_yes_no_or_cannot_tell(
    terminal: Terminal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    everything = [
        "--key",
        str(terminal.public),
        "--anchors",
        str(terminal.anchored),
        "--anchor-key",
        str(terminal.fleet),
    ]
    assert main(["audit", "verify", str(terminal.audit), *everything, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {
        "holds": True,
        "records": terminal.anchor.seq,
        "last": terminal.anchor.hash,
        "signed": terminal.anchor.seq,
        "anchored": terminal.anchor.seq,
    }
    shutil.copytree(terminal.audit, tmp_path / "cut")
    files(tmp_path / "cut")[-1].unlink()
    assert main(["audit", "verify", str(tmp_path / "cut"), *everything]) == 1
    assert main(["audit", "verify", str(tmp_path)]) == 2
    assert main(["audit", "verify", str(terminal.audit), "--key", str(tmp_path / "none")]) == 2
    assert main(["audit", "verify", str(terminal.audit), "--anchors", str(terminal.anchored)]) == 2
    assert main(["audit", "key", str(tmp_path / "new.key")]) == 0
    assert capsys.readouterr().out.rstrip().endswith("-----END PUBLIC KEY-----")
    assert main(["audit", "key", str(tmp_path / "new.key")]) == 1


def test_a_chain_that_was_set_aside_counts_as_no(tmp_path: Path) -> None:
    for _ in range(2):
        AuditLog(tmp_path, SystemClock(), terminal="T-1", software="0.1.0").close()
    first = tmp_path / "audit-000002.jsonl"
    first.write_bytes(first.read_bytes().replace(b"T-1", b"T-2"))
    AuditLog(tmp_path, SystemClock(), terminal="T-1", software="0.1.0").close()
    verify(tmp_path)
    assert main(["audit", "verify", str(tmp_path)]) == 1
