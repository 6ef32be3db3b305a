"""What an image is ordered with: flavours, keys, an operator's folder; and the lists it is made from."""

import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from image import build, disk, operator, uki, verity
from image.flavour import IMAGE, Flavour, words
from tests.image.built import CHECKOUT

MODULE = "/usr/lib/softhsm/libsofthsm2.so"


def run(*arguments: str, **environment: str) -> str:
    there = {**os.environ, **environment}
    return subprocess.run(arguments, check=True, capture_output=True, text=True, env=there).stdout


@pytest.fixture
def key(tmp_path: Path) -> uki.KeyFile:
    """An operator's, made for this test."""
    made = uki.KeyFile(tmp_path / "db.key", tmp_path / "db.crt")
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=operator", "-days", "2"]
    run(*words, "-keyout", str(made.key), "-out", str(made.certificate))
    return made


def test_a_key_in_a_file_signs(key: uki.KeyFile, tmp_path: Path) -> None:
    key.sign(uki.LOADER, tmp_path / "loader.efi")
    run("sbverify", "--cert", str(key.certificate), str(tmp_path / "loader.efi"))
    with pytest.raises(subprocess.CalledProcessError):
        run("sbverify", "--cert", str(uki.snakeoil(tmp_path).certificate), str(tmp_path / "loader.efi"))


def test_a_key_that_does_not_leave_its_token_signs(
    key: uki.KeyFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PKCS#11, as a hardware token speaks it: the key is imported, its file thrown away."""
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm.conf"))
    monkeypatch.setenv("PKCS11_MODULE_PATH", MODULE)
    run("softhsm2-util", "--init-token", "--free", "--label", "image", "--so-pin", "12345678", "--pin", "1234")
    plain = tmp_path / "pkcs8.pem"
    run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", str(key.key), "-out", str(plain))
    run("softhsm2-util", "--import", str(plain), "--token", "image", "--label", "db", "--id", "01", "--pin", "1234")
    for file in (plain, key.key):
        file.unlink()
    token = uki.Token("pkcs11:token=image;object=db;type=private?pin-value=1234", key.certificate)
    token.sign(uki.LOADER, tmp_path / "loader.efi")
    run("sbverify", "--cert", str(key.certificate), str(tmp_path / "loader.efi"))
    with pytest.raises(ValueError, match="sbsign"):
        uki.Token("pkcs11:token=other;object=db?pin-value=1234", key.certificate).sign(uki.LOADER, tmp_path / "x.efi")


@pytest.fixture
def folder(key: uki.KeyFile, tmp_path: Path) -> Path:
    """An operator's, with all that it must have."""
    folder = tmp_path / "operator"
    folder.mkdir()
    (folder / "egress.nft").write_text("define platform = { 192.0.2.10 }\ndefine fleet = { 192.0.2.20 }\n")
    shutil.copy(key.certificate, folder / "updates.pem")
    shutil.copy(key.certificate, folder / "recovery.pem")
    private = folder.with_name("operator.key")
    run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(private))
    run("openssl", "ec", "-in", str(private), "-pubout", "-out", str(folder / "operator.pem"))
    (folder / "enrolment.toml").write_text(f'operator = "{operator.AT}/operator.pem"\n')
    return folder


def test_an_operators_folder_is_whole() -> None:
    """And the tests' own is not one: it enrols nobody."""
    with pytest.raises(ValueError, match=r"enrolment\.toml is missing.*updates\.pem is missing"):
        operator.check(IMAGE / "dev-operator")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda at: (at / "egress.nft").unlink(), "egress.nft is missing: the terminal would have no network"),
        (
            lambda at: (at / "egress.nft").write_text("define platform = { 192.0.2.1 }\n"),
            "egress.nft: no `define fleet",
        ),
        (lambda at: (at / "enrolment.toml").unlink(), "enrolment.toml is missing: it could not be enrolled"),
        (lambda at: (at / "enrolment.toml").write_text("operater = 1\n"), "enrolment.toml: .*operater"),
        (
            lambda at: (at / "enrolment.toml").write_text('operator = "/else/it.pem"\n'),
            "/else/it.pem is not under",
        ),
        (lambda at: (at / "operator.pem").unlink(), "operator.pem: No such file"),
        (lambda at: (at / "operator.pem").write_text("x"), "operator.pem: not PEM public keys"),
        (lambda at: (at / "updates.pem").unlink(), "updates.pem is missing: nobody could update it"),
        (lambda at: (at / "recovery.pem").write_text("x"), "recovery.pem: no PEM certificate"),
    ],
)
def test_what_an_operators_folder_lacks_is_named_before_anything_is_built(
    folder: Path, spoil: Callable[[Path], object], said: str
) -> None:
    """The build would not miss it, and a terminal in its hall would."""
    operator.check(folder)
    spoil(folder)
    with pytest.raises(ValueError, match=said):
        operator.check(folder)


def test_nothing_is_built_for_a_hall_from_what_is_not_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version in the image is the commit's."""
    monkeypatch.setattr(build, "CHECKOUT", tmp_path)
    for what in (("init", "-q"), ("commit", "-q", "--allow-empty", "-m", "first")):
        run("git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@t.invalid", *what)
    build.refuse_unless_committed()
    (tmp_path / "one-more").touch()
    with pytest.raises(ValueError, match="not all of this source is committed: one-more"):
        build.refuse_unless_committed()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a root")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--flavour", "production"], "give --keys"),
        (["--flavour", "production", "--keys", "nowhere"], "give --operator"),
        (["--flavour", "qa", "--keys", "nowhere", "--operator", "image/dev-operator"], "enrolment.toml is missing"),
        (["--flavour", "production", "--keys", "pkcs11:object=db"], "needs --certificate"),
        (["--flavour", "dev", "--keys", "nowhere"], "leave --keys out"),
        (["--flavour", "prod"], "there are dev, production, qa"),
    ],
)
def test_an_order_that_lacks_something_says_what(arguments: list[str], said: str) -> None:
    done = subprocess.run([CHECKOUT / "script/image", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and said in done.stderr


def test_production_adds_nothing() -> None:
    """No packages, no files, no console, no credentials from the host: dev is the only one that has any of these."""
    for name in ("production", "qa"):
        flavour = Flavour.read(name)
        assert (flavour.keys, flavour.packages, flavour.root, flavour.operator) == ("operator", [], "", "")
        assert "systemd.import_credentials=no" in flavour.command_line
    assert not [word for word in Flavour.read("production").command_line if word.startswith("console=")]


def test_slots_differ_in_one_word_and_the_first_program_has_all_it_asks_for(tmp_path: Path) -> None:
    """The rest of how the root is checked is not for a command line to say: it is in the program."""
    (tmp_path / "root.erofs").write_bytes(bytes(3 * 4096))
    root = verity.Root(tmp_path / "root.erofs", tmp_path / "root.verity", "ab" * 32)
    lines = {slot: uki.command_line(root.command_line, slot, ["quiet"]).split() for slot in uki.SLOTS}
    assert set(lines["a"]) ^ set(lines["b"]) == {"rauc.slot=a", "rauc.slot=b"}
    assert {"lockdown=confidentiality", "panic=10", "onecard.root_blocks=3", "quiet"} <= set(lines["a"])
    program = (IMAGE / "initrd/init").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\(said ([^)]+)\)", program))
    assert len(asked) == 4 and asked <= {word.partition("=")[0] for word in lines["a"]}
    assert "panic_on_corruption" in program


def test_systemd_knows_each_of_its_words_on_the_command_line() -> None:
    """A word that nobody knows protects from nothing. The kernel's own words are looked up by nobody here."""
    flavours = [Flavour.read(path.stem) for path in (IMAGE / "flavours").glob("*.toml")]
    said = {*words(IMAGE / "kernel/command-line"), *(word for flavour in flavours for word in flavour.command_line)}
    names = {word.partition("=")[0] for word in said if word.startswith("systemd.")}
    folders = ("/usr/lib/systemd", "/usr/lib/x86_64-linux-gnu/systemd")
    programs = [path.read_bytes() for folder in folders for path in Path(folder).rglob("*") if path.is_file()]
    assert names and names == {name for name in names if any(name.encode() + b"\0" in one for one in programs)}


def test_both_slots_hold_the_same_and_nothing_overlaps() -> None:
    parts = {part.label: part for part in disk.layout()}
    for kind in ("root-{}", "root-{}-verity"):
        assert parts[kind.format("a")].size_mib == parts[kind.format("b")].size_mib
    ordered = sorted(parts.values(), key=lambda part: part.start_mib)
    assert all(one.start_mib + one.size_mib <= other.start_mib for one, other in itertools.pairwise(ordered))


def test_what_is_masked_is_not_enabled_elsewhere() -> None:
    presets = [*(IMAGE / "root").rglob("*.preset"), *(CHECKOUT / "systemd").rglob("*.preset")]
    enabled = {line.split()[1] for path in presets for line in path.read_text().splitlines() if line[:7] == "enable "}
    assert not enabled & set(words(IMAGE / "units.masked"))
