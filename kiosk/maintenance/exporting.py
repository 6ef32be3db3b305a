"""Records leave the terminal: the audit log and what its units said, each file signed by the terminal and readable by
the operator alone (kiosk.maintenance.cms), onto a stick or to where the fleet's agent fetches it.

```
onecard-kiosk-0001-20261125T104500Z/   0001-audit-000001.jsonl.cms  …  0007-journal.jsonl.cms  MANIFEST.json.cms
```

A file of the log is as large as kiosk.audit.log makes it, so one at a time is in memory. The manifest, last of all,
names each with its SHA-256: without it the export broke off.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509

from kiosk.audit.chain import files
from kiosk.clock import within
from kiosk.health.findings import Finding
from kiosk.maintenance import journal, software
from kiosk.maintenance.cms import NotARecipient, recipient, sealed, signed
from kiosk.maintenance.entry import Choice, Entry, Group, Role
from kiosk.maintenance.line import Line, Live, Number, Said, doubtful, fine, wrong
from kiosk.maintenance.plan import DIAGNOSTICS
from kiosk.maintenance.stick import SAYS, NewFolder, StickError, StickFault, apart, is_there
from kiosk.maintenance.workshop import Workshop
from kiosk.text import Text
from platform_client.device_key import DeviceKeyError

JOURNAL_BYTES: Final = 16 * 1024 * 1024
DIAGNOSTICS_BYTES: Final = 1024 * 1024
STICK_WITHIN_S: Final = 60.0
LOOK_EVERY_S: Final = 0.5
ALLOWED: Final = "export-allowed"
"""In the run directory: while it stands, udev gives a stick its driver (systemd/udev)."""
_RECIPIENT: Final = Text(
    "在配置 [export] to 中放入运营方的证书（RSA 3072 位以上）",
    "put the operator's certificate (RSA, 3072 bits or more) where [export] to says",
)
_ONE_AT_A_TIME: Final = Text("等它结束后再试", "try again when it is over")
_KEY: Final = Text("检查终端密钥：kiosk doctor", "look at the terminal's key: kiosk doctor")


async def export(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    settings = workshop.profile.export
    if settings is None:
        yield wrong("没有配置接收方", "the profile names nobody who may read it", _RECIPIENT)
        return
    try:
        reader = recipient(settings.to)
    except NotARecipient as error:
        yield wrong(f"接收方证书不可用：{error}", f"no recipient: {error}", _RECIPIENT)
        return
    try:
        with _allowed(workshop.profile.run / ALLOWED):
            if not is_there(settings.stick):
                yield fine("请插入 U 盘（已插入的请拔出重插）", "plug the stick in (if it is in: out and in again)")
            await _plugged(workshop, settings.stick)
            async with aclosing(_written(workshop, settings.stick, reader, with_logs=choice == "all")) as writing:
                async for said in writing:
                    yield said
    except FileExistsError:
        yield wrong("另一次导出正在进行", "another export is under way", _ONE_AT_A_TIME)
    except StickError as error:
        says, remedy = SAYS[error.fault]
        yield wrong(says.zh, says.en, remedy)
    except DeviceKeyError as error:
        yield wrong(f"终端密钥不可用：{error}", f"the terminal's key: {error}", _KEY)


def forget_exports(run: Path) -> None:
    """For whoever begins here as the only one: no export of a desk before it is under way any more."""
    (run / ALLOWED).unlink(missing_ok=True)


@contextmanager
def _allowed(wish: Path) -> Iterator[None]:
    """For one export at a time: the first to end would take the driver from the other. Raises FileExistsError."""
    wish.touch(exist_ok=False)
    try:
        yield
    finally:
        wish.unlink(missing_ok=True)


async def _plugged(workshop: Workshop, stick: Path) -> None:
    async def wait() -> None:
        while not is_there(stick):
            await workshop.clock.sleep(LOOK_EVERY_S)

    try:
        await within(workshop.clock, STICK_WITHIN_S, wait())
    except TimeoutError:
        raise StickError(StickFault.NONE) from None


async def _written(
    workshop: Workshop, stick: Path, reader: x509.Certificate, *, with_logs: bool
) -> AsyncGenerator[Said, None]:
    at = workshop.clock.now()
    name = f"onecard-{workshop.profile.terminal.id}-{at:%Y%m%dT%H%M%SZ}"
    manifest: list[dict[str, object]] = []
    folder = NewFolder(stick, name)

    async def put(title: str, content: bytes) -> None:
        packed = await asyncio.to_thread(_packed, content, workshop, reader)
        await apart(partial(folder.write, f"{title}.cms", packed))

    try:
        await apart(folder.begin)
        if not is_there(stick):
            raise StickError(StickFault.PULLED)  # what was opened is the empty place of the stick
        chain = files(workshop.profile.audit)
        for number, path in enumerate(chain, 1):
            content = await asyncio.to_thread(_whole_lines, path)
            await put(f"{number:04}-{path.name}", content)
            manifest.append(_about(path.name, content))
            yield Live((Number(Text("文件", "files"), f"{number}/{len(chain)}", True),))
        if with_logs:
            said, content = await asyncio.to_thread(_journal)
            await put(f"{len(chain) + 1:04}-journal.jsonl", content)
            manifest.append(_about("journal.jsonl", content))
            yield said
        about = {"terminal": workshop.profile.terminal.id, "at": at, "software": version("onecard-kiosk")}
        await put("MANIFEST.json", msgspec.json.encode({**about, "files": manifest}))
        await apart(folder.settle)
    finally:
        folder.leave()
    workshop.audit.record("records.exported", files=len(manifest), folder=name)
    yield fine(
        f"已导出 {len(manifest)} 个文件：{name}。可以拔出 U 盘",
        f"{len(manifest)} files in {name}; the stick may be pulled",
    )


def _whole_lines(path: Path) -> bytes:
    """The newest file is being written: of its last line there may be only half yet."""
    content = path.read_bytes()
    return content[: content.rfind(b"\n") + 1]


def _packed(content: bytes, workshop: Workshop, reader: x509.Certificate) -> bytes:
    return sealed(signed(content, workshop.identity, workshop.clock.now()), reader)


def _about(name: str, content: bytes) -> dict[str, object]:
    return {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _journal(bytes_most: int = JOURNAL_BYTES) -> tuple[Line, bytes]:
    try:
        lines = journal.lines(bytes_most)
    except OSError as error:
        remedy = Text("kiosk-desk 单元须在 systemd-journal 组", "the desk's unit needs the group systemd-journal")
        return doubtful(f"系统日志无法读取：{error.strerror}", f"the journal: {error.strerror}", remedy), b""
    return fine(f"系统日志 {len(lines)} 行", f"the journal: {len(lines)} lines"), b"".join(lines)


async def diagnostics(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    """Findings, versions and the newest of the journal, for whoever looks from afar."""
    settings = workshop.profile.export
    try:
        if settings is None:
            raise NotARecipient("[export] to is missing")
        reader = recipient(settings.to)
    except NotARecipient as error:
        yield wrong(f"没有接收方：{error}", f"no recipient: {error}", _RECIPIENT)
        return
    findings = await workshop.examiner.findings()
    said, lines = await asyncio.to_thread(_journal, DIAGNOSTICS_BYTES)
    yield said
    content = msgspec.json.encode(_collected(workshop, findings, lines))
    try:
        packed = await asyncio.to_thread(_packed, content, workshop, reader)
    except DeviceKeyError as error:
        yield wrong(f"终端密钥不可用：{error}", f"the terminal's key: {error}", _KEY)
        return
    path = workshop.folder / DIAGNOSTICS
    try:
        coming = path.with_suffix(".new")
        coming.write_bytes(packed)
        coming.chmod(0o640)
        coming.rename(path)
    except OSError as error:
        remedy = Text("检查运行目录：kiosk doctor", "look at the run directory: kiosk doctor")
        yield wrong(f"没有写入：{error.strerror}", f"not written: {error.strerror}", remedy)
        return
    where = f"{path}, {len(packed)} B, SHA-256 {hashlib.sha256(packed).hexdigest()}"
    yield fine(f"诊断信息：{where}", f"diagnostics: {where}")


def _collected(workshop: Workshop, findings: tuple[Finding, ...], lines: bytes) -> dict[str, object]:
    journal_lines = [msgspec.Raw(line) for line in lines.splitlines()]
    return {
        "terminal": workshop.profile.terminal.id,
        "at": workshop.clock.now(),
        "software": [line.says.en for line in software.facts()],
        "findings": findings,
        "journal": journal_lines,
    }


EXPORT: Final = Entry(
    name="export",
    title=Text("导出记录到 U 盘", "Export records to a stick"),
    group=Group.RECORDS,
    roles=frozenset({Role.SERVICE, Role.AUDITOR}),
    run=export,
    asks=Text("导出到 U 盘？内容已加密，仅运营方可读。", "Write to a stick? It is encrypted for the operator."),
    within_s=3600.0,  # sticks are slow
    choices=(
        Choice("audit", Text("审计日志", "The audit log")),
        Choice("all", Text("审计日志和系统日志", "That and the logs")),
    ),
)
DIAGNOSTICS_ENTRY: Final = Entry(
    name="diagnostics",
    title=Text("收集诊断信息", "Collect diagnostics"),
    group=Group.RECORDS,
    roles=frozenset({Role.SERVICE}),
    run=diagnostics,
    fleet=True,
)
