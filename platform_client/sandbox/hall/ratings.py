"""Ratings of cases: once per account and case, never by the address of a terminal (B21, B22, A13).

All citizens of a terminal share its address, so a limit by address would let one person rate and nobody after.
"""

from platform_client.ratings import (
    DISSATISFIED,
    RatingRefusal,
    ServiceRating,
    ServiceRatingTaken,
)
from platform_client.sandbox.hall.cases import CaseFiles
from platform_client.sandbox.hall.store import Store, seconds
from platform_client.sandbox.hall.visitor import Visitor
from platform_client.sandbox.intake import Refuse


class Ratings:
    """Each is linked to the case and its window, for whom it counts (F02)."""

    def __init__(self, store: Store, cases: CaseFiles) -> None:
        self._store = store
        self._cases = cases

    def rate(self, rating: ServiceRating, visitor: Visitor) -> ServiceRatingTaken:
        progress = self._cases.own(rating.case_number, visitor).progress
        if not self._cases.is_over(progress):
            raise Refuse(RatingRefusal.NOT_OVER.value)
        if rating.score in DISSATISFIED and not (rating.reason or "").strip():
            raise Refuse(RatingRefusal.REASON_MISSING.value)
        with self._store.change() as change:
            before = change.execute(
                "SELECT request_id FROM ratings WHERE who = ? AND subject = ?", (visitor.who, progress.number)
            ).fetchone()
            if before is None:
                change.execute(
                    "INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        visitor.who,
                        progress.number,
                        progress.window,
                        rating.score,
                        rating.reason,
                        seconds(visitor.now),
                        visitor.request_id,
                    ),
                )
            elif before["request_id"] != visitor.request_id:
                raise Refuse(RatingRefusal.RATED_ALREADY.value)
        return ServiceRatingTaken(visitor.about, progress.number, progress.window)

    def by_window(self) -> dict[str, tuple[int, float]]:
        """For each window: how many ratings, and their mean (F02)."""
        rows = self._store.all("SELECT window, COUNT(*) AS many, AVG(score) AS mean FROM ratings GROUP BY window")
        return {row["window"]: (row["many"], row["mean"]) for row in rows}
