"""The guides to what the hall does, and three ways to find one (B01 to B10). Public: nothing here is about a person."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from platform_client.binding import Message, field
from platform_client.kinds import Bilingual
from platform_client.operation import Ask, Fetch
from platform_client.refusal import RefusalCode

_IDENTITY_NUMBER: Final = re.compile(r"(?<!\d)\d{17}[\dXxＸｘ](?!\d)")


class Stage(Enum):
    """The eight stages of a case as an applicant sees them, in their order (B03)."""

    APPLICATION = "application"
    SUPPLEMENT = "supplement"
    ORIGINAL_CHECK = "original-check"
    PAYMENT = "payment"
    DELIVERY = "delivery"
    ACCEPTANCE = "acceptance"
    DECISION = "decision"
    RECEIPT = "receipt"


class Theme(Message, frozen=True):
    """One of 31 for people or 34 for organisations (B10). `items`: how many stand under it."""

    audience: Literal["natural", "legal"]
    code: str
    name: Bilingual
    items: int


class GuideMaterial(Message, frozen=True):
    """One piece of material: its code, and the nine fields of B02. An empty field states that there is nothing."""

    code: str
    name: Bilingual
    type: str
    sample: str
    form: str
    source: str
    copies: str
    instructions: str
    standard: str
    electronic: bool


class GuideMaterials(Message, frozen=True):
    materials: tuple[GuideMaterial, ...] = field(name="Material")


class GuideStage(Message, frozen=True):
    """One stage and its five elements."""

    name: Stage
    begins: str
    ends: str
    duration: str
    applicant: str
    window: str


class GuideFlow(Message, frozen=True):
    stages: tuple[GuideStage, ...] = field(name="Stage")


@dataclass(frozen=True, slots=True)
class Guidance:
    """The five flags of an item (B06): what the elements say, put together for the eye."""

    handling: Literal["window", "online", "both"]
    appointment: bool
    area: str
    online_payment: bool
    delivery: bool


class GuideElements(Message, frozen=True):
    """The 22 elements of a guide (B01), in the order of the list. An empty one states that there is nothing."""

    name: Bilingual
    type: str
    legal_basis: str
    agency: Bilingual
    statutory_limit: str
    promised_limit: str
    result_name: str
    result_sample: str
    fee_standard: str
    fee_basis: str
    materials: GuideMaterials
    flow: GuideFlow
    handling: Literal["window", "online", "both"]
    review_standard: str
    area: str
    appointment: bool
    online_payment: bool
    delivery: bool
    place: str
    hours: str
    consult_phone: str
    supervision_phone: str

    @property
    def guidance(self) -> Guidance:
        return Guidance(self.handling, self.appointment, self.area, self.online_payment, self.delivery)


class Guide(Message, frozen=True):
    """One guide. `mode`: at most how often one must come is 2, 1 or 0 times (B30)."""

    code: str
    version: int
    audience: Literal["natural", "legal"]
    mode: Literal["pre-check", "verification", "online"]
    elements: GuideElements
    themes: tuple[str, ...] = field(name="Theme")
    aliases: tuple[str, ...] = field(name="Alias")


class GuideCall(Message, frozen=True):
    """The guide to this item."""

    item: str


class Themes(Message, frozen=True):
    """All themes, in the order of a life."""

    content_version: int
    themes: tuple[Theme, ...] = field(name="Theme")


class DirectorySearch(Message, frozen=True):
    """Every item under one theme."""

    theme: str


class FuzzySearch(Message, frozen=True):
    """Items whose names, aliases or initials come near these words."""

    words: str


class FullTextSearch(Message, frozen=True):
    """Items in whose guides all of these words stand."""

    words: str


class Mark(Message, frozen=True):
    """Characters to highlight: from `begin`, counted from 0, so many."""

    begin: int
    length: int


class GuideHit(Message, frozen=True):
    """One item that was found. `score`: higher is nearer; in the list of what is asked for most, how often."""

    code: str
    name: Bilingual
    agency: Bilingual
    excerpt: str
    score: int
    marks: tuple[Mark, ...] = field(name="Mark")


class GuidesFound(Message, frozen=True):
    """Best first."""

    content_version: int
    hits: tuple[GuideHit, ...] = field(name="Hit")


THEMES: Final = Fetch("themes", "/v1/guides/themes", Themes)
ASKED_MOST: Final = Fetch("guides-asked-most", "/v1/guides/asked-most", GuidesFound)
GUIDE: Final = Ask("guide", "/v1/guides/item", GuideCall, Guide, repeatable=True)
DIRECTORY: Final = Ask("guides-directory", "/v1/guides/directory", DirectorySearch, GuidesFound, repeatable=True)
FUZZY: Final = Ask("guides-fuzzy", "/v1/guides/fuzzy", FuzzySearch, GuidesFound, repeatable=True)
FULL_TEXT: Final = Ask("guides-full-text", "/v1/guides/full-text", FullTextSearch, GuidesFound, repeatable=True)


class GuideRefusal(RefusalCode):
    """Why the platform shows no guide."""

    NO_SUCH_ITEM = "no-such-item"
    NO_SUCH_THEME = "no-such-theme"


def shows_somebody(text: str) -> bool:
    """Does an identity number stand in `text`, digits 7 to 14 and all? Then it is no sample (B04)."""
    return _IDENTITY_NUMBER.search(text) is not None
