"""The doctor and the list of models, each asked in a process of its own: they load what the desk must not.

On the appliance the doctor is a unit of its own (systemd/kiosk-doctor.service): what it loads does not count as the
desk's memory, and it comes after a citizen who is being served. A file asks for it, as for a restart; its answer is
another one. Elsewhere it is a child of the desk. What it says is believed as far as it has the form; one that breaks is
a finding, too.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from kiosk.fleet.signed_profile import in_force
from kiosk.health.findings import Finding, fail
from kiosk.profile import Profile

WITHIN_S: Final = 60.0
UNIT_WITHIN_S: Final = 90.0
LOOK_EVERY_S: Final = 0.2
WISH: Final = "examine"
ANSWER: Final = "examined.json"
"""Both in the run directory."""
_JOURNAL: Final = "run `kiosk doctor` by hand; its journal says why"


class Examiner(Protocol):
    """Looks at the whole terminal. `fonts`: the folder of faces among the assets that it looks at."""

    fonts: Path

    async def findings(self) -> tuple[Finding, ...]:
        """As `kiosk doctor` says."""

    async def models(self) -> list[dict[str, Any]]:
        """As `kiosk models list` says; nothing when it cannot."""

    def profile(self) -> Profile:
        """As its file says now. Raises ProfileError."""


class _Said(Struct):
    findings: tuple[Finding, ...]


class ExaminerProcess:
    """`profile`: the file; `assets`: the folder with models and faces."""

    def __init__(self, profile: Path, assets: Path) -> None:
        self._profile = profile
        self._assets = assets
        self.fonts = assets / "fonts"

    async def findings(self) -> tuple[Finding, ...]:
        return _understood(
            await _run("doctor", "--profile", str(self._profile), "--assets", str(self._assets), "--json")
        )

    async def models(self) -> list[dict[str, Any]]:
        said = await _run("models", "list", "--assets", str(self._assets), "--json")
        try:
            return msgspec.convert(json.loads(said), list[dict[str, Any]])
        except (ValueError, msgspec.ValidationError):
            return []

    def profile(self) -> Profile:
        return in_force(self._profile)


class ExaminerUnit(ExaminerProcess):
    """`run`: the folder in which the doctor is asked for, and answers."""

    def __init__(self, profile: Path, assets: Path, run: Path) -> None:
        super().__init__(profile, assets)
        self._wish, self._answer = run / WISH, run / ANSWER
        self._turn = asyncio.Lock()

    async def findings(self) -> tuple[Finding, ...]:
        async with self._turn:
            self._answer.unlink(missing_ok=True)
            self._wish.touch()
            try:
                async with asyncio.timeout(UNIT_WITHIN_S):
                    while not self._answer.exists():  # noqa: ASYNC110 — nobody tells
                        await asyncio.sleep(LOOK_EVERY_S)
                return _understood(self._answer.read_bytes())
            except TimeoutError:
                return _understood(b"")
            finally:
                self._wish.unlink(missing_ok=True)


def _understood(said: bytes) -> tuple[Finding, ...]:
    try:
        return msgspec.convert(json.loads(said), _Said).findings
    except (ValueError, msgspec.ValidationError):
        return (fail("doctor", "did not come to an end", _JOURNAL),)


async def _run(*words: str) -> bytes:
    """What it prints; nothing when it takes too long."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kiosk", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            said, _ = await child.communicate()
    except TimeoutError:
        return b""
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return said
