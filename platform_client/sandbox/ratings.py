"""One rating for each certificate that was ordered, under its request id (B21)."""

from collections import OrderedDict
from typing import Final

from platform_client.sandbox.intake import Refuse

_NEWEST: Final = 4096


class Ratings:
    """What may still be rated. Request ids are random: they say nothing about anybody."""

    def __init__(self) -> None:
        self._rated: OrderedDict[str, bool] = OrderedDict()

    def expect(self, request_id: str) -> None:
        self._rated.setdefault(request_id, False)
        while len(self._rated) > _NEWEST:
            self._rated.popitem(last=False)

    def take(self, request_id: str) -> None:
        """Raises Refuse."""
        if request_id not in self._rated:
            raise Refuse("unknown-request")
        if self._rated[request_id]:
            raise Refuse("already-rated")
        self._rated[request_id] = True
