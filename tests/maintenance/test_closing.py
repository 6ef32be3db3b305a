"""Out of service and back: a sign that stays, and what can be started anew."""

from dataclasses import replace
from pathlib import Path

import pytest
from workbench import Bench, levels

from kiosk.clock import SystemClock
from kiosk.health.findings import Level, fail
from kiosk.maintenance.closing import IN_SERVICE, OUT_OF_SERVICE, RESTART
from kiosk.maintenance.restarts import Supervised
from kiosk.maintenance.sign import Sign
from kiosk.reasons import Reason


async def test_the_sign_stays_over_a_restart(bench: Bench) -> None:
    """F03: staff close a terminal, and only staff open it again."""
    (said,) = await bench.lines(OUT_OF_SERVICE, "repair")
    assert "waiting for a repair" in said.says.en and "等待维修" in said.says.zh
    file = bench.profile.ledger / "out-of-service.json"
    assert Sign(file, SystemClock()).reason is Reason.CLOSED_FOR_REPAIR
    bench.says.append(fail("printer", "no paper", "put some in", Reason.PAPER_EMPTY))
    back, still = await bench.lines(IN_SERVICE)
    assert back.level is Level.OK and "out of paper" in still.says.en
    assert Sign(file, SystemClock()).reason is None


async def test_a_sign_that_cannot_be_read_is_a_sign(tmp_path: Path) -> None:
    """Fail closed."""
    file = tmp_path / "sign.json"
    for damaged in (b"", b"{}", b'{"reason":"K101","since":"2026-11-25T00:00:00Z"}'):
        file.write_bytes(damaged)
        assert Sign(file, SystemClock()).reason is Reason.CLOSED_BY_OPERATOR


async def test_a_sign_that_cannot_be_kept_hangs_all_the_same(bench: Bench, tmp_path: Path) -> None:
    gone = Sign(tmp_path / "nowhere" / "sign.json", SystemClock())
    workshop = replace(bench.workshop, sign=gone)
    said = [line async for line in OUT_OF_SERVICE.run(workshop, "operator")]
    assert gone.reason is Reason.CLOSED_BY_OPERATOR
    assert levels(said) == {Level.FAIL, Level.OK}  # type: ignore[arg-type]


async def test_what_is_restarted(bench: Bench, tmp_path: Path) -> None:
    """F03: a worker by the end of its connection, the machine by a wish that the service manager sees."""
    (said,) = await bench.lines(RESTART, "ui")
    assert said.level is Level.FAIL and said.remedy is not None
    ended: list[str] = []
    supervised = Supervised({"ui": lambda: ended.append("ui")}, tmp_path)
    workshop = replace(bench.workshop, restarts=supervised)
    for choice in ("ui", "print-server", "machine"):
        assert [line.level async for line in RESTART.run(workshop, choice)] == [Level.OK]  # type: ignore[union-attr]
    assert ended == ["ui"]
    assert (tmp_path / "restart").exists() and (tmp_path / "restart-cups").exists()


@pytest.mark.parametrize("choice", ["", "sleep"])
async def test_nothing_is_restarted_by_guess(bench: Bench, choice: str) -> None:
    with pytest.raises(ValueError, match="restart"):
        await bench.lines(RESTART, choice)
