"""Whether the machine restarts for the agent: by the operator's own words, or a few times a day."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import run

import pytest
from hawkbit import TERMINAL
from publishing import PROFILE
from signing import OperatorDesk, command
from terminal import HandClock

from kiosk.fleet.authority import FREE, FREE_IN, FREE_MOST, Authority, Tally, write
from kiosk.fleet.command import sign
from kiosk.fleet.operator import OrderRefused
from kiosk.health.findings import Level
from kiosk.profile import Fleet

DAY_S = FREE_IN.total_seconds()


class Bench:
    """The service manager's side, over boots of the machine."""

    def __init__(self, folder: Path, fleet: OperatorDesk) -> None:
        self.file, self.kept = folder / "restart", folder / "kept"
        self.kept.mkdir()
        self.settings = Fleet(operator=fleet.public, groups=("hall-7",))
        self.clock = HandClock()

    def judge(self, boot: str = "1") -> str:
        return Authority(self.settings, TERMINAL, boot, self.clock, self.kept).judge(self.file)

    def asked(self, order: bytes = b"", boot: str = "1") -> str:
        write(self.file, order.decode())
        return self.judge(boot)


@pytest.fixture
def bench(tmp_path: Path, fleet: OperatorDesk) -> Bench:
    return Bench(tmp_path, fleet)


@pytest.mark.parametrize("argument", ["", "machine"])
def test_the_operators_order_restarts_it_once(bench: Bench, fleet: OperatorDesk, argument: str) -> None:
    """E07, F06: a machine that did not go down is asked again, one that did is not."""
    jws = sign(command("restart", argument=argument), fleet.signer)
    assert "restart-1" in bench.asked(jws, "1")
    assert "restart-1" in bench.asked(jws, "1")
    with pytest.raises(OrderRefused, match="replayed"):
        bench.asked(jws, "2")


def test_orders_are_not_counted(bench: Bench, fleet: OperatorDesk) -> None:
    for number in range(FREE_MOST + 2):
        bench.asked(sign(command("restart", id=f"c-{number}"), fleet.signer), str(number))


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("another's", "wrong-signer"),
        ("for others", "other-terminal"),
        ("another thing", "cannot"),
        ("another choice", "cannot"),
        ("over", "expired"),
        ("spoilt", "wrong-signer"),
        ("none", "not-signed"),
    ],
)
def test_what_the_operator_did_not_order_restarts_nothing(
    bench: Bench, fleet: OperatorDesk, tmp_path: Path, case: str, why: str
) -> None:
    """E05, E07: by whoever has the agent."""
    past = datetime.now(UTC) - timedelta(hours=1)
    words = {
        "another's": sign(command("restart"), OperatorDesk(tmp_path / "stranger").signer),
        "for others": sign(command("restart", to=("kiosk-0002",)), fleet.signer),
        "another thing": sign(command("in-service"), fleet.signer),
        "another choice": sign(command("restart", argument="ui"), fleet.signer),
        "over": sign(command("restart", issued_at=past, not_after=past + timedelta(minutes=1)), fleet.signer),
        "spoilt": sign(command("restart"), fleet.signer)[:-4] + b"AAA",
        "none": b"please",
    }
    with pytest.raises(OrderRefused, match=why):
        bench.asked(words[case])


def test_without_an_order_it_restarts_a_few_times_a_day(bench: Bench) -> None:
    """E07: enough for updates and profiles that are taken back; over boots, and wherever the clock is put."""
    for number in range(FREE_MOST):
        for _ in range(2):  # a machine that did not go down: the boot ends once
            assert f"{number + 1} of" in bench.asked(boot=str(number))
    with pytest.raises(OrderRefused, match="within a day"):
        bench.asked(boot="9")
    (finding,) = Tally(bench.kept, bench.clock).findings
    assert (finding.part, finding.level) == ("fleet", Level.WARN)
    bench.clock.seconds -= DAY_S / 2
    with pytest.raises(OrderRefused, match="within a day"):
        bench.asked(boot="9")
    bench.clock.seconds += 2 * DAY_S
    assert "1 of" in bench.asked(boot="9")
    bench.clock.seconds -= 400 * DAY_S  # it was years ahead: what it said then counts no longer than a day
    assert "1 of" in bench.asked(boot="10")
    assert Tally(bench.kept, bench.clock).findings == ()


def test_a_count_that_was_spoilt_is_a_full_one(bench: Bench) -> None:
    """E07"""
    (bench.kept / FREE).write_bytes(b"{")
    with pytest.raises(OrderRefused, match="within a day"):
        bench.asked()
    bench.clock.seconds += DAY_S + 1
    bench.asked()


def test_a_pin_that_cannot_be_read_orders_nothing(bench: Bench, fleet: OperatorDesk) -> None:
    jws = sign(command("restart"), fleet.signer)
    fleet.public.write_bytes(b"")
    with pytest.raises(OrderRefused, match="no-operator"):
        bench.asked(jws)


def test_whoever_judges_can_read_what_is_asked(bench: Bench) -> None:
    """Whatever is left to others of the agent's files."""
    before = os.umask(0o077)
    try:
        write(bench.file, "")
    finally:
        os.umask(before)
    assert bench.file.stat().st_mode & 0o777 == 0o644


def test_only_a_plain_file_that_asks_is_heard(bench: Bench, tmp_path: Path) -> None:
    """E05: the agent may lay there what it likes."""
    with pytest.raises(FileNotFoundError):
        bench.judge()
    for nonsense in (
        b"",
        b"{}{}",
        b"[]",
        b'{"order": 1}',
        b'{"why": "please"}',
        b'{"order": "' + b"x" * 100_000 + b'"}',
    ):
        bench.file.write_bytes(nonsense)
        with pytest.raises(OrderRefused, match="asks for nothing"):
            bench.judge()
    bench.file.unlink()
    write(tmp_path / "elsewhere", "")
    bench.file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        bench.judge()
    bench.file.unlink()
    os.mkfifo(bench.file)
    with pytest.raises(OSError):
        bench.judge()


def test_the_command_says_so_by_its_exit_code(bench: Bench, fleet: OperatorDesk, tmp_path: Path) -> None:
    """As the unit runs it."""
    profile = tmp_path / "profile.toml"
    text = PROFILE.format(run=tmp_path, port=9469) + f"operator = '{fleet.public}'\n"
    profile.write_text(text, encoding="utf-8")
    (tmp_path / "ledger").mkdir()
    words = [sys.executable, "-m", "kiosk", "may-restart", "--profile", str(profile), "--asked", str(bench.file)]

    def said(boot: str) -> tuple[int, str]:
        done = run(words, capture_output=True, text=True, check=False, env={**os.environ, "BOOT_ID": boot})
        return done.returncode, done.stderr

    write(bench.file, sign(command("restart"), fleet.signer).decode())
    code, because = said("1")
    assert code == 0 and "the operator ordered it: restart-1" in because
    code, because = said("2")
    assert code == 1 and "replayed" in because
    profile.write_text("nonsense", encoding="utf-8")
    assert said("3")[0] == 2
