"""What the printer itself says, asked over IPP at its own address.

A queue repeats what it once heard: CUPS keeps "media-jam" after the job is gone and counts an impression for a job sent
to a printer that was switched off. So conditions and job states are taken from Get-Printer-Attributes and Get-Jobs
(RFC 8011, sections 4.2.5 and 4.2.6) of the device, and a printer that does not answer is `OFFLINE`.
"""

from dataclasses import dataclass
from typing import Any, Final

import pyipp
from pyipp.enums import IppJobState, IppOperation, IppPrinterState

from hardware.printers.port import PrinterError, Trouble
from hardware.printers.state_reasons import as_list, base
from hardware.printers.supplies import ATTRIBUTES, Supplies, supplies_in

ANSWER_WITHIN_S: Final = 3
_JOB_NOT_POSSIBLE: Final = 0x0404
_JOB_NOT_FOUND: Final = 0x0406
_ENDED: Final = frozenset({IppJobState.CANCELED, IppJobState.ABORTED, IppJobState.COMPLETED})

# printer-state-reasons (RFC 8011 section 5.4.12, PWG 5100.9) that keep a page from coming out, the most telling first.
_TROUBLES: Final = {
    "media-jam": Trouble.JAM,
    "cover-open": Trouble.DOOR_OPEN,
    "door-open": Trouble.DOOR_OPEN,
    "interlock-open": Trouble.DOOR_OPEN,
    "media-empty": Trouble.PAPER_EMPTY,
    "media-needed": Trouble.PAPER_EMPTY,
    "input-tray-missing": Trouble.PAPER_EMPTY,
    "toner-empty": Trouble.TONER_EMPTY,
    "marker-supply-empty": Trouble.TONER_EMPTY,
    "paused": Trouble.REFUSING,
    "moving-to-paused": Trouble.REFUSING,
    "shutdown": Trouble.REFUSING,
    "output-area-full": Trouble.OTHER,
    "marker-waste-full": Trouble.OTHER,
    "spool-area-full": Trouble.OTHER,
    "timed-out": Trouble.OTHER,
}


@dataclass(frozen=True, slots=True)
class DeviceJob:
    """A job as the printer knows it. `pages_out` is None where the printer does not count impressions."""

    id: int
    state: IppJobState
    pages_out: int | None

    @property
    def ended(self) -> bool:
        return self.state in _ENDED


class IppDevice:
    """The printer at `uri` (ipp://host:port/path)."""

    def __init__(self, uri: str) -> None:
        self._ipp = pyipp.IPP(uri, request_timeout=ANSWER_WITHIN_S)

    async def condition(self) -> Trouble | None:
        """None when ready. Raises PrinterError(OFFLINE) when it does not answer."""
        answer = await self._ask(
            IppOperation.GET_PRINTER_ATTRIBUTES,
            {"requested-attributes": ["printer-state", "printer-state-reasons", "printer-is-accepting-jobs"]},
        )
        return trouble_in(next(iter(answer["printers"]), {}))

    async def supplies(self) -> Supplies:
        """What it has left. Raises as `condition`."""
        answer = await self._ask(IppOperation.GET_PRINTER_ATTRIBUTES, {"requested-attributes": list(ATTRIBUTES)})
        return supplies_in(next(iter(answer["printers"]), {}))

    async def job_named(self, name: str) -> DeviceJob | None:
        """The job of this name, over or not; None when the printer knows none."""
        return next((job for known, job in await self._jobs() if known == name), None)

    async def jobs_under_way(self, prefix: str) -> list[DeviceJob]:
        """The jobs that are not over and whose names begin so."""
        return [job for name, job in await self._jobs() if name.startswith(prefix) and not job.ended]

    async def _jobs(self) -> list[tuple[str, DeviceJob]]:
        answer = await self._ask(
            IppOperation.GET_JOBS,
            {
                "which-jobs": "all",
                "requested-attributes": ["job-id", "job-name", "job-state", "job-impressions-completed"],
            },
        )
        return [
            (
                job.get("job-name", ""),
                DeviceJob(job["job-id"], IppJobState(job["job-state"]), job.get("job-impressions-completed")),
            )
            for job in answer["jobs"]
        ]

    async def cancel(self, job: DeviceJob) -> None:
        """Ask the printer to stop the job; a job that is over or gone is left alone. Raises PrinterError(OFFLINE)."""
        await self._ask(IppOperation.CANCEL_JOB, {"job-id": job.id}, tolerated=(_JOB_NOT_POSSIBLE, _JOB_NOT_FOUND))

    async def close(self) -> None:
        """Close the connection."""
        await self._ipp.close()

    async def _ask(
        self, operation: IppOperation, attributes: dict[str, Any], tolerated: tuple[int, ...] = ()
    ) -> dict[str, Any]:
        message = {"operation-attributes-tag": attributes}
        try:
            try:
                answer: dict[str, Any] = await self._ipp.execute(operation, message)
            except pyipp.IPPConnectionError:
                # A printer may close an idle connection in the very moment we use it: the second try opens a new one.
                answer = await self._ipp.execute(operation, message)
        except pyipp.IPPError as error:
            status = _status(error)
            if status in tolerated:
                return {"printers": [], "jobs": []}
            detail = "no answer" if status is None else f"status {status:#06x}"
            raise PrinterError(Trouble.OFFLINE, f"{operation.name} at the printer: {detail}") from None
        return answer


def trouble_in(attributes: dict[str, Any]) -> Trouble | None:
    """The trouble that a printer's state attributes tell of; None when a page could be printed."""
    reasons = {base(reason) for reason in as_list(attributes.get("printer-state-reasons"))}
    for reason, trouble in _TROUBLES.items():
        if reason in reasons:
            return trouble
    if not attributes.get("printer-is-accepting-jobs", False):
        return Trouble.REFUSING
    if attributes.get("printer-state") not in (IppPrinterState.IDLE, IppPrinterState.PROCESSING):
        return Trouble.OTHER
    return None


def _status(error: pyipp.IPPError) -> int | None:
    details = error.args[1] if len(error.args) > 1 else None
    return details.get("status-code") if isinstance(details, dict) else None
