"""A certificate of every kind for people to look at, and how it came about.

A platform is started for it, and a terminal that calls it over TLS: what lies in the folder in the end is what a
terminal would have got, seal included, and the diagrams show the way each request took.
"""

import asyncio
import uuid
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Final

from platform_client import certificates
from platform_client.certificates import IssueCall
from platform_client.client import PlatformClient
from platform_client.evidence import Evidence, Moment, SignedEvidence
from platform_client.https import HttpsTransport
from platform_client.identity import DeviceIdentity
from platform_client.nobody import Card, Face
from platform_client.sandbox.assembly import Options, Sandbox
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.people import BY_LAYOUT, CHILD
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.registry import Person
from platform_client.sandbox.topology import Topology
from platform_client.sandbox.trace import Trace
from platform_client.sandbox.typeface import Typecase

_ADULT: Final = 30


async def make(
    folder: Path, pki: SandboxPki, typecase: Typecase, terminal: str, topology: Topology
) -> list[tuple[str, Trace]]:
    """One PDF per kind in `folder`, for one person after the other; each kind with its trace."""
    folder.mkdir(parents=True, exist_ok=True)
    traces: asyncio.Queue[Trace] = asyncio.Queue()
    sandbox = Sandbox(pki, typecase, Options(topology, traced=traces.put_nowait))
    client = _client(await sandbox.start("127.0.0.1", 0), pki, terminal)
    people = cycle([person for layout, person in BY_LAYOUT.items() if layout != "foreign-2017"])
    made = []
    try:
        for code, offer in OFFERS.items():
            person = next(people) if offer.suits(_ADULT) else CHILD
            call = IssueCall(_evidence(person, pki, terminal), code)
            (folder / f"{code}.pdf").write_bytes((await client.call(certificates.ISSUE, call)).document)
            made.append((code, await traces.get()))
    finally:
        await client.close()
        await sandbox.stop()
    return made


def _identity(pki: SandboxPki, terminal: str) -> DeviceIdentity:
    device = pki.kiosk(terminal)
    return DeviceIdentity(device.certificate, device.key, pki.tls_ca.certificate)


def _client(port: int, pki: SandboxPki, terminal: str) -> PlatformClient:
    return PlatformClient(HttpsTransport(f"https://localhost:{port}", _identity(pki, terminal)))


def _evidence(person: Person, pki: SandboxPki, terminal: str) -> SignedEvidence:
    moment = Moment(terminal, uuid.uuid4().hex, uuid.uuid4().hex, datetime.now(UTC), "specimen")
    return Evidence.of(Card(person.name, person.number), Face(), moment).signed(_identity(pki, terminal))
