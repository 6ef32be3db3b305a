"""`kiosk sandbox`: a platform to develop and test against; and what is expected of any other (docs/platform-api.md)."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from platform_client.sandbox.pki import SandboxPki
    from platform_client.sandbox.topology import Topology
    from platform_client.sandbox.typeface import Typecase

HELP = "the sandbox platform: real TLS, real seals, fault switches"

CACHE = Path(".cache")
TOPOLOGIES = ("extranet", "cloud", "isolated")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="0: any free one, announced on stdout")
    parser.add_argument(
        "--topology", choices=TOPOLOGIES, default=TOPOLOGIES[0], help="how a request comes in: docs/sandbox.md"
    )
    parser.add_argument("--pki", type=Path, default=CACHE / "sandbox-pki", help="folder of keys and certificates")
    parser.add_argument("--assets", type=Path, default=CACHE / "assets", help="folder where the cut fonts are kept")
    parser.add_argument("--terminal", action="append", default=[], help="a terminal that may call (repeatable)")
    parser.add_argument("--control", type=Path, help="file that will say where faults are switched and traces are read")
    parser.add_argument("--fault", help="start with this fault on; an unknown word lists them")
    parser.add_argument("--trace", action="store_true", help="draw each call as a sequence diagram on stderr")
    parser.add_argument(
        "--portrait", type=Path, help="everybody's picture in the register; for terminals granted portraits"
    )
    parser.add_argument("--accounts", type=Path, help="what each terminal was granted (TOML): docs/sandbox.md")
    enrolling = parser.add_argument_group("terminals that are nobody yet")
    enrolling.add_argument("--orders", type=Path, help="enrol: a folder of what `kiosk enrol order` made, TERMINAL.jws")
    enrolling.add_argument("--enrolment-port", type=int, default=0, help="with --orders; 0: any free one")
    enrolling.add_argument("--pairings", action="store_true", help="with --control: codes that wait, and fingerprints")
    enrolling.add_argument("--approve", metavar="CODE=TERMINAL", help="with --control: who shows this code is to be it")
    enrolling.add_argument("--refuse", metavar="CODE", help="with --control: who shows this code is to be nobody")
    enrolling.add_argument("--answer", type=Path, metavar="DIR", help="sign the request on a stick, then end")
    parser.add_argument("--hash", choices=("key", "password"), help="read one from stdin, print what --accounts keeps")
    parser.add_argument("--specimens", type=Path, help="folder for a certificate of every kind, then end")
    parser.add_argument("--conformance", metavar="URL", help="start nothing; examine the platform there")
    parser.add_argument("--data-call-key", metavar="NAME", help="with --conformance: a credential or a private file")
    parser.add_argument("--json", action="store_true", help="with --conformance: the findings as JSON")
    parser.add_argument("--make-pki", action="store_true", help="make keys and certificates, then end")


def run(args: argparse.Namespace) -> int:
    import logging
    import sys
    from datetime import UTC, datetime
    from functools import partial

    from platform_client.sandbox import accounts
    from platform_client.sandbox.faults import Fault
    from platform_client.sandbox.pki import make
    from platform_client.sandbox.server import Settings, main
    from platform_client.sandbox.topology import Topology
    from platform_client.sandbox.typeface import Typecase

    if args.conformance is not None:
        return _examine(args)
    if args.pairings or args.approve is not None or args.refuse is not None:
        return _decide(args)
    cut = args.assets / "fonts" / "cut"
    terminals = tuple(args.terminal or ["kiosk-0001"])
    words = [fault.value for fault in Fault]
    if args.fault is not None and args.fault not in words:
        print(f"kiosk sandbox: faults are {', '.join(words)}", file=sys.stderr)
        return 2
    if args.hash is not None:
        secret = sys.stdin.readline().rstrip("\n")
        print(accounts.hashed_key(secret).hex() if args.hash == "key" else accounts.hashed_password(secret))
        return 0
    if args.answer is not None:
        return _answer(args)
    if args.make_pki or args.specimens is not None:
        pki = make(args.pki, terminals=terminals, now=datetime.now(UTC))
        typecase = Typecase.open(cut)
        if args.specimens is not None:
            _specimens(args.specimens, pki, typecase, terminals[0], Topology(args.topology))
        return 0
    try:
        everything = partial(accounts.Account, portraits=True)
        granted = everything if args.accounts is None else accounts.read(args.accounts)
    except accounts.NoAccounts as error:
        print(f"kiosk sandbox: {error}", file=sys.stderr)
        return 2
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="sandbox: %(levelname)s %(message)s")
    settings = Settings(
        args.pki,
        cut,
        terminals,
        port=args.port,
        topology=Topology(args.topology),
        accounts=granted,
        control=args.control,
        fault=None if args.fault is None else Fault(args.fault),
        diagrams=args.trace,
        portrait=args.portrait,
        orders=args.orders,
        enrolment_port=args.enrolment_port,
    )
    main(settings)
    return 0


def _specimens(folder: Path, pki: "SandboxPki", typecase: "Typecase", terminal: str, topology: "Topology") -> None:
    """Certificates into `folder`, and on stdout the way of the last one through the platform."""
    import asyncio

    from platform_client.sandbox import specimens

    made = asyncio.run(specimens.make(folder, pki, typecase, terminal, topology))
    for kind, trace in made:
        print(f"{folder / kind}.pdf in {trace.hops[0].ended_ms:.0f} ms")
    print(made[-1][1].diagram())


def _decide(args: argparse.Namespace) -> int:
    """What the person at the enrolling platform does. 0: done; 2: there is no such code, order or sandbox."""
    import asyncio
    import sys

    from platform_client.sandbox.control import ApprovePairing, NotFlipped, RefusePairing, flip, pairings

    if args.control is None:
        print("kiosk sandbox: --control says which sandbox", file=sys.stderr)
        return 2
    try:
        if args.approve is not None:
            code, _, terminal = args.approve.partition("=")
            asyncio.run(flip(args.control, ApprovePairing(code, terminal)))
        elif args.refuse is not None:
            asyncio.run(flip(args.control, RefusePairing(args.refuse)))
        else:
            for code, fingerprint in asyncio.run(pairings(args.control)).items():
                print(f"{code[:4]}-{code[4:]}  {fingerprint}")
    except NotFlipped as error:
        print(f"kiosk sandbox: {error}", file=sys.stderr)
        return 2
    return 0


def _answer(args: argparse.Namespace) -> int:
    """0: the certificate is on the stick; 2: not with these files."""
    import sys
    from datetime import UTC, datetime

    from platform_client.sandbox.enrolling import answer
    from platform_client.sandbox.pki import SandboxPki

    try:
        print(f"{args.answer}: a certificate for {answer(args.answer, SandboxPki(args.pki), datetime.now(UTC))}")
    except (OSError, ValueError) as error:
        print(f"kiosk sandbox: {error}", file=sys.stderr)
        return 2
    return 0


def _examine(args: argparse.Namespace) -> int:
    """0: every expectation is met, 1: some are not, 2: it could not be found out."""
    import asyncio
    import json
    import sys
    from dataclasses import asdict

    from platform_client import credentials
    from platform_client.conformance import Examiner
    from platform_client.credentials import CredentialError
    from platform_client.identity import DeviceIdentity, IdentityError
    from platform_client.login import DataCallKey
    from platform_client.sandbox.pki import SandboxPki

    pki = SandboxPki(args.pki)
    device = pki.kiosk((args.terminal or ["kiosk-0001"])[0])
    try:
        identity = DeviceIdentity(device.certificate, device.key, pki.tls_ca.certificate)
        login = None if args.data_call_key is None else DataCallKey(credentials.line(args.data_call_key))
        examiner = Examiner(args.conformance, identity, login)
    except (IdentityError, CredentialError, ValueError) as error:
        print(f"kiosk sandbox: {error}", file=sys.stderr)
        return 2
    findings = asyncio.run(examiner.examine())
    if args.json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            word = {True: "met", False: "NOT MET", None: "unknown"}[finding.met]
            print(f"{word:8} {finding.expectation}{f': {finding.seen}' if finding.seen else ''}")
    seen = {finding.met for finding in findings}
    return 1 if False in seen else 2 if None in seen else 0
