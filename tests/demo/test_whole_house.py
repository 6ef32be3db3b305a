"""End to end: every process, every socket, the real window, the real queue."""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from houses import House
from PIL import Image

from kiosk.audit.chain import records, verify
from kiosk.audit.checkpoint import PublicKey
from kiosk.demo.autoplay import autoplay
from kiosk.demo.puppeteer import follow_prompts
from kiosk.documents.render import page_texts
from kiosk.paper.ledger import State, issues_in

KIND = "social-insurance"
PAGES = ("home", "present-card", "face-check", "choose", "preview", "printing", "hand-over", "rate")


async def test_one_citizen_one_sealed_certificate_on_paper(home: House) -> None:
    """A02, C20, E05, E10: the page comes out, it is this citizen's, and nothing of them stays anywhere."""
    began = time.time()
    home.machine.citizens = (home.citizen,)
    assert await autoplay(home.machine, home.eyes, home.out, time.monotonic())

    (paper,) = home.machine.printed.glob("*.pdf")
    text = "".join(page_texts(paper.read_bytes()))
    assert home.citizen.name in text
    assert home.citizen.number in text

    pictures = {file.name.split("-", 1)[1].removesuffix(".png"): file for file in (home.out / "pages").glob("*.png")}
    assert {*PAGES, *(f"{name}-en" for name in ("home", "choose", "preview"))} <= pictures.keys()
    assert all(Image.open(file).size == (1080, 1920) for file in pictures.values())
    steps = json.loads((home.out / "steps.json").read_text())
    assert [step["page"] for step in steps][-3:] == ["HandOver", "Rate", "Home"]

    assert verify(home.machine.audit, PublicKey((home.machine.audit / "key.pub").read_bytes())).signed
    events = [record.body["event"] for record in records(home.machine.audit)]
    assert events.count("print.out") == 1

    kept = [home.machine.run, home.machine.logs, home.machine.audit, home.out / "steps.json"]
    assert traces(home, kept, began) == []


def traces(home: House, places: list[Path], began: float) -> list[str]:
    """Files that hold the citizen's number or name in any encoding: in `places`, and anything new in temp folders."""
    secrets = {
        part
        for text in (home.citizen.number, home.citizen.name)
        for part in (text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode("gb18030"))
    }
    new = (
        file for place in map(Path, ("/tmp", "/var/tmp", "/dev/shm")) for file in files(place) if is_new(file, began)
    )
    suspects = {*new, *(file for place in places for file in files(place))}
    paper = (home.machine.printed, home.out / "pages")
    return [
        str(file)
        for file in suspects
        if not any(file.is_relative_to(folder) for folder in paper) and holds(file, secrets)
    ]


def files(place: Path) -> Iterator[Path]:
    """What is mounted somewhere below is not looked at: a /proc has files that never end."""
    if place.is_file():
        yield place
    for folder, below, names in os.walk(place, onerror=lambda _: None):
        below[:] = (name for name in below if not os.path.ismount(Path(folder, name)))
        yield from (Path(folder, name) for name in names)


def is_new(file: Path, began: float) -> bool:
    try:
        return file.stat().st_mtime >= began
    except OSError:
        return False


def holds(file: Path, secrets: set[bytes]) -> bool:
    try:
        if not file.is_file() or file.is_symlink():
            return False
        content = file.read_bytes()
    except OSError:
        return False
    return any(secret in content for secret in secrets)


def test_the_search_for_traces_finds_one(tmp_path: Path) -> None:
    """The scan above can fail."""
    (tmp_path / "leak").write_bytes(b"..." + "测甲".encode("utf-16-le") + b"...")
    assert holds(tmp_path / "leak", {"测甲".encode("utf-16-le")})


async def test_a_session_survives_the_death_of_ui_vision_and_documents(home: House) -> None:
    """The citizen stays where they were, three times over, and gets one certificate in one session."""
    machine, eyes = home.machine, home.eyes
    puppeteer = asyncio.create_task(follow_prompts(eyes, machine.puppet))
    try:
        await eyes.see(lambda view: view.can_touch(f"pick:{KIND}"), what="the home page")
        machine.lay_card(home.citizen)
        await eyes.see(lambda view: view.prompt.startswith("turn"), what="a prompt to turn")
        await die_and_return(home, "vision")
        await eyes.page("ChooseCertificate", seconds=60)

        await die_and_return(home, "ui")
        await eyes.page("ChooseCertificate")
        await die_and_return(home, "documents")
        await eyes.tap(f"pick:{KIND}")
        await eyes.page("Waiting")
        machine.processes["documents"].kill()
        await eyes.page("Preview")
        await eyes.tap("print")
        await eyes.page("HandOver", seconds=60)
    finally:
        puppeteer.cancel()
    assert len(list(machine.printed.glob("*.pdf"))) == 1
    sessions = {record.body["session"] for record in records(machine.audit)} - {None}
    assert len(sessions) == 1


async def die_and_return(home: House, name: str) -> None:
    process = home.machine.processes[name]
    before = process.starts
    process.kill()
    await asyncio.wait_for(process.ready_again(before), 60)


async def test_paper_runs_out_on_the_way_and_one_page_comes(home: House) -> None:
    """A09: the screen says so while the printer waits; after the refill one page comes out, and a receipt if asked."""
    machine, eyes = home.machine, home.eyes
    puppeteer = asyncio.create_task(follow_prompts(eyes, machine.puppet))
    try:
        await eyes.see(lambda view: view.can_touch(f"pick:{KIND}"), what="the home page")
        machine.printer.empty_tray_during_next_job()
        machine.lay_card(home.citizen)
        await eyes.page("ChooseCertificate", seconds=60)
        await eyes.tap(f"pick:{KIND}")
        await eyes.tap("print")
        await eyes.see(lambda view: view.page == "Printing" and "缺纸" in view.text, what="the printer out of paper")
        machine.processes["documents"].kill()  # its work on this certificate is done
        await machine.printer.fill_tray()
        await eyes.page("HandOver", seconds=60)
        await eyes.tap("slip")
        await eyes.see(lambda view: "凭条已打出" in view.text, what="the receipt")
    finally:
        puppeteer.cancel()
    assert len(list(machine.printed.glob("*.pdf"))) == 1
    assert len(machine.tickets.slips()) == 1


@pytest.mark.parametrize(
    ("devices", "code"),
    [({"print": True}, "K201"), ({"leave": True}, "K203")],
    ids=["a flat photograph", "nobody there"],
)
async def test_without_a_live_face_nothing_is_asked_or_printed(
    home: House, devices: dict[str, bool], code: str
) -> None:
    """A02, through the real camera pipeline."""
    machine, eyes = home.machine, home.eyes
    puppeteer = asyncio.create_task(follow_prompts(eyes, machine.puppet))
    try:
        await eyes.see(lambda view: view.can_touch(f"pick:{KIND}"), what="the home page")
        machine.puppet.do(**devices)
        machine.lay_card(home.citizen)
        view = await eyes.page("Refusal", seconds=90)
    finally:
        puppeteer.cancel()
    assert code in view.text
    called = [record.body["fields"] for record in records(machine.audit) if record.body["event"] == "platform.called"]
    assert all(fields["operation"] in ("kinds", "trust", "anchor") for fields in called)  # type: ignore[index]
    assert not list(machine.printed.glob("*.pdf"))


async def test_the_desk_dies_while_a_page_is_printed(home: House) -> None:
    """Whoever waits hears what became of their page; it comes out once or not at all, and nothing else is told."""
    machine, eyes = home.machine, home.eyes
    puppeteer = asyncio.create_task(follow_prompts(eyes, machine.puppet))
    try:
        await eyes.see(lambda view: view.can_touch(f"pick:{KIND}"), what="the home page")
        machine.printer.seconds_per_page = 3.0
        machine.lay_card(home.citizen)
        await eyes.page("ChooseCertificate", seconds=60)
        await eyes.tap(f"pick:{KIND}")
        await eyes.tap("print")
        await machine.printer.page_on_its_way()
        machine.processes["documents"].kill()
        machine.processes["desk"].kill()
        view = await eyes.page("Refusal", seconds=60)
    finally:
        puppeteer.cancel()
    papers = list(machine.printed.glob("*.pdf"))
    (issue,) = issues_in(machine.ledger)
    code, state, pages = {
        0: ("K510", State.NOT_OUT, 0),
        1: ("K509", State.OUT, 1),
    }[len(papers)]
    assert code in view.text
    assert (issue.state, issue.pages_out) == (state, pages)
    assert home.citizen.name not in "".join(file.read_text() for file in machine.ledger.iterdir())
