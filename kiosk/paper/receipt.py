"""The slip that goes with the paper: what was printed, where and when, and the statement that this terminal signs.

Paper has no seal; the code on the slip is what whoever holds both can check without a network
(`kiosk/documents/offline_statement.py`, `kiosk document check-paper`). Names are masked, so a lost slip tells little.
"""

from datetime import datetime
from typing import Final

from hardware.tickets.slip import Code, Fact, Heading, Note, Rule, Slip
from kiosk.china_time import CHINA
from kiosk.documents.gate import PrintableDocument
from kiosk.documents.offline_statement import Device, OfflineStatement, modules
from kiosk.pages import Kind

_DIGEST_SHOWN: Final = 16


def receipt(paper: PrintableDocument, kind: Kind, device: Device, at: datetime) -> Slip:
    """Takes some tenths of a second: see `OfflineStatement.about`. Raises ValueError when `device` cannot sign it."""
    statement = OfflineStatement.about(paper, device.terminal, at)
    printed = at.astimezone(CHINA)
    return Slip(
        (
            Heading("证明打印凭条"),
            Heading("Receipt"),
            Rule(),
            Fact("证明", kind.title.zh),
            Fact("", kind.title.en),
            Fact("单位", paper.issuer),
            Fact("姓名", statement.subject),
            Fact("页数", str(paper.pages)),
            Fact("有效期至", paper.valid_until.isoformat()),
            Fact("时间", f"{printed:%Y-%m-%d %H:%M:%S}"),
            Fact("终端", statement.terminal),
            Fact("文件", paper.sha256[:_DIGEST_SHOWN]),
            Rule(),
            Code(modules(statement.signed(device))),
            Note("此码由本终端签名，不联网也能核验这份纸质证明。请与证明一起保管。"),
            Note("Signed by the terminal: with this code the paper can be checked without a network. Keep both."),
        )
    )
