"""A profile that the fleet's operator signed for one terminal, and which profile is in force.

The file that the processes are started with (`/etc/onecard-kiosk/profile.toml`, the installed one) pins the operator's
key and names a folder. What the agent was sent lies there as it came, signature and all:

```
profiles/current.jws      in force in place of the installed profile, in every process that reads one
profiles/before.jws       what was in force before it, for as long as it is on trial
```

Each process checks the signature itself, by the key of the installed profile: whoever writes in that folder can choose
among what the operator signed for this terminal, and can make up nothing. A file that does not hold is passed over,
with a line in the log, and the installed profile is in force: a terminal must start.
"""

import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from kiosk import durable, lying_there
from kiosk.fleet import operator
from kiosk.fleet.operator import Operator, OperatorKeyError, OrderRefused, Refusal
from kiosk.profile import Fleet, Profile, ProfileError, load, parse
from platform_client.device_key import DeviceKey

log = logging.getLogger(__name__)

TYPE: Final = "onecard-kiosk-profile+jws"
CURRENT: Final = "current.jws"
BEFORE: Final = "before.jws"
_READABLE: Final = 0o644


class SignedProfile(Struct, frozen=True, forbid_unknown_fields=True):
    """`terminal`: whose profile it is. `version`: grows with each of them. `profile`: the text, TOML."""

    terminal: str
    version: Annotated[int, Meta(ge=1)]
    issued_at: datetime
    profile: str


def sign(text: str, version: int, now: datetime, key: DeviceKey) -> bytes:
    """The profile under the operator's key, for the terminal that it names itself. Raises ProfileError for a text that
    no terminal would take."""
    terminal = parse(text, Path("profile")).terminal.id
    words = SignedProfile(terminal, version, now.astimezone(UTC).replace(microsecond=0), text)
    return operator.sign(words, TYPE, key)


def verify(jws: bytes, pinned: Operator, terminal: str | None = None) -> tuple[SignedProfile, Profile]:
    """What was signed, and the profile in it. Raises OrderRefused for one that is not the operator's, not for this
    `terminal`, or no profile."""
    signed = pinned.words(jws, TYPE, SignedProfile)
    if terminal is not None and signed.terminal != terminal:
        raise OrderRefused(Refusal.OTHER_TERMINAL, f"for {signed.terminal}")
    try:
        profile = parse(signed.profile, Path(f"profile {signed.version}"))
    except ProfileError as error:
        raise OrderRefused(Refusal.NO_PROFILE, str(error)) from None
    if profile.terminal.id != signed.terminal:
        raise OrderRefused(Refusal.NO_PROFILE, f"signed for {signed.terminal}, but of {profile.terminal.id}")
    return signed, profile


def in_force(path: Path) -> Profile:
    """The profile that this terminal runs by: the delivered one, or else the installed one at `path`. Raises
    ProfileError when the installed one cannot be used."""
    installed = load(path)
    held = delivered(installed)
    return installed if held is None else held[1]


def delivered(installed: Profile, name: str = CURRENT) -> tuple[SignedProfile, Profile] | None:
    """What was delivered and holds. What the operator's key is, where its words lie and who this terminal is are the
    installed profile's to say."""
    fleet = installed.fleet
    if fleet.operator is None:
        return None
    file = fleet.profiles / name
    try:
        jws = lying_there.read(file, operator.BYTES_MOST)
        signed, profile = verify(jws, Operator.pinned(fleet.operator), installed.terminal.id)
    except FileNotFoundError:
        return None
    except (OSError, OperatorKeyError, OrderRefused) as error:
        log.error("the profile that was delivered is passed over: %s", error)
        return None
    return signed, _with_pins(profile, fleet)


def put(jws: bytes, folder: Path) -> None:
    """In force from the next start on; what was in force before is kept. Each step leaves a terminal that starts."""
    current, before = folder / CURRENT, folder / BEFORE
    before.unlink(missing_ok=True)
    if current.exists():
        os.link(current, before)
    else:
        durable.replace(before, b"", mode=_READABLE)
    durable.replace(current, jws, mode=_READABLE)


def put_back(folder: Path) -> None:
    """What was in force before is so again: the profile delivered before, or the installed one, for which stands an
    empty file. Done twice, it is done once."""
    current, before = folder / CURRENT, folder / BEFORE
    if not before.exists():
        return
    if jws := before.read_bytes():  # not a link: to rename one onto the same file does nothing, and leaves it there
        durable.replace(current, jws, mode=_READABLE)
    else:
        current.unlink(missing_ok=True)
        durable.settle(folder)


def is_on_trial(folder: Path) -> bool:
    """Whether there is a way back."""
    return (folder / BEFORE).exists()


def was_put(folder: Path) -> bool:
    """Whether one was ever put in force here, as far as the folder shows."""
    return (folder / CURRENT).exists() or is_on_trial(folder)


def settle(folder: Path) -> None:
    """The trial is over: there is no way back to the one before."""
    (folder / BEFORE).unlink(missing_ok=True)
    durable.settle(folder)


def _with_pins(profile: Profile, installed: Fleet) -> Profile:
    """What a delivered profile may not move: else it could not be taken back."""
    replace = msgspec.structs.replace
    fleet = replace(profile.fleet, operator=installed.operator, groups=installed.groups, profiles=installed.profiles)
    if fleet.updates is not None and installed.updates is not None:
        kept, restart = installed.updates.kept, installed.updates.restart
        fleet = replace(fleet, updates=replace(fleet.updates, kept=kept, restart=restart))
    return replace(profile, fleet=fleet)
