"""What crosses a socket between the desk and its three workers (ui, vision, documents), and at its door for staff.

The desk listens, a worker connects, both send frames: four bytes big-endian length, then one msgpack struct whose
`type` field names it. A frame that is too long, unknown or malformed raises `BadMessage`, and the connection is closed:
there is nothing to resynchronise with a peer that speaks another language.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

import msgspec
from msgspec import Meta, Struct

from kiosk.checks import Check
from kiosk.health.findings import Level
from kiosk.maintenance.line import Line, Live
from kiosk.pages import Action, Hint, Language, Light, Page, Picture, Prompt, Rotation, Text, Zone
from kiosk.reasons import Reason

if TYPE_CHECKING:  # the screen's process reads in a thread, and its first page waits for no event loop
    import asyncio

FRAME_LIMIT: Final = 32 * 1024 * 1024


class BadMessage(Exception):
    """The peer sent something that is not one of our messages."""


class _Private(Struct, frozen=True):
    """Holds what is a citizen's, and shows nothing of it: a message may end up in an exception or a log."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


# --- desk -> any worker ----------------------------------------------------------------------------------------------


class HowMuch(Struct, frozen=True, tag=True):
    """Log as much as this, until something else is said (kiosk.loudness). Not answered."""

    level: Literal["warning", "info", "debug"]


# --- desk -> ui, ui -> desk ------------------------------------------------------------------------------------------


class Show(Struct, frozen=True, tag=True):
    """Show this page, in this hall, in this language. `seq` grows with every page; `countdown_s`: seconds until an
    idle session ends, else None; `rotation`: of the page on the panel. The whole screen is in here: an interface that
    has just come back needs no other, and one that starts before the terminal knows what it is needs no profile."""

    seq: int
    page: Page
    language: Language
    hall: Text
    countdown_s: int | None = None
    rotation: Rotation = 0


class Count(Struct, frozen=True, tag=True):
    """Nothing changes on page `seq` but its `countdown_s`: a page may hold a picture of megabytes, a second passes."""

    seq: int
    countdown_s: int | None


class Act(Struct, frozen=True, tag=True):
    """The citizen did something on page `seq`; an action for a page that is gone is ignored by the desk."""

    seq: int
    action: Action


# --- desk -> vision, vision -> desk ----------------------------------------------------------------------------------


class ProvePresence(_Private, frozen=True, tag=True):
    """Start a check against this document portrait (`encoding`: webp, jpeg, jp2, wlt). `id` names the check.

    `validated_only`: the answer must rest on a model that is validated for the people here; without one it is refused.
    """

    id: int
    portrait: bytes
    encoding: str
    validated_only: bool = True


class Guard(Struct, frozen=True, tag=True):
    """Look now and then whether somebody stands close behind the citizen, until `StopPresence`. No picture is kept."""

    id: int


class StopPresence(Struct, frozen=True, tag=True):
    """Forget the check or guard `id` and everything seen for it."""

    id: int


class Guidance(Struct, frozen=True, tag=True):
    """What to ask of the citizen now."""

    id: int
    prompt: Prompt
    hint: Hint | None
    progress: float
    light: Light | None = None
    zone: Zone = Zone.MIDDLE


class Compares(Struct, frozen=True, tag=True):
    """Said first of all: the model that compares faces here, and whether its errors for `population` were measured and
    accepted (`validated`)."""

    model: str
    population: str
    validated: bool


class Matched(Struct, frozen=True, tag=True):
    """A live person with the portrait's face is in front of the camera. No image, no embedding.

    `score` is the distance between embeddings (smaller is closer) and is at most `threshold`. `liveness` holds each
    signal by name (degrees of turn, planarity residual over the eye distance). `population`: whom the threshold is for;
    `validated`: its errors were measured on them and accepted.
    """

    id: int
    model: str
    weights_sha256: str
    score: float
    threshold: float
    liveness: dict[str, float]
    frames: int
    population: str = ""
    validated: bool = False


class NotProven(Struct, frozen=True, tag=True):
    """The check `id` ended without a match."""

    id: int
    reason: Reason
    detail: str = ""


class Look(Struct, frozen=True, tag=True):
    """Turn the camera on for staff: its picture is on the preview, and `Seen` says how each picture is, until
    `StopPresence`. Nobody is compared with anybody."""

    id: int


class Seen(Struct, frozen=True, tag=True):
    """How the camera's picture is now. `faces` in it; of the nearest: `face_height` over the picture's, `sharpness`
    (variance of the Laplacian), and what a check would say to its owner (None: nothing). `brightness`: 0..255, of the
    whole picture. `per_s`: pictures in a second."""

    id: int
    per_s: float
    brightness: float
    faces: int
    face_height: float
    sharpness: float
    hint: Hint | None


class TryLiveness(Struct, frozen=True, tag=True):
    """Run the gestures of a check with a member of staff, against a first picture of themselves, which is forgotten
    with everything else. Answered by `Guidance`, last by `Alive` or `NotProven`: never by `Matched`."""

    id: int


class Alive(Struct, frozen=True, tag=True):
    """The gestures of `TryLiveness` held. `liveness`: as in `Matched`."""

    id: int
    liveness: dict[str, float]


class Onlooker(Struct, frozen=True, tag=True):
    """A second face is `near` the citizen's, or none is."""

    id: int
    near: bool


# --- desk -> documents, documents -> desk ----------------------------------------------------------------------------


class Trust(Struct, frozen=True):
    """What the verifier may believe: DER certificates of the pinned `roots` and known `intermediates`, DER `crls`."""

    roots: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    crls: tuple[bytes, ...]


class Policy(Struct, frozen=True):
    """What a document of one kind must be. `sealed_within_s`: how long ago at most it may have been sealed; None: any
    time. `time_stamp`: it must carry one. `sm2`: seals by SM2 with SM3 are believed, too (experimental)."""

    paper: Literal["A4", "A3"] = "A4"
    pages_most: int = 20
    sealed_within_s: int | None = None
    time_stamp: bool = False
    sm2: bool = False


class Believe(Struct, frozen=True, tag=True):
    """Make ready to verify with this trust: what takes time is done before a citizen waits. Not answered."""

    trust: Trust
    sm2: bool


class Verify(_Private, frozen=True, tag=True):
    """Verify these bytes; answered by `Verified` or `NotVerified`. `nonce` salts the digests of the answer."""

    id: int
    pdf: bytes
    trust: Trust
    nonce: str
    policy: Policy


class Statement(Struct, frozen=True):
    """What the sealed document says about itself, in its XMP packet under the seal (docs/certificate-statement.md).

    `subject_digest`: SHA-256 over nonce ‖ 0x00 ‖ number ‖ 0x00 ‖ name, hex. `valid_until`: ISO date.
    """

    request_id: str
    nonce: str
    kind: str
    issuer: str
    level: str
    subject_digest: str
    valid_until: str


class Verified(Struct, frozen=True, tag=True):
    """The seal holds. `signer`: organisation in the seal's certificate. `numbers`: digest of each resident number found
    in the page text (SHA-256 over nonce ‖ 0x00 ‖ number, hex), so that the gate sees whose paper it is. `sentence`: the
    sentence of its level, with issuer and last day, stands on every page. `checks`: those that passed, in order."""

    id: int
    sha256: str
    signer: str
    statement: Statement
    numbers: tuple[str, ...]
    sentence: bool
    pages: int
    sealed_at: datetime
    checks: tuple[Check, ...]


class NotVerified(Struct, frozen=True, tag=True):
    """The bytes are refused. `passed`: the checks before the one that `failed` (None: before any)."""

    id: int
    reason: Reason
    detail: str
    failed: Check | None = None
    passed: tuple[Check, ...] = ()


class Render(_Private, frozen=True, tag=True):
    """Draw page `page` (0-based) of these bytes at `dpi`; answered by `Rendered` or `NotVerified`."""

    id: int
    pdf: bytes
    page: int
    dpi: int


class Rendered(_Private, frozen=True, tag=True):
    """One page."""

    id: int
    picture: Picture


class Imprint(_Private, frozen=True, tag=True):
    """Draw these bytes as they will be printed: with `code` (rows of a QR code, True is dark; empty: none) on each
    page, and everything moved by `shift_mm` to the right and down, to where a pre-printed form has room for it.
    Answered by `Imprinted` or `NotVerified`."""

    id: int
    pdf: bytes
    code: tuple[tuple[bool, ...], ...]
    shift_mm: tuple[float, float] = (0.0, 0.0)


class Imprinted(_Private, frozen=True, tag=True):
    """A PDF of pictures: every page, with the code on it. `sha256`: of the bytes that were drawn."""

    id: int
    pdf: bytes
    sha256: str


# --- staff or the fleet's agent -> desk, desk -> them (kiosk.maintenance.door) ---------------------------------------


_Word = Annotated[str, Meta(max_length=256)]
"""It stands in the audit log, which nobody fills by one word."""


class Do(Struct, frozen=True, tag=True):
    """Run this entry of the technician's menu with this choice ("" for none). `by`: who asks, for the audit log:
    "console", or the id of a command of the fleet. `order`: the operator's words for it (kiosk.maintenance.orders).
    Answered by any number of `Line` and `Live`, last of all `Done`."""

    entry: _Word
    choice: _Word
    by: _Word
    order: bytes = b""


class Waits(Struct, frozen=True, tag=True):
    """It needs the terminal for itself, and begins as soon as no citizen is served."""


class Done(Struct, frozen=True, tag=True):
    """It is over. `level`: the worst of its lines."""

    level: Level


# --- the frames ------------------------------------------------------------------------------------------------------

ToUi = Show | Count | HowMuch
FromUi = Act
ToVision = ProvePresence | Guard | Look | TryLiveness | StopPresence | HowMuch
FromVision = Compares | Guidance | Matched | NotProven | Onlooker | Seen | Alive
ToDocuments = Believe | Verify | Render | Imprint | HowMuch
FromDocuments = Verified | NotVerified | Rendered | Imprinted
ToStaff = Line | Live | Waits | Done
Message = ToUi | FromUi | ToVision | FromVision | ToDocuments | FromDocuments | Do | ToStaff

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Message)


def encode(message: Message) -> bytes:
    """One frame, ready to be written."""
    body = _encoder.encode(message)
    return len(body).to_bytes(4, "big") + body


def decode(body: bytes) -> Message:
    """The struct in one frame's body. Raises BadMessage."""
    try:
        return cast(Message, _decoder.decode(body))
    except msgspec.MsgspecError:
        # msgspec quotes the offending value in its message; personal data must not travel in an exception.
        raise BadMessage("not one of our messages") from None


async def receive(reader: "asyncio.StreamReader", bytes_most: int = FRAME_LIMIT) -> Message:
    """The next message. Raises BadMessage, or asyncio.IncompleteReadError when the peer is gone."""
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > bytes_most:
        raise BadMessage(f"frame of {length} bytes")
    return decode(await reader.readexactly(length))
