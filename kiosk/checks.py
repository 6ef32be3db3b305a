"""What is checked about a certificate before it may be printed, each check by name and in plain words.

The list is closed and ordered: file, seal, right person. The document process says which checks its file passed, the
gate demands that none is missing and adds its own, and the same list feeds screen, receipt, audit log and
`kiosk document verify`. A check that nobody asked for (`ASKED_FOR_ONLY`) is left out, never said to have passed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Final, NamedTuple

from kiosk.reasons import Reason, Refused


class Check(Enum):
    """In the order in which they are made; the value goes into logs and messages."""

    # The file
    SIZE = "size"
    BUDGET = "budget"
    STRUCTURE = "structure"
    NOTHING_ACTIVE = "nothing-active"
    PAPER = "paper"
    # The seal
    ONE_SEAL = "one-seal"
    UNCHANGED = "unchanged"
    ALGORITHMS = "algorithms"
    TRUSTED_ROOT = "trusted-root"
    NOT_REVOKED = "not-revoked"
    MAY_SEAL = "may-seal"
    SEALED_WHEN = "sealed-when"
    TIME_STAMP = "time-stamp"
    NOTHING_HIDDEN = "nothing-hidden"
    STATEMENT = "statement"
    # The right document for the right person
    AGENCY = "agency"
    REQUEST = "request"
    KIND = "kind"
    LEVEL = "level"
    SENTENCE = "sentence"
    PERSON = "person"
    NUMBERS = "numbers"
    VALID_TODAY = "valid-today"
    FRESH = "fresh"


class Sentence(NamedTuple):
    """What holds when the check has passed."""

    zh: str
    en: str


SENTENCES: Final[dict[Check, Sentence]] = {
    Check.SIZE: Sentence("文件大小在允许范围内", "The file is not larger than allowed"),
    Check.BUDGET: Sentence("文件解压后的大小在允许范围内", "Unpacked, the file stays within its budget"),
    Check.STRUCTURE: Sentence("文件结构完整，只有一种读法", "The file is whole and can be read in one way only"),
    Check.NOTHING_ACTIVE: Sentence(
        "文件中没有脚本、动作、附件、表单、加密或外部引用",
        "No script, action, attachment, form, encryption or outside reference is in it",
    ),
    Check.PAPER: Sentence("页数和纸张大小符合此类证明的规定", "Number and size of pages are those of this kind"),
    Check.ONE_SEAL: Sentence(
        "恰好有一个电子印章，且不允许任何改动", "It carries exactly one seal, which permits no change"
    ),
    Check.ALGORITHMS: Sentence("印章使用的密码算法足够强", "The seal's algorithms are strong enough"),
    Check.UNCHANGED: Sentence("印章覆盖整个文件，盖章后没有改动", "The seal covers the whole file, unchanged since"),
    Check.TRUSTED_ROOT: Sentence(
        "印章证书由本机信任的机构签发且在有效期内", "A trusted root issued the seal's certificate"
    ),
    Check.NOT_REVOKED: Sentence("印章证书没有被吊销", "The seal's certificate is not revoked"),
    Check.MAY_SEAL: Sentence("该证书可用于盖章，并写明了唯一的机构", "The certificate may seal, and names one agency"),
    Check.SEALED_WHEN: Sentence("盖章时间合理", "The time of sealing is plausible"),
    Check.TIME_STAMP: Sentence("时间戳有效", "The time-stamp is valid"),
    Check.NOTHING_HIDDEN: Sentence("印章下没有隐藏的内容", "Nothing is hidden under the seal"),
    Check.STATEMENT: Sentence("印章下有完整的证明说明", "A complete statement stands under the seal"),
    Check.AGENCY: Sentence("盖章机构就是有权出具此类证明的机构", "The sealing agency is the one that issues this kind"),
    Check.REQUEST: Sentence("证明是对本次申请的答复", "It answers this very request"),
    Check.KIND: Sentence("证明种类与所选一致", "It is of the kind that was chosen"),
    Check.LEVEL: Sentence("证明为A级，可直接使用", "It is of level A, usable directly"),
    Check.SENTENCE: Sentence("每页都印有A级证明的用途和有效期说明", "Every page carries the sentence of level A"),
    Check.PERSON: Sentence("证明上的人就是持证人", "It is about the holder of the card"),
    Check.NUMBERS: Sentence("页面上的身份号码与身份证一致", "The numbers on its pages match the card"),
    Check.VALID_TODAY: Sentence("证明今天有效", "It is valid today"),
    Check.FRESH: Sentence("证明是刚刚出具的", "It was issued just now"),
}

OF_FILE: Final = (Check.SIZE, Check.BUDGET, Check.STRUCTURE, Check.NOTHING_ACTIVE, Check.PAPER)
OF_SEAL: Final = (
    Check.ONE_SEAL,
    Check.UNCHANGED,
    Check.ALGORITHMS,
    Check.TRUSTED_ROOT,
    Check.NOT_REVOKED,
    Check.MAY_SEAL,
    Check.SEALED_WHEN,
    Check.TIME_STAMP,
    Check.NOTHING_HIDDEN,
    Check.STATEMENT,
)
OF_GATE: Final = tuple(check for check in Check if check not in (*OF_FILE, *OF_SEAL))
ASKED_FOR_ONLY: Final = frozenset({Check.TIME_STAMP})


class Ledger:
    """The checks made so far: those that passed, in order, and the one at which it ended."""

    def __init__(self, passed: tuple[Check, ...] = ()) -> None:
        self.passed = list(passed)
        self.failed: Check | None = None

    @contextmanager
    def making(self, check: Check) -> Iterator[None]:
        """The check passes if its block ends; whatever is raised in it fails the check and passes through."""
        self.failed = check
        yield
        self.failed = None
        self.passed.append(check)

    def refusal(self, check: Check, reason: Reason, detail: str) -> Refused:
        """To be raised: `check` failed, before its turn."""
        self.failed = check
        return Refused(reason, detail)
