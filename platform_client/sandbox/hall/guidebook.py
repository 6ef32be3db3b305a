"""The guides of the hall as they are published now, for the calls, the bundle and the rules alike (A15, A20).

What is written stands in content/*.toml, in the words of the schema. A new version is made by `publish`, and a guide
that was withdrawn is gone from the calls and the next bundle alike (C23).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Final

import msgspec

from platform_client.content import Content, Section
from platform_client.guides import (
    DirectorySearch,
    FullTextSearch,
    FuzzySearch,
    Guide,
    GuideCall,
    GuideRefusal,
    GuidesFound,
    Theme,
    Themes,
    shows_somebody,
)
from platform_client.kinds import Bilingual
from platform_client.sandbox.hall.search import Catalogue
from platform_client.sandbox.intake import Refuse

_FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Versions count the seconds since then: they grow also over a restart, of which nothing else is remembered."""

_CONTENT: Final = resources.files("platform_client.sandbox.hall") / "content"


class _Written(msgspec.Struct, frozen=True, rename="pascal"):
    """A theme without the count, which follows from the guides."""

    audience: str
    code: str
    name: Bilingual


@dataclass(frozen=True)
class Written:
    """What the files say."""

    sections: tuple[Section, ...]
    themes: tuple[_Written, ...]
    guides: tuple[Guide, ...]


def written() -> Written:
    """Everything in content/. Raises ValueError for a guide that shows somebody's number (B04)."""
    folder = _CONTENT / "guides"
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name)
    texts = [each.read_text("utf-8") for each in files]
    if any(shows_somebody(text) for text in texts):
        raise ValueError("an identity number stands in a guide")
    return Written(
        _read("sections.toml", "Section", tuple[Section, ...]),
        _read("themes.toml", "Theme", tuple[_Written, ...]),
        tuple(msgspec.toml.decode(text, type=Guide) for text in texts),
    )


def _read(name: str, key: str, kind: Any) -> Any:
    return msgspec.convert(msgspec.toml.decode((_CONTENT / name).read_bytes())[key], kind)


class Guidebook:
    """`clock` dates the versions."""

    def __init__(self, clock: Callable[[], datetime], text: Written | None = None) -> None:
        self._clock = clock
        self._text = text or written()
        self._asked: Counter[str] = Counter()
        self._watch: list[Callable[[Content], None]] = []
        self._publish(0, self._text.guides)

    def publish(self, *guides: Guide) -> None:
        """A new version with `guides` added, each in the place of the one with its code."""
        codes = {guide.code for guide in guides}
        kept = (each for each in self.content.guides if each.code not in codes)
        self._publish(self.content.version, (*kept, *guides))

    def withdraw(self, code: str) -> None:
        """A new version without that guide. Raises KeyError when there is none."""
        if self.find(code) is None:
            raise KeyError(code)
        self._publish(self.content.version, tuple(each for each in self.content.guides if each.code != code))

    def watch(self, heard: Callable[[Content], None]) -> None:
        """`heard` is told the content now and whenever it changes."""
        self._watch.append(heard)
        heard(self.content)

    def find(self, code: str) -> Guide | None:
        return self._catalogue.guides.get(code)

    def name(self, code: str) -> Bilingual:
        """What an item is called; its code, when it is published no more but somebody still waits for it."""
        guide = self.find(code)
        return Bilingual(code, code) if guide is None else guide.elements.name

    def takes_appointments(self, code: str) -> bool:
        guide = self.find(code)
        return guide is not None and guide.elements.appointment

    # --- the calls ----------------------------------------------------------------------------------------------------

    async def themes(self) -> Themes:
        return Themes(self.content.version, self.content.themes)

    async def guide(self, call: GuideCall) -> Guide:
        guide = self.find(call.item)
        if guide is None:
            raise Refuse(GuideRefusal.NO_SUCH_ITEM.value)
        self._asked[guide.code] += 1
        return guide

    async def asked_most(self) -> GuidesFound:
        """Items in the order of how often their guide was opened; by whom is not known here."""
        return self._found(self._catalogue.in_order(self._asked.most_common()))

    async def directory(self, search: DirectorySearch) -> GuidesFound:
        if search.theme not in {theme.code for theme in self.content.themes}:
            raise Refuse(GuideRefusal.NO_SUCH_THEME.value)
        return self._found(self._catalogue.under(search.theme))

    async def fuzzy(self, search: FuzzySearch) -> GuidesFound:
        return self._found(self._catalogue.near(search.words))

    async def full_text(self, search: FullTextSearch) -> GuidesFound:
        return self._found(self._catalogue.containing(search.words))

    def _found(self, hits: tuple[Any, ...]) -> GuidesFound:
        return GuidesFound(self.content.version, hits[:50])

    def _publish(self, before: int, guides: tuple[Guide, ...]) -> None:
        under = Counter(theme for guide in guides for theme in guide.themes)
        themes = tuple(
            Theme(each.audience, each.code, each.name, under[each.code])  # type: ignore[arg-type]
            for each in self._text.themes
        )
        reviewed = self._clock().replace(microsecond=0)
        version = max(before + 1, int((reviewed - _FIRST).total_seconds()))
        content = Content(version, reviewed, self._text.sections, themes, guides)
        for heard in self._watch:
            heard(content)  # first: who cannot use it raises, and then it is not published
        self.content, self._catalogue = content, Catalogue(guides)
