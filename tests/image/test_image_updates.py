"""Updates on a real boot chain: firmware with secure boot, systemd-boot, signed boot images, verified roots, and
Debian's RAUC.

The machine is a small one (small.py): all that makes an update is there as the terminal has it, the terminal is not.
`kiosk-healthy.service` asks a file in the root image whether all is well.
"""

import asyncio
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.image import small
from tests.image.machine import Machine
from tests.image.updating import (
    SAYS_S,
    Computer,
    ask,
    damaged,
    entries,
    insert_bundles,
    make_signer,
    medium,
    put_to_sleep,
    refusal,
    say,
    start_over,
    version,
    writes,
)

pytestmark = [
    pytest.mark.image,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(os.geteuid() != 0, reason="an image is built as root"),
]


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Computer:
    """As it leaves the factory with version 1.0, and a medium with bundles of all kinds."""
    folder = tmp_path_factory.mktemp("factory")
    ours, theirs = make_signer(folder / "ours"), make_signer(folder / "theirs")
    tree = small.tree()
    first = small.build(folder / "1.0", tree, ours.ca, "1.0")
    well = small.build(folder / "1.1", tree, ours.ca, "1.1")
    ill = small.build(folder / "1.2", tree, ours.ca, "1.2", "ill")
    bundles = {
        "1.0": ours.sign(first, folder / "1.0.raucb"),
        "1.1": ours.sign(well, folder / "1.1.raucb"),
        "1.2-ill": ours.sign(ill, folder / "1.2.raucb"),
        "1.1-foreign": theirs.sign(well, folder / "foreign.raucb"),
    }
    bundles["1.1-damaged"] = damaged(bundles["1.1"], folder / "damaged.raucb")
    computer = Computer(folder, folder / "disk.raw", medium(folder, {f"{k}.raucb": v for k, v in bundles.items()}))
    small.disk(computer.disk, first)
    return computer


async def test_from_the_factory_to_a_good_version_and_back_from_two_bad_ones(factory: Computer, tmp_path: Path) -> None:
    """A good one stays; one that is not well goes back by itself, and so does one that does not start."""
    computer = factory.copy(tmp_path / "computer")
    async with computer.on() as machine:
        await machine.serial.see("Finished systemd-bless-boot")
        assert await entries(machine) == ["onecard-a_1.0.efi"]
        await insert_bundles(machine)
        assert "Pre-install handler error" in await refusal(machine, "1.0.raucb")
        await machine.serial.see("refused: 1.0 is not newer than 1.0, which runs here")
        assert "signature verification failed" in await refusal(machine, "1.1-foreign.raucb")
        assert (await say(machine, "rauc info /media/1.1-damaged.raucb")).code == 0  # looks at the manifest alone
        assert "error" in (await refusal(machine, "1.1-damaged.raucb")).lower()
        assert await entries(machine) == ["onecard-a_1.0.efi"]
        await ask(machine, "rauc install /media/1.1.raucb")
        assert await entries(machine) == ["onecard-a_1.0.efi", "onecard-b_1.1+3.efi"]
        await start_over(machine)

    async with computer.on() as machine:
        await machine.serial.see("Finished systemd-bless-boot")
        assert await version(machine) == "1.1"
        assert await entries(machine) == ["onecard-a_1.0.efi", "onecard-b_1.1.efi"]
        assert await ask(machine, "cat /var/lib/rauc/floor") == "1.1"
        await insert_bundles(machine)
        assert "Pre-install handler error" in await refusal(machine, "1.0.raucb")
        assert await entries(machine) == ["onecard-a_1.0.efi", "onecard-b_1.1.efi"]
        await ask(machine, "rauc install /media/1.2-ill.raucb")
        await start_over(machine)

    async with computer.on() as machine:  # 1.2 starts, is not well, and goes
        await machine.serial.see("onecard-a_1.2.2-1.efi -> onecard-a_1.2.0.efi")
        assert await machine.off() == "guest-reset"

    async with computer.on() as machine:
        assert await version(machine) == "1.1"
        assert await entries(machine) == ["onecard-a_1.2+0.efi", "onecard-b_1.1.efi"]
        assert await ask(machine, "/usr/lib/onecard-kiosk/slots get-state a") == "bad"
        # Once more, and then its partition rots: nothing of it starts.
        await insert_bundles(machine)
        await ask(machine, "rauc install /media/1.2-ill.raucb")
        await ask(machine, "dd if=/dev/urandom of=/dev/disk/by-partlabel/root-a bs=1M count=8 conv=fsync")
        await start_over(machine)

    for _ in range(3):
        async with computer.on() as machine:
            assert await machine.off() == "guest-reset"
    async with computer.on() as machine:
        assert await version(machine) == "1.1"
        assert await entries(machine) == ["onecard-a_1.2+0-3.efi", "onecard-b_1.1.efi"]


@dataclass(frozen=True, slots=True)
class Marks:
    """How often an installation had written to the disk when it began, came to the ESP, and ended."""

    began: int
    esp: int
    ended: int

    def root(self, share: float) -> int:
        return round(self.began + share * (self.esp - self.began))

    def boot(self, share: float) -> int:
        return round(self.esp + share * (self.ended - self.esp))


INSTALL = "rauc install /media/1.1.raucb"
ESP_BEGINS = "Running slot hook 'slot-install' for boot.1"
SWITCHES = r"onecard-b_1\.1\.staged -> onecard-b_1\.1\+3\.efi"
ENDED = r"installing /media/1\.1\.raucb: finished"


async def test_after_a_power_cut_at_any_moment_of_an_update_it_starts(factory: Computer, tmp_path: Path) -> None:
    """Thirteen moments: by the number of writes to the disk, by what RAUC says, and on the way through the first start.
    What then starts is one version or the other, whole, by the one rename that decides."""
    computer = factory.copy(tmp_path / "computer")
    async with computer.on() as machine:
        await machine.serial.see("Finished systemd-bless-boot")
        await insert_bundles(machine)
        await ask(machine, "rauc status; sync")
        asleep = await put_to_sleep(machine, computer, tmp_path / "asleep")

    async with asleep.awake(tmp_path / "uncut") as (_, machine):
        marks = await installation(machine)
    moments: dict[str, Moment] = {
        **{f"{share:.0%} of the root written": Writes(marks.root(share)) for share in (0.02, 0.5, 0.98)},
        **{f"{share:.0%} of the boot image written": Writes(marks.boot(share)) for share in (0.1, 0.4, 0.7, 0.9)},
        "boot image coming into its place": Line(r"onecard-b\.new -> onecard-b_1\.1\.staged"),
        "switching": Line(SWITCHES),
        "installed": Line(ENDED),
    }
    outcomes = {}
    for number, (name, moment) in enumerate(moments.items()):
        async with asleep.awake(tmp_path / f"cut-{number}") as (cut, machine):
            writer = machine.channels[small.PORT][1]
            writer.write(f"{INSTALL}\n".encode())
            await moment.comes(machine)
            await machine.cut_power()
        outcomes[name] = await starts_after(cut, name)
        shutil.rmtree(cut.folder)

    async with asleep.awake(tmp_path / "installed") as (installed, machine):
        await ask(machine, INSTALL)
        await start_over(machine)
    first_start = {
        "the boot loader starts": "BdsDxe: starting",
        "the system starts": r"systemd\[1\]",
        "the start is being blessed": "Starting systemd-bless-boot",
    }
    for name, line in first_start.items():
        cut = installed.copy(tmp_path / "first-start")
        async with cut.on() as machine:
            await machine.serial.see(line)
            await machine.cut_power()
        outcomes[name] = await starts_after(cut, name)
        shutil.rmtree(cut.folder)

    assert len(outcomes) == 13
    assert {outcomes[name] for name in outcomes if "root written" in name} == {"1.0"}
    assert {outcomes[name] for name in ("installed", *first_start)} == {"1.1"}


@dataclass(frozen=True, slots=True)
class Writes:
    """When the machine has written so often; at the latest when the installation is over, for not every one writes as
    often as the one that was counted."""

    number: int

    async def comes(self, machine: Machine) -> None:
        async with asyncio.timeout(SAYS_S):
            while await writes(machine) < self.number and not re.search(ENDED, machine.serial.text):
                pass


@dataclass(frozen=True, slots=True)
class Line:
    """When the machine says so."""

    pattern: str

    async def comes(self, machine: Machine) -> None:
        await machine.serial.see(self.pattern)


Moment = Writes | Line


async def installation(machine: Machine) -> Marks:
    """One that nobody cuts off."""
    began = await writes(machine)
    work = asyncio.create_task(ask(machine, INSTALL))
    await machine.serial.see(ESP_BEGINS)
    esp = await writes(machine)
    await work
    return Marks(began, esp, await writes(machine))


UPDATED_AGAIN = ("50% of the root written", "40% of the boot image written")


async def starts_after(computer: Computer, cut: str) -> str:
    """The version that starts. It is proven, or it is the old one and nothing else can start; in two cases the update
    that was cut off is tried once more."""
    async with computer.on() as machine:
        runs = await version(machine)
        if runs == "1.1":
            proven = "until [ -e /efi/EFI/Linux/onecard-b_1.1.efi ]; do sleep 0.5; done"
            await ask(machine, f"timeout {SAYS_S} bash -c '{proven}'")
            assert await entries(machine) == ["onecard-a_1.0.efi", "onecard-b_1.1.efi"]
        else:
            assert [name for name in await entries(machine) if name.endswith(".efi")] == ["onecard-a_1.0.efi"]
        if cut in UPDATED_AGAIN:
            await insert_bundles(machine)
            await ask(machine, INSTALL)
            assert await entries(machine) == ["onecard-a_1.0.efi", "onecard-b_1.1+3.efi"]
        assert "0 loaded units" in await ask(machine, "systemctl --failed")
    print(f"{cut:36} {runs}", flush=True)
    return runs
