"""Is this terminal still what its operator signed? Asked at every start, before any process that believes its profile.

The partition it remembers on is encrypted, which hides what is there and does not show who wrote it. So nothing that an
order brought counts because it lies there: the order is verified once more by the key in the image, and profile and
roots must be those in it, to the byte, with nothing added: a profile may name a whole folder of roots. An order expires
for a machine that is nobody; for one that it made a terminal it holds until it is enrolled anew, so no clock is asked.

What this cannot tell is an older order of the same operator's for the same terminal from the last one.
"""

from kiosk.enrolment.order import opened
from kiosk.enrolment.site import ORDER, PROFILE, Site
from kiosk.fleet.operator import Operator, OrderRefused
from kiosk.reasons import Reason, Refused


def standing(site: Site, pinned: Operator) -> str:
    """The terminal's name. Raises Refused: it is not, and must not start."""
    try:
        found = site.brought()
        order, signed, _ = opened(found.pop(ORDER, b""), pinned)
    except OSError as error:
        raise _altered(f"{error.filename}: {error.strerror}") from None
    except OrderRefused as refused:
        raise _altered(f"{ORDER}: {refused}") from None
    said = {PROFILE: signed.profile.encode()} | {name: content.encode() for name, content in order.files.items()}
    differing = sorted(name for name in {*found, *said} if found.get(name) != said.get(name))
    if differing:
        raise _altered(f"not as the order says: {', '.join(differing)}")
    return order.terminal


def _altered(detail: str) -> Refused:
    return Refused(Reason.ENROLMENT_ALTERED, detail)
