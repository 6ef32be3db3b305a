"""What runs here: program, system, slot, root hash, and whether the machine booted only what it was meant to.

What the kernel does not say is *not known*, never *fine*: Secure Boot by the variables of the UEFI specification (3.3,
Globally Defined Variables), lockdown by securityfs (kernel_lockdown(7)), the root's hash by the command line that
dm-verity was set up with (systemd-veritysetup-generator(8)).
"""

import platform
import re
from collections.abc import AsyncGenerator
from importlib.metadata import version
from pathlib import Path
from typing import Final

from kiosk import boot
from kiosk.fleet.rauc import Rauc, RaucError
from kiosk.maintenance.entry import Entry, Group, Role
from kiosk.maintenance.line import Line, Said, doubtful, fine
from kiosk.maintenance.workshop import Workshop
from kiosk.text import Text

EFI_VARIABLES: Final = Path("/sys/firmware/efi/efivars")
LOCKDOWN: Final = Path("/sys/kernel/security/lockdown")
COMMAND_LINE: Final = Path("/proc/cmdline")
OS_RELEASE: Final = Path("/etc/os-release")
_GLOBAL: Final = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
_IMAGE: Final = Text("请安装锁定的系统镜像（docs/image.md）", "run the locked image (docs/image.md)")
_FIRMWARE: Final = Text("在固件设置中打开安全启动", "turn Secure Boot on in the firmware's set-up")
_NOT_KNOWN_ZH: Final = "未知"


async def software(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    for line in facts():
        yield line
    yield await slot()


def facts(
    variables: Path = EFI_VARIABLES,
    lockdown: Path = LOCKDOWN,
    command_line: Path = COMMAND_LINE,
    os_release: Path = OS_RELEASE,
) -> list[Line]:
    """Of program and system, as far as this machine says."""
    release = version("onecard-kiosk")
    system, kernel = _pretty_name(os_release), platform.release()
    return [
        fine(f"终端软件 {release}", f"program {release}"),
        fine(f"系统 {system}，内核 {kernel}", f"system {system}, kernel {kernel}"),
        _root_hash(command_line),
        _secure_boot(variables),
        _lockdown(lockdown),
        _measured(),
    ]


async def slot() -> Line:
    """Which of the two images runs, as RAUC says."""
    try:
        async with Rauc() as rauc:
            name = await rauc.boot_slot()
    except RaucError:
        return doubtful(f"系统分区：{_NOT_KNOWN_ZH}（没有 RAUC）", "slot: not known (no RAUC)", _IMAGE)
    return fine(f"系统分区 {name}", f"slot {name}")


def _pretty_name(os_release: Path) -> str:
    try:
        found = re.search(r'^PRETTY_NAME="?([^"\n]+)"?', os_release.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else "?"


def _root_hash(command_line: Path) -> Line:
    try:
        found = re.search(r"\broothash=([0-9a-f]{64})\b", command_line.read_text(encoding="ascii", errors="replace"))
    except OSError:
        found = None
    if found is None:
        zh = f"根分区哈希：{_NOT_KNOWN_ZH}（没有 dm-verity）"
        return doubtful(zh, "root hash: not known (no dm-verity)", _IMAGE)
    return fine(f"根分区哈希 {found[1]}", f"root hash {found[1]}")


def _secure_boot(variables: Path) -> Line:
    on, setup = _variable(variables, "SecureBoot"), _variable(variables, "SetupMode")
    if on is None:
        zh = f"安全启动：{_NOT_KNOWN_ZH}（没有 UEFI 变量）"
        return doubtful(zh, "Secure Boot: not known (no UEFI variables)", _IMAGE)
    if on == 1 and setup != 1:
        return fine("安全启动：已打开", "Secure Boot: on")
    if setup == 1:
        return doubtful("安全启动：处于设置模式", "Secure Boot: in set-up mode, so off", _FIRMWARE)
    return doubtful("安全启动：已关闭", "Secure Boot: off", _FIRMWARE)


def _variable(variables: Path, name: str) -> int | None:
    """A variable of one byte, behind four bytes of attributes (efivarfs, Documentation/filesystems/efivarfs.rst)."""
    try:
        content = (variables / f"{name}-{_GLOBAL}").read_bytes()
    except OSError:
        return None
    return content[4] if len(content) == 5 else None


def _lockdown(lockdown: Path) -> Line:
    try:
        found = re.search(r"\[(\w+)\]", lockdown.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError):
        found = None
    if found is None:
        return doubtful(f"内核锁定：{_NOT_KNOWN_ZH}", "kernel lockdown: not known", _IMAGE)
    mode = found[1]
    if mode == "none":
        return doubtful("内核锁定：未打开", "kernel lockdown: none", _IMAGE)
    return fine(f"内核锁定：{mode}", f"kernel lockdown: {mode}")


def _measured() -> Line:
    measured = boot.measurement()
    if measured is None:
        return doubtful(f"启动度量：{_NOT_KNOWN_ZH}（没有 TPM）", "measured boot: not known (no TPM)", _IMAGE)
    return fine(f"启动度量（PCR 0–7）{measured}", f"measured boot (PCRs 0 to 7) {measured}")


SOFTWARE: Final = Entry(
    name="software",
    title=Text("软件与启动状态", "Software and boot state"),
    group=Group.SOFTWARE,
    roles=frozenset({Role.SERVICE, Role.AUDITOR}),
    run=software,
    fleet=True,
)
