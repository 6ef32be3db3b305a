"""The files of kiosk/fleet, by Debian's own Prometheus: checked by promtool, and one whole way from agent to alert."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from publishing import LOST, LOW, PROFILE, WELL, PublishingDesk

from hardware.printers.loopback_server import claim_port
from kiosk.fleet.metrics import Terminal, registry
from kiosk.health.findings import ok

FLEET = Path(str(resources.files("kiosk.fleet")))
RULES = FLEET / "rules.yml"
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
async def process(*words: str | Path) -> AsyncIterator[None]:
    started = await asyncio.create_subprocess_exec(
        *map(str, words), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
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


@pytest.mark.timeout(150)
async def test_from_the_desk_to_an_alert_of_the_fleet(desk: PublishingDesk, tmp_path: Path) -> None:
    """F01, F03: agent, node-exporter as our drop-in runs it, Prometheus in agent mode, remote write, a Prometheus with
    our rules, all real."""
    figures, local, fleet, machine = (claim_port(0) for _ in range(4))
    profile = tmp_path / "profile.toml"
    profile.write_text(PROFILE.format(run=tmp_path, port=figures), encoding="utf-8")
    scrape = FLEET / "prometheus.yml"
    ours = scrape.read_text().replace("9469", str(figures)).replace("9100", str(machine))
    ours = ours.replace("scrape_interval: 15s", "scrape_interval: 1s")
    ours = ours[: ours.index("remote_write:")] + f"remote_write:\n  - url: http://127.0.0.1:{fleet}/api/v1/write\n"
    (tmp_path / "agent.yml").write_text(ours)
    (tmp_path / "fleet.yml").write_text(f"global: {{evaluation_interval: 1s}}\nrule_files: [{RULES}]\n")
    python = (sys.executable, "-m", "kiosk", "agent", "--profile", profile)
    agent_mode = ("prometheus", "--enable-feature=agent", f"--config.file={tmp_path}/agent.yml")
    agent_mode += (f"--storage.agent.path={tmp_path}/wal", f"--web.listen-address=127.0.0.1:{local}")
    server = ("prometheus", "--web.enable-remote-write-receiver", f"--config.file={tmp_path}/fleet.yml")
    server += (f"--storage.tsdb.path={tmp_path}/tsdb", f"--web.listen-address=127.0.0.1:{fleet}")
    unit = (Path(__file__).parents[2] / "systemd/prometheus-node-exporter.service.d/20-terminal.conf").read_text()
    run = re.findall(r"^ExecStart=(/.*)$", unit.replace("\\\n", " "), re.M)[0]
    exporter = run.replace("9100", str(machine)).split()
    async with (
        process(*python),
        process(*exporter),
        process(*server),
        process(*agent_mode),
        ClientSession() as session,
    ):

        async def has_the_machines_memory() -> bool:
            query = {"query": 'node_memory_MemAvailable_bytes{terminal="kiosk-0001"}'}
            async with session.get(f"http://127.0.0.1:{fleet}/api/v1/query", params=query) as answer:
                return len((await answer.json())["data"]["result"]) == 1

        async def pending() -> set[tuple[str, str, str]]:
            async with session.get(f"http://127.0.0.1:{fleet}/api/v1/alerts") as answer:
                alerts: list[dict[str, Any]] = (await answer.json())["data"]["alerts"]
            names = [(each["labels"], each["annotations"].get("because", "").strip()) for each in alerts]
            return {(labels["alertname"], labels["severity"], because) for labels, because in names}

        async def now(*expected: tuple[str, str, str]) -> None:
            async def holds() -> bool:
                return await pending() == set(expected)

            await until(holds)

        await until(has_the_machines_memory)
        desk.says(ok("card reader", "ready"), LOW)
        await now(("TerminalDegraded", "yellow", "paper"))
        desk.says(LOST, LOW)
        await now(("TerminalOutOfService", "red", "card reader K107"))
        desk.says(WELL)
        await now()
        desk.ends()
        await now(("TerminalDeskDown", "red", ""))
