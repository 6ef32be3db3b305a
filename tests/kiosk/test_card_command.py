"""`kiosk card read` and `kiosk card emulate` as a technician uses them: two processes, a real line between them.

pty and pyserial for the SDT layouts; vpcd, pcscd and pyscard for travel documents.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from hardware.cards.emulator.utopia import Traveller
from hardware.cards.reading import Kind
from hardware.cards.synthetic import citizens, foreigners_and_others

pytestmark = pytest.mark.timeout(90)

KIOSK = [sys.executable, "-m", "kiosk", "card"]
MRZ, CAN, BOTH_WAYS = "mrz", "can", ("mrz", "can")
PORTRAIT = b"WL".ljust(1024, b"\0")
PEOPLE = {card.kind: card for card in (*reversed(citizens(PORTRAIT)), *foreigners_and_others(PORTRAIT))}
ANNA = Traveller()


@dataclass
class Emulator:
    """A running `kiosk card emulate`, and what it says about itself."""

    process: subprocess.Popen[str]
    told: dict[str, Any]

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def read(self, *options: str, opens: str = "", wait_s: float = 10) -> subprocess.CompletedProcess[str]:
        """`kiosk card read` on it. `opens`: mrz or can."""
        words = [*KIOSK, "read", "--reader", self.told["reader"], "--wait", str(wait_s), *options]
        if "trust" in self.told and "--trust" not in options:
            words += ["--trust", self.told["trust"]]
        if opens:
            words += [f"--{opens}", self.told[opens]]
        environment = {**os.environ, **self.told["environment"]}
        return subprocess.run(words, capture_output=True, text=True, timeout=60, env=environment, check=False)


Emulate = Callable[..., Emulator]


@pytest.fixture
def emulate() -> Iterator[Emulate]:
    with ExitStack() as stack:

        def start(*options: str) -> Emulator:
            process = subprocess.Popen(
                [*KIOSK, "emulate", *options, "--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            stack.callback(_end, process)
            assert process.stdout is not None
            return Emulator(process, json.loads(process.stdout.readline()))

        yield start


def _end(process: subprocess.Popen[str]) -> None:
    """As Ctrl-D does; it must leave nothing behind and be content."""
    process.communicate(timeout=20)
    assert process.returncode == 0


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("layout", "kind"),
    [
        ("resident", Kind.RESIDENT),
        ("J", Kind.HMT_RESIDENCE),
        ("I", Kind.FOREIGN_2017),
        ("Y", Kind.FOREIGN_2023),
    ],
)
def test_four_layouts_over_a_serial_line(emulate: Emulate, layout: str, kind: Kind) -> None:
    """A07"""
    done = emulate("sdt", "--layout", layout).read("--json", "--show")
    assert done.returncode == 0, done.stderr
    read, card = answer(done), PEOPLE[kind]
    assert (read["kind"], read["number"], read["name"]) == (kind.value, card.number, card.name or card.latin_name)
    assert read["birth"].replace("-", "") == card.birth
    assert read["portrait"].startswith("webp")
    assert (read["authenticity"], read["checks"]) == ("reader", [])


@pytest.mark.parametrize("opens", BOTH_WAYS)
def test_a_travel_document_by_pace(emulate: Emulate, opens: str) -> None:
    done = emulate("emrtd").read("--json", "--show", opens=opens)
    assert done.returncode == 0, done.stderr
    read = answer(done)
    assert (read["kind"], read["number"], read["latin_name"]) == ("emrtd", ANNA.document_number, "ERIKSSON ANNA MARIA")
    assert read["checks"] == [f"pace-{opens}", "passive-authentication", "chip-authentication"]


def test_a_travel_document_by_bac_only_when_it_is_allowed(emulate: Emulate) -> None:
    emulator = emulate("emrtd", "--access", "bac")
    refused = emulator.read("--json", opens=MRZ)
    assert (refused.returncode, answer(refused)["fault"]) == (1, "KIND_UNSUPPORTED")
    done = emulator.read("--json", "--allow-bac", opens=MRZ)
    assert done.returncode == 0, done.stderr
    assert answer(done)["checks"] == ["bac", "passive-authentication", "active-authentication"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("tampered-data", "NOT_AUTHENTIC"),
        ("cloned", "NOT_AUTHENTIC"),
        ("foreign-state", "NOT_AUTHENTIC"),
        ("expired", "EXPIRED"),
        ("wrong-check-digit", "PROTOCOL"),
        ("huge-lengths", "PROTOCOL"),
    ],
)
def test_a_bad_travel_document_is_named(emulate: Emulate, fault: str, expected: str) -> None:
    done = emulate("emrtd", "--fault", fault).read("--json", opens=CAN)
    assert (done.returncode, answer(done)["fault"]) == (1, expected)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("expired", "EXPIRED"), ("wrong-check-digit", "NUMBER_INVALID"), ("no-read", "UNREADABLE")],
)
def test_a_bad_resident_card_is_named(emulate: Emulate, fault: str, expected: str) -> None:
    done = emulate("sdt", "--fault", fault).read("--json")
    assert (done.returncode, answer(done)["fault"]) == (1, expected)


LOOK = """\
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from hardware.cards.piv.reader import PivReader
from kiosk.maintenance.credential import NotLetIn, TechnicianTrust, issuers_in

async def look():
    reader = PivReader("")
    await reader.open()
    await asyncio.wait_for(reader.wait_present(), 20)
    holder = await reader.look()
    try:
        trust = TechnicianTrust(issuers_in(Path(sys.argv[1])), [Path(sys.argv[2])])
        print(trust.judge(holder.certificate, datetime.now(UTC)).role.value, holder.tries_left)
    except NotLetIn as denied:
        print(denied.why.value, holder.tries_left)
    await reader.close()

asyncio.run(look())
"""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), "service 3"),
        (("--role", "auditor"), "auditor 3"),
        (("--fault", "revoked"), "revoked 3"),
        (("--fault", "blocked"), "service 0"),
    ],
)
def test_a_technicians_card_good_or_bad(emulate: Emulate, options: tuple[str, ...], expected: str) -> None:
    """C16."""
    told = emulate("technician", *options).told
    words = [sys.executable, "-c", LOOK, told["ca"], told["crl"]]
    seen = subprocess.run(
        words, capture_output=True, text=True, timeout=60, env={**os.environ, **told["environment"]}, check=True
    )
    assert seen.stdout.strip() == expected


def test_words_switch_faults_on_and_off(emulate: Emulate) -> None:
    emulator = emulate("sdt")
    emulator.say("expired")
    assert emulator.read().returncode == 1
    emulator.say("-expired")
    # A card is found once, until it is lifted.
    emulator.say("remove")
    emulator.say("insert")
    assert emulator.read().returncode == 0


def test_another_reader_than_the_bound_one(emulate: Emulate) -> None:
    done = emulate("sdt").read("--json", "--sam-id", "05.01-20240229-0000000001-0000000001")
    assert (done.returncode, answer(done)["fault"]) == (1, "READER_REPLACED")


def test_without_a_reader_or_a_card_it_cannot_tell(emulate: Emulate) -> None:
    nothing = subprocess.run(
        [*KIOSK, "read", "--reader", "sdt:///nowhere/reader", "--wait", "0.5", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (nothing.returncode, json.loads(nothing.stdout)["fault"]) == (2, "READER_LOST")
    emulator = emulate("sdt")
    emulator.say("remove")
    empty = emulator.read("--json", wait_s=1)
    assert (empty.returncode, answer(empty)["fault"]) == (2, "REMOVED")


def test_wrong_usage_cannot_tell_and_quotes_nothing() -> None:
    wrong = subprocess.run(
        [*KIOSK, "read", "--reader", "pcsc://", "--mrz", "L898902C3,1974-08-12,340415"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert wrong.returncode == 2
    assert "1974" not in wrong.stderr
    unknown = subprocess.run(
        [*KIOSK, "emulate", "sdt", "--fault", "?"], capture_output=True, text=True, timeout=60, check=False
    )
    assert unknown.returncode == 2
    assert "wrong-sam" in unknown.stderr


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_a_full_read_tells_nothing_about_the_holder(emulate: Emulate, as_json: bool) -> None:
    """E05, C20: neither on stdout nor in what it logs, with every logger wide open; nor when it fails."""
    resident = PEOPLE[Kind.RESIDENT]
    secrets = {
        resident.name, resident.number, resident.birth, resident.address, resident.issuer, resident.number[6:14],
        ANNA.document_number, ANNA.surname, ANNA.given_names, ANNA.name, ANNA.address, ANNA.full_birth, ANNA.birth,
        ANNA.personal_number, "1974-08-12", "1990-03-07", "Eriksson", "Anna",
    }  # fmt: skip
    options = ["--verbose", "--json"] if as_json else ["--verbose"]
    sdt, emrtd = emulate("sdt"), emulate("emrtd")
    done = [sdt.read(*options), emrtd.read(*options, opens=CAN), emrtd.read(*options, opens=MRZ)]
    assert [each.returncode for each in done] == [0, 0, 0]
    for word in ("remove", "insert", "pulled"):
        sdt.say(word)
    emrtd.say("tampered-face")
    failed = [sdt.read(*options), emrtd.read(*options, opens=CAN)]
    assert all(each.returncode for each in failed)
    for each in (*done, *failed):
        said = each.stdout + each.stderr
        assert not [secret for secret in secrets if secret in said]
    assert resident.name[0] + "*" in done[0].stdout
    assert "card reader ready" in done[0].stderr
    assert "pace-can" in done[1].stdout
