"""The files of kiosk/fleet, by Debian's own Prometheus: checked by promtool, and one whole way from agent to alert."""

import asyncio
import json
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from hawkbit import TERMINAL
from publishing import LOST, LOW, PROFILE, WELL, PublishingDesk

from hardware.printers.loopback_server import claim_port
from kiosk.fleet.metrics import Terminal, registry
from kiosk.health.findings import ok
from platform_client.sandbox.pki import SandboxPki

FLEET = Path(str(resources.files("kiosk.fleet")))
RULES = FLEET / "rules.yml"
UNITS = Path(__file__).parents[2] / "systemd"
PATIENCE_S = 60.0


def promtool(*words: str | Path) -> str:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_are_yellow_or_red_and_fire_when_they_should(tmp_path: Path) -> None:
    """F03: two severities."""
    promtool("check", "rules", RULES)
    assert set(re.findall(r"severity: (\w+)", RULES.read_text())) == {"yellow", "red"}
    asked = tmp_path / "rules_test.yml"
    asked.write_text((Path(__file__).parent / "rules_test.yml").read_text().replace("RULES", str(RULES)))
    promtool("test", "rules", asked)


def test_the_terminals_own_prometheus_understands_its_configuration() -> None:
    promtool("check", "config", "--agent", "--syntax-only", FLEET / "prometheus.yml")


def test_dashboard_and_rules_ask_for_what_the_agent_shows(desk: PublishingDesk, tmp_path: Path) -> None:
    desk.says(LOST, finished=1)
    families = registry(Terminal(desk.folder, "kiosk-0001", "0.1.0")).collect()
    known = {sample.name for family in families for sample in family.samples}
    dashboard = json.loads((FLEET / "dashboard.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert known >= set(re.findall(r"kiosk_\w+", " ".join([*asked, RULES.read_text()])))
    queries = tmp_path / "queries.yml"
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(asked)]
    queries.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", queries)


@asynccontextmanager
async def process(*words: str | Path) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        *map(str, words), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
            await started.wait()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                if await holds():
                    return
            except ClientError:
                pass
            await asyncio.sleep(0.1)


def placed(text: str, values: Mapping[str, object]) -> str:
    """As provisioning would: nothing changes but what stands here, and each of these once."""
    for old, new in values.items():
        assert text.count(old) == 1, old
        text = text.replace(old, str(new))
    return text


class FleetsPrometheus:
    """Asked as an operator asks it: over TLS, by a certificate."""

    def __init__(self, port: int, session: ClientSession, shown: ssl.SSLContext) -> None:
        self._url = f"https://localhost:{port}/api/v1/"
        self._session = session
        self._shown = shown

    async def ask(self, path: str, **query: str) -> Any:
        async with self._session.get(self._url + path, params=query, ssl=self._shown) as answer:
            return (await answer.json())["data"]

    async def has(self, series: str) -> None:
        async def holds() -> bool:
            return len((await self.ask("query", query=series))["result"]) == 1

        await until(holds)

    async def fires(self, *expected: tuple[str, str, str]) -> None:
        """These and no others."""

        async def holds() -> bool:
            alerts: list[dict[str, Any]] = (await self.ask("alerts"))["alerts"]
            told = [(each["labels"], each["annotations"].get("because", "").strip()) for each in alerts]
            named = {(labels["alertname"], labels["severity"], because) for labels, because in told}
            return named == set(expected) and all(each["state"] == "firing" for each in alerts)

        await until(holds)


def as_its_unit_does(name: str, values: Mapping[str, object]) -> list[str]:
    """What our drop-in starts."""
    unit = (UNITS / f"{name}.service.d/20-terminal.conf").read_text(encoding="utf-8")
    (run,) = re.findall(r"^ExecStart=(/.*)$", unit.replace("\\\n", " "), re.M)
    return placed(run, values).split()


def exporter(port: int) -> list[str]:
    return as_its_unit_does("prometheus-node-exporter", {"127.0.0.1:9100": f"127.0.0.1:{port}"})


def terminals_prometheus(folder: Path, figures: int, machine: int, fleet: int, pki: SandboxPki) -> list[str]:
    """With the configuration that a terminal has; who is asked, who is told and where things lie is the test's."""
    ours, configuration = pki.kiosk(TERMINAL), folder / "agent.yml"
    values: dict[str, object] = {
        "scrape_interval: 15s": "scrape_interval: 1s",
        "127.0.0.1:9469": f"127.0.0.1:{figures}",
        "127.0.0.1:9100": f"127.0.0.1:{machine}",
        "https://fleet.example/": f"https://localhost:{fleet}/",
        "/etc/onecard-kiosk/fleet-ca.pem": pki.tls_ca.certificate,
        "/etc/onecard-kiosk/fleet.pem": ours.certificate,
        "/run/credentials/prometheus.service/fleet.key": ours.key,
    }
    configuration.write_text(placed((FLEET / "prometheus.yml").read_text(encoding="utf-8"), values), encoding="utf-8")
    places: dict[str, object] = {
        "/etc/onecard-kiosk/prometheus.yml": configuration,
        "/var/lib/prometheus/agent": folder / "wal",
        "127.0.0.1:9090": f"127.0.0.1:{claim_port(0)}",
    }
    return as_its_unit_does("prometheus", places)


def fleets_prometheus(folder: Path, port: int, pki: SandboxPki) -> list[str]:
    """It opens to nobody without a certificate. How long each rule waits is told to promtool's clock above."""
    tls = {
        "cert_file": str(pki.server.certificate),
        "key_file": str(pki.server.key),
        "client_auth_type": "RequireAndVerifyClientCert",
        "client_ca_file": str(pki.tls_ca.certificate),
    }
    (folder / "web.yml").write_text(json.dumps({"tls_server_config": tls}))
    (folder / "rules.yml").write_text(re.sub(r"for: \d+m", "for: 1s", RULES.read_text(encoding="utf-8")))
    (folder / "fleet.yml").write_text("global: {evaluation_interval: 1s}\nrule_files: [rules.yml]\n")
    return [
        *("prometheus", "--web.enable-remote-write-receiver", f"--config.file={folder}/fleet.yml"),
        *(f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"),
        f"--web.config.file={folder}/web.yml",
    ]


@pytest.mark.timeout(150)
async def test_from_the_desk_to_an_alert_of_the_fleet(desk: PublishingDesk, pki: SandboxPki, tmp_path: Path) -> None:
    """F01, F03: agent, node-exporter, Prometheus in agent mode as a terminal runs it, remote write over TLS by the
    terminal's certificate, a Prometheus that wants one, and our rules there, all real."""
    figures, machine, fleet = (claim_port(0) for _ in range(3))
    profile = tmp_path / "profile.toml"
    profile.write_text(PROFILE.format(run=tmp_path, port=figures), encoding="utf-8")
    nobody, somebody = (ssl.create_default_context(cafile=pki.tls_ca.certificate) for _ in range(2))
    ours = pki.kiosk(TERMINAL)
    somebody.load_cert_chain(ours.certificate, ours.key)
    async with (
        process(sys.executable, "-m", "kiosk", "agent", "--profile", profile) as agent,
        process(*exporter(machine)),
        process(*fleets_prometheus(tmp_path, fleet, pki)),
        process(*terminals_prometheus(tmp_path, figures, machine, fleet, pki)),
        ClientSession() as session,
    ):
        there = FleetsPrometheus(fleet, session, somebody)
        await there.has(f'node_memory_MemAvailable_bytes{{terminal="{TERMINAL}"}}')
        with pytest.raises(ClientError):
            await FleetsPrometheus(fleet, session, nobody).ask("query", query="up")
        desk.says(ok("card reader", "ready"), LOW)
        await there.fires(("TerminalDegraded", "yellow", "paper"))
        desk.says(LOST, LOW)
        await there.fires(("TerminalOutOfService", "red", "card reader K107"))
        desk.says(WELL)
        await there.fires()
        desk.ends()
        await there.fires(("TerminalDeskDown", "red", ""))
        agent.terminate()
        await there.fires(("TerminalSilent", "red", ""))
