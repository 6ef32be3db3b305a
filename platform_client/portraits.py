"""Portraits: the picture that belongs to the card on the reader, for a terminal that cannot decode the card's own.

The question is the card, as this terminal read and signed it (`Evidence.of_card`): there is no face to match yet, and
nobody can ask by a number (E01). Only a terminal that was granted portraits is answered.
"""

from typing import Final

from platform_client.operation import AboutPerson, Ask, PersonalAnswer
from platform_client.refusal import RefusalCode


class PortraitQuery(AboutPerson, frozen=True):
    """What does the holder of this card look like?"""


class GivenPortrait(PersonalAnswer, frozen=True):
    """The registered picture of the person asked about: JPEG, JPEG 2000 or WebP."""

    picture: bytes


class PortraitRefusal(RefusalCode):
    """Why the platform shows no portrait."""

    NOT_GRANTED = "portrait-not-granted"
    """This terminal may not ask."""
    NONE = "no-portrait"


PORTRAIT: Final = Ask("portrait", "/v1/portraits", PortraitQuery, GivenPortrait, repeatable=True)
