"""Documents made of the schemas, good and broken, at both ends (C02).

The sandbox answers each with 200 or with 4xx and a code, never with 5xx, and never not at all; the client takes an
answer or refuses it by name.
"""

import asyncio
import http.client
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from documents import broken, good, trees
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from platform_world import evidence_of

from platform_client import binding, wire
from platform_client.client import PlatformClient
from platform_client.conformance import example_question
from platform_client.errors import PlatformError, PlatformFault
from platform_client.grammar import grammar
from platform_client.identity import DeviceIdentity
from platform_client.interface import everything
from platform_client.operation import AboutPerson, Ask, Fetch
from platform_client.refusal import Refusal
from platform_client.sandbox.assembly import Sandbox
from platform_client.sandbox.pki import SandboxPki
from platform_client.sandbox.typeface import Typecase
from platform_client.transport import CONTENT_TYPE, REQUEST_ID, Request, Response

PATIENCE_S = 20.0
ASKED = [each for each in everything() if isinstance(each, Ask)]
ROOTS = grammar().roots
UNHURRIED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
OF_AN_ANSWER = {
    PlatformFault.MALFORMED,
    PlatformFault.WRONG_SCHEMA,
    PlatformFault.TOO_LARGE,
    PlatformFault.OTHER_REQUEST,
    PlatformFault.WRONG_NONCE,
    PlatformFault.OTHER_PERSON,
}


class Peer:
    """A bare HTTPS client of the standard library: what it sends is exactly what a test says."""

    def __init__(self, port: int, identity: DeviceIdentity) -> None:
        self._port, self._identity = port, identity
        self._open()

    def _open(self) -> None:
        self._connection = http.client.HTTPSConnection(
            "localhost", self._port, context=self._identity.context, timeout=PATIENCE_S
        )

    def post(self, path: str, body: bytes, request_id: str) -> tuple[int, str]:
        """The status, and the code of a refusal."""
        try:
            self._connection.request("POST", path, body, {"Content-Type": CONTENT_TYPE, REQUEST_ID: request_id})
            answer = self._connection.getresponse()
            status, said = answer.status, answer.read()
        except (ConnectionError, http.client.RemoteDisconnected):  # it closed a connection that was kept
            self._connection.close()
            self._open()
            return self.post(path, body, request_id)
        root = wire.parse(said, wire.PLATFORM)
        return status, "" if status == 200 else binding.decode(root, Refusal).code


@pytest.fixture(scope="module")
def peer(pki: SandboxPki, typecase: Typecase, identity: DeviceIdentity) -> Iterator[Peer]:
    """A sandbox on a loop of its own, in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> tuple[Sandbox, int]:
        sandbox = Sandbox(pki, typecase)
        return sandbox, await sandbox.start("127.0.0.1", 0)

    sandbox, port = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE_S)
    yield Peer(port, identity)
    asyncio.run_coroutine_threadsafe(sandbox.stop(), loop).result(PATIENCE_S)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE_S)
    loop.close()


def answered(peer: Peer, path: str, body: bytes, request_id: str) -> None:
    """Within the peer's time-out, by 200 or by a refusal with a code."""
    status, code = peer.post(path, body, request_id)
    assert (status == 200) or (400 <= status < 500 and code), (path, status, code)


@UNHURRIED
@given(data=st.data())
def test_the_platform_answers_broken_questions(peer: Peer, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from(ASKED))
    answered(peer, operation.path, data.draw(broken(ROOTS[operation.question.__name__])), uuid.uuid4().hex)


@UNHURRIED
@given(data=st.data())
def test_the_platform_answers_good_questions_of_real_terminals(
    peer: Peer, identity: DeviceIdentity, data: st.DataObject
) -> None:
    """The evidence is genuine, so that what stands behind the door is reached with whatever else is in a question."""
    operation = data.draw(st.sampled_from(ASKED))
    tree = data.draw(trees(ROOTS[operation.question.__name__]))
    request_id = uuid.uuid4().hex
    if issubclass(operation.question, AboutPerson):
        shown = evidence_of(identity, request_id=request_id).shown()
        for name, value in (("Name", shown.name), ("Number", shown.number), ("Statement", shown.statement)):
            found = tree.find(f"{{*}}Evidence/{{*}}{name}")
            assert found is not None
            found.text = value
    answered(peer, operation.path, etree.tostring(tree, encoding="utf-8"), request_id)


class Saying:
    """A transport on which the platform says this, in pieces."""

    def __init__(self, body: bytes, status: int) -> None:
        self._body, self._status = body, status

    @asynccontextmanager
    async def exchange(self, request: Request) -> AsyncIterator[Response]:
        async def parts():  # type: ignore[no-untyped-def]
            for at in range(0, len(self._body), 37):
                yield self._body[at : at + 37]

        yield Response(self._status, CONTENT_TYPE, parts())

    async def close(self) -> None: ...


@UNHURRIED
@given(data=st.data(), status=st.sampled_from((200, 200, 403)))
def test_the_client_takes_an_answer_or_refuses_it_by_name(
    identity: DeviceIdentity, data: st.DataObject, status: int
) -> None:
    operation = data.draw(st.sampled_from(everything()))
    root = ROOTS[operation.answer.__name__ if status == 200 else "Refusal"]
    body = data.draw(st.one_of(good(root), broken(root), broken(root)))
    client = PlatformClient(Saying(body, status))

    async def ask() -> object:
        if isinstance(operation, Fetch):
            return await client.fetch(operation)
        question = example_question(operation, evidence_of(identity))
        return await client.call(operation, question)

    try:
        answer = asyncio.run(ask())
    except PlatformError as error:
        assert error.kind in (OF_AN_ANSWER if status == 200 else OF_AN_ANSWER | {PlatformFault.REFUSED}), error
        assert error.__context__ is None or error.__suppress_context__, "it would quote what was answered"
    else:
        assert isinstance(answer, operation.answer) and status == 200
