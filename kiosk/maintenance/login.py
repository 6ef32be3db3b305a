"""Who is let in: a card of our technicians, with its PIN, that signs what nobody knew before (C16).

There is no other way: no password, no master PIN, nothing that could be typed by heart. Each attempt is written down
before its end is shown, by the number and the fingerprint of the card's certificate and nobody's name. What cannot be
written down does not happen.
"""

import logging
import secrets
from dataclasses import dataclass
from typing import Final, Protocol

from hardware.cards.piv.card import CHALLENGE_BYTES, Holder, Pin, is_answer
from hardware.cards.piv.faults import PivError, PivFault
from hardware.cards.piv.port import StaffCardReader
from kiosk.audit.record import Field
from kiosk.clock import Clock
from kiosk.maintenance.back_off import BackOff
from kiosk.maintenance.credential import Credential, NotLetIn, TechnicianTrust, fingerprint
from kiosk.maintenance.pages import Denied
from kiosk.reasons import Refused

log = logging.getLogger(__name__)

_MINT: Final = object()
_DENIED: Final = {
    PivFault.NOT_PIV: Denied.NO_STAFF_CARD,
    PivFault.NO_CERTIFICATE: Denied.NO_STAFF_CARD,
    PivFault.KEY_UNSUPPORTED: Denied.KEY_UNSUPPORTED,
    PivFault.PIN_BLOCKED: Denied.PIN_BLOCKED,
    PivFault.REFUSED: Denied.NOT_PROVEN,
    PivFault.READER_LOST: Denied.READER_LOST,
}
_CONTEXT: Final = b"onecard-kiosk technician login 1\0"
"""Before the random part of each challenge, so that no signature made here is one of anything else."""


class Audit(Protocol):
    """The terminal's log."""

    def record(self, event: str, **fields: Field) -> None: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A card whose certificate holds, and whose holder has shown nothing yet."""

    credential: Credential
    holder: Holder


class Technician:
    """Somebody who was let in; only a login makes one."""

    def __init__(self, credential: Credential, *, mint: object) -> None:
        if mint is not _MINT:
            raise TypeError("only a login makes a technician")
        self.role = credential.role
        self.name = f"certificate {credential.serial}"
        """In the audit log."""


class WrongPin(Exception):
    """`tries_left`: of the card."""

    def __init__(self, tries_left: int | None) -> None:
        super().__init__("the PIN is wrong")
        self.tries_left = tries_left


class Login:
    """The one door into the menu."""

    def __init__(
        self, reader: StaffCardReader, trust: TechnicianTrust, back_off: BackOff, clock: Clock, audit: Audit
    ) -> None:
        self.reader = reader
        self._trust = trust
        self._back_off = back_off
        self._clock = clock
        self._audit = audit

    @property
    def wait_s(self) -> float:
        """How long nobody may try a PIN."""
        return self._back_off.wait_s

    async def look(self) -> Claim:
        """Whose card it says it is, before anybody is asked for a PIN. Raises NotLetIn."""
        try:
            holder = await self.reader.look()
        except PivError as error:
            raise self._denied(_not_let_in(error)) from None
        try:
            credential = self._trust.judge(holder.certificate, self._clock.now())
        except NotLetIn as denied:
            raise self._denied(denied, certificate=fingerprint(holder.certificate)) from None
        if holder.tries_left == 0:
            raise self._denied(NotLetIn(Denied.PIN_BLOCKED), certificate=credential.fingerprint)
        return Claim(credential, holder)

    async def prove(self, claim: Claim, pin: Pin, tries_told: int | None) -> Technician:
        """Raises WrongPin when it may be tried again, and NotLetIn."""
        if self.wait_s > 0:
            raise ValueError("too early for another try")
        challenge = _CONTEXT + secrets.token_bytes(CHALLENGE_BYTES)
        certificate = claim.credential.fingerprint
        self._begin_try()
        try:
            signature = await self.reader.prove(pin, tries_told, challenge)
        except PivError as error:
            if error.fault is PivFault.PIN_WRONG:
                left = -1 if error.tries_left is None else error.tries_left
                self._record("wrong-pin", certificate=certificate, tries_left=left, in_a_row=self._back_off.wrong)
                raise WrongPin(error.tries_left) from None
            raise self._denied(_not_let_in(error), certificate=certificate) from None
        if not is_answer(claim.holder.certificate, challenge, signature):
            raise self._denied(NotLetIn(Denied.NOT_PROVEN, "not signed with its key"), certificate=certificate)
        role, serial = claim.credential.role, claim.credential.serial
        self._record("in", certificate=certificate, serial=serial, role=role.value)
        self._keep_right()
        return Technician(claim.credential, mint=_MINT)

    def _begin_try(self) -> None:
        try:
            self._back_off.begin_try()
        except OSError as error:
            raise self._denied(NotLetIn(Denied.NO_RECORD, error.strerror or "")) from None

    def _keep_right(self) -> None:
        try:
            self._back_off.was_right()
        except OSError as error:
            log.error("the count of wrong PINs cannot be kept: %s", error.strerror)  # it only makes the next one wait

    def _denied(self, denied: NotLetIn, **fields: Field) -> NotLetIn:
        log.warning("technician not let in: %s", denied)
        self._record(denied.why.value, **fields)
        return denied

    def _record(self, outcome: str, **fields: Field) -> None:
        """Raises NotLetIn when the log cannot keep it."""
        try:
            self._audit.record("maintenance.login", outcome=outcome, **fields)
        except Refused as refused:
            raise NotLetIn(Denied.NO_RECORD, refused.detail) from None


def _not_let_in(error: PivError) -> NotLetIn:
    return NotLetIn(_DENIED.get(error.fault, Denied.CARD_UNREADABLE), str(error))
