"""Certificates: what is issued here, what is issued to this person, and the certificate itself."""

from typing import Final

from platform_client.binding import Message, field
from platform_client.kinds import CertificateKind
from platform_client.operation import AboutPerson, Ask, Fetch, PersonalAnswer


class Kinds(Message, frozen=True):
    """Everything the platform issues at this terminal; public."""

    kinds: tuple[CertificateKind, ...] = field(name="Kind")


class KindsQuery(AboutPerson, frozen=True):
    """What can be issued to this person?"""


class OfferedKinds(PersonalAnswer, frozen=True):
    """What can be issued to the person asked about."""

    kinds: tuple[CertificateKind, ...] = field(name="Kind")


class IssueCall(AboutPerson, frozen=True):
    """Ask for one certificate."""

    kind: str


class Issued(PersonalAnswer, frozen=True):
    """The sealed certificate, PDF: nothing about it is verified yet but that it answers this request."""

    document: bytes


KINDS: Final = Fetch("kinds", "/v1/kinds", Kinds)
KINDS_FOR: Final = Ask("kinds-for", "/v1/kinds/query", KindsQuery, OfferedKinds, repeatable=True)
ISSUE: Final = Ask("issue", "/v1/certificates", IssueCall, Issued, repeatable=True)
