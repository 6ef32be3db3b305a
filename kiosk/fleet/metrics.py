"""The state of this terminal as Prometheus reads it (OpenMetrics): at each scrape, what the desk published last.

Names of parts, codes and outcomes are the only labels: a small, fixed set, and nothing of a citizen.
"""

from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from kiosk.health.findings import Level, State
from kiosk.health.published import Report, read


class Terminal(Collector):
    """`folder`: in which the desk publishes. A folder that may not be read fails the scrape, and that is an alert."""

    def __init__(self, folder: Path, terminal: str, software: str) -> None:
        self._folder = folder
        self._info = {"terminal": terminal, "software": software}

    def describe(self) -> Iterable[Metric]:
        return ()  # else the registry would collect at once to learn the names

    def collect(self) -> Iterable[Metric]:
        report = read(self._folder)
        yield InfoMetricFamily("kiosk", "Which terminal this is, with which software.", self._info)
        yield GaugeMetricFamily("kiosk_desk_up", "Whether the desk process lives.", float(report is not None))
        if report is not None:
            yield from _state(report)


def registry(terminal: Terminal) -> CollectorRegistry:
    """Of this terminal alone: nothing of the agent's own process."""
    only = CollectorRegistry()
    only.register(terminal)
    return only


def _state(report: Report) -> Iterable[Metric]:
    states = GaugeMetricFamily("kiosk_state", "1 for the state that the terminal is in, else 0.", labels=["state"])
    for state in State:
        states.add_metric([state.value], float(report.state is state))
    yield states
    since = report.since.timestamp()
    yield GaugeMetricFamily("kiosk_state_since_seconds", "When this state began, in Unix time.", since)
    yield GaugeMetricFamily("kiosk_serving", "Whether a citizen is being served.", float(report.serving))
    findings = GaugeMetricFamily(
        "kiosk_finding", "What is not as it should be: WARN or FAIL.", labels=["part", "level", "code"]
    )
    amiss = {(each.part, each.level.value, each.code) for each in report.findings if each.level is not Level.OK}
    for labels in sorted(amiss):
        findings.add_metric(labels, 1.0)
    yield findings
    sessions = CounterMetricFamily(
        "kiosk_sessions", "Sessions since the desk started, by how they ended.", labels=["outcome"]
    )
    for outcome, number in sorted(report.sessions.items()):
        sessions.add_metric([outcome], float(number))
    yield sessions
