"""The systems of the platform, built and joined as one of the three topologies says (C03, C07, C09, C11).

Each has its own identity and, unless it is the private network, its own port. They share a process, so that a platform
starts in a moment; nothing crosses from one to the other but what TLS or a ferry carries.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from platform_client.sandbox import sources
from platform_client.sandbox.accounts import Account
from platform_client.sandbox.anchoring import Anchors
from platform_client.sandbox.catalogue import OFFERS
from platform_client.sandbox.control import (
    ApprovePairing,
    Command,
    RefusePairing,
    SetCrossing,
    SetFault,
    SetSource,
)
from platform_client.sandbox.door import PREFIX, Door
from platform_client.sandbox.enrolling import EnrollingAuthority
from platform_client.sandbox.faults import Faults
from platform_client.sandbox.ferry import Correspondence, Crossing, Shore, crossing
from platform_client.sandbox.fronts import OuterFront, PrivateCloudFront, PrivateNetwork
from platform_client.sandbox.glitches import Glitches
from platform_client.sandbox.hall.hall import Hall
from platform_client.sandbox.local import LocalRegister
from platform_client.sandbox.material import SOURCE_LIMIT_S, Material
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.records import registered
from platform_client.sandbox.registration import Registration
from platform_client.sandbox.registry import Person
from platform_client.sandbox.seal import SealSystem
from platform_client.sandbox.sharing import Sharing
from platform_client.sandbox.sources import Source
from platform_client.sandbox.staff import Staff
from platform_client.sandbox.system import Ports, System
from platform_client.sandbox.tls import listening
from platform_client.sandbox.topology import (
    LOCAL,
    MATERIAL,
    PRIVATE_CLOUD_FRONT,
    PRIVATE_NETWORK,
    PROVINCIAL,
    SEAL,
    SHARING,
    SYSTEMS,
    Topology,
)
from platform_client.sandbox.trace import Trace, Tracer
from platform_client.sandbox.typeface import Typecase
from platform_client.wire import LIMIT_BYTES

FERRY_S: Final = 0.02
BORDER_S: Final = 0.005


@dataclass(frozen=True, slots=True)
class Options:
    """How a platform is built. `accounts`: of a terminal, by its name; as it is, every terminal may ask for everything.
    `clock` returns the time, timezone-aware; `source_limit_s`: how long a source may take;
    `pictures`: what its register holds of a person; `traced` is told of every finished call; `orders`: a folder of what
    terminals are to become (enrolling.py)."""

    topology: Topology = Topology.EXTRANET
    accounts: Callable[[str], Account | None] = Account
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    source_limit_s: float = SOURCE_LIMIT_S
    pictures: Callable[[Person], bytes | None] = lambda person: None
    traced: Callable[[Trace], None] = lambda trace: None
    orders: Path | None = None


class Sandbox:
    """A platform: `start` it, then its switches (`faults`, `sources`, `crossings`) may be turned at any time.

    `enrolling` has a door of its own and is started by itself. `addresses`: the port of each system, on loopback.
    `private_questions`: those under way to the private network.
    """

    def __init__(self, pki: SandboxPki, typecase: Typecase, options: Options | None = None) -> None:
        options = options or Options()
        self.faults = Faults()
        self.tracer = Tracer(options.topology.value, options.traced)
        self.sources: dict[str, Source] = {}
        self.crossings: dict[str, Crossing] = {}
        self._pki = pki
        self._staff = Staff()
        self._duties: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._register = LocalRegister()
        self.addresses: Ports = {}
        self._systems = {name: System(name, pki, self.addresses, self.tracer) for name in SYSTEMS}
        self._fill(options.clock)
        SealSystem(self._systems[SEAL], pki, self.faults)
        Material(self._systems[MATERIAL], typecase, self.faults, options.clock, self._staff, options.source_limit_s)
        glitches = Glitches(self.faults).middleware
        outside = () if options.topology.outer_front else (glitches,)
        door = Door(pki, options.accounts, self.faults, self.tracer, options.clock, *outside)
        Sharing(self._systems[SHARING], pki, options.clock, options.pictures).stand_behind(door)
        Registration(pki, options.clock).stand_behind(door)
        self.enrolling = EnrollingAuthority(pki, options.orders, self.faults, options.clock)
        Anchors(pki.anchors, options.clock).stand_behind(door)
        self.hall = Hall(pki.directory, options.clock)
        self.hall.stand_behind(door)
        self._duties.append(self.hall.remind)
        app = self._entrance(options.topology, door.application, glitches)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)

    async def start(self, host: str, port: int) -> int:
        """Listen to terminals; returns the bound port. Raises OSError when the port is taken."""
        for system in self._systems.values():
            await system.start()
        for duty in self._duties:
            self._staff.hire(duty())
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port, ssl_context=listening(self._pki, self.faults)).start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        await self.enrolling.stop()
        await self._runner.cleanup()
        await self._staff.dismiss()
        for system in self._systems.values():
            await system.stop()
        self._register.close()
        self.hall.store.close()

    def system(self, name: str) -> System:
        """One of topology.SYSTEMS."""
        return self._systems[name]

    def obey(self, command: Command) -> None:
        """Flip a switch. Raises KeyError for a name in it that does not exist."""
        match command:
            case SetFault():
                self.faults.active, self.faults.seconds = command.fault, command.seconds
            case SetCrossing():
                self.crossings[command.name].delay_s = command.delay_s
            case SetSource():
                source = self.sources[command.name]
                source.latency_s, source.fault, source.seconds = command.latency_s, command.fault, command.seconds
            case ApprovePairing():
                self.enrolling.approve(command.code, command.terminal)
            case RefusePairing():
                self.enrolling.refuse(command.code)
            case _:
                self.hall.obey(command)

    def _fill(self, clock: Callable[[], datetime]) -> None:
        """The three sources; two of them listen."""
        registers: dict[str, sources.Register] = {
            sources.PRIVATE: registered(sources.PRIVATE),
            PROVINCIAL: registered(PROVINCIAL),
            LOCAL: self._register,
        }
        self.sources = {name: Source(name, registers[name], clock) for name in sources.NAMES}
        self.sources[sources.PRIVATE].further_s = lambda kind: OFFERS[kind].demander.value
        sources.listen(self.sources[PROVINCIAL], self._systems[PROVINCIAL], frozenset({MATERIAL}))
        sources.listen(self.sources[LOCAL], self._systems[LOCAL], frozenset({SHARING}))

    def _entrance(self, topology: Topology, door: web.Application, glitches: Middleware) -> web.Application:
        """What a terminal connects to, and the front-ends behind it."""
        private = self._crossing("ferry", PRIVATE_CLOUD_FRONT, PRIVATE_NETWORK, FERRY_S)
        border: tuple[Shore, Shore] | None = None
        entrance = door
        if topology.outer_front is not None:
            border = self._crossing("border", topology.outer_front, PRIVATE_CLOUD_FRONT, BORDER_S)
            front = OuterFront(topology.outer_front, border[0])
            self._duties.append(front.run)
            entrance = web.Application(middlewares=[glitches], client_max_size=LIMIT_BYTES)
            entrance.router.add_route("*", "/{tail:.*}", front.take_in)
            self._systems[SHARING].host(PREFIX, frozenset({PRIVATE_CLOUD_FRONT}), door)
        self.private_questions = Correspondence(private[0])
        inner = PrivateCloudFront(
            self._systems[PRIVATE_CLOUD_FRONT],
            self.private_questions,
            None if border is None else border[1],
            self._staff,
        )
        self._duties += [inner.run, PrivateNetwork(private[1], self.sources[sources.PRIVATE], self._staff).run]
        return entrance

    def _crossing(self, name: str, near: str, far: str, delay_s: float) -> tuple[Shore, Shore]:
        self.crossings[name], one, other = crossing(near, far, delay_s, self.tracer)
        return one, other
