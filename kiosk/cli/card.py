"""`kiosk card read`: what the terminal reads from the card on a reader. `kiosk card emulate`: a reader to try it on."""

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiosk.china_time import china_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from hardware.cards.port import Access, CardError, IdentityReader
    from hardware.cards.reading import CardReading
    from kiosk.demo.emulated_cards import Emulated

HELP = "read a card on any reader; emulate readers and cards"

# About the reader or the hand, not about the card: nothing can be said about that.
_CANNOT_TELL: Final = frozenset({"READER_LOST", "REMOVED"})
_HIDDEN: Final = "…"
_PERSONAL: Final = (
    "name",
    "latin_name",
    "sex",
    "nation",
    "nationality",
    "birth",
    "address",
    "number",
    "pass_number",
    "issue_count",
    "related_number",
    "issuer",
    "valid_from",
    "valid_until",
)


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_subparsers(dest="what", required=True)
    read = what.add_parser("read", help="exit code 0: read, 1: a named fault, 2: cannot tell")
    read.add_argument("--reader", required=True, help="sdt:///dev/ttyUSB0, sdt+usb://, pcsc://NAME")
    read.add_argument("--sam-id", help="the only SDT reader that is believed")
    opens = read.add_mutually_exclusive_group()
    opens.add_argument("--mrz", help="NUMBER,YYMMDD,YYMMDD: document number, birth, expiry; - reads it from stdin")
    opens.add_argument("--can", help="the six digits printed on the document; - reads them from stdin")
    read.add_argument("--trust", type=Path, help="folder of country signing certificates and master lists")
    read.add_argument("--allow-bac", action="store_true", help="read chips without PACE")
    read.add_argument("--wait", type=float, default=20.0, metavar="S", help="for a reader, and then for a card")
    read.add_argument("--show", action="store_true", help="show what is on the card instead of masking it")
    read.add_argument("--verbose", action="store_true", help="every line of every log, on stderr")
    read.add_argument("--json", action="store_true")

    emulate = what.add_parser("emulate", help="until stdin ends or Ctrl-C; one word a line switches")
    kinds = emulate.add_subparsers(dest="kind", required=True)
    sdt = kinds.add_parser("sdt", help="an SDT reader with a Chinese card, on a pseudo-terminal")
    sdt.add_argument("--layout", choices=["resident", "J", "I", "Y"], default="resident")
    emrtd = kinds.add_parser("emrtd", help="a passport of Utopia on a PC/SC reader (needs pcscd, vsmartcard-vpcd)")
    emrtd.add_argument("--access", choices=["pace", "bac"], default="pace", help="how the chip can be opened")
    staff = kinds.add_parser("technician", help="a technician's card on a PC/SC reader (needs the same)")
    staff.add_argument("--role", choices=["service", "supplies", "auditor"], default="service")
    for kind in (sdt, emrtd):
        kind.add_argument("--portrait", type=Path, help="the face on the card, instead of a grey one")
    for kind in (sdt, emrtd, staff):
        kind.add_argument("--fault", help="start with this fault on; an unknown word lists them")
        kind.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    import logging

    level = logging.DEBUG if args.what == "read" and args.verbose else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="card: %(levelname)s %(message)s")
    try:
        return _read(args) if args.what == "read" else _emulate(args)
    except KeyboardInterrupt:
        return 130


# --- read ------------------------------------------------------------------------------------------------------------


def _read(args: argparse.Namespace) -> int:
    from hardware.cards.port import CardError
    from kiosk.bootstrap import card_reader
    from kiosk.profile import ProfileError, Reader

    try:
        access = _access(args)
        settings = Reader(args.reader, args.sam_id, args.trust, args.allow_bac)
        reader = card_reader(settings, lambda: china_date(datetime.now(UTC)))
        reading = asyncio.run(_first_card(reader, access, args.wait))
    except CardError as error:
        return _tell_fault(error, as_json=args.json)
    except (ProfileError, ValueError) as error:
        print(f"kiosk card: {error}", file=sys.stderr)
        return 2
    answer = {"read": True, **_person(reading, masked=not args.show), **_facts(reading)}
    if args.json:
        print(json.dumps(answer, ensure_ascii=False))
    else:
        for key, value in answer.items():
            print(f"{key}: {value}")
    return 0


def _access(args: argparse.Namespace) -> "Access | None":
    """Raises ValueError, without quoting."""
    from hardware.cards.port import Can, Mrz

    if args.can is not None:
        return Can(_typed(args.can))
    if args.mrz is None:
        return None
    parts = _typed(args.mrz).upper().split(",")
    if len(parts) != 3:
        raise ValueError("--mrz NUMBER,YYMMDD,YYMMDD")
    return Mrz(*parts)


def _typed(word: str) -> str:
    """An argument can be seen by everybody on the machine while the command runs; stdin cannot."""
    return sys.stdin.readline().strip() if word == "-" else word


async def _first_card(reader: "IdentityReader", access: "Access | None", wait_s: float) -> "CardReading":
    """Raises CardError: also READER_LOST and REMOVED when there is no reader, or no card, in time."""
    from hardware.cards.port import CardError, CardFault, ReaderState

    await reader.open()
    try:
        if reader.state is ReaderState.REPLACED:
            raise CardError(CardFault.READER_REPLACED)
        missing = CardError(CardFault.READER_LOST)
        try:
            async with asyncio.timeout(wait_s):
                await reader.wait_state(ReaderState.READY)
            missing = CardError(CardFault.REMOVED, "an SDT reader finds a card once: lift it and lay it down again")
            async with asyncio.timeout(wait_s):
                await reader.wait_present()
        except TimeoutError:
            raise missing from None
        return await reader.read(access)
    finally:
        await reader.close()


def _tell_fault(error: "CardError", *, as_json: bool) -> int:
    answer = {"read": False, "fault": error.fault.name, "meaning": error.fault.value, "detail": error.detail}
    print(json.dumps(answer) if as_json else f"not read: {error.fault.value} ({error})")
    return 2 if error.fault.name in _CANNOT_TELL else 1


def _person(reading: "CardReading", *, masked: bool) -> dict[str, object]:
    """What is on the card, by name. Masked: of name and number what E05 lets be seen, of the rest that it is there."""
    seen: dict[str, object] = {"name": reading.masked_name, "number": reading.masked_number}
    answer: dict[str, object] = {"kind": reading.kind.value}
    for name in _PERSONAL:
        value = getattr(reading, name)
        if value in ("", None):
            answer[name] = None
        elif masked:
            answer[name] = seen.get(name, _HIDDEN)
        else:
            answer[name] = value if isinstance(value, int) else str(value)
    return answer


def _facts(reading: "CardReading") -> dict[str, object]:
    """What is no secret of the holder. The portrait is never written, only counted."""
    portrait = reading.portrait
    return {
        "portrait": None if portrait is None else f"{portrait.encoding}, {len(portrait.data)} bytes",
        "reader": reading.reader_id,
        "authenticity": reading.authenticity.level,
        "checks": list(reading.authenticity.checks),
    }


# --- emulate ---------------------------------------------------------------------------------------------------------


def _emulate(args: argparse.Namespace) -> int:
    from hardware.cards.emulator.pcscd import PcscdMissing
    from kiosk.demo import emulated_cards
    from kiosk.demo.emulated_cards import NoSuchSwitch

    try:
        with _running(args) as emulated:
            if args.fault is not None:
                emulated.obey(args.fault)
            _say_how(emulated, as_json=args.json)
            emulated_cards.serve(emulated, sys.stdin)
    except NoSuchSwitch as error:
        print(f"kiosk card: faults are {error}", file=sys.stderr)
        return 2
    except (PcscdMissing, ValueError) as error:
        print(f"kiosk card: {error}", file=sys.stderr)
        return 2
    return 0


def _running(args: argparse.Namespace) -> "AbstractContextManager[Emulated]":
    from kiosk.demo import emulated_cards

    match args.kind:
        case "sdt":
            return emulated_cards.sdt(args.layout, args.portrait)
        case "emrtd":
            return emulated_cards.emrtd(args.access, args.portrait, china_date(datetime.now(UTC)))
    return emulated_cards.staff_card(args.role)


def _say_how(emulated: "Emulated", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({**emulated.tell, "environment": dict(emulated.environment)}), flush=True)
        return
    before = "".join(f"{name}={value} " for name, value in emulated.environment.items())
    if "pin" in emulated.tell:
        _say_how_to_log_in(emulated.tell, before)
    else:
        _say_how_to_read(emulated.tell, before)
    print("Here, one word a line: " + ", ".join((*emulated.hands, *emulated.faults)) + "; -NAME turns a fault off")
    sys.stdout.flush()


def _say_how_to_log_in(tell: "Mapping[str, str]", before: str) -> None:
    print(f"The card is in its reader, its PIN is {tell['pin']}. A desk that is started with {before.strip()}")
    print("and this in its profile lets it in:\n")
    print(f'[maintenance]\nreader = "{tell["reader"]}"\nca = "{tell["ca"]}"\ncrls = ["{tell["crl"]}"]\n')


def _say_how_to_read(tell: "Mapping[str, str]", before: str) -> None:
    words = [f"--reader {tell['reader']}"]
    words += [f"--trust {tell['trust']}"] if "trust" in tell else []
    ways = [f" --{way} {tell[way]}" for way in ("can", "mrz") if way in tell] or [""]
    print("The card lies there; everything on it is invented. In another terminal:")
    for way in ways:
        print(f"  {before}kiosk card read {' '.join(words)}{way}")
