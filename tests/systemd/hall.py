"""What stands around a terminal, inside the booted machine of `nspawn.py`: screen, reader, printer, platform, people.

Run as root by its own unit, before kiosk.target: `hall.py CHECKOUT RESULTS`. It prepares (what an operator puts into an
image, an order for this terminal, drop-ins of the emulated devices), says READY, then is the operator who enrols the
machine, the citizen and the vandal, and leaves what it saw in RESULTS.
"""

import asyncio
import contextlib
import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from systemd import daemon, journal

from hardware.printers.loopback_server import claim_port
from kiosk.audit.anchor import FILE
from kiosk.audit.chain import verify
from kiosk.audit.checkpoint import PublicKey
from kiosk.audit.witness import EVENT
from kiosk.demo import machine as demo
from kiosk.demo.display import virtual_display
from kiosk.demo.eyes import Eyes, View
from kiosk.demo.machine import Machine, Settings
from kiosk.demo.puppeteer import Puppet, follow_prompts
from kiosk.enrolment import order as orders
from kiosk.fleet.authority import write
from platform_client.device_key import FileKey
from platform_client.sandbox.anchoring import anchor_key
from platform_client.sandbox.control import ApprovePairing, flip, pairings

KIND = "social-insurance"
OPERATOR = Path("/usr/share/onecard-kiosk/operator")
ETC = Path("/etc/onecard-kiosk")
FLEET = Path(str(resources.files("kiosk.fleet")))
SECRETS = ETC / "credentials"
SITE = Path("/var/lib/onecard-site/current")
STATE = Path("/var/lib/onecard-kiosk")
UNITS = Path("/run/systemd/system")
ASSETS = Path("/usr/share/onecard-kiosk")
PROBE = Path("/run/kiosk-ui/probe.sock")
PUPPET = Path("/run/kiosk-vision/puppet.sock")
HALL = Path("/run/hall")
PORT = 8631
METRICS_PORT = 9469
FLEET_JOURNAL = HALL / "fleet.journal"
FLEET_JOURNAL_PORT = 19532
FLEET_FIGURES_PORT = 19090
NOBODYS_PORT = 19443
AGENT = Path("/var/lib/kiosk-agent")
MARK = "all that was logged until now has arrived"
SERVICES = ("cups", "desk", "ui", "vision", "documents", "agent")
PATIENCE_S = 60.0


async def main(checkout: Path, results: Path) -> None:
    assets, pki = checkout / ".cache/assets", HALL / "pki"
    HALL.mkdir(mode=0o711)
    shutil.copytree(checkout / ".cache/sandbox-pki", pki)
    async with AsyncExitStack() as stack:
        display = await stack.enter_async_context(virtual_display())
        machine = Machine(Settings(assets, pki, HALL / "out", display, source_s=0.1), HALL)
        enrolment_port = claim_port(0)
        prepare(machine, display, pki, enrolment_port)
        enrolling = ("--orders", str(HALL / "orders"), "--enrolment-port", str(enrolment_port))
        await asyncio.gather(machine.start_platform(stack, *enrolling), machine.make_cards(), machine.printer.start())
        stack.push_async_callback(machine.printer.stop)
        systemctl("daemon-reload")
        daemon.notify("READY=1")
        seen: dict[str, Any] = {}
        try:
            async with Eyes(PROBE, display) as eyes:
                await play(machine, eyes, seen)
            await ship(pki, seen)
            seen["figures at the fleet"] = await remote_written(pki)
            seen["scan"] = scan(machine)
            async with Eyes(PROBE, display) as eyes:
                seen["altered"] = await started_altered(eyes)
        except BaseException as error:
            seen["error"] = f"{type(error).__name__}: {error}"
            raise
        finally:
            seen["journal"] = output("journalctl", "-b", "--no-pager", "-o", "cat", "-u", "kiosk-*")[-20000:]
            results.write_text(json.dumps(seen), encoding="utf-8")


def prepare(machine: Machine, display: str, pki: Path, enrolment_port: int) -> None:
    """What an operator does, and drop-ins for devices that are not real."""
    profile = tomllib.loads(machine.profile.read_text(encoding="utf-8"))
    anchor_key(HALL / "pki" / "anchors")
    roots = {"ca.pem": Path(profile["platform"]["ca"]), "root.pem": Path(profile["trust"]["root"])}
    roots["anchor.pem"] = Path(profile["platform"]["anchor_key"])
    SECRETS.mkdir(parents=True, mode=0o700, exist_ok=True)
    shutil.copy(profile["platform"]["ca"], ETC / "fleet-ca.pem")
    shutil.copy(profile["platform"]["certificate"], ETC / "fleet.pem")
    shutil.copy(profile["platform"]["key"], SECRETS / "fleet.key")
    sending = (FLEET / "prometheus.yml").read_text(encoding="utf-8")
    sending = sending.replace("https://fleet.example/", f"https://localhost:{FLEET_FIGURES_PORT}/")
    (ETC / "prometheus.yml").write_text(sending, encoding="utf-8")
    upload = Path("/etc/systemd/journal-upload.conf.d/fleet.conf")
    upload.parent.mkdir(parents=True)
    upload.write_text(f"[Upload]\nURL=https://localhost:{FLEET_JOURNAL_PORT}\n", encoding="utf-8")
    profile |= {"run": "/run/onecard-kiosk", "audit": str(STATE / "audit"), "audit_key": "audit.key"}
    profile |= {"ledger": str(STATE / "ledger")}
    profile["platform"] |= {
        "ca": str(SITE / "ca.pem"),
        "certificate": str(SITE / "device/certificate.pem"),
        "key": "platform.key",
        "anchor_key": str(SITE / "anchor.pem"),
    }
    profile["trust"]["root"] = str(SITE / "root.pem")
    profile["printer"]["server"] = f"127.0.0.1:{PORT}"
    server = {"url": f"https://localhost:{NOBODYS_PORT}", "ca": str(ETC / "fleet-ca.pem")}
    # Where nobody answers: the agent keeps its log all the same.
    profile["fleet"] = {"updates": server | {"certificate": str(ETC / "fleet.pem"), "key": "fleet.key"}}
    drop_in("agent", f"LoadCredential=fleet.key:{SECRETS}/fleet.key")
    staff = profile["maintenance"]
    staff |= {"ca": in_etc(staff["ca"]), "crls": [in_etc(path) for path in staff["crls"]]}
    OPERATOR.mkdir()
    secret = ec.generate_private_key(ec.SECP256R1())
    key = HALL / "operator.key"
    key.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = secret.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (OPERATOR / "operator.pem").write_bytes(public)
    shutil.copy(roots["ca.pem"], OPERATOR / "ca.pem")
    url = f"https://localhost:{enrolment_port}"
    settings = {"operator": str(OPERATOR / "operator.pem"), "pairing": {"url": url, "ca": str(OPERATOR / "ca.pem")}}
    (OPERATOR / "enrolment.toml").write_text(toml(settings), encoding="utf-8")
    for path in (*OPERATOR.iterdir(), *ETC.glob("*.*")):
        path.chmod(0o644)
    files = {name: path.read_text(encoding="ascii") for name, path in roots.items()}
    order = orders.write(toml(profile), 1, files, FileKey(key), datetime.now(UTC), timedelta(days=1))
    (HALL / "orders").mkdir()
    (HALL / "orders" / "terminal.jws").write_bytes(order)
    (HALL / "reader").chmod(0o666)  # the pseudo-terminal; udev's rule on a real one
    drop_in("restart", "[Unit]", "SuccessAction=none")
    drop_in(
        "ui",
        "Environment=SDL_VIDEODRIVER=x11",
        f"Environment=DISPLAY={display}",
        "BindReadOnlyPaths=/tmp/.X11-unix",
        "ExecStart=",
        f"ExecStart={command('ui')} --preview /run/onecard-kiosk/preview/ring --fonts {ASSETS}/fonts --probe {PROBE}",
    )
    camera = f"--camera puppet:{ASSETS}/portrait.png --control {PUPPET}"
    drop_in(
        "vision",
        "ExecStart=",
        f"ExecStart={command('vision')} --preview /run/onecard-kiosk/preview/ring {camera} --assets {ASSETS}"
        " --profile /etc/onecard-kiosk/profile.toml",
    )


def in_etc(path: str) -> str:
    return str(shutil.copy(path, ETC))


def command(worker: str) -> str:
    python = "/usr/lib/onecard-kiosk/venv/bin/python3"
    return f"{python} -m kiosk {worker} --socket /run/onecard-kiosk/{worker}/desk.sock"


def drop_in(name: str, *lines: str) -> None:
    folder = UNITS / f"kiosk-{name}.service.d"
    folder.mkdir(parents=True)
    (folder / "90-emulated.conf").write_text("[Service]\n" + "\n".join(lines) + "\n", encoding="utf-8")


def toml(profile: dict[str, Any]) -> str:
    """Tables of a parsed profile, written down again."""
    plain = {key: value for key, value in profile.items() if not isinstance(value, dict)}
    tables = [demo.table("", plain)]
    for key, value in profile.items():
        if isinstance(value, dict):
            inner = {k: v for k, v in value.items() if not isinstance(v, dict)}
            tables.append(demo.table(key, inner))
            tables += [demo.table(f"{key}.{k}", v) for k, v in value.items() if isinstance(v, dict)]
    return "\n".join(tables)


async def play(machine: Machine, eyes: Eyes, seen: dict[str, Any]) -> None:
    """A machine that becomes a terminal, one citizen whose terminal is attacked from within, then a terminal that is
    killed as a whole."""
    await eyes.page("NotEnrolled", seconds=PATIENCE_S)
    await until(lambda: shown("stick", "SubState") == "running")
    seen["stick is expected"] = [shown("stick", "MainPID")]
    seen["before"] = {name: shown(name, "ActiveState") for name in SERVICES}
    view = await eyes.see(lambda view: "code" in view.items, seconds=PATIENCE_S, what="a code")
    (code, fingerprint), *_ = (await pairings(machine.control)).items()
    seen["code"] = view.items["code"]["text"] == f"{code[:4]}-{code[4:]}"
    seen["stick is expected"].append(shown("stick", "MainPID"))
    seen["fingerprint"] = all(group in view.text for group in fingerprint.split())
    await flip(machine.control, ApprovePairing(code, demo.TERMINAL))
    await eyes.see(lambda view: view.can_touch(f"pick:{KIND}"), seconds=PATIENCE_S, what="the home page")
    await until(lambda: shown("stick", "MainPID") == "0")
    await until(all_are_up)  # what is not on the first page comes after it
    seen["started"] = {name: int(shown(name, "ActiveEnterTimestampMonotonic")) for name in SERVICES}
    seen["users"] = {name: shown(name, "User") for name in SERVICES}
    seen["figures"] = await figures()
    seen["maintained"] = [maintained("scanner"), maintained("software")]
    seen["says everything"] = maintained("log-level", "debug", "--yes")
    puppeteer = asyncio.create_task(follow_prompts(eyes, Puppet(PUPPET)))
    try:
        machine.lay_card()
        await eyes.see(lambda view: view.prompt.startswith("turn"), seconds=PATIENCE_S, what="a prompt to turn")
        seen["vision hung"] = await hang("vision")
        await eyes.page("ChooseCertificate", seconds=PATIENCE_S)
        seen["ui hung"] = await hang("ui")
        await eyes.see(lambda view: view.can_touch(f"pick:{KIND}"), seconds=PATIENCE_S, what="the choice again")
        seen["documents killed"] = await kill("documents")
        await eyes.tap(f"pick:{KIND}")
        await eyes.tap("print", seconds=PATIENCE_S)
        await eyes.page("HandOver", seconds=PATIENCE_S)
        machine.take_card()
        await eyes.see(lambda view: "take-card" not in view.items, what="that the card was taken")
        await eyes.tap("done")
        await eyes.page("Rate")
    finally:
        puppeteer.cancel()
    seen["papers"] = len(list(machine.printed.glob("*.pdf")))
    sessions = {record["session"] for record in audit()} - {None}
    seen["sessions"] = len(sessions)
    await eyes.page("Home", seconds=PATIENCE_S)
    seen["desk hung"] = await hang("desk")
    await eyes.see(lambda view: view.can_touch(f"pick:{KIND}"), seconds=PATIENCE_S, what="home, after the desk")
    output("systemctl", "kill", "--signal=KILL", *(f"kiosk-{name}.service" for name in SERVICES))
    await until(all_are_up)
    await eyes.see(lambda view: view.can_touch(f"pick:{KIND}"), seconds=PATIENCE_S, what="home, after all died")
    seen["asked by the agent's user"] = {
        what: at_the_door(what) for what in ("self-test", "export all", "out-of-service repair")
    }
    seen["doctor"] = {what: shown("doctor", what) for what in ("Result", "ExecMainStatus", "ExecMainStartTimestamp")}
    seen["night"] = await night(eyes)
    seen["anchored"] = (STATE / "audit" / FILE).read_text(encoding="utf-8")
    seen["print server restarted"] = await restarted_print_server()
    seen["restart for the fleet"] = await restart_for_the_fleet()
    seen["signed"] = verify(STATE / "audit", audit_key()).signed
    await until(all_are_up)
    seen["states"] = {name: shown(name, "ActiveState") for name in SERVICES}
    await until(lambda: any(record["event"] == EVENT for record in audit()))
    seen["the agent's log"] = compared()


def compared() -> dict[str, Any]:
    """As an auditor does with both logs."""
    words = (sys.executable, "-m", "kiosk", "audit", "verify", str(AGENT / "audit"), "--json")
    return dict(json.loads(output(*words, "--told-in", str(STATE / "audit"))))


async def started_altered(eyes: Eyes) -> dict[str, str]:
    """The terminal is stopped, somebody changes whom it trusts, and it starts again."""
    names = (*SERVICES, "enrol", "order")
    systemctl("stop", "kiosk.target", *(f"kiosk-{name}.service" for name in names))
    shutil.copy(SITE / "ca.pem", SITE / "root.pem")
    Path("/run/onecard-kiosk/ui/desk.sock").unlink(missing_ok=True)  # of the desk that ran; at a start of the machine:
    output("systemd-tmpfiles", "--create", "--prefix=/run/onecard-kiosk")
    systemctl("start", "kiosk.target")
    view = await eyes.see(_says_what_bars_it, seconds=PATIENCE_S, what="that it is barred")
    seen = {"page": view.page, "stick": shown("stick", "MainPID")}
    return seen | {name: shown(name, "ActiveState") for name in names}


def _says_what_bars_it(view: View) -> bool:
    return "K714" in view.text and "root.pem" in view.text


async def ship(pki: Path, seen: dict[str, Any]) -> None:
    """The journal to the fleet's, over TLS: by Debian's own program, as it is set up by our drop-in."""
    words = ["/lib/systemd/systemd-journal-remote", f"--listen-https=127.0.0.1:{FLEET_JOURNAL_PORT}"]
    # Debian's receiver cannot ask for a certificate (its --trust "is not available"); its sender shows one.
    words += [f"--key={pki}/tls/server.key.pem", f"--cert={pki}/tls/server.cert.pem"]
    fleet = await asyncio.create_subprocess_exec(*words, "--split-mode=none", f"--output={FLEET_JOURNAL}")
    try:
        journal.send(MARK)
        await until(lambda: listens(FLEET_JOURNAL_PORT))  # or its next try is half a minute later
        systemctl("start", "systemd-journal-upload.service")
        await until(lambda: MARK in output("journalctl", f"--file={FLEET_JOURNAL}", "-o", "cat"))
        told = output("journalctl", f"--file={FLEET_JOURNAL}", "-o", "json", "--all")
        entries = [json.loads(line) for line in told.splitlines()]
        ours = [each for each in entries if "KIOSK_PART" in each]
        seen["shipped"] = [{key: value for key, value in each.items() if not key.startswith("__")} for each in ours]
    finally:
        fleet.terminate()
        await fleet.wait()


async def remote_written(pki: Path) -> dict[str, str]:
    """What came to the fleet's Prometheus of each of these, over TLS by the terminal's certificate: Debian's own
    programs, as they are set up by our drop-ins."""
    tls = {"cert_file": f"{pki}/tls/server.cert.pem", "key_file": f"{pki}/tls/server.key.pem"}
    tls |= {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": f"{pki}/tls/ca.cert.pem"}
    (HALL / "web.yml").write_text(json.dumps({"tls_server_config": tls}), encoding="utf-8")
    (HALL / "fleet.yml").write_text("global: {}", encoding="utf-8")
    words = ["prometheus", "--web.enable-remote-write-receiver", f"--config.file={HALL}/fleet.yml"]
    words += [f"--storage.tsdb.path={HALL}/tsdb", f"--web.listen-address=127.0.0.1:{FLEET_FIGURES_PORT}"]
    fleet = await asyncio.create_subprocess_exec(*words, f"--web.config.file={HALL}/web.yml")
    shown = ssl.create_default_context(cafile=pki / "tls/ca.cert.pem")
    shown.load_cert_chain(ETC / "fleet.pem", SECRETS / "fleet.key")
    try:
        await until(lambda: listens(FLEET_FIGURES_PORT))
        systemctl("start", "prometheus-node-exporter.service", "prometheus.service")
        url, series = f"https://localhost:{FLEET_FIGURES_PORT}/api/v1/query", f'{{terminal="{demo.TERMINAL}"}}'
        async with ClientSession() as session, asyncio.timeout(PATIENCE_S):
            while True:
                async with session.get(url, params={"query": series}, ssl=shown) as answer:
                    # It listens before it is ready, and says so in plain text.
                    found = (await answer.json())["data"]["result"] if answer.ok else []
                told = {each["metric"]["__name__"]: each["value"][1] for each in found}
                if any(name.startswith("node_") for name in told) and "kiosk_desk_up" in told:
                    return told
                await asyncio.sleep(0.1)
    finally:
        fleet.terminate()
        await fleet.wait()


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def scan(machine: Machine) -> dict[str, bool]:
    """What of the citizen is in anything that was shipped, in whatever field. The mark shows that the scan sees."""
    everything = output("journalctl", f"--file={FLEET_JOURNAL}", "-o", "export", "--all")
    citizen = machine.citizens[0]
    personal = {"name": citizen.name, "number": citizen.number, "address": citizen.address}
    found = {what: value in everything for what, value in personal.items()}
    numbers = re.search(r"(?<![0-9A-Za-z])\d{17}[\dXx](?![0-9A-Za-z])", everything)
    return {**found, "any number of a person": numbers is not None, "the mark": MARK in everything}


def at_the_door(what: str) -> str:
    """An entry of the menu, asked for by the agent's user and group."""
    python = "/usr/lib/onecard-kiosk/venv/bin/python3"
    user = ("setpriv", "--reuid=kiosk-agent", "--regid=kiosk-agent", "--groups=kiosk-health")
    words = (*what.split(), "--yes", "--json", "--profile", str(ETC / "profile.toml"))
    return output(*user, "env", "-C", "/usr/lib/onecard-kiosk", python, "-m", "kiosk", "maintenance", *words)


async def figures() -> str:
    """What the agent shows, as soon as the desk has said that it is ready or degraded."""
    async with ClientSession() as session, asyncio.timeout(PATIENCE_S):
        while True:
            async with session.get(f"http://127.0.0.1:{METRICS_PORT}/metrics") as answer:
                told = await answer.text()
            if 'kiosk_state{state="out-of-service"} 0.0' in told:
                return told
            await asyncio.sleep(0.1)


async def night(eyes: Eyes) -> dict[str, Any]:
    """What the timer starts: a self-test and a fresh program, while nobody is served."""
    pid = shown("desk", "MainPID")
    output("systemctl", "start", "kiosk-nightly.service")
    await until(lambda: shown("desk", "MainPID") not in (pid, "0") and shown("desk", "ActiveState") == "active")
    await eyes.see(lambda view: view.can_touch(f"pick:{KIND}"), seconds=PATIENCE_S, what="home, after the night")
    began = [record["fields"] for record in audit() if record["event"] == "maintenance.began"]
    return {"asked for": [(each["entry"], each["by"]) for each in began[-2:]], "is over": shown("nightly", "SubState")}


async def restarted_print_server() -> list[dict[str, Any]]:
    """By a wish of the desk, which has no right to it."""
    pid = shown("cups", "MainPID")
    said = maintained("restart", "print-server", "--yes")
    await until(lambda: shown("cups", "MainPID") not in (pid, "0") and shown("cups", "ActiveState") == "active")
    return said


async def restart_for_the_fleet() -> dict[str, str]:
    """What the service manager makes of a wish with a made-up order, and of one for an update; in here it goes no
    further than to grant it."""
    wish = Path("/run/kiosk-agent/restart")
    seen = {}
    write(wish, "made.up.order")
    await until(lambda: not wish.exists())
    seen["made up"] = shown("restart", "Result")
    systemctl("stop", "kiosk-restart.path")
    write(wish, "")
    systemctl("start", "kiosk-restart.service")
    seen["for an update"] = shown("restart", "Result")
    seen["is kept"] = str(wish.exists())
    return seen


def maintained(*words: str) -> list[dict[str, Any]]:
    """What the desk answers root at its door for staff."""
    words = (sys.executable, "-m", "kiosk", "maintenance", *words, "--profile", str(ETC / "profile.toml"), "--json")
    return [json.loads(line) for line in output(*words).splitlines()]


def audit() -> list[dict[str, Any]]:
    lines = [line for path in sorted((STATE / "audit").glob("audit-*")) for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines]


def audit_key() -> PublicKey:
    """The public half of what was made here; the platform was given it, too."""
    secret = load_pem_private_key((SITE / "credentials/audit.key").read_bytes(), None)
    return PublicKey(secret.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


async def hang(name: str) -> dict[str, Any]:
    """Stops the process where it stands: nothing but its watchdog can notice."""
    return await gone(name, "STOP")


async def kill(name: str) -> dict[str, Any]:
    return await gone(name, "KILL")


async def gone(name: str, signal: str) -> dict[str, Any]:
    before, pid = int(shown(name, "NRestarts")), shown(name, "MainPID")
    began = asyncio.get_running_loop().time()
    systemctl("kill", f"--signal={signal}", f"kiosk-{name}.service")
    await until(lambda: shown(name, "MainPID") != pid and shown(name, "ActiveState") == "active")
    took = asyncio.get_running_loop().time() - began
    return {"restarts": int(shown(name, "NRestarts")) - before, "back_after_s": round(took, 2)}


async def until(holds: Callable[[], bool]) -> None:
    """Asks the service manager again and again: it would tell only over a bus, and there is none in here."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def shown(name: str, what: str) -> str:
    return output("systemctl", "show", "-P", what, f"kiosk-{name}.service").strip()


def all_are_up() -> bool:
    return all(shown(name, "ActiveState") == "active" for name in SERVICES)


def systemctl(*words: str) -> None:
    subprocess.run(["systemctl", *words], check=True)


def output(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
