"""C17: a scan of the paper is enough to check it, at the command line and in a browser page without a network."""

import io
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdf
import pytest
from sealed_samples import EXPECTED, OTHER, ZHANG, compose
from signing_hall import OTHER_TERMINAL, TERMINAL, Hall
from test_gate import PDF

from kiosk.__main__ import main
from kiosk.documents import base45, cbor
from kiosk.documents.offline_statement import PREFIX, modules
from kiosk.documents.paper_scan import codes_on
from kiosk.documents.render import PAPER_DPI, draw_page, imprint

SCAN_DPI = 300
SLIP_MODULE_MM = 0.5
SCANS = 200


def scan(code: str, module_mm: float, chance: np.random.Generator) -> Any:
    """A sheet with the code on it, printed, laid crooked on a scanner, scanned: blur, uneven light, noise, dust."""
    grid = np.array(modules(code))
    side = grid.shape[0]
    pixels = module_mm / 25.4 * SCAN_DPI
    sheet = int(side * pixels * 1.35)
    ink = np.kron(np.where(grid, 30.0, 240.0).astype(np.float32), np.ones((6, 6), np.float32))
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), chance.uniform(-4, 4), pixels)
    turn[:, 2] += sheet / 2 - side / 2 + chance.uniform(-0.03, 0.03, 2) * sheet
    turn[:, :2] /= 6
    page = cv2.warpAffine(ink, turn, (sheet, sheet), flags=cv2.INTER_AREA, borderValue=235.0)
    page = cv2.GaussianBlur(page, (0, 0), chance.uniform(0.5, 1.5))
    page += np.linspace(-1, 1, sheet, dtype=np.float32) * chance.uniform(-25, 25)
    page += chance.normal(0, chance.uniform(8, 22), page.shape).astype(np.float32)
    dust = chance.random(page.shape, np.float32)
    page[dust < 0.01], page[dust > 0.99] = 20, 240
    return np.clip(page, 0, 255).astype(np.uint8)


def test_scans_with_noise_are_read(hall: Hall, tmp_path: Path) -> None:
    """At least 99 of 100 scans at 300 dpi."""
    chance, file = np.random.default_rng(20261123), tmp_path / "scan.png"
    read = 0
    for _ in range(SCANS):
        cv2.imwrite(str(file), scan(hall.code, SLIP_MODULE_MM, chance), [cv2.IMWRITE_PNG_COMPRESSION, 0])
        read += codes_on(file) == (hall.code,)
    assert read >= 0.99 * SCANS


def test_the_page_itself_carries_the_code(hall: Hall, tmp_path: Path) -> None:
    """`paper_statement = "page"`: the verified pages as pictures, unchanged but for the code."""
    pdf = compose(pages=2)
    printed = imprint(pdf, modules(hall.code))
    for page in range(2):
        before, after = _drawn(pdf, page), _picture_in(printed, page)
        changed = np.argwhere((before != after).any(axis=2))
        (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
        side_mm = np.array([bottom - top, right - left]) / PAPER_DPI * 25.4
        assert (side_mm < 32).all()
        assert top / PAPER_DPI * 25.4 > 5 and (after.shape[1] - right) / PAPER_DPI * 25.4 > 5
        cv2.imwrite(str(tmp_path / "page.png"), _drawn(printed, page))
        assert codes_on(tmp_path / "page.png") == (hall.code,)


def _drawn(pdf: bytes, page: int) -> Any:
    picture = draw_page(pdf, page, PAPER_DPI)
    return np.frombuffer(picture.rgb, np.uint8).reshape(picture.height, picture.width, 3)


def _picture_in(pdf: bytes, page: int) -> Any:
    """The pixels that the page is made of."""
    with pypdf.PdfReader(io.BytesIO(pdf)) as document:
        image = document.pages[page]["/Resources"]["/XObject"]["/P"].get_object()
        return np.frombuffer(image.get_data(), np.uint8).reshape(image["/Height"], image["/Width"], 3)


# --- the command -----------------------------------------------------------------------------------------------------


class CheckPaper:
    def __init__(self, hall: Hall, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self._folder, self._patch, self._capsys = folder, monkeypatch, capsys
        self._terminals = hall.pki.directory / "kiosks"

    def __call__(self, code: str | bytes, *options: str, holder: tuple[str, str] | None = None) -> tuple[int, Any]:
        scanned = self._folder / "scan"
        scanned.write_bytes(code if isinstance(code, bytes) else code.encode())
        words = ["check-paper", str(scanned), "--terminals", str(self._terminals), "--json", *options]
        if holder:
            self._patch.setattr("sys.stdin", io.StringIO("\n".join(holder) + "\n"))
            words.append("--holder")
        answer = main(["document", *words])
        return answer, json.loads(self._capsys.readouterr().out or "{}")


@pytest.fixture
def check_paper(
    hall: Hall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CheckPaper:
    return CheckPaper(hall, tmp_path, monkeypatch, capsys)


def test_a_scan_of_a_genuine_paper(check_paper: CheckPaper, hall: Hall) -> None:
    encoded = cv2.imencode(".png", scan(hall.code, SLIP_MODULE_MM, np.random.default_rng(1)))[1].tobytes()
    code, report = check_paper(encoded)
    assert (code, report["paper"], report["terminal"]) == (0, "genuine", TERMINAL)
    assert (report["issuer"], report["subject"], report["valid_until"]) == (EXPECTED.agency, "张*", "2026-12-31")
    assert ZHANG.number not in json.dumps(report)


def test_name_number_and_file_are_compared(check_paper: CheckPaper, hall: Hall, tmp_path: Path) -> None:
    right, wrong = tmp_path / "right.pdf", tmp_path / "wrong.pdf"
    right.write_bytes(PDF)
    wrong.write_bytes(PDF + b" ")
    assert check_paper(hall.code, "--file", str(right), holder=(ZHANG.name, ZHANG.number))[0] == 0
    assert check_paper(hall.code, "--file", str(wrong))[0] == 1
    for holder in ((OTHER.name, ZHANG.number), (ZHANG.name, OTHER.number)):
        code, report = check_paper(hall.code, holder=holder)
        assert (code, report["holder"]) == (1, "another")


def test_a_changed_code_and_none_at_all(check_paper: CheckPaper, hall: Hall) -> None:
    place = len(hall.code) // 2
    changed = hall.code[:place] + ("A" if hall.code[place] != "A" else "B") + hall.code[place + 1 :]
    assert check_paper(changed)[0] == 1
    blank = cv2.imencode(".png", np.full((300, 300), 255, np.uint8))[1].tobytes()
    assert check_paper(blank)[0] == 2
    assert check_paper(b"no picture")[0] == 2


# --- the page --------------------------------------------------------------------------------------------------------

DRIVER = """
globalThis.crypto ??= require("node:crypto").webcrypto;
const fs = require("node:fs");
const page = fs.readFileSync(process.argv[2], "utf8");
const [known, script] = [...page.matchAll(/<script[^>]*>([^]*?)<\\/script>/g)].map(found => found[1]);
const {opened, isAbout, isOfFile} = new Function(script + "; return {opened, isAbout, isOfFile};")();
(async () => {
  const answers = [];
  for (const {code, name, number, file} of JSON.parse(fs.readFileSync(0, "utf8"))) {
    try {
      const stated = await opened(code, JSON.parse(known));
      const answer = {facts: [stated.terminal, stated.kind, stated.issuer, stated.subject, stated.until]};
      if (name) answer.about = await isAbout(stated, name, number, JSON.parse(known).iterations);
      if (file) answer.file = await isOfFile(stated, Buffer.from(file, "hex"));
      answers.push(answer);
    } catch (error) { answers.push({refused: error.message}); }
  }
  console.log(JSON.stringify(answers));
})();
"""


@pytest.fixture
def browser(hall: Hall, tmp_path: Path) -> Callable[[list[dict[str, str]]], list[dict[str, Any]]]:
    """The script of the page that `check-page` writes, run by an engine that has WebCrypto."""
    page, driver = tmp_path / "check.html", tmp_path / "driver.cjs"
    terminals = str(hall.pki.directory / "kiosks")
    assert main(["document", "check-page", "--terminals", terminals, "--out", str(page)]) == 0
    driver.write_text(DRIVER)

    def answers(questions: list[dict[str, str]]) -> list[dict[str, Any]]:
        done = subprocess.run(
            ["node", str(driver), str(page)], input=json.dumps(questions), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    return answers


def forged(hall: Hall, **changes: Any) -> str:
    """The old signature on a changed statement."""
    message = cbor.decode(base45.decode(hall.code.removeprefix(PREFIX)))
    assert isinstance(message, cbor.Tagged) and isinstance(message.value, tuple)
    changed = cbor.encode(replace(hall.statement, **changes)._payload())
    parts = (*message.value[:2], changed, message.value[3])
    return PREFIX + base45.encode(cbor.encode(cbor.Tagged(message.tag, parts)))


def test_the_browser_says_the_same(hall: Hall, browser: Any) -> None:
    about = {"code": hall.code, "name": ZHANG.name, "number": ZHANG.number, "file": PDF.hex()}
    answers = browser([about, {**about, "name": OTHER.name}, {**about, "file": (PDF + b" ").hex()}])
    facts = [TERMINAL, "household", EXPECTED.agency, "张*", "2026-12-31"]
    assert [answer["facts"] for answer in answers] == [facts] * 3
    assert [(answer["about"], answer["file"]) for answer in answers] == [(True, True), (False, True), (True, False)]


def test_the_browser_finds_every_change(hall: Hall, browser: Any) -> None:
    changes: list[dict[str, Any]] = [
        {"terminal": OTHER_TERMINAL},
        {"made_at": hall.statement.made_at.replace(year=2027)},
        {"kind": "property"},
        {"issuer": "示例省民政厅"},
        {"subject": "李*"},
        {"valid_until": date(2027, 12, 31)},
        {"pages": 2},
        {"file_sha256": bytes(32)},
        {"fields_digest": bytes(32)},
    ]
    codes = [forged(hall, **change) for change in changes]
    for place in range(0, len(hall.code), 7):
        codes.append(hall.code[:place] + ("A" if hall.code[place] != "A" else "B") + hall.code[place + 1 :])
    codes += ["", "OKS1:", "OKS1:ABC", hall.code[:-3], hall.code + "000", "HC1:" + hall.code[5:]]
    assert all("refused" in answer for answer in browser([{"code": code} for code in codes]))


def test_the_page_asks_nothing_of_a_network(hall: Hall) -> None:
    page = (Path(__file__).parents[2] / "kiosk/documents/check-paper.html").read_text()
    assert "default-src 'none'" in page
    for word in ("http:", "https:", "fetch(", "XMLHttpRequest", "import(", "src=", "href=", "WebSocket"):
        assert word not in page
