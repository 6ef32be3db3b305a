"""The hall, put together, and what of it a terminal may ask at the platform's door."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from platform_client import appointments, cases, complaints, content, guides, materials, ratings, tickets
from platform_client.sandbox.door import CALLER, Door
from platform_client.sandbox.hall import clerks
from platform_client.sandbox.hall.appointments import Bookings
from platform_client.sandbox.hall.bundle import Bundle, ReviewerKey
from platform_client.sandbox.hall.cases import CaseFiles
from platform_client.sandbox.hall.complaints import Complaints
from platform_client.sandbox.hall.guesses import Guesses
from platform_client.sandbox.hall.guidebook import Guidebook
from platform_client.sandbox.hall.materials import MaterialFiles
from platform_client.sandbox.hall.plan import arranged
from platform_client.sandbox.hall.queue import HallQueue
from platform_client.sandbox.hall.ratings import Ratings
from platform_client.sandbox.hall.store import Store
from platform_client.sandbox.hall.visitor import Reception

_REMIND_EVERY_S: Final = 30.0


class Hall:
    """`keys`: the folder of the reviewer's key. Everything else is forgotten with the process."""

    def __init__(self, keys: Path, clock: Callable[[], datetime]) -> None:
        self.plan = arranged()
        self.store = Store()
        self.guides = Guidebook(clock)
        self.reviewer = ReviewerKey.kept_in(keys)
        self.bundle = Bundle(self.guides, self.reviewer)
        guesses = Guesses(clock, lambda: CALLER.get().terminal)
        self.queue = HallQueue(self.store, self.plan, self.guides, clock)
        self.bookings = Bookings(self.store, self.plan, self.guides, self.queue, clock)
        self.cases = CaseFiles(self.store, self.plan, self.guides, guesses, clock)
        self.ratings = Ratings(self.store, self.cases)
        self.complaints = Complaints(self.store, self.plan, guesses, clock)
        self.materials = MaterialFiles(self.store, self.guides, self.cases, clock)
        self._clock = clock

    def stand_behind(self, door: Door) -> None:
        """Serve everything at `door`."""
        reception = Reception(door, self.store, self._clock)
        door.fetch(guides.THEMES, self.guides.themes)
        door.fetch(guides.ASKED_MOST, self.guides.asked_most)
        door.ask(guides.GUIDE, self.guides.guide)
        door.ask(guides.DIRECTORY, self.guides.directory)
        door.ask(guides.FUZZY, self.guides.fuzzy)
        door.ask(guides.FULL_TEXT, self.guides.full_text)
        door.fetch(content.CONTENT_VERSION, self.bundle.version)
        door.fetch(content.CONTENT, self.bundle.signed)
        door.ask(appointments.SLOTS, self.bookings.slots)
        door.fetch(tickets.QUEUE, self.queue.queue)
        door.ask(tickets.CALLS_AFTER, self.queue.calls_after)
        door.ask(tickets.TICKET, self.queue.take)
        door.ask(cases.CASE_BY_NUMBER, self.cases.by_number)
        door.ask(cases.CASE_BY_CODE, self.cases.by_code)
        door.ask(complaints.REPLY, self.complaints.reply)
        door.fetch(complaints.PUBLISHED, self.complaints.published)
        reception.ask(appointments.BOOK, self.bookings.book)
        reception.ask(appointments.APPOINTMENTS, self.bookings.mine)
        reception.ask(appointments.CANCEL, self.bookings.cancel)
        reception.ask(appointments.CHECK_IN, self.bookings.check_in)
        reception.ask(tickets.TICKET_FOR, self.queue.take_for)
        reception.ask(cases.CASES, self.cases.mine)
        reception.ask(cases.CASE, self.cases.one)
        reception.ask(ratings.RATE_SERVICE, self.ratings.rate)
        reception.ask(complaints.COMPLAIN, self.complaints.complain)
        reception.ask(materials.MATERIALS, self.materials.mine)
        reception.ask(materials.LICENCE, self.materials.licence)
        reception.ask(materials.UPLOAD, self.materials.upload)
        reception.ask(materials.APPLY, self.materials.apply)
        reception.ask(materials.SUPPLEMENT, self.materials.supplement)

    async def remind(self) -> None:
        """For ever: a reminder for each booking when it is due (B15)."""
        while True:
            self.bookings.remind()
            await asyncio.sleep(_REMIND_EVERY_S)

    def obey(self, command: clerks.ClerkCommand) -> None:
        """What a clerk does. Raises KeyError for what does not exist, or cannot be done to it any more."""
        try:
            self._obey(command)
        except ValueError as error:
            raise KeyError(str(error)) from None

    def _obey(self, command: clerks.ClerkCommand) -> None:
        match command:
            case clerks.CallNext():
                self.queue.call_next(command.window)
            case clerks.NobodyCame():
                self.queue.nobody_came(command.window)
            case clerks.Finish():
                self.queue.finish(command.window)
            case clerks.AcceptCase():
                self.cases.accept(command.number)
            case clerks.RefuseCase():
                self.cases.refuse(command.number, command.reason)
            case clerks.AskForMore():
                self.cases.ask_for(command.number, command.missing)
            case clerks.DecideCase():
                self.cases.decide(command.number, command.result())
            case clerks.SuspendCase():
                self.cases.suspend(command.number, command.reason)
            case clerks.ResumeCase():
                self.cases.resume(command.number)
            case clerks.ExtendCase():
                self.cases.extend(command.number, command.working_days, command.reason)
            case clerks.TerminateCase():
                self.cases.terminate(command.number, command.reason)
            case clerks.CheckMaterial():
                self.materials.checked(command.number)
            case clerks.RevokeLicence():
                self.materials.revoke(command.number)
            case clerks.AnswerComplaint():
                self.complaints.answer(command.number, command.text)
            case clerks.WithdrawGuide():
                self.guides.withdraw(command.item)
