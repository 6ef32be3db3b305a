"""The client: typed questions, typed answers, every failure with a name (A01, C01, C12, C19).

`call` and `fetch` are all of it; what can be asked is the business of the modules of each subject (certificates, trust,
ratings …). A call carries its own id in `X-Request-Id`; the platform logs the same id, and so does the terminal's audit
through `observe`. A call about a person takes its id and nonce from the evidence, and an answer that does not repeat
both, or that is about somebody else, is not let in. Nothing is kept: the same question twice is two calls (C20).

A try that found nobody, or whose answer broke off, is made again, under the same id, if the platform does no more when
it is asked twice; all tries share one deadline. Cancelling the task that waits aborts the connection.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from platform_client import binding, wire
from platform_client.binding import Message
from platform_client.breaker import Breaker
from platform_client.errors import PlatformError, PlatformFault
from platform_client.evidence import SignedEvidence
from platform_client.operation import A, About, AboutPerson, Ask, Fetch, PersonalAnswer, Q
from platform_client.patience import PATIENT, Patience
from platform_client.refusal import Refusal
from platform_client.transport import CONTENT_TYPE, Request, Response, Transport
from platform_client.wire import Malformed, TooLarge, WireError

SKEW_S: Final = 120.0
"""How far the platform's clock may be from ours. A wrong clock judges evidence and seals wrongly."""
_REFUSALS: Final = {401: PlatformFault.KEY_REFUSED, 424: PlatformFault.INCOMPLETE}
"""By status; any other 4xx is REFUSED."""
_OVERLOADED: Final = frozenset({502, 503, 504})
_WORTH_ANOTHER_TRY: Final = frozenset({PlatformFault.UNREACHABLE, PlatformFault.OVERLOADED, PlatformFault.TRUNCATED})


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One finished call. `outcome`: "ok", the value of a PlatformFault, "cancelled", or "failed" for a bug."""

    operation: str
    request_id: str
    outcome: str
    seconds: float
    tries: int


class PlatformClient:
    """The platform behind `transport`. `observe` hears of each call that was sent. `now`: our clock, timezone-aware."""

    def __init__(
        self,
        transport: Transport,
        patience: Patience = PATIENT,
        *,
        observe: Callable[[CallRecord], None] = lambda record: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        breaker: Breaker | None = None,
    ) -> None:
        self._transport = transport
        self._patience = patience
        self._observe = observe
        self._now = now
        self._breaker = breaker or Breaker()

    async def fetch(self, operation: Fetch[A]) -> A:
        """Something public. Raises PlatformError."""
        request = Request("GET", operation.path, uuid.uuid4().hex)
        return await self._observed(operation.name, request, operation.answer, None, self._patience.tries)

    async def call(self, operation: Ask[Q, A], question: Q) -> A:
        """The answer to `question`. Raises PlatformError, and ValueError for what is no question of our interface."""
        evidence = _evidence_in(question)
        request_id = uuid.uuid4().hex if evidence is None else evidence.request_id
        try:
            body = binding.encode(question)
        except WireError as error:
            raise ValueError(f"not a question of our interface: {error}") from None
        request = Request("POST", operation.path, request_id, body)
        tries = self._patience.tries if operation.repeatable else 1
        return await self._observed(operation.name, request, operation.answer, evidence, tries)

    async def close(self) -> None:
        """End the connection."""
        await self._transport.close()

    async def _observed(
        self, name: str, request: Request, answer: type[A], evidence: SignedEvidence | None, tries: int
    ) -> A:
        with self._breaker.passing():
            began, outcome, tried = time.monotonic(), "failed", 0
            deadline = asyncio.get_running_loop().time() + self._patience.total_s
            try:
                while True:
                    tried += 1
                    try:
                        said = await self._exchange(request, answer, deadline)
                        break
                    except PlatformError as error:
                        if error.kind not in _WORTH_ANOTHER_TRY or tried >= tries or error.retry_in_s is not None:
                            raise
                        await self._pause(tried, deadline, error)
                _check_belongs(said, evidence)
                outcome = "ok"
            except PlatformError as error:
                outcome = error.kind.value
                raise
            except asyncio.CancelledError:
                outcome = "cancelled"
                raise
            finally:
                self._observe(CallRecord(name, request.request_id, outcome, time.monotonic() - began, tried))
            return said

    async def _exchange(self, request: Request, answer: type[A], deadline: float) -> A:
        """One try. By the event loop's clock, `deadline` ends it whatever the other side does."""
        late, total_s = PlatformFault.SLOW, self._patience.total_s
        try:
            async with asyncio.timeout_at(deadline), self._transport.exchange(request) as response:
                late = PlatformFault.DRIPPING
                return await self._understood(response, answer)
        except TimeoutError:
            raise PlatformError(late, f"no whole answer within {total_s} s") from None

    async def _pause(self, tried: int, deadline: float, error: PlatformError) -> None:
        """Raises `error` when no time is left for another try."""
        pause_s = self._patience.pause_s(tried)
        if asyncio.get_running_loop().time() + pause_s >= deadline:
            raise error
        await asyncio.sleep(pause_s)

    async def _understood(self, response: Response, answer: type[A]) -> A:
        """Answers are 200 or a refusal (4xx), in XML."""
        _check_head(response)
        if response.at is not None and abs((self._now() - response.at).total_seconds()) > SKEW_S:
            raise PlatformError(PlatformFault.CLOCK_SKEW, f"our clocks differ by more than {SKEW_S:.0f} s")
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
        fault = _REFUSALS.get(response.status, PlatformFault.REFUSED)
        raise PlatformError(fault, refusal.code, until=refusal.until)


def _evidence_in(question: Message) -> SignedEvidence | None:
    if not isinstance(question, AboutPerson):
        return None
    if not isinstance(question.evidence, SignedEvidence):
        raise TypeError("evidence that somebody else signed is not ours to send")
    return question.evidence


def _check_head(response: Response) -> None:
    """A redirect is never followed: it may lead out of the pinned trust."""
    status = response.status
    if 300 <= status < 400:
        plain = response.location.lower().startswith("http:")
        fault = PlatformFault.REDIRECTED_TO_HTTP if plain else PlatformFault.REDIRECTED
        raise PlatformError(fault, f"status {status}")
    if status in _OVERLOADED:
        raise PlatformError(PlatformFault.OVERLOADED, f"status {status}", retry_in_s=response.retry_after_s)
    if status != 200 and not 400 <= status < 500:
        raise PlatformError(PlatformFault.FAILED, f"status {status}")
    if response.content_type != CONTENT_TYPE:
        raise PlatformError(PlatformFault.WRONG_CONTENT_TYPE, "not XML")


async def _read(response: Response) -> etree._Element:
    reader = wire.Reader(wire.PLATFORM)
    # Closed at once when it is left early, so that whoever yields the parts hears of it now and not from the collector.
    async with contextlib.aclosing(response.parts) as parts:
        async for part in parts:
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
