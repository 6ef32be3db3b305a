"""C16: the CA of docs/maintenance.md, made by the lines that stand there, issues cards that are let in and takes them
back."""

import shlex
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from kiosk.maintenance.credential import NotLetIn, TechnicianTrust, issuers_in
from kiosk.maintenance.pages import Denied
from kiosk.maintenance.plan import Role

DOCS = Path(__file__).parents[2] / "docs"
BY_THE_CARD = (
    "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout card.key -subj /CN=Card -out card.csr"
)


def lines() -> list[str]:
    """The commands of the guide; what a card does in its own tool is done by openssl."""
    text = (DOCS / "maintenance.md").read_text(encoding="utf-8").split("### How to make a CA and cards")[1]
    commands = text.split("```")[1].splitlines()
    return [line for line in commands if line.startswith(("openssl", "touch"))]


def run(command: str, folder: Path) -> None:
    done = subprocess.run(shlex.split(command), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("role", Role)
def test_the_guide_makes_a_ca_that_is_believed(tmp_path: Path, role: Role) -> None:
    (tmp_path / "technicians.cnf").write_bytes((DOCS / "technicians.cnf").read_bytes())
    *making, issuing, revoking, listing = lines()
    for command in (*making, BY_THE_CARD, issuing.replace("-extensions service", f"-extensions {role.value}"), listing):
        run(command, tmp_path)
    card = x509.load_pem_x509_certificate((tmp_path / "card-17.pem").read_bytes())
    trust = TechnicianTrust(issuers_in(tmp_path / "technicians.pem"), [tmp_path / "technicians.crl"])
    now = datetime.now(UTC) + timedelta(seconds=1)
    assert trust.judge(card, now).role is role

    run(revoking, tmp_path)
    run(listing, tmp_path)
    with pytest.raises(NotLetIn) as denied:
        trust.judge(card, now)
    assert denied.value.why is Denied.REVOKED
