"""The two languages of the screen, and a text in both."""

from typing import Literal

from msgspec import Struct

Language = Literal["zh", "en"]


class Text(Struct, frozen=True):
    """One text in both languages."""

    zh: str
    en: str

    def in_language(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en
