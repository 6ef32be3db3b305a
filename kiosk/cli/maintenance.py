"""`kiosk maintenance`: each entry of the technician's menu as a command."""

import argparse
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiosk.maintenance.entry import Entry
    from kiosk.maintenance.line import Said
    from kiosk.messages import Done, Waits

from kiosk.cli.doctor import CACHE

HELP = "the technician's menu, as commands: tests, supplies, network, service"
BY = "console"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("entry", metavar="list|NAME", help="what is to be done; `list` says what there is")
    parser.add_argument("choice", nargs="?", default="", help="with what, where there is something to choose")
    parser.add_argument("--profile", type=Path, help="what this terminal is made of")
    parser.add_argument("--assets", type=Path, default=CACHE / "assets", help="folder with the models")
    parser.add_argument("--yes", action="store_true", help="do not ask before it changes something")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """0: nothing is wrong (also with warnings); 1: something is; 2: it was not done, or nobody can tell."""
    import asyncio
    import logging

    from kiosk.maintenance.entries import ENTRIES
    from kiosk.maintenance.knock import NobodyThere
    from kiosk.profile import ProfileError
    from kiosk.reasons import Refused
    from platform_client.identity import IdentityError

    if args.entry == "list":
        return _list(ENTRIES, as_json=args.json)
    entry = next((each for each in ENTRIES if each.name == args.entry), None)
    if entry is None or not entry.takes(args.choice):
        return _usage(entry)
    if args.profile is None:
        print("kiosk maintenance: --profile FILE says which terminal", file=sys.stderr)
        return 2
    if entry.asks is not None and not args.yes and not _agreed(entry):
        return 2
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="maintenance: %(levelname)s %(message)s")
    try:
        return asyncio.run(_done(entry, args.choice, args.profile, args.assets, as_json=args.json))
    except (ProfileError, IdentityError, NobodyThere, Refused, OSError) as error:
        print(f"kiosk maintenance: {error}", file=sys.stderr)
        return 2


async def _done(entry: "Entry", choice: str, file: Path, assets: Path, *, as_json: bool) -> int:
    from contextlib import aclosing

    from kiosk.health.findings import Level
    from kiosk.maintenance.line import Line, Live
    from kiosk.messages import Done, Waits

    level = Level.OK
    async with aclosing(_said(entry, choice, file, assets)) as saying:
        async for said in saying:
            match said:
                case Done():
                    level = said.level
                case Waits() if not as_json:
                    print("… when no citizen is served", file=sys.stderr)
                case Line() | Live():
                    _print(said, as_json=as_json)
    return int(level is Level.FAIL)


async def _said(entry: "Entry", choice: str, file: Path, assets: Path) -> "AsyncGenerator[Said | Waits | Done, None]":
    """By the desk that runs; where none does, the devices are opened here."""
    from contextlib import aclosing

    from kiosk import meeting
    from kiosk.fleet.signed_profile import in_force
    from kiosk.health.published import read
    from kiosk.maintenance.knock import knock
    from kiosk.messages import Do, Done

    profile = in_force(file)
    if read(meeting.health_in(profile.run)) is not None:
        async with aclosing(knock(meeting.door_in(profile.run), Do(entry.name, choice, BY))) as answers:
            async for answer in answers:
                yield answer
        return

    from kiosk.bootstrap import workshop_without_desk
    from kiosk.clock import SystemClock
    from kiosk.maintenance.examiner import ExaminerProcess
    from kiosk.maintenance.line import Line
    from kiosk.maintenance.menu import Menu, worst

    _refuse_to_leave_traces(profile.audit)
    levels = []
    async with (
        workshop_without_desk(profile, SystemClock(), ExaminerProcess(file, assets)) as workshop,
        aclosing(Menu((entry,), workshop).perform(entry, choice, BY)) as saying,
    ):
        async for said in saying:
            if isinstance(said, Line):
                levels.append(said.level)
            yield said
    yield Done(worst(levels))


def _refuse_to_leave_traces(audit: Path) -> None:
    """What is written here is the desk's, which could not go on with files of somebody else. Raises OSError."""
    import os
    import pwd

    if audit.exists() and (owner := audit.stat().st_uid) != os.geteuid():
        name = next((each.pw_name for each in pwd.getpwall() if each.pw_uid == owner), str(owner))
        raise PermissionError(f"no desk runs, and {audit} is of {name}: run this as {name}, or start the desk")


def _print(said: "Said", *, as_json: bool) -> None:
    import msgspec

    from kiosk.maintenance.line import Line

    if as_json:
        print(msgspec.json.encode(said).decode(), flush=True)
    elif isinstance(said, Line):
        print(f"{said.level.value:<5} {said.says.en}  {said.says.zh}", flush=True)
        if said.remedy is not None:
            print(f"      -> {said.remedy.en}  {said.remedy.zh}", flush=True)
    else:
        shown = (f"{number.name.en} {number.value}{'' if number.well else ' (!)'}" for number in said.numbers)
        print("      " + " · ".join(shown), flush=True)


def _list(entries: "tuple[Entry, ...]", *, as_json: bool) -> int:
    for entry in entries:
        choices, roles = [each.value for each in entry.choices], sorted(role.value for role in entry.roles)
        if as_json:
            row = {"name": entry.name, "en": entry.title.en, "zh": entry.title.zh, "choices": choices, "roles": roles}
            more = {"asks": entry.asks is not None, "alone": entry.alone, "fleet": entry.fleet}
            print(json.dumps({**row, **more}, ensure_ascii=False))
        else:
            print(f"{' '.join((entry.name, '|'.join(choices))):<52} {entry.title.en}  {entry.title.zh}")
    return 0


def _usage(entry: "Entry | None") -> int:
    if entry is None:
        print("kiosk maintenance: there is no such entry; `kiosk maintenance list` says what there is", file=sys.stderr)
    else:
        choices = "|".join(each.value for each in entry.choices) or "no choice"
        print(f"kiosk maintenance {entry.name}: {choices}", file=sys.stderr)
    return 2


def _agreed(entry: "Entry") -> bool:
    """Nobody there to answer is no answer."""
    if entry.asks is None or not sys.stdin.isatty():
        print("kiosk maintenance: it changes something; --yes if that is meant", file=sys.stderr)
        return False
    return input(f"{entry.asks.en}  {entry.asks.zh} [y/N] ").strip().lower() in ("y", "yes", "是")
