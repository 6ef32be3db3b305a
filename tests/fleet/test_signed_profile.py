"""Profiles under the operator's signature: what a terminal takes, what it refuses by name, and what is in force."""

import json
import os
import subprocess
import sys
from base64 import b64decode, encodebytes, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from publishing import PROFILE
from signing import OperatorDesk

from kiosk.__main__ import main
from kiosk.fleet import operator
from kiosk.fleet.operator import Operator, OperatorKeyError, OrderRefused, Refusal
from kiosk.fleet.signed_profile import TYPE, SignedProfile, in_force, put, put_back, settle, sign, verify
from kiosk.profile import ProfileError

NOW = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


@pytest.fixture
def fleet(tmp_path: Path) -> OperatorDesk:
    return OperatorDesk(tmp_path / "operator")


def profile(run: Path, more: str = "") -> str:
    return PROFILE.format(run=run, port=9469) + more


def installed(tmp_path: Path, fleet: OperatorDesk) -> Path:
    """The file of a terminal that pins this operator."""
    (tmp_path / "profiles").mkdir()
    path = tmp_path / "profile.toml"
    lines = (f"operator = {json.dumps(str(fleet.public))}", f"profiles = {json.dumps(str(tmp_path / 'profiles'))}")
    path.write_text(profile(tmp_path, "\n".join(lines)), encoding="utf-8")
    return path


def other_idle(tmp_path: Path, idle_s: float) -> str:
    return profile(tmp_path, f"[timing]\nidle_s = {idle_s}\n")


def test_what_the_operator_signed_is_what_the_terminal_reads(tmp_path: Path, fleet: OperatorDesk) -> None:
    jws = sign(other_idle(tmp_path, 31.0), 7, NOW, fleet.signer)
    signed, inside = verify(jws, fleet.pinned, "kiosk-0001")
    assert (signed.version, signed.terminal, inside.timing.idle_s) == (7, "kiosk-0001", 31.0)


def test_a_profile_that_no_terminal_would_take_is_not_signed(tmp_path: Path, fleet: OperatorDesk) -> None:
    with pytest.raises(ProfileError, match="idle_t"):
        sign(profile(tmp_path, "[timing]\nidle_t = 3.0\n"), 1, NOW, fleet.signer)


def test_two_keys_count_while_one_takes_the_others_place(tmp_path: Path, fleet: OperatorDesk) -> None:
    following = OperatorDesk(tmp_path / "following")
    both = Operator(fleet.public.read_bytes() + b"\n" + following.public.read_bytes())
    for each in (fleet, following):
        assert verify(sign(profile(tmp_path), 1, NOW, each.signer), both)[0].version == 1


def reheaded(jws: bytes, **header: str) -> bytes:
    told = {"alg": "ES256", "typ": TYPE, **header}
    return b".".join([urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"="), *jws.split(b".")[1:]])


def flipped(jws: bytes, part: int) -> bytes:
    parts = jws.strip().split(b".")
    data = bytearray(urlsafe_b64decode(parts[part] + b"=="))
    data[len(data) // 2] ^= 1
    parts[part] = urlsafe_b64encode(bytes(data)).rstrip(b"=")
    return b".".join(parts)


@pytest.mark.parametrize(
    "spoil, refusal",
    [
        (lambda jws: flipped(jws, 1), Refusal.WRONG_SIGNER),
        (lambda jws: flipped(jws, 2), Refusal.WRONG_SIGNER),
        (lambda jws: reheaded(jws, alg="none"), Refusal.NOT_SIGNED),
        (lambda jws: reheaded(jws, typ="onecard-kiosk-command+jws"), Refusal.NOT_SIGNED),
        (lambda jws: reheaded(jws, jwk="mine"), Refusal.NOT_SIGNED),
        (lambda jws: jws.rpartition(b".")[0] + b".", Refusal.WRONG_SIGNER),
        (lambda jws: jws + b".x", Refusal.NOT_SIGNED),
        (lambda jws: b"", Refusal.NOT_SIGNED),
        (lambda jws: b"\xff.\xff.\xff", Refusal.NOT_SIGNED),
        (lambda jws: jws * 2000, Refusal.NOT_SIGNED),
    ],
    ids=[
        "payload",
        "signature",
        "alg none",
        "other type",
        "own key",
        "unsigned",
        "four parts",
        "empty",
        "bytes",
        "long",
    ],
)
def test_what_the_operator_did_not_sign_is_refused_by_name(
    tmp_path: Path, fleet: OperatorDesk, spoil: Callable[[bytes], bytes], refusal: Refusal
) -> None:
    with pytest.raises(OrderRefused) as refused:
        verify(spoil(sign(profile(tmp_path), 1, NOW, fleet.signer)), fleet.pinned)
    assert refused.value.refusal is refusal


def test_a_stranger_another_terminal_and_a_profile_of_somebody_elses(tmp_path: Path, fleet: OperatorDesk) -> None:
    jws = sign(profile(tmp_path), 1, NOW, fleet.signer)
    smuggled = operator.sign(SignedProfile("kiosk-0002", 1, NOW, profile(tmp_path)), TYPE, fleet.signer)
    nothing = operator.sign(SignedProfile("kiosk-0001", 1, NOW, "run = 3"), TYPE, fleet.signer)
    cases = [
        (sign(profile(tmp_path), 1, NOW, OperatorDesk(tmp_path / "stranger").signer), Refusal.WRONG_SIGNER, None),
        (jws, Refusal.OTHER_TERMINAL, "kiosk-0002"),
        (smuggled, Refusal.NO_PROFILE, "kiosk-0002"),
        (nothing, Refusal.NO_PROFILE, "kiosk-0001"),
    ]
    for words, refusal, terminal in cases:
        with pytest.raises(OrderRefused) as refused:
            verify(words, fleet.pinned, terminal)
        assert refused.value.refusal is refusal


def test_only_p256_keys_are_pinned(fleet: OperatorDesk) -> None:
    first, *lines, last = fleet.public.read_bytes().splitlines()
    ec_public_key = bytes.fromhex("06072a8648ce3d0201")  # RFC 5480, 2.1.1; and one that nobody knows
    unknown = b64decode(b"".join(lines)).replace(ec_public_key, ec_public_key[:-1] + b"\x09")
    for pem in (b"", b"no key", *(b"\n".join([first, encodebytes(der), last]) for der in (b"\0\0\0", unknown))):
        with pytest.raises(OperatorKeyError):
            Operator(pem)


def test_the_delivered_profile_is_in_force_and_the_one_before_comes_back(tmp_path: Path, fleet: OperatorDesk) -> None:
    path, folder = installed(tmp_path, fleet), tmp_path / "profiles"
    assert in_force(path).timing.idle_s == 45.0
    put(sign(other_idle(tmp_path, 31.0), 1, NOW, fleet.signer), folder)
    assert in_force(path).timing.idle_s == 31.0
    put_back(folder)
    assert in_force(path).timing.idle_s == 45.0
    for version, idle_s in ((2, 32.0), (3, 33.0)):
        put(sign(other_idle(tmp_path, idle_s), version, NOW, fleet.signer), folder)
        assert in_force(path).timing.idle_s == idle_s
    put_back(folder)
    put_back(folder)  # twice, by an agent that died in between, is once
    assert in_force(path).timing.idle_s == 32.0
    settle(folder)
    put_back(folder)
    assert in_force(path).timing.idle_s == 32.0


def test_one_that_follows_a_way_back_that_was_gone_twice_can_be_taken_back_itself(
    tmp_path: Path, fleet: OperatorDesk
) -> None:
    """E07: a restart that does not come is asked for again, and the profile put back before each."""
    path, folder = installed(tmp_path, fleet), tmp_path / "profiles"
    versions = [sign(other_idle(tmp_path, 30.0 + version), version, NOW, fleet.signer) for version in (1, 2, 3)]
    put(versions[0], folder)
    settle(folder)
    put(versions[1], folder)
    put_back(folder)
    put_back(folder)
    settle(folder)
    put(versions[2], folder)
    assert in_force(path).timing.idle_s == 33.0
    put_back(folder)
    assert in_force(path).timing.idle_s == 31.0


def test_who_may_deliver_is_not_for_a_delivered_profile_to_say(tmp_path: Path, fleet: OperatorDesk) -> None:
    path = installed(tmp_path, fleet)
    stranger = OperatorDesk(tmp_path / "stranger")
    theirs = profile(tmp_path, f"operator = {json.dumps(str(stranger.public))}\ngroups = ['all']\n")
    put(sign(theirs, 1, NOW, fleet.signer), tmp_path / "profiles")
    fleet_of = in_force(path).fleet
    assert (fleet_of.operator, fleet_of.groups, fleet_of.profiles) == (fleet.public, (), tmp_path / "profiles")


@pytest.mark.parametrize("lies", [b"", b"a.b.c", None])
def test_what_lies_there_and_does_not_hold_is_passed_over(
    tmp_path: Path, fleet: OperatorDesk, lies: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A terminal starts. None: signed by a stranger."""
    path = installed(tmp_path, fleet)
    stranger = OperatorDesk(tmp_path / "stranger")
    words = sign(other_idle(tmp_path, 31.0), 9, NOW, stranger.signer) if lies is None else lies
    (tmp_path / "profiles/current.jws").write_bytes(words)
    assert in_force(path).timing.idle_s == 45.0
    assert "passed over" in caplog.text


STARTS = """
import resource, sys
from pathlib import Path
from kiosk.fleet.signed_profile import in_force
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
print(in_force(Path(sys.argv[1])).timing.idle_s)
"""
"""In a process of its own, with as much memory as a machine might have."""


@pytest.mark.parametrize("lies", ["pipe", "device", "folder", "endless"])
def test_what_lies_there_keeps_no_terminal_from_its_start(tmp_path: Path, fleet: OperatorDesk, lies: str) -> None:
    """E05, F06: an agent that was taken over can lay there what it likes."""
    path, current = installed(tmp_path, fleet), tmp_path / "profiles/current.jws"
    match lies:
        case "pipe":
            os.mkfifo(current)
        case "device":
            current.symlink_to("/dev/zero")
        case "folder":
            current.mkdir()
        case _:
            with current.open("wb") as file:
                file.truncate(1 << 40)
    words = [sys.executable, "-c", STARTS, str(path)]
    assert subprocess.run(words, capture_output=True, timeout=20, check=True, text=True).stdout == "45.0\n"


def test_without_a_pinned_key_nothing_that_lies_there_counts(tmp_path: Path, fleet: OperatorDesk) -> None:
    path, folder = installed(tmp_path, fleet), tmp_path / "profiles"
    put(sign(other_idle(tmp_path, 31.0), 1, NOW, fleet.signer), folder)
    path.write_text(profile(tmp_path, f"profiles = {json.dumps(str(folder))}"), encoding="utf-8")
    assert in_force(path).timing.idle_s == 45.0


def test_the_operators_commands(tmp_path: Path, fleet: OperatorDesk, capsys: pytest.CaptureFixture[str]) -> None:
    toml, signed = tmp_path / "new.toml", tmp_path / "new.jws"
    toml.write_text(other_idle(tmp_path, 31.0), encoding="utf-8")
    assert main(["profile", "check", str(toml)]) == 0
    capsys.readouterr()
    assert main(["profile", "sign", str(toml), "--key", str(fleet.key), "--version", "3"]) == 0
    signed.write_text(capsys.readouterr().out)
    asked = ["profile", "verify", str(signed), "--operator", str(fleet.public), "--json"]
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["holds"], told["terminal"], told["version"]) == (True, "kiosk-0001", 3)
    assert main([*asked, "--terminal", "kiosk-0002"]) == 1
    assert json.loads(capsys.readouterr().out)["why"] == "other-terminal"
    assert main(["profile", "verify", str(signed), "--operator", str(toml)]) == 2
    toml.write_text("run = 1", encoding="utf-8")
    assert main(["profile", "check", str(toml)]) == 1
    assert main(["profile", "sign", str(toml), "--key", str(fleet.key), "--version", "4"]) == 1


def test_a_version_is_a_number_from_one_on(tmp_path: Path, fleet: OperatorDesk) -> None:
    class Loose(msgspec.Struct):
        terminal: str
        version: int
        issued_at: datetime
        profile: str

    jws = operator.sign(Loose("kiosk-0001", 0, NOW, profile(tmp_path)), TYPE, fleet.signer)
    with pytest.raises(OrderRefused, match="not-signed"):
        verify(jws, fleet.pinned)
