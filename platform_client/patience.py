"""How long a call may take, and how often it is tried.

Three deadlines, because three things can be late: a connection, the next byte of an answer, and the whole call with all
its tries. Only the last one holds against somebody who sends one byte now and then.
"""

import random
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to connect, from byte to byte, for a call with all its tries, and before the second try at most."""

    connect_s: float = 5.0
    read_s: float = 15.0
    total_s: float = 20.0
    tries: int = 3
    backoff_s: float = 0.4

    def pause_s(self, tried: int) -> float:
        """Before another try after `tried` of them: random up to a bound that doubles ("full jitter")."""
        return random.uniform(0, self.backoff_s * 2 ** (tried - 1))


PATIENT: Final = Patience()
