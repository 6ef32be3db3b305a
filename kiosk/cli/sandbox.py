"""`kiosk sandbox`: a platform to develop and test against."""

import argparse
from pathlib import Path

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
    parser.add_argument("--portrait", type=Path, help="everybody's picture in the register; every terminal may ask")
    parser.add_argument("--make-pki", action="store_true", help="make keys and certificates, then end")


def run(args: argparse.Namespace) -> int:
    import logging
    import sys
    from datetime import UTC, datetime

    from platform_client.sandbox.faults import Fault
    from platform_client.sandbox.pki import make
    from platform_client.sandbox.server import Settings, main
    from platform_client.sandbox.topology import Topology
    from platform_client.sandbox.typeface import Typecase

    cut = args.assets / "fonts" / "cut"
    terminals = tuple(args.terminal or ["kiosk-0001"])
    words = [fault.value for fault in Fault]
    if args.fault is not None and args.fault not in words:
        print(f"kiosk sandbox: faults are {', '.join(words)}", file=sys.stderr)
        return 2
    if args.make_pki:
        make(args.pki, terminals=terminals, now=datetime.now(UTC))
        Typecase.open(cut)
        return 0
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="sandbox: %(levelname)s %(message)s")
    settings = Settings(
        args.pki,
        cut,
        terminals,
        port=args.port,
        topology=Topology(args.topology),
        control=args.control,
        fault=None if args.fault is None else Fault(args.fault),
        diagrams=args.trace,
        portrait=args.portrait,
    )
    main(settings)
    return 0
