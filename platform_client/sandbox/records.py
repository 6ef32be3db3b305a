"""What each source holds for each kind of certificate: pure functions from a person's draw to facts for the page.

Every certificate draws on three sources: the department's own register, the provincial data centre and the local source
(C05). Values are synthetic and follow from the person's number (registry.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from platform_client.kinds import Bilingual
from platform_client.sandbox.registry import Draw, Person

_CITIES: Final = (
    Bilingual("示例市东城区", "Dongcheng District, Sample City"),
    Bilingual("示例市西湖区", "Xihu District, Sample City"),
    Bilingual("示例市南山县", "Nanshan County, Sample City"),
)


@dataclass(frozen=True, slots=True, repr=False)
class Fact:
    """One row of the page's table."""

    label: Bilingual
    value: Bilingual

    def __repr__(self) -> str:
        return "Fact(***)"


Record = Callable[[Draw], Fact]


def _drawn(zh: str, en: str, *choices: Bilingual) -> Record:
    return lambda draw: Fact(Bilingual(zh, en), draw.one(en, choices))


def _count(zh: str, en: str, low: int, high: int, zh_unit: str, en_unit: str) -> Record:
    def record(draw: Draw) -> Fact:
        count = draw.number(en, low, high)
        return Fact(Bilingual(zh, en), Bilingual(f"{count}{zh_unit}", f"{count} {en_unit}"))

    return record


def _day(zh: str, en: str, first: int, last: int) -> Record:
    def record(draw: Draw) -> Fact:
        year, month, day = draw.number(en, first, last), draw.number(en + "m", 1, 12), draw.number(en + "d", 1, 28)
        return Fact(Bilingual(zh, en), Bilingual(f"{year}年{month}月{day}日", f"{year}-{month:02}-{day:02}"))

    return record


def _always(zh: str, en: str, zh_value: str, en_value: str) -> Record:
    return lambda draw: Fact(Bilingual(zh, en), Bilingual(zh_value, en_value))


_LIVES_IN: Final = _drawn("现居住地", "Place of residence", *_CITIES)


def registered(source: str) -> Callable[[str, Person], tuple[Fact, ...]]:
    """The register of `source` as a function: whoever is asked about is in it."""

    def look_up(kind: str, person: Person) -> tuple[Fact, ...]:
        return tuple(record(Draw.about(person)) for record in RECORDS[kind][source])

    return look_up


RECORDS: Final[dict[str, dict[str, tuple[Record, ...]]]] = {
    "social-insurance": {
        "private": (
            _always(
                "参保险种",
                "Schemes",
                "养老、医疗、失业、工伤、生育",
                "pension, medical, unemployment, injury, maternity",
            ),
        ),
        "provincial": (_count("累计缴费", "Contributions", 12, 380, "个月", "months"),),
        "local": (_drawn("参保地", "Insured in", *_CITIES),),
    },
    "household": {
        "private": (_drawn("户口性质", "Type", Bilingual("家庭户", "family"), Bilingual("集体户", "collective")),),
        "provincial": (_day("登记日期", "Registered on", 1995, 2020),),
        "local": (_drawn("户籍地", "Registered in", *_CITIES),),
    },
    "no-criminal-record": {
        "private": (_always("查询结果", "Result", "未发现有犯罪记录", "no criminal record found"),),
        "provincial": (_always("查询范围", "Scope", "全国", "nationwide"),),
        "local": (_LIVES_IN,),
    },
    "marriage": {
        "private": (
            _drawn(
                "登记情况",
                "Registration",
                Bilingual("无登记记录", "none on record"),
                Bilingual("已登记结婚", "married"),
            ),
        ),
        "provincial": (_always("查询范围", "Scope", "全省婚姻登记信息", "all registers of the province"),),
        "local": (_LIVES_IN,),
    },
    "property": {
        "private": (_count("名下不动产", "Properties", 0, 3, "处", "registered"),),
        "provincial": (_always("查询范围", "Scope", "全省不动产登记信息", "land register of the province"),),
        "local": (_LIVES_IN,),
    },
    "driving": {
        "private": (_drawn("准驾车型", "Class", Bilingual("C1", "C1"), Bilingual("C2", "C2"), Bilingual("B2", "B2")),),
        "provincial": (_day("初次领证", "First licensed on", 2008, 2022),),
        "local": (_count("本周期记分", "Penalty points", 0, 6, "分", "in this period"),),
    },
    "birth": {
        "private": (_drawn("出生地", "Place of birth", *_CITIES),),
        "provincial": (_count("出生孕周", "Weeks of gestation", 36, 41, "周", "weeks"),),
        "local": (
            _drawn("登记机构", "Registered by", Bilingual("示例市妇幼保健院", "Sample City Maternity Hospital")),
        ),
    },
    "education": {
        "private": (_drawn("学历", "Degree", Bilingual("大学本科", "bachelor"), Bilingual("大学专科", "college")),),
        "provincial": (_count("修业年限", "Length of study", 3, 5, "年", "years"),),
        "local": (
            _drawn(
                "毕业院校",
                "School",
                Bilingual("示例大学", "Sample University"),
                Bilingual("示例学院", "Sample College"),
            ),
        ),
    },
}
