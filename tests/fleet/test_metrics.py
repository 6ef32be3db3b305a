"""What the agent shows of a desk in each of its states, and of one that is dead."""

from pathlib import Path

import pytest
from prometheus_client import generate_latest
from publishing import LOST, LOW, SINCE, WELL, PublishingDesk

from kiosk.fleet.metrics import Terminal, registry


def shown(folder: Path) -> dict[str, float]:
    lines = generate_latest(registry(Terminal(folder, "kiosk-0001", "0.1.0"))).decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_each_state_is_one_of_three(desk: PublishingDesk) -> None:
    """F03"""
    for findings, state in [((WELL,), "ready"), ((WELL, LOW), "degraded"), ((LOW, LOST), "out-of-service")]:
        desk.says(*findings)
        told = shown(desk.folder)
        assert {name: told[f'kiosk_state{{state="{name}"}}'] for name in ("ready", "degraded", "out-of-service")} == {
            name: float(name == state) for name in ("ready", "degraded", "out-of-service")
        }
        assert told["kiosk_state_since_seconds"] == SINCE.timestamp()


def test_only_what_is_amiss_is_listed_with_the_code_that_citizens_read(desk: PublishingDesk) -> None:
    """F01, F03"""
    desk.says(WELL, LOW, LOST, serving=True, finished=4, IDLE=1)
    told = shown(desk.folder)
    assert [name for name in told if name.startswith("kiosk_finding")] == [
        'kiosk_finding{code="K107",level="FAIL",part="card reader"}',
        'kiosk_finding{code="",level="WARN",part="paper"}',
    ]
    assert told['kiosk_sessions_total{outcome="finished"}'] == 4.0
    assert told['kiosk_sessions_total{outcome="IDLE"}'] == 1.0
    assert told["kiosk_serving"] == 1.0
    assert told['kiosk_info{software="0.1.0",terminal="kiosk-0001"}'] == 1.0


def test_of_a_desk_that_is_dead_nothing_is_claimed(desk: PublishingDesk) -> None:
    desk.says(WELL, finished=4)
    desk.ends()
    told = shown(desk.folder)
    assert told["kiosk_desk_up"] == 0.0
    assert not any(name.startswith(("kiosk_state", "kiosk_sessions", "kiosk_serving")) for name in told)


def test_a_folder_that_may_not_be_read_fails_the_scrape(desk: PublishingDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not knowing is neither up nor down: the scrape fails, and TerminalSilent tells."""

    def refused(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refused)
    with pytest.raises(PermissionError):
        shown(desk.folder)
