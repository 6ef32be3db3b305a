"""Both languages equal: what doctor and board can say reads in Chinese, too."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.health.findings import warn
from kiosk.health.remedies import REMEDIES
from kiosk.maintenance.chinese import as_line, part_in_chinese

ROOT = Path(__file__).parents[2] / "kiosk"
SOURCES = [
    *(ROOT / "doctor").glob("*.py"),
    *(ROOT / "health").glob("*.py"),
    ROOT / "audit" / "anchoring.py",
    ROOT / "audit" / "witness.py",
    ROOT / "fleet" / "authority.py",
    ROOT / "lobby.py",
    ROOT / "maintenance" / "allowance.py",
    ROOT / "trust.py",
]
MAKERS = {"ok", "warn", "fail"}


def made() -> Iterator[tuple[str, list[ast.expr]]]:
    """Every call that makes a finding."""
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                yield f"{file.name}:{node.lineno}", node.args


def constants(number: int) -> list[str]:
    """What stands as a plain text in this place of such a call."""
    found = [args[number] for _, args in made() if len(args) > number]
    return sorted({each.value for each in found if isinstance(each, ast.Constant) and isinstance(each.value, str)})


def reads_in_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


@pytest.mark.parametrize("part", [part for part in constants(0) if part != "desk"])
def test_a_part_has_a_name(part: str) -> None:
    assert reads_in_chinese(part_in_chinese(part))


@pytest.mark.parametrize("says", constants(1))
def test_a_finding_reads_in_chinese(says: str) -> None:
    assert reads_in_chinese(as_line(warn("", says, "")).says.zh)


@pytest.mark.parametrize("remedy", sorted({*constants(2), *REMEDIES.values()}))
def test_a_remedy_reads_in_chinese(remedy: str) -> None:
    """A command needs no other language."""
    line = as_line(warn("", "", remedy))
    assert line.remedy is not None
    assert reads_in_chinese(line.remedy.zh) or line.remedy.zh.startswith(("kernel.", "cupsaccept", "journalctl"))


def test_only_a_span_of_numbers_reads_from_to() -> None:
    """F03: what somebody else says in English stays as they said it."""
    refused = warn("audit anchor", "the platform refuses: not ready to answer", "")
    assert as_line(refused).says.zh == "审计锚点：平台拒绝：not ready to answer"
    seen = warn("camera", "at 0.6 m it sees faces of people 1.20 to 2.00 m tall who stand, of no height who sit", "")
    assert "1.20 至 2.00 m" in as_line(seen).says.zh
