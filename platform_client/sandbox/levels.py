"""How far a document may be believed, and the sentence it carries for it (D01 to D08).

The four sentences are those of the 2016 guide for "Internet + government services", word for word.
"""

from datetime import date
from enum import Enum


class Level(Enum):
    """The letter stands in the statement under the seal."""

    A = "A"
    """Made and sealed by an agency: used directly."""
    B = "B"
    """Compared with the original at a window: used again without it."""
    C = "C"
    """Uploaded by the citizen: a window compares it with the original first."""
    D = "D"
    """Made by the citizen, who answers for it: used directly."""


def watermark(level: Level, agency: str, valid_until: date) -> str:
    """The sentence of `level`. `agency` stands in that of A, the last day in those of A and B."""
    match level:
        case Level.A:
            return f"此件由{agency}提供，仅供办理政务服务事项时使用，有效期至{chinese_date(valid_until)}"
        case Level.B:
            return f"此件经与原件核对无误，仅供办理政务服务事项时使用，有效期至{chinese_date(valid_until)}"
        case Level.C:
            return "此件由本用户按原件上传，请政务服务窗口人员受理时与原件核对"
        case Level.D:
            return "本用户对此材料的真实性负责"


def chinese_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
