"""image/rauc/slots on a folder that stands for the ESP: RAUC's words, in the order in which RAUC and the agent say
them.

What systemd-boot would start is asked of its own rules (systemd-boot(7)): of all entries with a start left the newest,
else the newest of all.
"""

import functools
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SLOTS = Path(__file__).parents[2] / "image" / "rauc" / "slots"


def newer(one: str, other: str) -> int:
    """As systemd-boot sorts (Version Format Specification)."""
    if one == other:
        return 0
    said = subprocess.run(["systemd-analyze", "compare-versions", one, "gt", other], check=False)
    return 1 if said.returncode == 0 else -1


@dataclass
class Esp:
    """A machine whose slot `running` runs."""

    folder: Path
    running: str = "a"
    version: str = "1.0"

    @property
    def entries(self) -> set[str]:
        return {path.name for path in (self.folder / "EFI/Linux").iterdir()}

    def has(self, *names: str) -> None:
        (self.folder / "EFI/Linux").mkdir(parents=True)
        for name in names:
            (self.folder / "EFI/Linux" / name).write_text(name)

    def ask(self, *words: str | Path) -> str:
        done = self.tried(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def refuses(self, *words: str | Path) -> str:
        before, done = self.entries, self.tried(*words)
        assert done.returncode == 1
        assert self.entries == before
        return done.stderr.strip()

    def tried(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        (self.folder / "cmdline").write_text(f"quiet rauc.slot={self.running} ro\n")
        (self.folder / "os-release").write_text(f'ID=debian\nIMAGE_VERSION="{self.version}"\n')
        environment = {
            "PATH": "/usr/bin:/bin",
            "ONECARD_ESP": str(self.folder),
            "ONECARD_FLOOR": str(self.folder / "floor"),
            "ONECARD_OS_RELEASE": str(self.folder / "os-release"),
            "ONECARD_COMMAND_LINE": str(self.folder / "cmdline"),
        }
        return subprocess.run([SLOTS, *words], env=environment, capture_output=True, text=True, check=False)

    def install(self, slot: str, version: str) -> None:
        """What RAUC calls for a bundle that it takes."""
        self.ask("admit", version)
        self.ask("set-state", slot, "bad")
        (self.folder / "uki").write_text(version)
        self.ask("place", slot, version, self.folder / "uki")
        self.ask("set-primary", slot)

    def start(self) -> str:
        """What the boot loader does: counts, and starts."""
        found = [re.fullmatch(r"(onecard-([ab])_([^+]+))(\+(\d+)(-(\d+))?)?\.efi", name) for name in self.entries]
        entries = [entry for entry in found if entry]
        left = [entry for entry in entries if entry[4] is None or int(entry[5]) > 0]
        key = functools.cmp_to_key(newer)
        first = max(left or entries, key=lambda entry: key(entry[3]))
        if first[4] is not None:
            counter = f"+{max(int(first[5]) - 1, 0)}-{int(first[7] or 0) + 1}"
            path = self.folder / "EFI/Linux" / first[0]
            path.rename(path.with_name(f"{first[1]}{counter}.efi"))
        self.running, self.version = first[2], first[3]
        return first[2]

    def bless(self) -> None:
        """As systemd-bless-boot does, and what hangs on it."""
        for path in (self.folder / "EFI/Linux").glob(f"onecard-{self.running}_*+*.efi"):
            path.rename(path.with_name(f"{path.name.partition('+')[0]}.efi"))
        self.ask("remember")


@pytest.fixture
def esp(tmp_path: Path) -> Esp:
    machine = Esp(tmp_path)
    machine.has("onecard-a_1.0.efi")
    return machine


def test_an_update_is_on_trial_and_then_proven(esp: Esp) -> None:
    esp.install("b", "1.1")
    assert esp.entries == {"onecard-a_1.0.efi", "onecard-b_1.1+3.efi"}
    assert (esp.ask("get-primary"), esp.ask("get-state", "b"), esp.start()) == ("b", "good", "b")
    assert "onecard-b_1.1+2-1.efi" in esp.entries
    esp.ask("set-state", "b", "good")
    assert esp.entries == {"onecard-a_1.0.efi", "onecard-b_1.1.efi"}
    esp.install("a", "1.10")
    assert (esp.start(), esp.version) == ("a", "1.10")


def test_three_starts_that_come_to_nothing_lead_back(esp: Esp) -> None:
    esp.install("b", "1.1")
    assert [esp.start() for _ in range(5)] == ["b", "b", "b", "a", "a"]
    assert (esp.ask("get-primary"), esp.ask("get-state", "b")) == ("a", "bad")
    esp.ask("set-primary", "a")
    assert esp.entries == {"onecard-a_1.0.efi", "onecard-b_1.1+0-3.efi"}


def test_one_that_is_not_well_goes_back_at_once(esp: Esp) -> None:
    for words in (("go-back",), ("set-state", "b", "bad")):
        esp.install("b", "1.1")
        assert esp.start() == "b"
        esp.ask(*words)
        esp.ask("set-primary", "a")
        assert (esp.start(), esp.entries) == ("a", {"onecard-a_1.0.efi", "onecard-b_1.1+0.efi"})


def test_a_cancelled_one_is_not_started(esp: Esp) -> None:
    esp.install("b", "1.1")
    esp.ask("set-primary", "a")
    assert [esp.ask("get-primary"), esp.start(), esp.ask("get-state", "b")] == ["a", "a", "bad"]
    esp.install("b", "1.2")
    assert esp.start() == "b"


def test_the_older_one_may_be_wanted_again_and_has_to_show_itself_once_more(esp: Esp) -> None:
    """The operator's roll-back: also an older slot that has rotted meanwhile is no dead end."""
    esp.install("b", "1.1")
    esp.start()
    esp.bless()
    esp.ask("set-primary", "a")
    assert (esp.ask("get-primary"), esp.entries) == ("a", {"onecard-a_1.0+3.efi", "onecard-b_1.1+0-0.efi"})
    assert [esp.start() for _ in range(4)] == ["a", "a", "a", "b"]
    esp.bless()
    assert esp.start() == "b"

    esp.ask("set-primary", "a")
    assert esp.start() == "a"
    esp.ask("set-state", "a", "bad")  # it started, and is not well
    esp.ask("set-primary", "b")
    assert esp.start() == "b"
    esp.bless()

    esp.ask("set-primary", "a")
    esp.ask("set-primary", "b")  # cancelled before the restart
    assert (esp.start(), esp.version) == ("b", "1.1")

    esp.ask("set-primary", "a")
    assert esp.start() == "a"
    esp.bless()
    assert esp.start() == "a"
    esp.install("b", "1.2")
    assert (esp.start(), esp.version) == ("b", "1.2")


def test_no_way_back_is_given_away(esp: Esp) -> None:
    assert "slot a stays" in esp.refuses("set-state", "a", "bad")
    assert "slot a stays" in esp.refuses("go-back")
    assert "nothing to start" in esp.refuses("set-primary", "b")
    esp.install("b", "1.1")
    esp.start()
    assert "not proven yet" in esp.refuses("admit", "1.2")
    assert "slot a stays" in esp.refuses("set-state", "a", "bad")
    assert "only the slot that runs" in esp.refuses("set-state", "a", "good")
    assert "may be started next" in esp.refuses("place", "a", "1.2", esp.folder / "uki")


def test_nothing_older_is_admitted(esp: Esp) -> None:
    """Not than what runs; and after a way back not than what was once proven, which itself may come again."""
    assert "not newer than 1.0" in esp.refuses("admit", "1.0")
    assert "not newer than 1.0" in esp.refuses("admit", "0.9")
    assert "not newer than 1.0" in esp.refuses("admit", "1.0~rc1")
    for nonsense in ("", "../x", "1.1 ", "1_1", "1+3"):
        assert "is not one" in esp.refuses("admit", nonsense)
    esp.install("b", "1.2")
    esp.start()
    esp.bless()
    esp.ask("set-primary", "a")
    esp.start()
    esp.bless()
    assert "older than 1.2" in esp.refuses("admit", "1.1")
    esp.ask("admit", "1.2")
    esp.ask("admit", "1.10")


def test_what_was_proven_is_remembered_also_when_the_power_went_just_then(esp: Esp) -> None:
    esp.install("b", "1.2")
    esp.start()
    esp.bless()
    (esp.folder / "floor").unlink()
    esp.ask("set-primary", "a")
    esp.start()
    esp.bless()
    assert "older than 1.2" in esp.refuses("admit", "1.1")


@pytest.mark.parametrize(
    "left",
    [
        ("onecard-b.new",),
        ("onecard-b_1.1.staged",),
        ("onecard-b.new", "onecard-b_0.9+0.efi"),
        ("onecard-b_0.9+0-3.efi",),
        ("onecard-b_0.9.efi",),
    ],
    ids=" ".join,
)
def test_what_an_attempt_before_left_neither_starts_nor_stays(esp: Esp, left: tuple[str, ...]) -> None:
    """Also not what fsck.fat makes of it: files of saved clusters, and names without content."""
    for name in left:
        (esp.folder / "EFI/Linux" / name).write_text("x")
    (esp.folder / "FSCK0000.REC").write_text("x")
    assert (esp.ask("get-primary"), esp.start()) == ("a", "a")
    esp.install("b", "1.1")
    assert esp.entries == {"onecard-a_1.0.efi", "onecard-b_1.1+3.efi"}
    assert not (esp.folder / "FSCK0000.REC").exists()


def test_a_machine_that_does_not_know_which_slot_runs_changes_nothing(esp: Esp) -> None:
    esp.install("b", "1.1")
    esp.running = "?"
    for words in (("go-back",), ("set-primary", "a"), ("set-state", "b", "good"), ("admit", "1.2")):
        assert "does not say which slot runs" in esp.refuses(*words)


def test_a_name_without_content_is_no_entry(esp: Esp) -> None:
    (esp.folder / "EFI/Linux/onecard-b_1.1+3.efi").write_text("")
    assert (esp.ask("get-primary"), esp.ask("get-state", "b")) == ("a", "bad")
