"""The client: typed questions, typed answers, every failure with a name (A01, C01, C12, C19).

`call` and `fetch` are all of it; what can be asked is the business of the modules of each subject (certificates, trust,
ratings …). A call carries its own id in `X-Request-Id`; the platform logs the same id, and so does the terminal's audit
through `observe`. A call about a person takes its id and nonce from the evidence, and an answer that does not repeat
both, or that is about somebody else, is not let in. Nothing is kept: the same question twice is two calls (C20).
Cancelling the task that waits aborts the connection.
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lxml import etree

from platform_client import binding, wire
from platform_client.binding import Message
from platform_client.errors import PlatformError, PlatformFault
from platform_client.evidence import SignedEvidence
from platform_client.operation import A, About, AboutPerson, Ask, Fetch, PersonalAnswer, Q
from platform_client.refusal import Refusal
from platform_client.transport import CONTENT_TYPE, Request, Response, Transport
from platform_client.wire import Malformed, TooLarge, WireError

_OVERLOADED: Final = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One finished call. `outcome`: "ok", the value of a PlatformFault, "cancelled", or "failed" for a bug."""

    operation: str
    request_id: str
    outcome: str
    seconds: float


class PlatformClient:
    """The platform behind `transport`. `observe` hears of each call that was sent."""

    def __init__(self, transport: Transport, *, observe: Callable[[CallRecord], None] = lambda record: None) -> None:
        self._transport = transport
        self._observe = observe

    async def fetch(self, operation: Fetch[A]) -> A:
        """Something public. Raises PlatformError."""
        request = Request("GET", operation.path, uuid.uuid4().hex)
        return await self._exchange(operation.name, request, operation.answer, None)

    async def call(self, operation: Ask[Q, A], question: Q) -> A:
        """The answer to `question`. Raises PlatformError, and ValueError for what is no question of our interface."""
        evidence = _evidence_in(question)
        request_id = uuid.uuid4().hex if evidence is None else evidence.request_id
        try:
            body = binding.encode(question)
        except WireError as error:
            raise ValueError(f"not a question of our interface: {error}") from None
        request = Request("POST", operation.path, request_id, body)
        return await self._exchange(operation.name, request, operation.answer, evidence)

    async def close(self) -> None:
        """End the connection."""
        await self._transport.close()

    async def _exchange(self, name: str, request: Request, answer: type[A], evidence: SignedEvidence | None) -> A:
        began, outcome = time.monotonic(), "failed"
        try:
            async with self._transport.exchange(request) as response:
                said = await _understood(response, answer)
            _check_belongs(said, evidence)
            outcome = "ok"
        except PlatformError as error:
            outcome = error.kind.value
            raise
        except asyncio.CancelledError:
            outcome = "cancelled"
            raise
        finally:
            self._observe(CallRecord(name, request.request_id, outcome, time.monotonic() - began))
        return said


def _evidence_in(question: Message) -> SignedEvidence | None:
    if not isinstance(question, AboutPerson):
        return None
    if not isinstance(question.evidence, SignedEvidence):
        raise TypeError("evidence that somebody else signed is not ours to send")
    return question.evidence


async def _understood(response: Response, answer: type[A]) -> A:
    """Answers are 200 or a refusal (4xx), in XML."""
    if 300 <= response.status < 400:
        plain = response.location.lower().startswith("http:")
        fault = PlatformFault.REDIRECTED_TO_HTTP if plain else PlatformFault.REDIRECTED
        raise PlatformError(fault, f"status {response.status}")
    if response.status in _OVERLOADED:
        raise PlatformError(PlatformFault.OVERLOADED, f"status {response.status}")
    if response.status != 200 and not 400 <= response.status < 500:
        raise PlatformError(PlatformFault.FAILED, f"status {response.status}")
    if response.content_type != CONTENT_TYPE:
        raise PlatformError(PlatformFault.WRONG_CONTENT_TYPE, "not XML")
    try:
        root = await _read(response)
        if response.status == 200:
            return binding.decode(root, answer)
        refusal = binding.decode(root, Refusal)
    except TooLarge as error:
        raise PlatformError(PlatformFault.TOO_LARGE, str(error)) from None
    except Malformed as error:
        raise PlatformError(PlatformFault.MALFORMED, str(error)) from None
    except WireError as error:
        raise PlatformError(PlatformFault.WRONG_SCHEMA, str(error)) from None
    fault = PlatformFault.KEY_REFUSED if response.status == 401 else PlatformFault.REFUSED
    raise PlatformError(fault, refusal.code, until=refusal.until)


async def _read(response: Response) -> etree._Element:
    reader = wire.Reader(wire.PLATFORM)
    async for part in response.parts:
        reader.feed(part)
    return reader.close()


def _check_belongs(answer: Message, evidence: SignedEvidence | None) -> None:
    if not isinstance(answer, PersonalAnswer):
        return
    if evidence is None:
        raise TypeError("a personal answer to a question without evidence")
    asked = About(evidence.request_id, evidence.nonce, evidence.subject_digest)
    for said, expected, fault in (
        (answer.about.request_id, asked.request_id, PlatformFault.OTHER_REQUEST),
        (answer.about.nonce, asked.nonce, PlatformFault.WRONG_NONCE),
        (answer.about.subject_digest, asked.subject_digest, PlatformFault.OTHER_PERSON),
    ):
        if said != expected:
            raise PlatformError(fault, "the answer is not to this question")
