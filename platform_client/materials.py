"""Material: what a person has on the platform, what a terminal adds, an application made of it (A04, B28, B29, B37).

Level says how far a piece may be trusted (D01 to D04). A terminal can make C (a scan of somebody else's paper) and D
(the applicant's own word), and `upload` refuses the rest before anything is sent, as the platform does after.
"""

from datetime import date, datetime
from enum import Enum
from typing import Final, Literal

from platform_client.binding import Message, field
from platform_client.cases import Way
from platform_client.evidence import SignedEvidence
from platform_client.hall import Holder
from platform_client.kinds import Bilingual
from platform_client.operation import AboutPerson, Ask, PersonalAnswer
from platform_client.refusal import RefusalCode

LIMIT_BYTES: Final = 5 * 1024 * 1024
"""Of one piece: in base64 it still fits into one document of the interface."""

MediaType = Literal["application/pdf", "image/jpeg", "image/png"]
_BEGINNINGS: Final[tuple[tuple[bytes, MediaType], ...]] = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)


class Level(Enum):
    """How far material may be trusted."""

    A = "A"
    """Made by the agency, under its seal: used directly."""
    B = "B"
    """Checked against the original at a window: used again."""
    C = "C"
    """Uploaded; a window must see the original."""
    D = "D"
    """Made by the applicant, who promises that it is true: used directly."""


def watermark(level: Level, agency: str = "", valid_until: date | None = None) -> str:
    """The sentence that each page of material of this level carries (D05 to D08). A names its agency, A and B end."""
    match level:
        case Level.C:
            return "此件由本用户按原件上传，请政务服务窗口人员受理时与原件核对"
        case Level.D:
            return "本用户对此材料的真实性负责"
    if valid_until is None or (level is Level.A and not agency):
        raise ValueError(f"material of level {level.value} has an end, and that of level A an agency")
    origin = f"此件由{agency}提供" if level is Level.A else "此件经与原件核对无误"
    end = f"{valid_until.year}年{valid_until.month}月{valid_until.day}日"
    return f"{origin}，仅供办理政务服务事项时使用，有效期至{end}"


class HeldMaterial(Message, frozen=True):
    """One piece that the platform holds. `watermark`: what its pages carry. `sha256`: of its content."""

    number: str
    material: str
    name: Bilingual
    level: Level
    watermark: str
    sha256: str
    held_since: datetime
    valid_until: date | None

    def may_be_used_on(self, day: date) -> bool:
        """D10: the last day still counts; C and D have no end."""
        return self.valid_until is None or day <= self.valid_until


class MaterialsCall(AboutPerson, frozen=True):
    """What of this person's material may be used for this item? (D14: it need not be asked for again.)"""

    item: str


class Materials(PersonalAnswer, frozen=True):
    materials: tuple[HeldMaterial, ...] = field(name="Material")


class LicenceCall(AboutPerson, frozen=True):
    """What stands on this licence, and does the library that holds it still vouch for it (D12)?"""

    number: str


class LicenceMetadata(Message, frozen=True):
    """By what licences are sorted: issuer, type, date, holder (D11)."""

    number: str
    type: str
    name: Bilingual
    issuer: str
    holder: Holder
    issued: date
    valid_until: date


class LicenceLine(Message, frozen=True):
    """One line of its face."""

    label: Bilingual
    value: str


class LicenceShown(PersonalAnswer, frozen=True):
    """Metadata, image and face data of a licence of level A (D11). `image`: PNG, where the library has one."""

    metadata: LicenceMetadata
    standing: Literal["valid", "expired", "revoked"]
    image: bytes | None
    lines: tuple[LicenceLine, ...] = field(name="Line")


class UploadCall(AboutPerson, frozen=True):
    """One piece. Made by `upload`."""

    item: str
    material: str
    level: Level
    third_party: bool
    promise: bool
    media_type: MediaType
    content: bytes


class Uploaded(PersonalAnswer, frozen=True):
    material: HeldMaterial


class ApplyCall(AboutPerson, frozen=True):
    """Apply for an item with this material, by its numbers. `originals`, `delivery`: one of two ways each (B31)."""

    item: str
    originals: Way
    delivery: Way
    materials: tuple[str, ...] = field(name="Material")


class Applied(PersonalAnswer, frozen=True):
    """The application number is the case's (B29). `bring_original`: what a window must see."""

    number: str
    code: str
    bring_original: tuple[Bilingual, ...] = field(name="BringOriginal")


class SupplementCall(AboutPerson, frozen=True):
    """Add what was missing to a case that is there (B31)."""

    case_number: str
    materials: tuple[str, ...] = field(name="Material")


class Supplemented(PersonalAnswer, frozen=True):
    """The window looks at the case again."""

    case_number: str
    bring_original: tuple[Bilingual, ...] = field(name="BringOriginal")


MATERIALS: Final = Ask("materials", "/v1/materials/mine", MaterialsCall, Materials, repeatable=True)
LICENCE: Final = Ask("licence", "/v1/materials/licence", LicenceCall, LicenceShown, repeatable=True)
UPLOAD: Final = Ask("upload", "/v1/materials/upload", UploadCall, Uploaded, repeatable=True)
APPLY: Final = Ask("apply", "/v1/materials/apply", ApplyCall, Applied, repeatable=True)

SUPPLEMENT: Final = Ask("supplement", "/v1/materials/supplement", SupplementCall, Supplemented, repeatable=True)


class MaterialRefusal(RefusalCode):
    """Why a piece of material, or an application, is not taken."""

    NO_SUCH_ITEM = "no-such-item"
    NO_SUCH_MATERIAL = "no-such-material"
    """The guide does not ask for it, or this person does not have it."""
    LEVEL_NOT_YOURS = "level-not-yours"
    """A is made by agencies, B by windows, never by a terminal."""
    PROMISE_MISSING = "promise-missing"
    WRONG_LEVEL = "third-party-report-is-d"
    """A report by somebody else counts as D until a window has checked it (D13)."""
    EXECUTABLE = "executable"
    NOT_THAT_TYPE = "not-that-media-type"
    """The content does not begin as its media type does."""
    TOO_LARGE = "material-too-large"
    QUOTA_EXCEEDED = "quota-exceeded"
    EXPIRED = "material-expired"
    REVOKED = "material-revoked"
    """The library that holds it vouches for it no more."""
    INCOMPLETE = "material-incomplete"
    """A piece that the guide asks for is not there."""
    ONLINE_NOT_OFFERED = "online-not-offered"
    POST_NOT_OFFERED = "post-not-offered"
    NO_SUCH_CASE = "no-such-case"
    NOTHING_MISSING = "nothing-missing"
    """The case does not wait for material."""


class NotUploadable(ValueError):
    """This piece is not sent; `reason` is what the platform would say, too."""

    def __init__(self, reason: MaterialRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


def upload(
    evidence: SignedEvidence,
    *,
    item: str,
    material: str,
    level: Level,
    content: bytes,
    promise: bool,
    third_party: bool = False,
) -> UploadCall:
    """The call that uploads `content`. Raises NotUploadable."""
    media_type = media_type_of(content)
    check_upload(level, promise=promise, third_party=third_party, size_bytes=len(content))
    return UploadCall(evidence, item, material, level, third_party, promise, media_type, content)


def media_type_of(content: bytes) -> MediaType:
    """What `content` is by its first bytes, whatever it is called (B37). Raises NotUploadable."""
    for beginning, media_type in _BEGINNINGS:
        if content.startswith(beginning):
            return media_type
    executable = content.startswith(
        (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa", b"\xcf\xfa\xed\xfe")
    )
    raise NotUploadable(MaterialRefusal.EXECUTABLE if executable else MaterialRefusal.NOT_THAT_TYPE)


def check_upload(level: Level, *, promise: bool, third_party: bool, size_bytes: int) -> None:
    """The rules of an upload that need nobody's memory, the same at both ends. Raises NotUploadable."""
    if level not in (Level.C, Level.D):
        raise NotUploadable(MaterialRefusal.LEVEL_NOT_YOURS)
    if third_party and level is not Level.D:
        raise NotUploadable(MaterialRefusal.WRONG_LEVEL)
    if level is Level.D and not promise:
        raise NotUploadable(MaterialRefusal.PROMISE_MISSING)
    if size_bytes > LIMIT_BYTES:
        raise NotUploadable(MaterialRefusal.TOO_LARGE)
