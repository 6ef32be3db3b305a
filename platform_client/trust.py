"""What a terminal needs to judge seals besides its pinned root: certificates between, and revocation lists (C17)."""

from typing import Final

from platform_client.binding import Message, field
from platform_client.operation import Fetch


class TrustFeed(Message, frozen=True):
    """As they stand now, DER."""

    intermediates: tuple[bytes, ...] = field(name="Intermediate")
    crls: tuple[bytes, ...] = field(name="Crl")


TRUST: Final = Fetch("trust", "/v1/trust", TrustFeed)
