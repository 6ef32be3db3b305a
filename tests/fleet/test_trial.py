"""What decides whether a start on trial counts as good, when nobody but the machine itself is there to ask."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from publishing import LOST, WELL, report
from terminal import HandClock

from kiosk import meeting
from kiosk.__main__ import main
from kiosk.fleet.gate import STEADY_S, WITHIN_S
from kiosk.fleet.kept import Kept
from kiosk.fleet.machine import this_boot
from kiosk.fleet.trial import AGENT_FIRST_S, LOOK_EVERY_S, is_well
from kiosk.fleet.updates import RECORD, Begun
from kiosk.health.findings import fail, ok, state_of
from kiosk.health.published import Publication, Report


async def test_it_is_good_when_it_was_well_for_a_minute() -> None:
    clock = HandClock()
    well_from = 90.0
    assert await is_well(lambda: report(WELL) if clock.seconds >= well_from else None, clock, None)
    assert well_from + STEADY_S <= clock.seconds <= well_from + STEADY_S + 2 * LOOK_EVERY_S


@pytest.mark.parametrize("health", [None, report(LOST)], ids=["no desk", "out of service"])
async def test_it_is_not_when_it_never_was(health: Report | None, tmp_path: Path) -> None:
    """After the agent had its time; and the agent hears in the other slot why it is there."""
    clock, record = HandClock(), Kept(tmp_path / RECORD, Begun)
    record.keep(Begun("7", "2.0", False, "a", (), "restarting"))
    assert not await is_well(lambda: health, clock, tmp_path)
    assert WITHIN_S + AGENT_FIRST_S <= clock.seconds <= WITHIN_S + AGENT_FIRST_S + 2 * LOOK_EVERY_S
    kept = record.read()
    assert kept is not None
    assert kept.stage == "returning"


async def test_what_was_amiss_before_is_no_reason_to_go_back(tmp_path: Path) -> None:
    part = next(finding.part for finding in report(LOST).findings if finding.code)
    Kept(tmp_path / RECORD, Begun).keep(Begun("7", "2.0", False, "a", (part,), "restarting"))
    assert await is_well(lambda: report(LOST), HandClock(), tmp_path)


async def test_one_that_is_well_for_moments_only_is_not() -> None:
    clock = HandClock()
    assert not await is_well(lambda: report(WELL) if clock.seconds % 40 < 30 else None, clock, None)


@pytest.mark.parametrize(("shown", "code"), [(True, 0), (False, 1)])
def test_a_machine_that_is_nobody_is_well_when_it_shows_so(
    shown: bool, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fresh image is blessed by its page, and one whose ui dies is not."""
    monkeypatch.setattr("kiosk.clock.SystemClock", HandClock)
    settings = tmp_path / "enrolment.toml"
    settings.write_text(f'operator = "/operator.pem"\nrun = "{tmp_path}"\n')
    folder = meeting.enrolment_health_in(tmp_path)
    folder.mkdir()
    enrolment = Publication(folder)
    ui = ok("ui", "shows the page") if shown else fail("ui", "is not there", "")
    enrolment.write(Report(state_of([ui]), datetime.now(UTC), False, (ui,), {}))
    try:
        assert main(["healthy", "--profile", str(tmp_path / "none.toml"), "--settings", str(settings)]) == code
    finally:
        enrolment.close()


def test_a_profile_that_this_version_cannot_read_is_no_good_start(tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text("[nonsense]\n")
    assert main(["healthy", "--profile", str(profile)]) == 2


def test_a_boot_has_the_name_that_the_service_manager_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel's own is out of sight; and by hand the kernel's, which stays for a boot."""
    monkeypatch.setenv("BOOT_ID", "one")
    assert this_boot() == "one"
    monkeypatch.delenv("BOOT_ID")
    assert len(this_boot()) == 36 and this_boot() == this_boot()
