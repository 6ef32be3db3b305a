"""What the subjects of the hall share."""

from platform_client.binding import Message


class Holder(Message, frozen=True):
    """Whose something is, as far as an answer may say: first character, and digits 7 to 14 as stars (E05)."""

    name: str
    number: str
