"""Keywords of `printer-state-reasons` (RFC 8011, section 5.4.12), which come with a severity or without."""

from collections.abc import Iterable
from typing import Any, Final

_SEVERITIES: Final = ("-error", "-warning", "-report")


def base(reason: str) -> str:
    """The keyword without its severity: an idle printer may call an empty tray a mere "media-empty-report"."""
    for severity in _SEVERITIES:
        reason = reason.removesuffix(severity)
    return reason


def as_list(value: Any) -> Iterable[Any]:
    """pyipp gives a set of one value as that value."""
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)
