"""The profile says what is wrong, where, and what was probably meant."""

from pathlib import Path

import pytest

from kiosk.profile import ProfileError, load

GOOD = """
run = "/run/onecard-kiosk"
audit = "/var/lib/onecard-kiosk/audit"
audit_key = "/var/lib/onecard-kiosk/audit.key"
ledger = "/var/lib/onecard-kiosk/ledger"

[terminal]
id = "kiosk-0001"
hall = { zh = "示例区政务服务中心", en = "Example District Service Hall" }

[reader]
uri = "sdt:///dev/ttyUSB0"

[platform]
url = "https://platform.example"
ca = "ca.pem"
certificate = "kiosk.pem"
key = "kiosk.key"

[trust]
root = "root.pem"

[printer]
server = "127.0.0.1:8631"
queue = "kiosk"
uri = "ipp://127.0.0.1:8632/ipp/print"

[certificates.household]
seal = "示例省公安厅"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "profile.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_profile_is_typed(tmp_path: Path) -> None:
    profile = load(written(tmp_path, GOOD))
    assert profile.certificates["household"].seal == "示例省公安厅"
    assert profile.terminal.hall.in_language("en") == "Example District Service Hall"
    assert profile.run == Path("/run/onecard-kiosk")
    assert profile.timing.idle_s == 45.0


def test_an_unknown_key_is_named_with_line_and_suggestion(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("queue =", "qeue ="))
    expected = r"profile\.toml:25: unknown key 'qeue' in \[printer\]; did you mean 'queue'\?"
    with pytest.raises(ProfileError, match=expected):
        load(path)


def test_an_unknown_language_of_the_hall_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("en =", "eng ="))
    with pytest.raises(ProfileError, match=r"unknown key 'eng' in \[terminal\.hall\]; did you mean 'en'\?"):
        load(path)


def test_a_wrong_type_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"profile\.toml:8: .*str"):
        load(written(tmp_path, GOOD.replace('"kiosk-0001"', "1")))


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="trust"):
        load(written(tmp_path, GOOD.replace('[trust]\nroot = "root.pem"\n', "")))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="No such file"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("written_so", "complaint"),
    [
        ('url = "http://platform.example"', "https only"),
        ('url = "https://"', "https only"),
        ('url = "https://platform.example"\naccount = "hall"', "belong together"),
        ('url = "https://platform.example"\naccount = "a"\npassword = "p"\ndata_call_key = "k"', "never replaced"),
    ],
)
def test_a_platform_that_may_not_be_called_so_is_refused_at_once(
    tmp_path: Path, written_so: str, complaint: str
) -> None:
    """C01, C13: no plain http; a key or a password, never one for the other."""
    with pytest.raises(ProfileError, match=rf"profile\.toml.*{complaint}"):
        load(written(tmp_path, GOOD.replace('url = "https://platform.example"', written_so)))
