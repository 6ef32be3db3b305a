"""What the image is made of, for those who must know whether a hole concerns them: CycloneDX 1.5 (ECMA-424), JSON.

Every Debian and Python package with its version, the SHA-256 of the file it came as, and the licences it declares:
Debian's as far as `copyright` is machine-readable (DEP-5), Python's as the metadata says. Models and fonts are listed
as the files they are.
"""

import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from image import debian

_NAMESPACE = uuid.UUID("6f2a2c5e-6b3e-4a55-9b53-8a2f7b1f4c11")
_SITE = "usr/lib/onecard-kiosk/venv/lib/python3.11/site-packages"
ONLY_IN_INITRD = ("busybox-static",)  # and taken out of the root (initrd/pack, packages/build)
_LICENCE = re.compile(r"^License:[ \t]*(\S.*)$", re.MULTILINE)

Component = dict[str, Any]


def debian_licences(tree: Path) -> dict[str, list[str]]:
    """The short names in each package's copyright file."""
    found = {}
    for path in tree.glob("usr/share/doc/*/copyright"):
        text = path.read_text(encoding="utf-8", errors="replace")
        if text.lstrip().startswith("Format:"):
            found[path.parent.name] = sorted({name.strip() for name in _LICENCE.findall(text)})
    return found


def write(tree: Path, out: Path, version: str, epoch: int, licences: dict[str, list[str]]) -> None:
    """`sbom.cdx.json` beside the image and in it."""
    components = [*_debian(out / "dpkg-status", licences), *_python(tree, out / "pip-report.json"), *_files(tree)]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, version)}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
            "component": {"type": "operating-system", "name": "onecard-kiosk", "version": version},
        },
        "components": components,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    for path in (out / "sbom.cdx.json", tree / "usr/share/onecard-kiosk/sbom.cdx.json"):
        path.write_text(text, encoding="utf-8")


def _debian(status: Path, licences: dict[str, list[str]]) -> Iterator[Component]:
    locked = {package.name: package for package in debian.locked()}
    stanzas = map(HeaderParser().parsestr, status.read_text(encoding="utf-8").strip().split("\n\n"))
    in_root = [fields["Package"] for fields in stanzas if fields["Status"] == "install ok installed"]
    for package in (locked[name] for name in (*in_root, *ONLY_IN_INITRD)):
        name, version = package.name, package.version
        purl = f"pkg:deb/debian/{name}@{version}?arch={package.architecture}&distro=bookworm"
        yield _component("library", name, version, purl, package.sha256, licences.get(name, []))


def _python(tree: Path, report: Path) -> Iterator[Component]:
    taken = json.loads(report.read_text(encoding="utf-8"))["install"]
    digests = {_normal(one["metadata"]["name"]): _sha256(one) for one in taken}
    for path in sorted((tree / _SITE).glob("*.dist-info/METADATA")):
        fields = HeaderParser().parsestr(path.read_text(encoding="utf-8"))
        name, version = fields["Name"], fields["Version"]
        declared = fields["License-Expression"] or fields["License"] or ""
        classified = [
            line.split(" :: ")[-1] for line in fields.get_all("Classifier", []) if line.startswith("License ::")
        ]
        # Some put the whole text where its name belongs.
        said = [declared] if declared and len(declared) < 100 and "\n" not in declared else classified
        digest = digests.get(_normal(name), "")  # ours has none: it is made here
        yield _component("library", name, version, f"pkg:pypi/{_normal(name)}@{version}", digest, said)


def _files(tree: Path) -> Iterator[Component]:
    assets = tree / "usr/share/onecard-kiosk"
    for path in sorted([*assets.glob("models/*"), *assets.glob("fonts/*")]):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        yield _component("file", str(path.relative_to(assets)), "", "", digest, [])


def _component(kind: str, name: str, version: str, purl: str, digest: str, licences: list[str]) -> Component:
    one: Component = {"type": kind, "name": name}
    if purl:
        one |= {"bom-ref": purl, "version": version, "purl": purl}
    if digest:
        one["hashes"] = [{"alg": "SHA-256", "content": digest}]
    if licences:
        one["licenses"] = [{"license": {"name": licence}} for licence in licences]
    return one


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _sha256(taken: dict[str, Any]) -> str:
    archive = taken["download_info"]["archive_info"]
    found = archive.get("hashes", {}).get("sha256") or archive.get("hash", "=").partition("=")[2]
    return str(found)
