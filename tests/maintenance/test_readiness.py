"""The readiness report, and what looks at the terminal as a whole."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pypdfium2 import PdfDocument
from workbench import Bench, levels
from zxingcpp import read_barcodes

from hardware.printers.supplies import SupplyKind
from kiosk.fleet.operator import Operator
from kiosk.health.findings import Level, State, fail, ok, warn
from kiosk.maintenance import software
from kiosk.maintenance.chinese import as_line
from kiosk.maintenance.entries import ENTRIES
from kiosk.maintenance.looking import MODELS, PROFILE, SELF_TEST
from kiosk.maintenance.readiness import KIND, READINESS, Readiness, made
from kiosk.maintenance.readiness_page import digest
from kiosk.maintenance.supplies import COUNTERS, REFILL, SUPPLIES
from kiosk.paper.stock import StockHistory
from kiosk.reasons import Reason

WELL = ok("card reader", "ready")
SOON = warn("platform CA", "expires on 2026-12-10", "ask the platform's operator for the new one")
EMPTY = fail("printer", "The printer is out of paper", "put paper in", Reason.PAPER_EMPTY)


async def test_the_report_stands_on_paper_and_in_a_file(bench: Bench) -> None:
    """F03: every finding, in both languages, what is wrong first; signed by this terminal."""
    bench.says += [WELL, SOON, EMPTY]
    said = await bench.lines(READINESS, "paper")
    assert {"打印机：打印机缺纸", "读卡器：就绪", "平台 CA 证书：将于 2026-12-10 过期"} <= {
        line.says.zh for line in said
    }
    (pdf,) = bench.printer.printed
    await bench.lines(READINESS, "file")
    kept = bench.workshop.folder / "readiness.pdf"
    assert kept.stat().st_mode & 0o777 == 0o640
    for each in (pdf, kept.read_bytes()):
        pages = PdfDocument(each)
        assert len(pages) in (1, 2)
        text = pages[0].get_textpage().get_text_range()
        for words in ("OUT OF SERVICE", "kiosk-0001", "打印机缺纸", "put paper in", "不是证明"):
            assert words in text


async def test_its_signature_is_this_terminals(bench: Bench) -> None:
    """The code on the paper, read as a telephone reads it."""
    bench.says.append(WELL)
    report = await made(bench.workshop)
    assert report.state is State.READY
    await bench.lines(READINESS, "paper")
    (pdf,) = bench.printer.printed
    pages = PdfDocument(pdf)
    image = pages[len(pages) - 1].render(scale=200 / 72).to_pil()
    (code,) = [found.text for found in read_barcodes(image)]
    key = bench.workshop.identity.shown.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    words = Operator(key).words(code.encode(), KIND, Readiness)
    assert (words.terminal, words.state) == ("kiosk-0001", "ready")
    assert words.sha256 == digest(report.sections)


async def test_the_self_test_says_the_worst_first(bench: Bench) -> None:
    bench.says += [WELL, SOON, EMPTY]
    said = await bench.lines(SELF_TEST)
    assert [line.level for line in said] == [Level.FAIL, Level.WARN, Level.OK, Level.FAIL]
    assert said[-1].says.zh == "本机不能服务"


async def test_models_and_their_thresholds(bench: Bench) -> None:
    said = await bench.lines(MODELS)
    text = "\n".join(line.says.en for line in said)
    assert "dlib-face-resnet-v1" in text and "in use here" in text and "FMR" in text
    assert Level.WARN in levels(said)  # it is validated for nobody


async def test_the_profile_shows_no_secret(bench: Bench) -> None:
    """C13: neither secrets nor where they lie; and a file that it names and that is gone is named."""
    said = await bench.lines(PROFILE)
    text = "\n".join(line.says.en for line in said)
    assert "terminal.id = kiosk-0001" in text and "platform.key = ••••" in text
    assert str(bench.profile.platform.key) not in text and bench.profile.audit_key not in text
    assert levels(said) == {Level.OK}


async def test_a_profile_that_was_changed_or_spoilt(bench: Bench) -> None:
    """What runs is not what would run after a restart."""
    text = bench.profile_file.read_text()
    bench.profile_file.write_text(text.replace("Example District", "Other District"))
    assert (await bench.lines(PROFILE))[0].level is Level.WARN
    bench.profile_file.write_text(text.replace('uri = "sdt:', 'url = "sdt:'))
    first = (await bench.lines(PROFILE))[0]
    assert first.level is Level.FAIL and "did you mean 'uri'" in first.says.en


def test_what_the_machine_does_not_say_is_not_known(tmp_path: Path) -> None:
    """D08: never *fine*."""
    nothing = software.facts(tmp_path, tmp_path / "lockdown", tmp_path / "cmdline", tmp_path / "os-release")
    assert [line.level for line in nothing[2:5]] == [Level.WARN] * 3
    assert all("not known" in line.says.en for line in nothing[2:5])


@pytest.mark.parametrize(
    ("on", "setup", "mode", "level"),
    [(1, 0, "integrity", Level.OK), (0, 0, "none", Level.WARN), (1, 1, "none", Level.WARN)],
)
def test_what_the_machine_booted(tmp_path: Path, on: int, setup: int, mode: str, level: Level) -> None:
    """The bytes of efivarfs and securityfs, as the kernel documents them."""
    for name, value in (("SecureBoot", on), ("SetupMode", setup)):
        (tmp_path / f"{name}-8be4df61-93ca-11d2-aa0d-00e098032b8c").write_bytes(bytes((6, 0, 0, 0, value)))
    modes = " ".join(f"[{each}]" if each == mode else each for each in ("none", "integrity", "confidentiality"))
    (tmp_path / "lockdown").write_text(modes)
    (tmp_path / "cmdline").write_text(f"quiet roothash={'ab' * 32} ro")
    (tmp_path / "os-release").write_text('NAME=x\nPRETTY_NAME="Onecard Kiosk OS"\n')
    said = software.facts(tmp_path, tmp_path / "lockdown", tmp_path / "cmdline", tmp_path / "os-release")
    assert said[1].says.en.startswith("system Onecard Kiosk OS, kernel")
    assert said[2].says.en == f"root hash {'ab' * 32}"
    assert (said[3].level, said[4].level) == (level, level)


async def test_supplies_refills_and_counters(bench: Bench) -> None:
    """F01: what is left, what was put in, and that both outlive a restart."""
    left = await bench.lines(SUPPLIES)
    assert left[0].says.en == "paper main: 250 / 250 sheets"
    bench.printer.sheets = 10
    assert (await bench.lines(SUPPLIES))[0].level is Level.WARN
    before, *_ = await bench.lines(COUNTERS)
    assert "0 prints" in before.says.en
    await bench.lines(REFILL, "paper")
    assert bench.records("supplies.refilled") == [{"kind": "paper"}]
    again = StockHistory(bench.profile.ledger / "stock.jsonl", bench.workshop.clock)
    at = again.refilled_at(SupplyKind.PAPER)
    assert at is not None and again.refilled_at(SupplyKind.TONER) is None
    assert StockHistory(bench.profile.ledger / "stock.jsonl", bench.workshop.clock).refilled_at(SupplyKind.PAPER) == at
    assert any("since the refill" in line.says.en for line in await bench.lines(COUNTERS))


def test_every_entry_reads_in_both_languages() -> None:
    """Both languages equal; a name is a word of the command line."""
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert entry.name.replace("-", "").isalnum() and entry.name == entry.name.lower()
        texts = [entry.title, *(choice.title for choice in entry.choices), *([entry.asks] if entry.asks else [])]
        for text in texts:
            assert text.en.isascii()
            assert any("\u4e00" <= character <= "\u9fff" for character in text.zh)


def test_a_finding_without_a_rendering_stands_as_it_is() -> None:
    line = as_line(warn("printer", "speaks in tongues", "ask somebody"))
    assert line.says.zh == "打印机：speaks in tongues"
    assert line.remedy is not None and line.remedy.zh == "ask somebody"


def test_the_guide_has_every_entry() -> None:
    """docs/maintenance.md: what stands in the table is what there is."""
    guide = (Path(__file__).parents[2] / "docs" / "maintenance.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1].split()[0]: line for line in guide.splitlines() if line.startswith("| `")}
    for entry in ENTRIES:
        row = [cell.strip() for cell in rows[entry.name].strip("|").split("|")]
        assert set(filter(None, row[2].split(", "))) == {role.value for role in entry.roles}
        assert (row[3] == "yes", row[4] == "yes") == (entry.alone, entry.fleet)
        assert all(choice.value in row[0] for choice in entry.choices)
