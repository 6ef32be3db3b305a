"""One genuine exchange for each operation of the hall, as it went over the wire."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hall_world import MONDAY, HallWorld, china
from platform_world import client_for

from platform_client import appointments, cases, complaints, content, guides, materials, ratings, tickets
from platform_client.binding import Message
from platform_client.client import PlatformClient
from platform_client.operation import Ask, Fetch
from platform_client.transport import Request, Response, Transport

SUBJECTS = (appointments, cases, complaints, content, guides, materials, ratings, tickets)
OPERATIONS: dict[str, Ask[Any, Any] | Fetch[Any]] = {
    operation.name: operation
    for subject in SUBJECTS
    for operation in vars(subject).values()
    if isinstance(operation, (Ask, Fetch)) and operation is not ratings.RATE
}


@dataclass(frozen=True)
class Exchange:
    """What was asked and answered. `question` is None where nothing is sent."""

    operation: Ask[Any, Any] | Fetch[Any]
    question: Message | None
    asked: bytes
    answered: bytes


class Recording:
    """A transport that keeps what passes."""

    def __init__(self, through: Transport) -> None:
        self._through = through
        self.asked = self.answered = b""

    @asynccontextmanager
    async def exchange(self, request: Request) -> AsyncIterator[Response]:
        async with self._through.exchange(request) as response:
            self.asked, self.answered = request.body, b"".join([part async for part in response.parts])
            yield replace(response, parts=Response.of(self.answered).parts)

    async def close(self) -> None:
        await self._through.close()


async def exchanges(hall: HallWorld) -> dict[str, Exchange]:
    """A morning in the hall; every operation is in it."""
    recording = Recording(client_for(hall.port, hall.identity)._transport)
    client = PlatformClient(recording)
    made: dict[str, Exchange] = {}

    async def ask(operation: Ask[Any, Any], question: Message) -> Any:
        answer = await client.call(operation, question)
        made[operation.name] = Exchange(operation, question, recording.asked, recording.answered)
        return answer

    async def fetch(operation: Fetch[Any]) -> Any:
        answer = await client.fetch(operation)
        made[operation.name] = Exchange(operation, None, recording.asked, recording.answered)
        return answer

    try:
        await _public(fetch, ask)
        await _personal(hall, ask)
        await fetch(tickets.QUEUE)
        await fetch(complaints.PUBLISHED)
    finally:
        await client.close()
    return made


Asking = Callable[[Ask[Any, Any], Message], Awaitable[Any]]


async def _public(fetch: Callable[[Fetch[Any]], Awaitable[Any]], ask: Asking) -> None:
    for operation in (guides.THEMES, content.CONTENT_VERSION, content.CONTENT):
        await fetch(operation)
    await ask(guides.GUIDE, guides.GuideCall("social-card"))
    await ask(guides.DIRECTORY, guides.DirectorySearch("household"))
    await ask(guides.FUZZY, guides.FuzzySearch("社保卡"))
    await ask(guides.FULL_TEXT, guides.FullTextSearch("照片"))
    await fetch(guides.ASKED_MOST)
    await ask(appointments.SLOTS, appointments.SlotsCall("social-card"))


async def _personal(hall: HallWorld, ask: Asking) -> None:
    first = china(MONDAY + timedelta(days=1), 9)
    for begins in (first, first + timedelta(hours=1)):
        booked = await ask(appointments.BOOK, appointments.BookCall(hall.shown(), "social-card", "1", begins))
        if begins == first:
            await ask(appointments.CANCEL, appointments.CancelCall(hall.shown(), booked.appointment.number))
    await ask(appointments.APPOINTMENTS, appointments.AppointmentsCall(hall.shown()))
    hall.clock.now = booked.appointment.begins
    await ask(appointments.CHECK_IN, appointments.CheckInCall(hall.shown(), booked.appointment.number))
    await ask(tickets.TICKET, tickets.TicketCall("social-card"))
    await ask(tickets.TICKET_FOR, tickets.TicketForCall(hall.shown(), "residence-permit"))
    hall.hall.queue.call_next("1")
    await ask(tickets.CALLS_AFTER, tickets.CallsAfter(0))
    photo = (await ask(materials.UPLOAD, _upload(hall, "photograph", materials.Level.C, b"\xff\xd8\xff"))).material
    form = (await ask(materials.UPLOAD, _upload(hall, "application-form", materials.Level.D, b"%PDF-1"))).material
    held = (await ask(materials.MATERIALS, materials.MaterialsCall(hall.shown(), "social-card"))).materials
    licence = next(each.number for each in held if each.level is materials.Level.A)
    await ask(materials.LICENCE, materials.LicenceCall(hall.shown(), licence))
    both = (photo.number, form.number)
    applied = await ask(materials.APPLY, materials.ApplyCall(hall.shown(), "social-card", "hall", "post", both))
    hall.hall.cases.ask_for(applied.number, "请重新提交照片。")
    await ask(materials.SUPPLEMENT, materials.SupplementCall(hall.shown(), applied.number, (photo.number,)))
    lines = (await ask(cases.CASES, cases.CasesCall(hall.shown()))).cases
    decided = next(line.number for line in lines if line.state is cases.CaseState.DECIDED)
    case = await ask(cases.CASE, cases.CaseCall(hall.shown(), decided))
    await ask(cases.CASE_BY_NUMBER, cases.by_number(decided))
    await ask(cases.CASE_BY_CODE, cases.by_code(case.application.code))
    await ask(ratings.RATE_SERVICE, ratings.service_rating(hall.shown(), decided, 2, "等候时间过长。"))
    complaint = complaints.ComplaintCall(
        hall.shown(), "human-resources", complaints.ComplaintCategory.DELAY, True, "窗口排队时间过长。"
    )
    number = (await ask(complaints.COMPLAIN, complaint)).number
    hall.hall.complaints.answer(number, "已增开窗口。")
    await ask(complaints.REPLY, complaints.reply_to(number))


def _upload(hall: HallWorld, material: str, level: materials.Level, data: bytes) -> materials.UploadCall:
    return materials.upload(
        hall.shown(), item="social-card", material=material, level=level, content=data, promise=True
    )
