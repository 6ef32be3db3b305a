"""The rules of the house that a machine can watch: lint, types, who may know whom, and who may make evidence."""

import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLS = Path(sys.executable).parent

# Evidence types, and the package whose mint their constructors ask for.
EVIDENCE = {
    "hardware.cards.reading:CardReading": "hardware/cards/",
    "hardware.cards.emrtd.document:EmrtdDocument": "hardware/cards/",
    "kiosk.vision.witness:LiveMatch": "kiosk/vision/",
    "kiosk.documents.sealed:SealedDocument": "kiosk/documents/",
    "kiosk.documents.gate:PrintableDocument": "kiosk/documents/",
    "kiosk.paper.ledger:ReprintToken": "kiosk/paper/",
    "kiosk.maintenance.login:Technician": "kiosk/maintenance/",
    "kiosk.maintenance.staff_paper:StaffPaper": "kiosk/maintenance/",
    "platform_client.evidence:Evidence": "platform_client/",
    "platform_client.evidence:ShownEvidence": "platform_client/",
    "platform_client.evidence:SignedEvidence": "platform_client/",
}


@pytest.mark.parametrize(
    "tool",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",), ("lint-imports",)],
    ids=["lint", "format", "types", "imports"],
)
def test_the_checks_pass(tool: tuple[str, ...]) -> None:
    """What script/check runs."""
    done = subprocess.run([TOOLS / tool[0], *tool[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", EVIDENCE)
def test_evidence_cannot_be_made_by_hand(name: str) -> None:
    """E01: whoever holds a CardReading knows that a card lay on a reader; likewise for the others."""
    module, kind = name.split(":")
    made = getattr(importlib.import_module(module), kind)
    parameters = inspect.signature(made).parameters.values()
    anything = [object() for each in parameters if each.kind is not each.KEYWORD_ONLY]
    named = {each.name: object() for each in parameters if each.kind is each.KEYWORD_ONLY}
    with pytest.raises(TypeError, match=r"made|makes|comes from"):
        made(*anything, **named)


def test_a_mint_never_leaves_its_package() -> None:
    """Nobody outside imports or reaches for a mint, so the makers are the only makers."""
    using = {
        file.relative_to(ROOT).as_posix()
        for room in ("kiosk", "hardware", "models", "platform_client")
        for file in (ROOT / room).rglob("*.py")
        if re.search(r"\b_MINT\b", file.read_text(encoding="utf-8"))
    }
    assert using
    assert not [file for file in using if not file.startswith(tuple(EVIDENCE.values()))]


def test_the_command_is_light() -> None:
    """No window, no model runtime, no PDF parser is loaded before a sub-command needs it."""
    heavy = ["kivy", "mediapipe", "onnxruntime", "cv2", "pyhanko", "pypdf", "pypdfium2", "aiohttp", "fpdf", "numpy"]
    code = f"import sys, kiosk.__main__ as m; m.main([]); sys.exit(','.join(set(sys.modules) & set({heavy!r})) or 0)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_process_of_ours_leaves_a_core_file() -> None:
    """C20."""
    code = "import resource, kiosk.__main__ as m; m.main([]); print(resource.getrlimit(resource.RLIMIT_CORE))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "(0, 0)"


def test_nothing_of_a_machine_is_in_the_tree() -> None:
    """No path of a developer's machine and no host of a package registry."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    forbidden = ("/ho" + "me/", "/ro" + "ot/", "pypi." + "org", "deb." + "debian", "registry.npm" + "js")
    for name in filter(None, tracked.stdout.split("\0")):
        file = ROOT / name
        if file.suffix in {".png", ".lock"} or not file.is_file():
            continue
        text = file.read_text(encoding="utf-8")
        assert not [word for word in forbidden if word in text], name


def test_no_test_is_named_as_a_module_of_python() -> None:
    """The folders of tests are on the path, so a process that a test starts would import the test instead."""
    files = (ROOT / "tests").rglob("*.py")
    assert not [str(file) for file in files if file.stem in sys.stdlib_module_names]


def test_no_two_tests_have_one_name() -> None:
    """The folders are no packages: two modules of one name cannot be collected in one run."""
    names = [file.name for file in (ROOT / "tests").rglob("test_*.py")]
    assert len(names) == len(set(names)), sorted(name for name in set(names) if names.count(name) > 1)


def test_tests_name_requirements_that_exist() -> None:
    """An id in a docstring can be looked up in docs/requirements.md."""
    known = set(re.findall(r"^\| ([A-F]\d\d) \|", (ROOT / "docs" / "requirements.md").read_text("utf-8"), re.MULTILINE))
    assert len(known) == 127
    named = {
        number
        for file in (ROOT / "tests").rglob("*.py")
        for number in re.findall(r"\b[A-F]\d\d\b", file.read_text(encoding="utf-8"))
    }
    assert named <= known


def test_a_terminal_gets_what_the_program_imports_in_the_versions_that_were_tested() -> None:
    """`script/install` takes requirements.run.lock, which nothing here runs from: `script/lock` makes both."""
    tested, installed = (_pinned(ROOT / name) for name in ("requirements.lock", "requirements.run.lock"))
    assert installed.items() <= tested.items()
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {_plain(re.split(r"[\[<>=!~; ]", each)[0]) for each in wanted} <= set(installed)


def _pinned(lock: Path) -> dict[str, str]:
    """Version by name."""
    return {_plain(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock.read_text(), re.M)}


def _plain(name: str) -> str:
    """As the package index compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
