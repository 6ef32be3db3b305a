"""The profile: one TOML file says what this terminal is made of.

An unknown key is an error, with file, line and a suggestion.
"""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from kiosk.pages import Language, Rotation, Text
from kiosk.paper.opening import OpeningHours
from platform_client.transport import require_https


class ProfileError(Exception):
    """The profile cannot be used; the text says where and what to write instead."""


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Name(Text, frozen=True, forbid_unknown_fields=True):
    """A name in both languages of the screen."""


class Terminal(_Table, frozen=True):
    """`id` is the terminal's name towards platform and fleet: the common name in its device certificate. `hall`: where
    it stands and who helps there, as every page says it."""

    id: str
    hall: Name
    language: Language = "zh"


class Reader(_Table, frozen=True):
    """`uri`: sdt:///dev/ttyUSB0, sdt+usb:// or pcsc://NAME. `sam_id`: the SDT reader this terminal is bound to; another
    one means out of service. For travel documents: `trust`, a folder with certificates of country signing CAs and
    master lists, and `allow_bac`, whether a chip without PACE may be read.
    """

    uri: str
    sam_id: str | None = None
    trust: Path | None = None
    allow_bac: bool = False


class Portrait(_Table, frozen=True):
    """Portraits of resident cards (WLT) need the reader maker's library: where it is, and its SHA-256 in hexadecimal.

    `policy`: what a card means whose portrait cannot be decoded: the citizen goes to the "counter", or the "platform"
    is asked for a portrait of the holder of this card, which it sends to terminals that were granted that.
    """

    wlt_library: Path | None = None
    wlt_sha256: str = ""
    policy: Literal["counter", "platform"] = "counter"


class Face(_Table, frozen=True):
    """`mode`: in "production" a match counts only if `model` is validated for `population`, the people who come here;
    "demo" is for nobody's papers. The default of `model` is validated for nobody (docs/face.md).
    """

    mode: Literal["production", "demo"] = "production"
    model: str = "dlib-face-resnet-v1"
    population: str = "demonstration"


class Platform(_Table, frozen=True):
    """`url`: https only. `ca`, `certificate`, `key`: PEM files of the pinned platform CA and of this device;
    the certificate is replaced in its place before it ends.

    `key` may also be in a token (`pkcs11:token=…;object=…`), behind the library `pkcs11_module`, with the secret `pin`.
    `data_call_key`, or `account` and `password` at a platform that gives no keys: each secret is named, never written
    here (platform_client.credentials). `anchor_key`: PEM of the key by
    which the platform signs how long the audit log is; without it it is not asked. Seconds: to connect, from byte to
    byte, for a whole call.
    """

    url: str
    ca: Path
    certificate: Path
    key: str
    pkcs11_module: Path | None = None
    pin: str | None = None
    data_call_key: str | None = None
    account: str | None = None
    password: str | None = None
    anchor_key: Path | None = None
    connect_s: float = 5.0
    read_s: float = 15.0
    answer_s: float = 20.0

    def __post_init__(self) -> None:
        require_https(self.url)
        if self.data_call_key is not None and self.account is not None:
            raise ValueError("either `data_call_key` or `account`: a key is never replaced by a password")
        if self.key.startswith("pkcs11:") != (self.pkcs11_module is not None and self.pin is not None):
            raise ValueError("a `key` in a token needs `pkcs11_module` and `pin`, a file needs neither")
        if (self.account is None) != (self.password is None):
            raise ValueError("`account` and `password` belong together")


class Certificate(_Table, frozen=True):
    """A kind this terminal may print, and the organisation whose seal it must carry (C18); at most how many pages it
    has, and whether the seal must carry a time-stamp.

    How it lies on paper (hardware.printers.port.JobTicket): `sides`, `media`, `copies`; `tray` and `colour` are left to
    the printer unless they are given. `overlay_mm`: this kind comes on pre-printed forms (A18), and what is sealed is
    printed so far to the right and down on them, as a picture of the verified pages.
    """

    seal: str
    sides: Literal["one-sided", "two-sided-long-edge", "two-sided-short-edge"] = "one-sided"
    media: Literal["A4", "A3"] = "A4"
    tray: str | None = None
    colour: Literal["color", "monochrome"] | None = None
    pages_most: int = 20
    time_stamp: bool = False
    copies: Annotated[int, Meta(ge=1, le=9)] = 1
    overlay_mm: tuple[float, float] | None = None


class Trust(_Table, frozen=True):
    """`root`: PEM of the pinned root of all seals. `sealed_within_s`: how long ago at most a certificate may have been
    sealed. `sm2`: seals by SM2 with SM3 are believed, too (experimental)."""

    root: Path
    sealed_within_s: int = 600
    sm2: bool = False


class Printer(_Table, frozen=True):
    """`server`: host:port of our own CUPS. `uri`: the printer itself, which is asked for the truth about its paper.

    `paper_statement`: where the statement is printed that this terminal signs about a paper. On a "slip" of its own:
    the certificate goes to the printer byte for byte as sealed. Or on the "page" itself, which is then a picture.
    """

    server: str
    queue: str
    uri: str
    paper_statement: Literal["slip", "page"] = "slip"


class Tickets(_Table, frozen=True):
    """A printer of slips, if there is one. `uri`: escpos:///dev/ttyUSB1, escpos+tcp://HOST:9100 or
    escpos+usb://VENDOR:PRODUCT. `width_dots`: 384 on paper of 58 mm, 576 on 80 mm. `font`: what slips are drawn with.
    """

    uri: str
    width_dots: int = 576
    font: Path = Path("/usr/share/onecard-kiosk/fonts/NotoSansSC-Regular.otf")


_WORKDAY: Final = ("09:00-12:00", "13:00-17:00")


class Camera(_Table, frozen=True):
    """How it is built in (models.placement): its lens above the floor, tilted upwards, and its view from the lower to
    the upper edge of the picture. `shoulder_guard`: whether it looks for onlookers while private pages show.
    `screen_colours`: whether the face check sheds colours and looks for their reflection; a check then takes 4 s more.
    """

    height_m: float = 1.45
    tilt_deg: float = 0.0
    view_deg: float = 47.0
    shoulder_guard: bool = True
    screen_colours: bool = False


class Screen(_Table, frozen=True):
    """The panel as it is built in. `rotation`: by how many degrees the pages are turned on it, counter-clockwise, to
    stand upright on a panel that was turned clockwise; the finger follows."""

    rotation: Rotation = 0


class Opening(_Table, frozen=True):
    """When the hall is open, by the clock in China: spans of each day, in order. For saying when paper will run out."""

    monday: tuple[str, ...] = _WORKDAY
    tuesday: tuple[str, ...] = _WORKDAY
    wednesday: tuple[str, ...] = _WORKDAY
    thursday: tuple[str, ...] = _WORKDAY
    friday: tuple[str, ...] = _WORKDAY
    saturday: tuple[str, ...] = ()
    sunday: tuple[str, ...] = ()


class Timing(_Table, frozen=True):
    """Seconds; what they mean: kiosk.desk.Timing."""

    idle_s: float = 45.0
    countdown_s: int = 20
    farewell_s: float = 20.0
    paper_rescue_s: float = 120.0


class Updates(_Table, frozen=True):
    """A hawkBit server. `url`: https only; `ca`: PEM of its CA. The terminal shows itself by a `token`, a secret (never
    written here) that is its own ("target") or one for all ("gateway"), or by `certificate` and `key`, a secret, too.

    `kept`: a folder on disk with room for a bundle and the agent's audit log. `restart`: the file by which a restart of
    the machine is asked for (systemd/kiosk-restart.path).
    """

    url: str
    ca: Path
    tenant: str = "DEFAULT"
    token: str | None = None
    token_kind: Literal["target", "gateway"] = "target"
    certificate: Path | None = None
    key: str | None = None
    kept: Path = Path("/var/lib/kiosk-agent")
    restart: Path = Path("/run/kiosk-agent/restart")

    def __post_init__(self) -> None:
        require_https(self.url)
        if (self.certificate is None) != (self.key is None):
            raise ValueError("`certificate` and `key` belong together")
        if self.token is None and self.key is None:
            raise ValueError("either `token`, or `certificate` and `key`")


class Fleet(_Table, frozen=True):
    """`metrics_port`: on loopback, where the agent shows its figures to this machine's Prometheus. `updates`: where
    they come from; without it there are none.

    `operator`: PEM with the public keys (EC P-256) of whoever may command this terminal and sign profiles for it;
    without it nobody may. `groups`: names under which commands may mean this terminal, too. `profiles`: a folder of the
    agent's that every process may read. These three, and `kept` and `restart` of `updates`, count as the installed
    profile has them: no delivered one changes who may deliver, or the way back.

    `audit_key`: the secret with which checkpoints of the agent's own audit log are signed; without it they are not.
    """

    metrics_port: Annotated[int, Meta(ge=1024, le=65535)] = 9469
    updates: Updates | None = None
    operator: Path | None = None
    groups: tuple[str, ...] = ()
    profiles: Path = Path("/var/lib/onecard-kiosk-profiles")
    audit_key: str | None = None


class Maintenance(_Table, frozen=True):
    """The technician's way in (docs/maintenance.md). `reader`: pcsc://NAME of the reader for their cards, another one
    than the citizens'. `ca`: PEM of the pinned CA that issues them; `crls`: its revocation lists, PEM or DER.

    `key_switch`: an input device of the kernel's, on while the key is turned (hardware.key_switches.evdev_switch);
    without one, a hidden gesture on the home page is the way in. `idle_s`: so long nobody need touch the menu before
    it locks.
    """

    reader: str
    ca: Path
    crls: tuple[Path, ...]
    key_switch: Path | None = None
    idle_s: float = 120.0


class Export(_Table, frozen=True):
    """Records that leave the terminal. `to`: PEM certificate (RSA, at least 3072 bits) of whoever alone may read them;
    `stick`: where the service manager mounts a stick."""

    to: Path
    stick: Path = Path("/run/onecard-kiosk/stick")


class Profile(_Table, frozen=True):
    """The whole file. `run`: a directory on tmpfs for the sockets. `audit`: where the log is kept, and `audit_key`: the
    secret with which its checkpoints are signed (`kiosk audit key` makes one). `ledger`: where it is kept
    what is out of the printer; like the log on a partition that outlives a power cut."""

    run: Path
    audit: Path
    audit_key: str
    ledger: Path
    terminal: Terminal
    reader: Reader
    platform: Platform
    trust: Trust
    printer: Printer
    certificates: dict[str, Certificate]
    tickets: Tickets | None = None
    opening: Opening = Opening()
    camera: Camera = Camera()
    screen: Screen = Screen()
    portrait: Portrait = Portrait()
    face: Face = Face()
    timing: Timing = Timing()
    export: Export | None = None
    fleet: Fleet = Fleet()
    maintenance: Maintenance | None = None


def loopback_port(server: str) -> int:
    """The loopback port of our own CUPS, from 127.0.0.1:8631."""
    host, _, port = server.rpartition(":")
    if host not in ("127.0.0.1", "localhost") or not port.isdigit():
        raise ProfileError(f"printer server {server}: our own CUPS listens on 127.0.0.1:PORT")
    return int(port)


def load(path: Path) -> Profile:
    """Reads and checks a profile. Raises ProfileError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ProfileError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ProfileError(f"{path}: not UTF-8") from None
    return parse(text, path)


def parse(text: str, path: Path) -> Profile:
    """A profile that is a text already; `path` is what it is called. Raises ProfileError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: {error}") from None
    try:
        return msgspec.convert(raw, Profile, dec_hook=_path, strict=True)
    except msgspec.ValidationError as error:
        raise ProfileError(_explain(path, text, str(error))) from None


def opening_hours(opening: Opening) -> OpeningHours:
    """As the forecast wants them. Raises ProfileError."""
    try:
        return OpeningHours.of(msgspec.structs.asdict(opening))
    except ValueError as error:
        raise ProfileError(f"[opening] {error}") from None


def _path(expected: type, value: object) -> object:
    if expected is Path and isinstance(value, str):
        return Path(value)
    raise ValueError("Expected a path in quotes")


def _explain(path: Path, text: str, complaint: str) -> str:
    """msgspec's sentence, with the line of the key it speaks of and the nearest known key."""
    unknown = re.search(r"unknown field `([^`]+)`(?: - at `\$\.?([^`]*)`)?", complaint)
    if unknown is None:
        at = re.search(r"at `\$\.([^`]+)`", complaint)
        return f"{path}{_line(text, at[1].split('.')[-1]) if at else ''}: {complaint}"
    key, table = unknown[1], unknown[2] or ""
    near = difflib.get_close_matches(key, _known(table), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; known here: {', '.join(_known(table))}"
    return f"{path}{_line(text, key)}: unknown key {key!r}{f' in [{table}]' if table else ''}{hint}"


def _line(text: str, key: str) -> str:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*\[*\s*{re.escape(key)}\s*[\]=.]", line):
            return f":{number}"
    return ""


def _known(table: str) -> list[str]:
    inner: type[Struct] = Profile
    for key in filter(None, table.split(".")):
        fields = {field.name: field.type for field in msgspec.structs.fields(inner)}
        inner = Certificate if key.startswith("certificates") else fields[key]
    return [field.name for field in msgspec.structs.fields(inner)]
