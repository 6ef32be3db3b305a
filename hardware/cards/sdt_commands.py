"""The commands this terminal sends to an SDT reader, with the answers each may give and how long it may take.

Answers do not repeat the command, so an answer that comes late could be taken for the answer to another question. The
link sees to it that none is on its way when a question is asked (`sdt_link`). And each good answer here has its own
status and length, and `accepts` refuses all others: what comes in spite of that shows that questions and answers are
out of step.

The commands that read fingerprints (30 10) are left out on purpose: this terminal never asks for them. No document
gives time limits; these are ours, and far above what the line needs (115 ms for a read).
"""

from dataclasses import dataclass
from typing import Final

from hardware.cards.sdt_frame import Answer, Status

TEXT_AND_PORTRAIT_LENGTHS: Final = (256).to_bytes(2, "big") + (1024).to_bytes(2, "big")
_SUCCESSES: Final = frozenset({Status.OK, Status.FOUND})
_ABOUT_A_CARD: Final = frozenset(
    {
        *(Status.CARD_REJECTS_SAM, Status.SAM_REJECTS_CARD, Status.VERIFY_FAILED, Status.CARD_TYPE_WRONG),
        *(Status.READ_FAILED, Status.RANDOM_FAILED, Status.FIND_FAILED, Status.SELECT_FAILED, Status.NO_SUCH_ITEM),
    }
)


@dataclass(frozen=True, slots=True)
class Command:
    """Command and parameter, the status that means success, and the data lengths that success can have.

    `needs_card`: without one it can fail. The others, by which a reader is met, cannot get an answer about a card: that
    is one that a program before us asked for, and the right one is still waited for.
    """

    name: str
    body: bytes
    success: Status
    data_lengths: tuple[int, ...]
    limit_s: float
    needs_card: bool = True

    def accepts(self, answer: Answer) -> bool:
        """Can this be the answer to this command? Failures are a bare status."""
        if answer.status == self.success:
            return len(answer.data) in self.data_lengths
        if not self.needs_card and answer.status in _ABOUT_A_CARD:
            return False
        return not answer.data and answer.status not in _SUCCESSES


SELF_TEST: Final = Command("self-test", b"\x11\xff", Status.OK, (0,), 1.0, needs_card=False)
SAM_ID: Final = Command("SAM id", b"\x12\xff", Status.OK, (16,), 1.0, needs_card=False)
FIND: Final = Command("find", b"\x20\x01", Status.FOUND, (4,), 1.0)
SELECT: Final = Command("select", b"\x20\x02", Status.OK, (8,), 1.0)
READ: Final = Command("read", b"\x30\x01", Status.OK, (len(TEXT_AND_PORTRAIT_LENGTHS) + 256 + 1024,), 3.0)
# Two sources answer with one address of 70 bytes; GA/T 490 has room for four.
EXTRA_ADDRESS: Final = Command("extra address", b"\x30\x03", Status.OK, (70, 140, 210, 280), 2.0)
LONGEST_LIMIT_S: Final = max(each.limit_s for each in (SELF_TEST, SAM_ID, FIND, SELECT, READ, EXTRA_ADDRESS))
