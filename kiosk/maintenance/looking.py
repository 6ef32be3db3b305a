"""Looking at the terminal as a whole: self-test, models, profile."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from kiosk.health.findings import Level, State, state_of
from kiosk.maintenance.chinese import as_line
from kiosk.maintenance.entry import Entry, Group, Role
from kiosk.maintenance.line import Line, Said, doubtful, fine, wrong
from kiosk.maintenance.workshop import Workshop
from kiosk.profile import ProfileError
from kiosk.text import Text

STATES: Final = {
    State.READY: Text("就绪", "ready"),
    State.DEGRADED: Text("可用，有提示", "degraded"),
    State.OUT_OF_SERVICE: Text("不能服务", "out of service"),
}
_SECRETS: Final = frozenset({"key", "pin", "password", "account", "token", "data_call_key", "audit_key"})
"""Their values name secrets and where they lie; who looks over the technician's shoulder need know neither."""
_MASK: Final = "••••"
_RISING: Final = (Level.FAIL, Level.WARN, Level.OK)
_CORRECT: Final = Text("放回原处，或更正配置", "put it in place again, or correct the profile")
_SETUP: Final = Text("运行 script/setup，或检查模型目录", "run script/setup, or look at the models' folder")
_VALIDATE: Final = Text("按 docs/face.md 逐步验证", "validate it step by step: docs/face.md")


async def self_test(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    findings = await workshop.examiner.findings()
    for finding in sorted(findings, key=lambda each: _RISING.index(each.level)):
        yield as_line(finding)
    state = state_of(findings)
    said = STATES[state]
    if state is State.OUT_OF_SERVICE:
        yield wrong(f"本机{said.zh}", f"the terminal is {said.en}", Text("处理以上各项", "see to what is said above"))
    else:
        yield fine(f"本机{said.zh}", f"the terminal is {said.en}")


async def models(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    rows = await workshop.examiner.models()
    if not rows:
        yield wrong("模型清单无法读取", "the manifest of models cannot be read", _SETUP)
    face = workshop.profile.face
    for row in rows:
        name = str(row["model"])
        about = f"{name} ({row['task']}), SHA-256 {str(row['sha256'])[:16]}…"
        yield fine(f"模型 {about}", f"model {about}")
        for point in row.get("operating_point", ()):
            yield _threshold(point, in_use=(name, point["population"]) == (face.model, face.population))


def _threshold(point: dict[str, Any], *, in_use: bool) -> Line:
    fmr, fnmr = point["fmr"]["rate"], point["fnmr"]["rate"]
    at = f"≤ {point['same_at_most']:g}, > {point['different_above']:g} · FMR {fmr:.2%}, FNMR {fnmr:.2%}"
    here = Text("，本机使用", ", in use here") if in_use else Text("", "")
    zh = f"　阈值（{point['population']}{here.zh}）：{at}，{point['persons']} 人"
    en = f"  thresholds for {point['population']}{here.en}: {at}, {point['persons']} persons"
    if in_use and not point["validated"]:
        return doubtful(f"{zh}，未验证", f"{en}, not validated", _VALIDATE)
    return fine(zh, en)


async def profile(workshop: Workshop, choice: str) -> AsyncGenerator[Said, None]:
    """As it is in force. It was valid when the desk started, or there would be none; its file may have changed since,
    and the files that it names may be gone."""
    try:
        if workshop.examiner.profile() == workshop.profile:
            yield fine("配置文件有效，正在使用", "the file is valid, and in force")
        else:
            zh, en = "配置文件有效，但启动后有改动", "the file is valid, but changed since the start"
            yield doubtful(zh, en, Text("重新启动终端程序后生效", "it counts when the program starts anew"))
    except ProfileError as error:
        yield wrong(f"配置文件无效：{error}", f"the file is not valid: {error}", _CORRECT)
    for name, value in _rows(msgspec.to_builtins(workshop.profile, enc_hook=str), ""):
        yield fine(f"{name} = {value}", f"{name} = {value}")
    named = workshop.profile
    for part, path in {
        "platform.ca": named.platform.ca,
        "platform.certificate": named.platform.certificate,
        "trust.root": named.trust.root,
        "run": named.run,
        "audit": named.audit,
        "ledger": named.ledger,
    }.items():
        if not Path(path).exists():
            yield wrong(f"{part}：{path} 不存在", f"{part}: {path} is not there", _CORRECT)


def _rows(table: dict[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            yield from _rows(value, f"{name}.")
        elif value is not None:
            yield name, _MASK if key in _SECRETS else f"{value}"


SELF_TEST: Final = Entry(
    name="self-test",
    title=Text("自检", "Self-test"),
    group=Group.DEVICES,
    roles=frozenset({Role.SERVICE, Role.AUDITOR}),
    run=self_test,
    alone=True,
    fleet=True,
)
MODELS: Final = Entry(
    name="models",
    title=Text("模型与阈值", "Models and thresholds"),
    group=Group.SOFTWARE,
    roles=frozenset({Role.SERVICE, Role.AUDITOR}),
    run=models,
    fleet=True,
)
PROFILE: Final = Entry(
    name="profile",
    title=Text("配置", "Profile"),
    group=Group.SOFTWARE,
    roles=frozenset({Role.SERVICE, Role.AUDITOR}),
    run=profile,
    fleet=True,
)
