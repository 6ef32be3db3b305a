"""What the platform can issue: a kind of certificate and the agency that seals it (C18).

The list is public: it names documents, never people.
"""

from platform_client.binding import Message


class Bilingual(Message, frozen=True):
    """One text in Chinese and English."""

    zh: str
    en: str


class CertificateKind(Message, frozen=True):
    """One kind of certificate.

    `seal_organisation` is the organisationName a valid seal of this kind must carry. `icon` names a drawing of the
    terminal's theme. `single_subject`: the page names one person only. `no_local`: not even a preview may be cached
    (E10).
    """

    code: str
    title: Bilingual
    note: Bilingual
    agency: Bilingual
    seal_organisation: str
    icon: str
    single_subject: bool
    no_local: bool
