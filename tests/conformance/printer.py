"""What every printer must do, whatever carries the document to it.

A printer's own test subclasses the suite and gives it a bench: the printer, the hands that can do things to it, and the
tray that people take their pages from.
"""

import asyncio
import io
import secrets
from collections.abc import Callable
from typing import Protocol

import pytest
from fpdf import FPDF
from pypdf import PdfReader

from hardware.printers.port import (
    Colour,
    JobReport,
    JobTicket,
    Outcome,
    Printer,
    PrinterError,
    Sides,
    Submission,
    Trouble,
)

REPORTED_WITHIN_S = 20
HEARTBEAT_WITHIN_S = 1.5


class PrinterBench(Protocol):
    """A printer that is ready, the hands around it, and `papers`: what has come out since, one PDF per job."""

    printer: Printer

    def successor(self) -> Printer:
        """The same printer for a process that knows nothing of what was submitted before."""
        ...

    async def empty_tray(self) -> None: ...
    async def fill_tray(self) -> None: ...
    def empty_tray_during_next_job(self) -> None: ...
    def refuse_next_job(self) -> None: ...
    def jam_during_next_job(self) -> None: ...
    def jam_and_give_up_next_job(self) -> None: ...
    def die_during_next_job(self) -> None: ...
    async def pull_cable(self) -> None: ...
    def fall_silent(self) -> None: ...
    async def plug_in_cable(self) -> None: ...
    async def page_on_its_way(self) -> None: ...
    async def jam(self) -> None: ...
    async def clear(self) -> None: ...
    async def open_door(self) -> None: ...
    async def close_door(self) -> None: ...
    async def switch_off(self) -> None: ...
    async def switch_on(self) -> None: ...
    def papers(self) -> list[bytes]: ...
    def asked_for(self) -> dict[str, str]:
        """Sides, colour and tray of the last job, as the printer heard them."""
        ...


FAULTS = [
    pytest.param("empty_tray", "fill_tray", Trouble.PAPER_EMPTY, id="no paper"),
    pytest.param("jam", "clear", Trouble.JAM, id="jam"),
    pytest.param("open_door", "close_door", Trouble.DOOR_OPEN, id="door open"),
    pytest.param("switch_off", "switch_on", Trouble.OFFLINE, id="switched off"),
]


def document(*pages: str) -> bytes:
    """A PDF with one line of text on each page, kept uncompressed so that a scan would find it."""
    pdf = FPDF(format="A4")
    pdf.set_compression(False)
    pdf.set_font("Helvetica")
    for text in pages:
        pdf.add_page()
        pdf.cell(text=text)
    return bytes(pdf.output())


def texts(papers: list[bytes]) -> list[list[str]]:
    """What can be read on each paper, page by page."""
    return [[page.extract_text().strip() for page in PdfReader(io.BytesIO(paper)).pages] for paper in papers]


async def submitted(
    printer: Printer, pdf: bytes, pages: int, name: str | None = None, ticket: JobTicket | None = None
) -> Submission:
    """Hand it over, under a name that no job had before."""
    return await printer.submit(pdf, pages, name or secrets.token_hex(8), ticket or JobTicket())


async def first(printer: Printer, submission: Submission, wanted: Callable[[JobReport], object]) -> JobReport:
    """The first report that is wanted. Fails when the job ends, or time passes, without it."""
    async with asyncio.timeout(REPORTED_WITHIN_S):
        async for report in printer.follow(submission):
            if wanted(report):
                return report
    raise AssertionError(f"the job ended without it: {report}")


async def ended(printer: Printer, submission: Submission) -> JobReport:
    """The last report of the job."""
    return await first(printer, submission, lambda report: report.outcome is not None)


async def prints_only(bench: PrinterBench, text: str) -> None:
    """Print one page more and find it alone in the tray: a printer works in order, so nothing else is to come."""
    submission = await submitted(bench.printer, document(text), 1)
    assert (await ended(bench.printer, submission)).outcome is Outcome.PRINTED
    assert texts(bench.papers()) == [[text]]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.timeout(60)
class PrinterConformance:
    """Subclass with a fixture `bench` that gives a PrinterBench."""

    async def test_every_page_comes_out_once(self, bench: PrinterBench) -> None:
        submission = await submitted(bench.printer, document("one", "two"), 2)
        report = await ended(bench.printer, submission)
        assert report == JobReport(pages_out=2, trouble=None, outcome=Outcome.PRINTED)
        assert texts(bench.papers()) == [["one", "two"]]

    async def test_nothing_is_said_to_be_printed_before_it_is_out(self, bench: PrinterBench) -> None:
        submission = await submitted(bench.printer, document("one"), 1)
        async with asyncio.timeout(REPORTED_WITHIN_S):
            async for report in bench.printer.follow(submission):
                assert report.pages_out <= len(bench.papers())

    @pytest.mark.parametrize(("fault", "remedy", "trouble"), FAULTS)
    async def test_the_printer_itself_tells_its_trouble(
        self, bench: PrinterBench, fault: str, remedy: str, trouble: Trouble
    ) -> None:
        """A09: out of paper is known before anybody prints."""
        assert await bench.printer.condition() is None
        await getattr(bench, fault)()
        assert await bench.printer.condition() is trouble
        await getattr(bench, remedy)()
        assert await bench.printer.condition() is None

    @pytest.mark.parametrize(("fault", "remedy", "trouble"), FAULTS)
    async def test_no_document_waits_for_a_printer_that_cannot_print(
        self, bench: PrinterBench, fault: str, remedy: str, trouble: Trouble
    ) -> None:
        await getattr(bench, fault)()
        with pytest.raises(PrinterError) as refused:
            await submitted(bench.printer, document("too early"), 1)
        assert refused.value.trouble is trouble
        await getattr(bench, remedy)()
        await prints_only(bench, "in time")

    async def test_out_of_paper_during_a_job_then_filled_prints_exactly_once(self, bench: PrinterBench) -> None:
        """A09."""
        bench.empty_tray_during_next_job()
        submission = await submitted(bench.printer, document("patient"), 1)
        report = await first(bench.printer, submission, lambda report: report.trouble)
        assert report == JobReport(pages_out=0, trouble=Trouble.PAPER_EMPTY, outcome=None)
        assert bench.papers() == []
        await bench.fill_tray()
        assert (await ended(bench.printer, submission)).outcome is Outcome.PRINTED
        assert texts(bench.papers()) == [["patient"]]

    async def test_cancelled_while_out_of_paper_never_comes_out(self, bench: PrinterBench) -> None:
        bench.empty_tray_during_next_job()
        submission = await submitted(bench.printer, document("unwanted"), 1)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        await bench.printer.cancel(submission)
        await bench.printer.cancel(submission)
        report = await ended(bench.printer, submission)
        assert (report.outcome, report.pages_out) == (Outcome.CANCELLED, 0)
        await bench.fill_tray()
        await prints_only(bench, "wanted")

    async def test_pages_that_were_out_before_the_cancel_are_counted(self, bench: PrinterBench) -> None:
        bench.empty_tray_during_next_job()
        submission = await submitted(bench.printer, document("out", "not out"), 2)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        await bench.printer.cancel(submission)
        report = await ended(bench.printer, submission)
        assert (report.outcome, report.pages_out) == (Outcome.CANCELLED, 1)
        assert texts(bench.papers()) == [["out"]]

    async def test_cancelled_at_once_never_comes_out(self, bench: PrinterBench) -> None:
        submission = await submitted(bench.printer, document("unwanted"), 1)
        await bench.printer.cancel(submission)
        assert (await ended(bench.printer, submission)).outcome is Outcome.CANCELLED
        await prints_only(bench, "wanted")

    async def test_a_cancel_that_comes_too_late_says_printed(self, bench: PrinterBench) -> None:
        submission = await submitted(bench.printer, document("out"), 1)
        await ended(bench.printer, submission)
        await bench.printer.cancel(submission)
        assert (await ended(bench.printer, submission)).outcome is Outcome.PRINTED

    async def test_a_jam_that_is_cleared_costs_no_page_and_adds_none(self, bench: PrinterBench) -> None:
        bench.jam_during_next_job()
        submission = await submitted(bench.printer, document("crumpled"), 1)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.JAM)
        await bench.clear()
        assert (await ended(bench.printer, submission)).outcome is Outcome.PRINTED
        assert texts(bench.papers()) == [["crumpled"]]

    async def test_a_document_the_printer_refuses_is_aborted(self, bench: PrinterBench) -> None:
        bench.refuse_next_job()
        submission = await submitted(bench.printer, document("refused"), 1)
        report = await ended(bench.printer, submission)
        assert (report.outcome, report.pages_out) == (Outcome.ABORTED, 0)
        await prints_only(bench, "accepted")

    async def test_a_printer_that_forgets_a_job_leaves_it_uncertain_and_never_prints_it_again(
        self, bench: PrinterBench
    ) -> None:
        bench.empty_tray_during_next_job()
        submission = await submitted(bench.printer, document("lost"), 1)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        await bench.switch_off()
        report = await first(bench.printer, submission, lambda report: report.trouble is Trouble.OFFLINE)
        assert report.outcome is None
        await bench.fill_tray()
        await bench.switch_on()
        assert (await ended(bench.printer, submission)).outcome is Outcome.UNCERTAIN
        await prints_only(bench, "found")

    async def test_no_promise_is_made_for_a_printer_that_is_gone(self, bench: PrinterBench) -> None:
        bench.empty_tray_during_next_job()
        submission = await submitted(bench.printer, document("lost"), 1)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        await bench.switch_off()
        with pytest.raises(PrinterError) as uncertain:
            await bench.printer.cancel(submission)
        assert uncertain.value.trouble is Trouble.OFFLINE
        assert (await ended(bench.printer, submission)).outcome is Outcome.UNCERTAIN

    async def test_what_a_printer_kept_that_could_not_be_told_is_ended_before_it_is_ready_again(
        self, bench: PrinterBench
    ) -> None:
        """Its citizen left while the cable was out: after cable and paper their page must not come out."""
        bench.empty_tray_during_next_job()
        submission = await submitted(bench.printer, document("left"), 1)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        await bench.pull_cable()
        with pytest.raises(PrinterError, match="offline"):
            await bench.printer.cancel(submission)
        await bench.plug_in_cable()
        assert await bench.printer.condition() is Trouble.PAPER_EMPTY
        await bench.fill_tray()
        await prints_only(bench, "wanted")

    async def test_a_job_that_waits_is_heard_of_every_second(self, bench: PrinterBench) -> None:
        bench.empty_tray_during_next_job()
        submission = await submitted(bench.printer, document("patient"), 1)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        reports = aiter(bench.printer.follow(submission))
        for _ in range(3):
            async with asyncio.timeout(HEARTBEAT_WITHIN_S):
                report = await anext(reports)
            assert report == JobReport(pages_out=0, trouble=Trouble.PAPER_EMPTY, outcome=None)

    async def test_what_was_left_in_a_printer_without_paper_is_ended_and_did_not_come_out(
        self, bench: PrinterBench
    ) -> None:
        """Its citizen has gone: after the refill their page must not come out."""
        bench.empty_tray_during_next_job()
        name = secrets.token_hex(8)
        submission = await submitted(bench.printer, document("orphan"), 1, name)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        successor = bench.successor()
        report = await successor.settle(name, 1)
        assert (report.outcome, report.pages_out) == (Outcome.CANCELLED, 0)
        await bench.fill_tray()
        submission = await submitted(successor, document("wanted"), 1)
        assert (await ended(successor, submission)).outcome is Outcome.PRINTED
        assert texts(bench.papers()) == [["wanted"]]
        await successor.close()

    async def test_what_came_out_before_anybody_asked_is_known_to_be_out(self, bench: PrinterBench) -> None:
        name = secrets.token_hex(8)
        submission = await submitted(bench.printer, document("one", "two"), 2, name)
        await ended(bench.printer, submission)
        successor = bench.successor()
        report = await successor.settle(name, 2)
        assert (report.outcome, report.pages_out) == (Outcome.PRINTED, 2)
        await successor.close()

    async def test_what_neither_queue_nor_printer_knows_is_uncertain(self, bench: PrinterBench) -> None:
        assert (await bench.printer.settle(secrets.token_hex(8), 1)).outcome is Outcome.UNCERTAIN

    async def test_nothing_is_settled_while_the_printer_cannot_be_asked(self, bench: PrinterBench) -> None:
        name = secrets.token_hex(8)
        bench.empty_tray_during_next_job()
        submission = await submitted(bench.printer, document("lost"), 1, name)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        await bench.switch_off()
        successor = bench.successor()
        with pytest.raises(PrinterError, match="offline"):
            await successor.settle(name, 1)
        await bench.switch_on()
        await bench.fill_tray()
        assert (await successor.settle(name, 1)).outcome is Outcome.UNCERTAIN
        await successor.close()

    async def test_a_jam_that_ends_the_job_leaves_no_page(self, bench: PrinterBench) -> None:
        bench.jam_and_give_up_next_job()
        submission = await submitted(bench.printer, document("stuck"), 1)
        report = await ended(bench.printer, submission)
        assert report == JobReport(pages_out=0, trouble=Trouble.JAM, outcome=Outcome.ABORTED)
        assert bench.papers() == []
        await bench.clear()
        await prints_only(bench, "again")

    async def test_a_printer_that_dies_over_half_a_page_is_never_said_to_have_printed(
        self, bench: PrinterBench
    ) -> None:
        bench.die_during_next_job()
        submission = await submitted(bench.printer, document("half"), 1)
        report = await first(bench.printer, submission, lambda report: report.trouble)
        assert report == JobReport(pages_out=0, trouble=Trouble.OFFLINE, outcome=None)
        await bench.switch_on()
        assert (await ended(bench.printer, submission)).outcome is Outcome.UNCERTAIN

    @pytest.mark.parametrize("fault", ["pull_cable", "fall_silent"])
    async def test_a_printer_that_cannot_be_asked_prints_on_and_is_believed_when_it_can(
        self, bench: PrinterBench, fault: str
    ) -> None:
        """The page comes out unseen; when the printer answers again it says so, and nothing is printed twice."""
        name = secrets.token_hex(8)
        submission = await submitted(bench.printer, document("unseen"), 1, name)
        await bench.page_on_its_way()
        if (cutting := getattr(bench, fault)()) is not None:
            await cutting
        report = await first(bench.printer, submission, lambda report: report.trouble)
        assert report == JobReport(pages_out=0, trouble=Trouble.OFFLINE, outcome=None)
        await bench.plug_in_cable()
        assert (await ended(bench.printer, submission)).outcome is Outcome.PRINTED
        assert texts(bench.papers()) == [["unseen"]]

    async def test_a_document_is_laid_on_paper_as_its_ticket_says(self, bench: PrinterBench) -> None:
        ticket = JobTicket(sides=Sides.LONG_EDGE, colour=Colour.MONOCHROME, tray="main", copies=2)
        submission = await submitted(bench.printer, document("front", "back"), 2, ticket=ticket)
        assert submission.pages == 4
        report = await ended(bench.printer, submission)
        assert (report.outcome, report.pages_out) == (Outcome.PRINTED, 4)
        assert texts(bench.papers()) == [["front", "back", "front", "back"]]
        assert bench.asked_for() == {"sides": "two-sided-long-edge", "print-color-mode": "monochrome", "tray": "main"}

    async def test_one_job_at_a_time(self, bench: PrinterBench) -> None:
        submission = await submitted(bench.printer, document("first"), 1)
        with pytest.raises(RuntimeError):
            await submitted(bench.printer, document("second"), 1)
        assert (await ended(bench.printer, submission)).outcome is Outcome.PRINTED

    async def test_a_submission_tells_nothing_of_the_document(self, bench: PrinterBench) -> None:
        """C20: what travels in logs."""
        submission = await submitted(bench.printer, document("Zhang San"), 1)
        assert "Zhang" not in repr(submission)
        assert (await ended(bench.printer, submission)).outcome is Outcome.PRINTED
