"""What can be on the screen: frozen view-models, no Kivy.

A journey shows a `Page` and waits for an `Action`. A page holds facts (which certificate, how far the printer is); the
words around them belong to the screen (`kiosk/ui/wording.py`), so that switching the language never asks the journey
again. Texts that come from the platform or the profile are `Text`, in both languages. Personal data on a page is
already masked, except the preview of the certificate itself.
"""

from datetime import datetime
from enum import Enum
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from kiosk.maintenance.pages import StaffAction, StaffPage
from kiosk.reasons import Reason
from kiosk.text import Language as Language
from kiosk.text import Text as Text

Rotation = Literal[0, 90, 180, 270]
"""By how many degrees pages are turned on the panel, counter-clockwise, to stand upright on one that is built in turned
clockwise."""

DOCUMENT_NUMBER_MOST: Final = 14
"""Characters of a document number that can be typed: enough for passports, too few for a resident number (E01)."""


class Kind(Struct, frozen=True):
    """A kind of certificate as a tile shows it. `icon` names a drawing in `kiosk/ui/theme/icons.py`."""

    code: str
    title: Text
    note: Text
    agency: Text
    icon: str


class Offer(Struct, frozen=True):
    """A kind the platform offers, with what the gate must know of it.

    `seal`: organisation whose seal it must carry (C18). `single_subject`: no other person's number may stand on the
    page.
    """

    kind: Kind
    seal: str
    single_subject: bool


class Prompt(Enum):
    """What the citizen is asked to do in front of the camera."""

    LOOK = "look"
    TURN_LEFT = "turn-left"
    TURN_RIGHT = "turn-right"
    LOOK_UP = "look-up"
    OPEN_MOUTH = "open-mouth"
    BACK_TO_FRONT = "back-to-front"
    KEEP_LOOKING = "keep-looking"
    COMPARING = "comparing"


class Hint(Enum):
    """What is wrong with the picture right now; shown under the prompt. `NO_PICTURE`: the camera is away."""

    NO_PICTURE = "no-picture"
    NO_FACE = "no-face"
    TWO_FACES = "two-faces"
    TOO_FAR = "too-far"
    TOO_NEAR = "too-near"
    OFF_CENTRE = "off-centre"
    BACK_LIT = "back-lit"
    TOO_DARK = "too-dark"
    TOO_BRIGHT = "too-bright"
    COVERED = "covered"
    BLURRED = "blurred"
    TURNED_AWAY = "turned-away"
    HOLD_STILL = "hold-still"


class Zone(Enum):
    """Where in the camera's picture the face is: high of a tall person, low of a child or of somebody who sits."""

    HIGH = "high"
    MIDDLE = "middle"
    LOW = "low"


class Light(Enum):
    """What the screen sheds on the citizen's face."""

    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Stage(Enum):
    """What the terminal is doing while the citizen waits."""

    ASKING_PORTRAIT = "asking-portrait"
    ASKING_KINDS = "asking-kinds"
    ISSUING = "issuing"
    CHECKING = "checking"
    RECALLING = "recalling"


# --- pages -----------------------------------------------------------------------------------------------------------


class Notice(Enum):
    """What is running low or does not work today, while certificates can be printed all the same."""

    PAPER_LOW = "paper-low"
    TONER_LOW = "toner-low"
    RECEIPT_PAPER_LOW = "receipt-paper-low"
    NO_RECEIPTS = "no-receipts"


class Home(Struct, frozen=True, tag=True):
    """Nobody is here: one tile per kind the platform offers at this terminal. `trouble`: why nothing can be printed
    now. `card_left`: the last citizen's card still lies on the reader, so nobody else can begin. `again_at`: when what
    troubles is tried again. `notices`: what is not as it should be, although it works. `documents`: its reader reads
    passports and other travel documents."""

    kinds: tuple[Kind, ...]
    trouble: Reason | None = None
    card_left: bool = False
    again_at: datetime | None = None
    notices: tuple[Notice, ...] = ()
    documents: bool = False


class PresentCard(Struct, frozen=True, tag=True):
    """Lay the identity card on the reader, or the passport where it reads `documents`. `wish` is the kind chosen on the
    home page, if any."""

    wish: Kind | None = None
    documents: bool = False


class ReadingCard(Struct, frozen=True, tag=True):
    """The card is on the reader and being read: leave it there."""


class Way(Enum):
    """What opens the chip of a travel document."""

    MRZ = "mrz"
    """Document number, day of birth and day of expiry."""
    CAN = "can"
    """The six-digit card access number."""


class OpenDocument(Struct, frozen=True, tag=True):
    """A travel document lies on the reader: type what is printed on it, so that its chip opens. This is no identity
    number, and nobody is looked up with it (kiosk.opening says why E01 allows it). `tries_left`: after a refusal."""

    way: Way
    tries_left: int | None = None


class FaceCheck(Struct, frozen=True, tag=True):
    """Look at the camera. `progress` is 0..1 over the whole check; the picture comes from the preview ring.

    `light`: the page is to be of this colour. `zone`: where the oval is to be.
    """

    prompt: Prompt
    hint: Hint | None = None
    progress: float = 0.0
    light: Light | None = None
    zone: Zone = Zone.MIDDLE


class ChooseCertificate(Struct, frozen=True, tag=True):
    """Pick one of `kinds`. `name` is masked (张*). `overlooked`: somebody is close behind, so nothing private shows."""

    name: str
    kinds: tuple[Kind, ...]
    overlooked: bool = False


class Waiting(Struct, frozen=True, tag=True):
    """The terminal works, the citizen waits and may cancel at once."""

    stage: Stage
    kind: Kind | None = None


class Picture(Struct, frozen=True):
    """A page of paper as pixels: `rgb` holds rows from the top, three bytes each. Plain, for packing costs more than
    the socket does."""

    width: int
    height: int
    rgb: bytes

    def __repr__(self) -> str:
        return f"Picture({self.width} x {self.height})"


class Preview(Struct, frozen=True, tag=True):
    """The verified certificate before printing. `picture`: page 1 of `pages`, as drawn by the document process.

    `checks`: how many checks it passed. `overlooked`: somebody is close behind, so the page is blurred and waits.
    """

    kind: Kind
    issuer: str
    valid_until: str
    picture: Picture
    pages: int
    checks: int
    overlooked: bool = False

    def __repr__(self) -> str:
        return f"Preview({self.kind.code}, …)"


class Printing(Struct, frozen=True, tag=True):
    """Paper is on its way, `pages_out` of `pages` so far. `trouble`: the printer needs staff before it can go on;
    `seconds_left` until we give up."""

    kind: Kind
    trouble: Reason | None = None
    seconds_left: int | None = None
    pages_out: int = 0
    pages: int = 1


class SlipState(Enum):
    """A receipt beside the paper, for whoever wants one."""

    NONE = "none"
    OFFERED = "offered"
    PRINTING = "printing"
    OUT = "out"
    FAILED = "failed"


class HandOver(Struct, frozen=True, tag=True):
    """The page is out: take the paper and the card. `card`: the card is still on the reader."""

    kind: Kind
    pages: int
    card: bool
    slip: SlipState = SlipState.NONE


class Rate(Struct, frozen=True, tag=True):
    """How was it? Five levels, or skip (B21)."""


class Refusal(Struct, frozen=True, tag=True):
    """It ends here. `card`: the card is still on the reader; `paper`: something may lie in the tray. `again_at`: from
    when on another try can help."""

    reason: Reason
    card: bool = False
    paper: bool = False
    again_at: datetime | None = None


class EnrolmentStep(Enum):
    """How far a terminal is that is nobody yet."""

    MAKING_KEY = "making-key"
    WAITING = "waiting"
    READING_STICK = "reading-stick"
    TAKE_STICK_AWAY = "take-stick-away"
    """The request is on it: it goes to whoever signs, and comes back."""
    ASKING = "asking"
    SETTLING = "settling"
    DONE = "done"
    BARRED = "barred"
    """It was enrolled, and what is stored of that no longer is what was signed: nothing is waited for."""


class NotEnrolled(Struct, frozen=True, tag=True):
    """This terminal is nobody yet, and waits for a stick or for somebody who types its `code` at the platform. No
    citizen is served. `fingerprint`: of its key. `until`: how long the code is good. `terminal`: who it is going to
    be, once an order says so. `pairs`: codes can be had here at all. `trouble`: what went wrong last. `detail`: what
    the log says of that, which nobody can read on a machine that is nobody. `altered`: the file for which the terminal
    is barred."""

    step: EnrolmentStep
    fingerprint: str = ""
    code: str = ""
    until: datetime | None = None
    terminal: str = ""
    pairs: bool = True
    trouble: Reason | None = None
    detail: str = ""
    altered: str = ""


Page = (
    Home
    | PresentCard
    | ReadingCard
    | OpenDocument
    | FaceCheck
    | ChooseCertificate
    | Waiting
    | Preview
    | Printing
    | HandOver
    | Rate
    | Refusal
    | StaffPage
    | NotEnrolled
)


# --- actions ---------------------------------------------------------------------------------------------------------


class Pick(Struct, frozen=True, tag=True):
    """A tile was tapped (Home, ChooseCertificate)."""

    code: str


class Opening(Struct, frozen=True):
    """An answer to OpenDocument."""


class TypedCan(Opening, frozen=True, tag=True):
    """The card access number."""

    digits: Annotated[str, Meta(max_length=6)]

    def __repr__(self) -> str:
        return "TypedCan(…)"


class TypedMrz(Opening, frozen=True, tag=True):
    """What a machine readable zone says, without its check digits; days as YYYYMMDD."""

    document_number: Annotated[str, Meta(max_length=DOCUMENT_NUMBER_MOST)]
    birth: Annotated[str, Meta(max_length=8)]
    expiry: Annotated[str, Meta(max_length=8)]

    def __repr__(self) -> str:
        return "TypedMrz(…)"


class OtherWay(Opening, frozen=True, tag=True):
    """My document has the other of the two printed on it."""


class Print(Struct, frozen=True, tag=True):
    """Yes, print what the preview shows."""


class Cancel(Struct, frozen=True, tag=True):
    """Stop, on every page but Home."""


class Done(Struct, frozen=True, tag=True):
    """I have read this / taken my things (HandOver, Refusal), or: no rating (Rate)."""


class WantSlip(Struct, frozen=True, tag=True):
    """Print a receipt (HandOver that offers one)."""


class Retry(Struct, frozen=True, tag=True):
    """Start over (Refusal whose reason allows it)."""


class Stars(Struct, frozen=True, tag=True):
    """A rating: 5 very satisfied … 1 very dissatisfied (B21)."""

    value: Annotated[int, Meta(ge=1, le=5)]


class Reveal(Struct, frozen=True, tag=True):
    """Whoever stands behind me may see this (a page that is `overlooked`)."""


class StillHere(Struct, frozen=True, tag=True):
    """The answer to the idle countdown; any other action counts as one too."""


class SwitchLanguage(Struct, frozen=True, tag=True):
    """One tap, on every page; the page stays."""

    language: Language


Action = (
    Pick
    | TypedCan
    | TypedMrz
    | OtherWay
    | Print
    | Cancel
    | Done
    | Retry
    | Stars
    | StillHere
    | Reveal
    | SwitchLanguage
    | WantSlip
    | StaffAction
)
