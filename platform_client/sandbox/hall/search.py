"""Finding a guide: by directory, by what the words come near, and in the full text (B08, B09).

Near means: the words stand in a name or alias, or their pinyin initials do (`sbk` finds 社保卡), or they share enough
pairs of characters with it (Dice's coefficient). Initials need no dictionary: GB 2312 orders its first-level
characters by pinyin, so the code of a character says its initial.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, Final

from platform_client.binding import Message
from platform_client.guides import Guide, GuideHit, Mark
from platform_client.kinds import Bilingual

_NEAR_ENOUGH: Final = 0.34
_EXCERPT: Final = 48
_MARKS: Final = 20

# The first character of each initial in GB 2312's first level (rows 16 to 55), and where the level ends.
_FIRST_OF: Final = "啊芭擦搭蛾发噶哈击喀垃妈拿哦啪期然撒塌挖昔压匝"
_INITIALS: Final = "abcdefghjklmnopqrstwxyz"
_STARTS: Final = [int.from_bytes(each.encode("gb2312"), "big") for each in _FIRST_OF]
_END: Final = 0xD7F9


class Catalogue:
    """The guides of one version, ready to be searched."""

    def __init__(self, guides: Iterable[Guide]) -> None:
        self.guides = {guide.code: guide for guide in guides}
        self._texts = {code: tuple(_texts(guide)) for code, guide in self.guides.items()}
        self._names = {
            code: tuple(plain(each) for each in (guide.elements.name.zh, guide.elements.name.en, *guide.aliases))
            for code, guide in self.guides.items()
        }

    def under(self, theme: str) -> tuple[GuideHit, ...]:
        return tuple(_hit(guide, "", (), 0) for guide in self.guides.values() if theme in guide.themes)

    def in_order(self, counted: Iterable[tuple[str, int]]) -> tuple[GuideHit, ...]:
        return tuple(_hit(self.guides[code], "", (), count) for code, count in counted if code in self.guides)

    def near(self, words: str) -> tuple[GuideHit, ...]:
        asked = plain(words)
        scored = (
            (max(_nearness(asked, name) for name in self._names[code]), guide) for code, guide in self.guides.items()
        )
        return tuple(
            _hit(guide, guide.elements.name.zh, _marks(guide.elements.name.zh, [asked]), round(score * 100))
            for score, guide in sorted(scored, key=lambda each: -each[0])
            if score >= _NEAR_ENOUGH
        )

    def containing(self, words: str) -> tuple[GuideHit, ...]:
        """Every word must stand somewhere in the guide; a word in the name counts ten times."""
        asked = [plain(word) for word in words.split()]
        hits = []
        for code, guide in self.guides.items():
            texts = [(text, plain(text)) for text in self._texts[code]]
            counts = [sum(text.count(word) for _, text in texts) for word in asked]
            if not asked or not all(counts):
                continue
            score = sum(counts) + 10 * sum(word in name for word in asked for name in self._names[code])
            excerpt = _excerpt(next(text for text, searched in texts if asked[0] in searched), asked[0])
            hits.append(_hit(guide, excerpt, _marks(excerpt, asked), score))
        return tuple(sorted(hits, key=lambda hit: -hit.score))


def plain(text: str) -> str:
    """Compatibility forms, case and blanks set aside, one character for one: positions stay what they are."""
    return "".join(_plain_character(each) for each in text)


def _plain_character(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character).casefold()
    return folded if len(folded) == 1 else character


def initials(text: str) -> str:
    """The pinyin initials of `text`; other letters and digits as they are, anything else left out."""
    return "".join(_initial(each) for each in text)


def _initial(character: str) -> str:
    if character.isascii():
        return character if character.isalnum() else ""
    try:
        code = int.from_bytes(character.encode("gb2312"), "big")
    except UnicodeEncodeError:
        return ""
    return _INITIALS[bisect_right(_STARTS, code) - 1] if _STARTS[0] <= code <= _END else ""


def _nearness(asked: str, name: str) -> float:
    """1 for the name itself, down to 0."""
    if asked in name or (asked.isascii() and len(asked) > 1 and asked in initials(name)):
        return 0.5 + len(asked) / len(name) / 2 if asked in name else 0.5
    mine, its = _pairs(asked), _pairs(name)
    return 2 * len(mine & its) / (len(mine) + len(its)) if mine and its else 0.0


def _pairs(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)}


def _texts(value: Any) -> Iterator[str]:
    """Every text in a message, in order."""
    match value:
        case str():
            yield value
        case Bilingual():
            yield value.zh
            yield value.en
        case tuple():
            for each in value:
                yield from _texts(each)
        case Message():
            for name in type(value).__struct_fields__:
                if name != "code":
                    yield from _texts(getattr(value, name))


def _excerpt(text: str, word: str) -> str:
    """The line of `text` around the first `word`."""
    at = plain(text).index(word)
    begin = max(0, at - _EXCERPT // 3)
    return text[begin : begin + _EXCERPT].replace("\n", " ")


def _marks(text: str, words: list[str]) -> tuple[Mark, ...]:
    """Where the words stand, from left to right."""
    searched, marks = plain(text), []
    for word in words:
        at = searched.find(word)
        while at >= 0:
            marks.append(Mark(at, len(word)))
            at = searched.find(word, at + len(word))
    return tuple(sorted(marks, key=lambda mark: mark.begin)[:_MARKS])


def _hit(guide: Guide, excerpt: str, marks: tuple[Mark, ...], score: int) -> GuideHit:
    return GuideHit(guide.code, guide.elements.name, guide.elements.agency, excerpt, score, marks)
