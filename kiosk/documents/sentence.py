"""The sentence that every page of a level-A document carries, word for word (D05).

Compared without white space and in normal form: whoever sets the page may break the line.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Final

_SPACE: Final = re.compile("[\\s\u200b-\u200d\u2060\ufeff]+")


def level_a_sentence(agency: str, valid_until: date) -> str:
    """此件由××机构提供，仅供办理政务服务事项时使用，有效期至×年×月×日."""
    until = f"{valid_until.year}年{valid_until.month}月{valid_until.day}日"
    return f"此件由{agency}提供，仅供办理政务服务事项时使用，有效期至{until}"


def stands_on_each(texts: Iterable[str], sentence: str) -> bool:
    """`sentence` stands on every page, and there is a page."""
    wanted, pages = _plain(sentence), list(texts)
    return bool(pages) and all(wanted in _plain(text) for text in pages)


def _plain(text: str) -> str:
    return _SPACE.sub("", unicodedata.normalize("NFKC", text))
