"""Is this terminal still what its operator signed? Asked at every start, before any process that believes its profile.

The partition it remembers on is encrypted, which hides what is there and does not show who wrote it. So nothing that an
order brought counts because it lies there: the order is verified once more by the key in the image, and profile and
roots must be those in it, to the byte, with nothing added: a profile may name a whole folder of roots. An order expires
for a machine that is nobody; for one that it made a terminal it holds until it is enrolled anew, so no clock is asked.
Whether this version can use the profile is for the processes to say that read it.

What this cannot tell is an older order of the same operator's for the same terminal from the last one.
"""

from pathlib import Path
from typing import Final

from kiosk.enrolment.order import TYPE, EnrolmentOrder
from kiosk.enrolment.plain import plain
from kiosk.enrolment.site import ORDER, PROFILE, Site
from kiosk.fleet import signed_profile
from kiosk.fleet.operator import Operator, OrderRefused
from kiosk.fleet.signed_profile import SignedProfile
from kiosk.reasons import Reason, Refused

NAME_MOST: Final = 80
NAMES_MOST: Final = 8


class Altered(Refused):
    """`file`: the first that is not what the operator signed. Whoever wrote the disk may have named it: it is told
    without what would move a line or a page, or could not be told at all."""

    def __init__(self, file: str, detail: str) -> None:
        super().__init__(Reason.ENROLMENT_ALTERED, detail)
        self.file = file


def standing(site: Site, pinned: Operator) -> str:
    """The terminal's name. Raises Altered: it is not what was signed, and must not start."""
    try:
        found = site.brought()
        order = pinned.words(found.pop(ORDER, b""), TYPE, EnrolmentOrder)
        signed = pinned.words(order.profile.encode(), signed_profile.TYPE, SignedProfile)
    except OSError as error:
        file = plain(Path(error.filename or site.current).name, NAME_MOST)
        raise Altered(file, f"{file}: {error.strerror}") from None
    except OrderRefused as refused:
        raise Altered(ORDER, f"{ORDER}: {refused}") from None
    said = {PROFILE: signed.profile.encode()} | {name: content.encode() for name, content in order.files.items()}
    differing = sorted(plain(name, NAME_MOST) for name in {*found, *said} if found.get(name) != said.get(name))
    if differing:
        told = ", ".join(differing[:NAMES_MOST]) + (" …" if len(differing) > NAMES_MOST else "")
        raise Altered(differing[0], f"not as the order says: {told}")
    return order.terminal
