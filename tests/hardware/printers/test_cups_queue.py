"""The adapter that prints through CUPS: the conformance suite, and what only a queue can get wrong."""

import asyncio
import secrets
from pathlib import Path
from typing import Any

import pytest
from conformance.printer import PrinterConformance, document, ended, first, prints_only, submitted, texts
from cups_bench import QUEUE, CupsBench
from fpdf import FPDF

from hardware.printers.cups_queue import CupsQueue
from hardware.printers.ipp_device import DeviceJob
from hardware.printers.port import JobReport, Outcome, PrinterError, Trouble, Unconfirmed
from hardware.printers.spooler import Spooler

MARKER = "onecard-marker-7Q2"
LARGE = 48 * 1024 * 1024
MIDWAY_S = 0.03


def files_with_marker(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and MARKER.encode() in path.read_bytes()]


class TestCupsQueue(PrinterConformance):
    """The suite, through the real cupsd and ippeveprinter."""


@pytest.mark.asyncio(loop_scope="session")
class TestWhatAQueueCanGetWrong:
    @pytest.mark.parametrize("cancelled", [False, True])
    async def test_nothing_of_the_document_stays_behind(self, bench: CupsBench, run_dir: Path, cancelled: bool) -> None:
        """C20: byte scan of everything the queue and the printer may write to."""
        bench.empty_tray_during_next_job()
        submission = await submitted(bench.printer, document(MARKER), 1)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        assert files_with_marker(bench.server.spool), "the scan would not find the document"
        if cancelled:
            await bench.printer.cancel(submission)
        else:
            await bench.fill_tray()
            assert (await ended(bench.printer, submission)).outcome is Outcome.PRINTED
            assert texts(bench.papers()) == [[MARKER]]
        assert files_with_marker(run_dir / "cups") == []
        assert files_with_marker(run_dir / "printer") == []

    async def test_a_jam_that_comes_between_two_questions_is_told_all_the_same(
        self, bench: CupsBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The printer was well when it was asked, and had ended the job when it was asked for that: staff clear a jam,
        and whoever waits may have their page."""
        device = bench.printer._device
        condition, job_named = device.condition, device.job_named
        has_ended = False

        async def well_until_it_ended() -> Trouble | None:
            return await condition() if has_ended else None

        async def told(name: str) -> DeviceJob | None:
            nonlocal has_ended
            job = await job_named(name)
            has_ended = job is not None and job.ended
            return job

        monkeypatch.setattr(device, "condition", well_until_it_ended)
        monkeypatch.setattr(device, "job_named", told)
        bench.jam_and_give_up_next_job()
        submission = await submitted(bench.printer, document("stuck"), 1)
        assert await ended(bench.printer, submission) == JobReport(0, Trouble.JAM, Outcome.ABORTED)
        await bench.clear()

    async def test_what_the_printer_has_said_stands_though_it_misses_the_next_question(
        self, bench: CupsBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And comes back without its memory. No page came out, so whoever waits may have theirs: nobody is told that
        it *may* be out."""
        device = bench.printer._device
        condition, job_named = device.condition, device.job_named
        missed = 0

        async def told(name: str) -> DeviceJob | None:
            job = None if missed else await job_named(name)
            if job is not None and job.ended:
                monkeypatch.setattr(device, "condition", silent)
            return job

        async def silent() -> Trouble | None:
            nonlocal missed
            missed += 1
            monkeypatch.setattr(device, "condition", condition)
            raise PrinterError(Trouble.OFFLINE, "it missed one question")

        async def well() -> Trouble | None:
            return None

        monkeypatch.setattr(device, "condition", well)
        monkeypatch.setattr(device, "job_named", told)
        bench.jam_and_give_up_next_job()
        submission = await submitted(bench.printer, document("stuck"), 1)
        assert await ended(bench.printer, submission) == JobReport(0, None, Outcome.ABORTED)
        assert missed == 1
        await bench.clear()

    async def test_what_is_handed_over_lies_in_the_spool_byte_for_byte(self, bench: CupsBench) -> None:
        """C17: also when it is larger than one piece; what CUPS makes of it for the device is its own."""
        large = FPDF(format="A4")
        large.set_keywords("x" * 200_000)
        large.add_page()
        pdf = bytes(large.output())
        bench.empty_tray_during_next_job()
        submission = await submitted(bench.printer, pdf, 1)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        (spooled,) = bench.server.spool.glob("d*")
        assert spooled.read_bytes() == pdf
        await bench.fill_tray()
        assert (await ended(bench.printer, submission)).outcome is Outcome.PRINTED
        assert not list(bench.server.spool.glob("d*"))

    async def test_what_is_no_document_is_aborted(self, bench: CupsBench) -> None:
        submission = await submitted(bench.printer, b"%PDF-1.7 and then nothing", 1)
        assert (await ended(bench.printer, submission)).outcome is Outcome.ABORTED
        await prints_only(bench, "a document")

    async def test_a_queue_that_was_stopped_goes_on_when_the_printer_is_fine(self, bench: CupsBench) -> None:
        process = await asyncio.create_subprocess_exec("cupsdisable", "-h", f"127.0.0.1:{bench.server.port}", QUEUE)
        assert await process.wait() == 0
        await prints_only(bench, "in spite of it")

    async def test_no_queue_is_a_printer_that_refuses(self, bench: CupsBench) -> None:
        printer = CupsQueue(bench.server.port, "nobody-made-this", bench.device.uri)
        with pytest.raises(PrinterError) as refused:
            await submitted(printer, document("lost"), 1)
        assert refused.value.trouble is Trouble.REFUSING
        await printer.close()

    async def test_no_server_is_an_offline_printer(self, bench: CupsBench, unused_port: int) -> None:
        printer = CupsQueue(unused_port, QUEUE, bench.device.uri)
        with pytest.raises(PrinterError) as refused:
            await submitted(printer, document("lost"), 1)
        assert refused.value.trouble is Trouble.OFFLINE
        await printer.close()

    async def test_a_cancel_that_was_interrupted_is_finished_before_the_next_job(self, bench: CupsBench) -> None:
        bench.empty_tray_during_next_job()
        submission = await submitted(bench.printer, document("unwanted"), 1)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        cancelling = asyncio.create_task(bench.printer.cancel(submission))
        await asyncio.sleep(0)
        cancelling.cancel()
        await asyncio.wait([cancelling])
        with pytest.raises(PrinterError, match="paper-empty"):
            await submitted(bench.printer, document("too early"), 1)
        await bench.fill_tray()
        await prints_only(bench, "wanted")

    async def test_a_caller_who_gives_up_while_submitting_gets_no_page(self, bench: CupsBench) -> None:
        large = FPDF()
        large.set_keywords("x" * LARGE)
        large.add_page()
        pdf = bytes(large.output())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(MIDWAY_S):
                await submitted(bench.printer, pdf, 1)
        await prints_only(bench, "wanted")

    async def test_what_a_process_that_died_has_left_is_ended(self, bench: CupsBench) -> None:
        """Its citizen has gone: after the refill their page must not come out."""
        bench.empty_tray_during_next_job()
        submission = await submitted(bench.printer, document("orphan"), 1)
        await first(bench.printer, submission, lambda report: report.trouble is Trouble.PAPER_EMPTY)
        successor = CupsQueue(bench.server.port, QUEUE, bench.device.uri)
        assert await successor.condition() is Trouble.PAPER_EMPTY
        await bench.fill_tray()
        submission = await submitted(successor, document("wanted"), 1)
        assert (await ended(successor, submission)).outcome is Outcome.PRINTED
        assert texts(bench.papers()) == [["wanted"]]
        await successor.close()

    @pytest.mark.parametrize("lost", ["writeRequestData", "finishDocument"])
    async def test_a_queue_that_is_lost_after_the_last_byte_may_have_printed(
        self, bench: CupsBench, monkeypatch: pytest.MonkeyPatch, lost: str
    ) -> None:
        """Nothing was handed over only if the last byte was not: else the printer is asked, and knows."""

        class Losing:
            """A pycups connection on which the answer to one call is lost."""

            def __getattr__(self, name: str) -> Any:
                call = getattr(bare, name)
                if name != lost:
                    return call

                def lose(*words: Any) -> None:
                    call(*words)
                    raise RuntimeError("the connection broke")

                return lose

        spooler = bench.printer._spooler
        bare = await spooler.run(lambda spooler: spooler._connection)
        monkeypatch.setattr(spooler, "_open", Losing())
        monkeypatch.setattr(spooler, "afterwards", lambda task: None)  # what withdraws it may be lost, too
        name = secrets.token_hex(8)
        with pytest.raises(PrinterError) as error:
            await submitted(bench.printer, document("perhaps"), 1, name)
        assert isinstance(error.value, Unconfirmed) == (lost == "finishDocument")
        monkeypatch.undo()
        if lost == "finishDocument":
            await bench.device.page_on_its_way()
            async with asyncio.timeout(20):
                while not bench.papers():  # noqa: ASYNC110  (the tray is a folder)
                    await asyncio.sleep(0.05)
            successor = bench.successor()
            assert (await successor.settle(name, 1)).outcome is Outcome.PRINTED
            await successor.close()

    async def test_the_queue_notifies_of_what_it_does(self, bench: CupsBench) -> None:
        """Between two notifications the queue need not be asked: it says so itself when a job ends."""
        spooler = bench.printer._spooler
        await spooler.run(Spooler.news)  # makes the subscription
        while await spooler.run(Spooler.news):
            pass
        assert not await spooler.run(Spooler.news), "nothing happens, nothing is told"
        submission = await submitted(bench.printer, document("told"), 1)
        assert await spooler.run(Spooler.news)
        assert (await ended(bench.printer, submission)).outcome is Outcome.PRINTED

    async def test_a_queue_server_that_forgot_the_subscription_is_asked_anew(self, bench: CupsBench) -> None:
        spooler = bench.printer._spooler
        await spooler.run(Spooler.news)
        process = await asyncio.create_subprocess_exec(
            *("ipptool", "-q", "-d", f"id={spooler._subscription}", f"ipp://127.0.0.1:{bench.server.port}/"),
            "/dev/stdin",
            stdin=asyncio.subprocess.PIPE,
        )
        await process.communicate(
            b"{ OPERATION Cancel-Subscription GROUP operation-attributes-tag ATTR charset attributes-charset utf-8"
            b" ATTR naturalLanguage attributes-natural-language en ATTR uri printer-uri $uri"
            b" ATTR integer notify-subscription-id $id }"
        )
        assert process.returncode == 0
        assert await spooler.run(Spooler.news), "so the queue is asked itself"
        await prints_only(bench, "all the same")

    async def test_what_never_left_the_queue_is_known_not_to_be_out_however_late_the_printer_answers(
        self, bench: CupsBench
    ) -> None:
        """It is withdrawn while the printer is off; asked again when it is on, the answer is still no."""
        name = secrets.token_hex(8)
        await bench.printer._spooler.run(
            lambda spooler: spooler._connection.createJob(QUEUE, f"certificate-{name}", {})
        )
        successor = bench.successor()
        await bench.switch_off()
        with pytest.raises(PrinterError, match="offline"):
            await successor.settle(name, 1)
        await bench.switch_on()
        assert (await successor.settle(name, 1)).outcome is Outcome.CANCELLED
        await successor.close()
