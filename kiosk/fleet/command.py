"""A command of the fleet's operator: what can be commanded, and the words in which it is.

| command | argument | done by | waits until no citizen is served |
|---|---|---|---|
| `out-of-service` | what stands on the sign: `maintenance`, `repair`, `operator` | the desk | yes |
| `in-service` | | the desk | yes |
| `restart` | none or `machine`; `program`, `ui`, `vision`, `documents`, `print-server` | the agent; the desk | yes |
| `update` | SHA-256 of the image beside it | RAUC | to restart |
| `rollback` | | RAUC | to restart |
| `log-level` | `debug`, `info` … | the desk | no |
| `self-test` | | the desk | yes |
| `diagnostics` | | the desk | no |

No command interrupts a citizen, but for a restart of the machine whose `deadline` has passed. One that finds no moment
before `not_after` is not done any more.
"""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta, Struct

from kiosk.audit.record import refuse_personal
from kiosk.fleet import operator
from kiosk.fleet.operator import Operator, OrderRefused, Refusal, is_for
from platform_client.device_key import DeviceKey

TYPE: Final = "onecard-kiosk-command+jws"
RESTART: Final = "restart"
MACHINE: Final = "machine"
UPDATE: Final = "update"
ROLLBACK: Final = "rollback"
BY_DESK: Final = ("out-of-service", "in-service", "log-level", "self-test", "diagnostics")
COMMANDS: Final = (*BY_DESK, RESTART, UPDATE, ROLLBACK)
COMMAND_BYTES_MOST: Final = 32 * 1024
CLOCKS_DIFFER_S: Final = 300.0
"""By so much the operator's clock may be ahead."""

_Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]


class Command(Struct, frozen=True, forbid_unknown_fields=True):
    """`id`: no other command has it. `to`: terminals by their ids, or `group:NAME`. `not_after`: it is not begun later.
    `deadline`: from then on a restart does not wait for a citizen to be served any more."""

    id: _Name
    to: tuple[_Name, ...]
    command: Annotated[str, Meta(max_length=64)]
    issued_at: datetime
    not_after: datetime
    argument: Annotated[str, Meta(max_length=128)] = ""
    deadline: datetime | None = None

    def __post_init__(self) -> None:
        moments = (self.issued_at, self.not_after, *((self.deadline,) if self.deadline else ()))
        if any(moment.tzinfo is None for moment in moments):
            raise ValueError("a moment without its zone")
        refuse_personal(self.command, {"id": self.id})  # it is to stand in audit logs

    @property
    def is_of_the_machine(self) -> bool:
        """Whether the machine restarts for it, and the agent sees to it itself."""
        return self.command == RESTART and self.argument in ("", MACHINE)

    def is_late(self, now: datetime) -> bool:
        return self.deadline is not None and now >= self.deadline


def sign(command: Command, key: DeviceKey) -> bytes:
    """Raises ValueError for what no terminal would do."""
    if command.command not in COMMANDS:
        raise ValueError(f"no command {command.command!r}; known: {', '.join(COMMANDS)}")
    if command.not_after <= command.issued_at or not command.to:
        raise ValueError("it is for nobody, or was never to be done")
    return operator.sign(command, TYPE, key)


def read(jws: bytes, pinned: Operator | None, terminal: str, groups: tuple[str, ...]) -> Command:
    """The command in these words, if it is the operator's, for this terminal, and known. Raises OrderRefused. Whether
    it was done before is asked next (kiosk.fleet.commands), whether it is in time last."""
    if pinned is None:
        raise OrderRefused(Refusal.NO_OPERATOR, "[fleet] names no `operator`")
    if len(jws) > COMMAND_BYTES_MOST:
        raise OrderRefused(Refusal.NOT_SIGNED, "too long")
    command = pinned.words(jws, TYPE, Command)
    if not is_for(command.to, terminal, groups):
        raise OrderRefused(Refusal.OTHER_TERMINAL, f"{command.id} is for others")
    if command.command not in COMMANDS:
        raise OrderRefused(Refusal.UNKNOWN_COMMAND, f"{command.id} is of a kind that this software does not know")
    return command


def check_time(command: Command, now: datetime) -> None:
    """Raises OrderRefused."""
    if (command.issued_at - now).total_seconds() > CLOCKS_DIFFER_S:
        raise OrderRefused(Refusal.NOT_YET, f"{command.id} was issued later than now: is this terminal's clock right?")
    if now > command.not_after:
        raise OrderRefused(Refusal.EXPIRED, f"{command.id} was to be begun by {command.not_after.isoformat()}")
