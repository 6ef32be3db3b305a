"""Records on a stick: encrypted for the operator, signed by the terminal, and nothing else on the stick is touched."""

import asyncio
import hashlib
import json
import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from workbench import Bench, levels

from kiosk.audit.chain import verify
from kiosk.health.findings import Level, ok
from kiosk.maintenance import exporting
from kiosk.maintenance.exporting import ALLOWED, DIAGNOSTICS_ENTRY, EXPORT, forget_exports
from kiosk.maintenance.line import Line
from kiosk.maintenance.stick import NewFolder, StickError, StickFault, is_there
from kiosk.maintenance.workshop import Workshop
from kiosk.profile import Export


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the operator's key and certificate."""
    folder = tmp_path_factory.mktemp("operator")
    for name, bits in (("operator", 3072), ("weak", 2048)):
        key = rsa.generate_private_key(65537, bits)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        made = (
            made.serial_number(7).not_valid_before(datetime.now(UTC)).not_valid_after(datetime.now(UTC) + timedelta(1))
        )
        (folder / f"{name}.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
        (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 256 KiB, mounted as the unit mounts one, with somebody's files on it."""
    place = tmp_path / "stick"
    place.mkdir()
    _mount(place, "size=256k,noexec,nodev,nosuid")
    (place / "holiday.jpg").write_bytes(b"somebody's")
    yield place
    _unmount(place)


def _unmount(place: Path) -> None:
    subprocess.run(["umount", place], check=True)


def _remount(place: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", place], check=True)


def _mount(place: Path, options: str) -> None:
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("nothing may be mounted here: this test needs root")


def exporting_to(bench: Bench, stick: Path, to: Path) -> Workshop:
    return replace(bench.workshop, profile=msgspec.structs.replace(bench.profile, export=Export(to, stick)))


async def lines(workshop: Workshop, choice: str = "audit") -> list[Line]:
    return [said async for said in EXPORT.run(workshop, choice) if isinstance(said, Line)]


def opened(packed: Path, operator: Path, bench: Bench, folder: Path) -> bytes:
    """As the operator opens it, with OpenSSL: decrypts, then verifies against the CA of the terminals."""
    inner, plain = folder / "inner.p7m", folder / "plain"
    words = ["-decrypt", "-inform", "DER", "-in", str(packed), "-inkey", f"{operator}/operator.key", "-out", str(inner)]
    subprocess.run(["openssl", "cms", *words, "-recip", operator / "operator.pem"], check=True, capture_output=True)
    words = ["-verify", "-binary", "-inform", "DER", "-in", str(inner), "-purpose", "any", "-out", str(plain)]
    ca = bench.profile.platform.ca
    subprocess.run(["openssl", "cms", *words, "-CAfile", ca], check=True, capture_output=True)
    return plain.read_bytes()


async def test_the_operator_reads_it_with_openssl(bench: Bench, stick: Path, operator: Path, tmp_path: Path) -> None:
    """E12: the whole chain, file by file, and a manifest; somebody's own files stay as they were."""
    said = await lines(exporting_to(bench, stick, operator / "operator.pem"), "all")
    assert Level.FAIL not in levels(said)
    assert sorted(each.name for each in stick.iterdir())[0] == "holiday.jpg"
    assert (stick / "holiday.jpg").read_bytes() == b"somebody's"
    (folder,) = [each for each in stick.iterdir() if each.is_dir()]
    manifest = json.loads(opened(folder / "MANIFEST.json.cms", operator, bench, tmp_path))
    assert manifest["terminal"] == "kiosk-0001"
    chain = tmp_path / "chain"
    chain.mkdir()
    for number, about in enumerate(manifest["files"], 1):
        content = opened(folder / f"{number:04}-{about['name']}.cms", operator, bench, tmp_path)
        assert hashlib.sha256(content).hexdigest() == about["sha256"]
        if about["name"] != "journal.jsonl":
            (chain / about["name"]).write_bytes(content)
    assert verify(chain).records > 0
    assert not (bench.profile.run / "export-allowed").exists()


async def test_nobody_else_reads_it(bench: Bench, stick: Path, operator: Path, tmp_path: Path) -> None:
    await lines(exporting_to(bench, stick, operator / "operator.pem"))
    (folder,) = [each for each in stick.iterdir() if each.is_dir()]
    first = sorted(folder.iterdir())[0]
    assert b"desk.started" not in first.read_bytes()
    spoilt = bytearray(first.read_bytes())
    spoilt[-40] ^= 1
    (tmp_path / "spoilt").write_bytes(spoilt)
    with pytest.raises(subprocess.CalledProcessError):
        opened(tmp_path / "spoilt", operator, bench, tmp_path)


async def test_a_stick_that_is_full(bench: Bench, stick: Path, operator: Path) -> None:
    """Named; and no half file stays."""
    (stick / "films").write_bytes(bytes(200 * 1024))
    for number in range(400):
        bench.workshop.audit.record("test", number=number)
    said = await lines(exporting_to(bench, stick, operator / "operator.pem"))
    assert said[-1].says.en == "the stick is full: not everything is on it"
    (folder,) = [each for each in stick.iterdir() if each.is_dir()]
    assert not (folder / "MANIFEST.json.cms").exists()
    assert all(each.stat().st_size > 1000 for each in folder.iterdir())


async def test_a_stick_that_is_pulled(bench: Bench, stick: Path, operator: Path) -> None:
    """As the kernel has it: a device that is gone is read-only first."""
    workshop = exporting_to(bench, stick, operator / "operator.pem")
    last = None
    async with aclosing(EXPORT.run(workshop, "audit")) as saying:
        async for said in saying:
            last = said
            _remount(stick, "ro")
    assert isinstance(last, Line) and last.says.en.startswith("the stick was pulled out")
    _remount(stick, "rw")


async def test_a_stick_that_is_pulled_just_before(
    bench: Bench, stick: Path, operator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E12: nothing is written into the place where it was, and nobody is told that it may be pulled."""

    async def pulled(workshop: Workshop, place: Path) -> None:
        _unmount(place)

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "_plugged", pulled)
        said = await lines(exporting_to(bench, stick, operator / "operator.pem"))
    assert said[-1].says.en.startswith("the stick was pulled out")
    assert not [each for each in stick.rglob("*") if each.is_file()]
    _mount(stick, "size=64k")


async def test_a_stick_that_hangs_holds_up_nobody(
    bench: Bench, stick: Path, operator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E05: whoever leaves the export has left it; its writing comes to its end elsewhere, and nowhere else; and no
    thread is missing that the desk needs for other things."""
    syncs, goes_on = asyncio.Event(), threading.Event()
    loop, fsync = asyncio.get_running_loop(), os.fsync
    loop.set_default_executor(ThreadPoolExecutor(1))

    def hangs(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            loop.call_soon_threadsafe(syncs.set)
            assert goes_on.wait(20)
        fsync(descriptor)

    async def leaves() -> None:
        exported = asyncio.ensure_future(lines(exporting_to(bench, stick, operator / "operator.pem")))
        await syncs.wait()
        exported.cancel()
        await asyncio.wait({exported})
        assert exported.cancelled()

    with monkeypatch.context() as patched:
        patched.setattr("kiosk.maintenance.stick.os", SimpleNamespace(**{**vars(os), "fsync": hangs}))
        async with asyncio.timeout(20):
            await leaves()
            await asyncio.to_thread(int)
        assert not goes_on.is_set()
        assert bench.profile.run.joinpath("export-allowed").exists() is False
        goes_on.set()
        for each in [each for each in threading.enumerate() if each.name == "stick"]:
            await asyncio.to_thread(each.join, 20)


def test_what_was_left_is_written_to_no_more(tmp_path: Path) -> None:
    """A thread that comes late does not write where somebody else is by now."""
    folder = NewFolder(tmp_path, "ours")
    folder.begin()
    folder.leave()
    with pytest.raises(StickError):
        folder.write("late", b"x")
    assert not list((tmp_path / "ours").iterdir())


async def test_a_stick_that_is_not_mounted_safely(bench: Bench, operator: Path, tmp_path: Path) -> None:
    """What is on it could be run."""
    place = tmp_path / "unsafe"
    place.mkdir()
    _mount(place, "size=64k,nodev")
    try:
        said = await lines(exporting_to(bench, place, operator / "operator.pem"))
        assert "noexec" in said[-1].says.en and said[-1].level is Level.FAIL
        assert not list(place.iterdir())
    finally:
        _unmount(place)


@pytest.mark.parametrize(
    ("options", "there"),
    [("rw,nosuid,nodev,noexec,relatime", True), ("rw,nosuid,nodev", None), ("rw,noexec", None), (None, False)],
)
def test_what_the_kernel_says_of_mounts(tmp_path: Path, options: str | None, there: bool | None) -> None:
    mounts = tmp_path / "mountinfo"
    line = f"43 27 0:39 / /run/onecard-kiosk/stick {options} - vfat /dev/sda1 rw\n" if options else ""
    mounts.write_text("22 1 0:20 / / rw,relatime - ext4 /dev/vda rw\n" + line)
    if there is None:
        with pytest.raises(StickError):
            is_there(Path("/run/onecard-kiosk/stick"), mounts)
    else:
        assert is_there(Path("/run/onecard-kiosk/stick"), mounts) is there


async def test_no_stick_comes(bench: Bench, operator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "STICK_WITHIN_S", 0.1)
    said = await lines(exporting_to(bench, tmp_path / "nowhere", operator / "operator.pem"))
    assert said[-1].says.en == "there is no stick"


async def test_one_export_at_a_time(bench: Bench, operator: Path, tmp_path: Path) -> None:
    """F03: the second hears so, and does not take the stick's driver from the first when it leaves."""
    workshop = exporting_to(bench, tmp_path / "nowhere", operator / "operator.pem")
    async with aclosing(EXPORT.run(workshop, "audit")) as first:
        assert "plug the stick in" in (await anext(first)).says.en  # type: ignore[union-attr]
        (said,) = await lines(workshop)
        assert (said.level, said.says.en) == (Level.FAIL, "another export is under way")
        assert (bench.profile.run / ALLOWED).exists()
    assert not (bench.profile.run / ALLOWED).exists()
    (bench.profile.run / ALLOWED).touch()  # of a desk that died over one
    forget_exports(bench.profile.run)
    async with aclosing(EXPORT.run(workshop, "audit")) as next_one:
        assert "plug the stick in" in (await anext(next_one)).says.en  # type: ignore[union-attr]


def test_a_trap_on_the_stick_is_not_stepped_into(tmp_path: Path) -> None:
    """A link where our folder would be leads nowhere."""
    (tmp_path / "ours").symlink_to("/etc")
    with pytest.raises(StickError) as refused:
        NewFolder(tmp_path, "ours").begin()
    assert refused.value.fault is StickFault.THERE_ALREADY


@pytest.mark.parametrize("name", ["weak.pem", "operator.key", "nothing.pem", None])
async def test_without_a_fit_recipient_nothing_leaves(
    bench: Bench, operator: Path, tmp_path: Path, name: str | None
) -> None:
    """Fail closed."""
    workshop = exporting_to(bench, tmp_path, operator / name) if name else bench.workshop
    for entry, choice in ((EXPORT, "audit"), (DIAGNOSTICS_ENTRY, "")):
        (said,) = [each async for each in entry.run(workshop, choice)]
        assert isinstance(said, Line) and said.level is Level.FAIL and said.remedy is not None
    assert not list(bench.workshop.folder.iterdir())


async def test_diagnostics_for_the_fleet(bench: Bench, operator: Path, tmp_path: Path) -> None:
    """F03: what whoever looks from afar asks first, sealed."""
    bench.says.append(ok("printer", "ready"))
    workshop = exporting_to(bench, tmp_path, operator / "operator.pem")
    said = [each async for each in DIAGNOSTICS_ENTRY.run(workshop, "") if isinstance(each, Line)]
    assert said[-1].says.en.startswith("diagnostics: ")
    packed = bench.workshop.folder / "diagnostics.json.cms"
    assert packed.stat().st_mode & 0o777 == 0o640
    content = json.loads(opened(packed, operator, bench, tmp_path))
    assert content["terminal"] == "kiosk-0001"
    assert content["findings"][0]["part"] == "printer"
