"""What each source holds for each kind of certificate: pure functions from a draw to facts for the page.

Every certificate draws on three sources: the department's own register in the private network, the provincial data
centre and the local source (C05). Values are synthetic and follow from the draw (registry.py). Where a record names
somebody else, their number is masked: it is the holder's certificate (E05).
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
_EMPLOYERS: Final = (
    Bilingual("示例科技有限公司", "Sample Technology Co., Ltd."),
    Bilingual("样本机械制造厂", "Specimen Machine Works"),
    Bilingual("示范市第二中学", "Demonstration City No. 2 School"),
)


@dataclass(frozen=True, slots=True, repr=False)
class Fact:
    """One row of the page's table."""

    label: Bilingual
    value: Bilingual

    def __repr__(self) -> str:
        return "Fact(***)"


Record = Callable[[Draw], tuple[Fact, ...]]


def _all(*records: Record) -> Record:
    return lambda draw: tuple(fact for record in records for fact in record(draw))


def _drawn(zh: str, en: str, *choices: Bilingual) -> Record:
    return lambda draw: (Fact(Bilingual(zh, en), draw.one(en, choices)),)


def _count(zh: str, en: str, low: int, high: int, zh_unit: str, en_unit: str) -> Record:
    def record(draw: Draw) -> tuple[Fact, ...]:
        count = draw.number(en, low, high)
        return (Fact(Bilingual(zh, en), Bilingual(f"{count}{zh_unit}", f"{count} {en_unit}")),)

    return record


def _day(zh: str, en: str, first: int, last: int) -> Record:
    def record(draw: Draw) -> tuple[Fact, ...]:
        year, month, day = draw.number(en, first, last), draw.number(en + "m", 1, 12), draw.number(en + "d", 1, 28)
        return (Fact(Bilingual(zh, en), Bilingual(f"{year}年{month}月{day}日", f"{year}-{month:02}-{day:02}")),)

    return record


def _yuan(zh: str, en: str, low: int, high: int) -> Record:
    def record(draw: Draw) -> tuple[Fact, ...]:
        amount = draw.number(en, low * 100, high * 100)
        text = f"{amount // 100:,}.{amount % 100:02}"
        return (Fact(Bilingual(zh, en), Bilingual(f"人民币{text}元", f"CNY {text}")),)

    return record


def _always(zh: str, en: str, zh_value: str, en_value: str) -> Record:
    return lambda draw: (Fact(Bilingual(zh, en), Bilingual(zh_value, en_value)),)


def _relative(zh: str, en: str, *, male: bool, first: int, last: int) -> Record:
    """Another person: named, and known by a masked number."""

    def record(draw: Draw) -> tuple[Fact, ...]:
        other = draw.person(en, male=male, first=first, last=last)
        shown = f"{other.name}（{other.masked_number}）"
        return (Fact(Bilingual(zh, en), Bilingual(shown, "Number masked: not the holder's")),)

    return record


def _marriage(draw: Draw) -> tuple[Fact, ...]:
    label = Bilingual("登记情况", "Registration")
    if draw.number("married", 0, 2) == 0:
        return (Fact(label, Bilingual("无婚姻登记记录", "none on record")),)
    spouse = _relative("配偶", "Spouse", male=draw.number("spouse", 0, 1) == 1, first=1960, last=2000)
    return (
        Fact(label, Bilingual("已登记结婚", "married")),
        *_day("登记日期", "Registered on", 2010, 2024)(draw),
        *spouse(draw),
    )


def _property(draw: Draw) -> tuple[Fact, ...]:
    count = draw.number("Properties", 0, 2)
    head = Fact(Bilingual("名下不动产", "Properties"), Bilingual(f"{count}处", f"{count} registered"))
    if count == 0:
        return (head,)
    street = f"示例市东城区样本路{draw.number('house', 1, 399)}号{draw.number('door', 101, 2904)}室"
    return (
        head,
        *_count("建筑面积", "Floor area", 45, 210, "平方米", "square metres")(draw),
        Fact(Bilingual("坐落", "Location"), Bilingual(street, "Yangben Road, Dongcheng District, Sample City")),
    )


_LIVES_IN: Final = _drawn("现居住地", "Place of residence", *_CITIES)

RECORDS: Final[dict[str, dict[str, Record]]] = {
    "social-insurance": {
        "private": _all(
            _always(
                "参保险种",
                "Schemes",
                "养老保险、医疗保险、失业保险、工伤保险、生育保险",
                "pension, medical, unemployment, work injury, maternity",
            ),
            _always("参保状态", "Status", "正常参保", "insured"),
        ),
        "provincial": _all(
            _count("累计缴费", "Contributions", 12, 380, "个月", "months"), _day("首次参保", "Since", 1998, 2020)
        ),
        "local": _all(_drawn("参保地", "Insured in", *_CITIES), _drawn("缴费单位", "Employer", *_EMPLOYERS)),
    },
    "household": {
        "private": _all(
            _drawn("户口性质", "Type", Bilingual("家庭户", "family"), Bilingual("集体户", "collective")),
            _drawn("与户主关系", "Relation to head", Bilingual("子女", "child"), Bilingual("配偶", "spouse")),
            _relative("户主", "Head of household", male=True, first=1940, last=1975),
        ),
        "provincial": _day("登记日期", "Registered on", 1995, 2020),
        "local": _drawn("户籍地", "Registered in", *_CITIES),
    },
    "no-criminal-record": {
        "private": _all(
            _always("查询结果", "Result", "在查询期间内未发现有犯罪记录", "no criminal record found in that period"),
            _always("查询期间", "Period", "年满14周岁至开具之日", "from the age of 14 to the day of issue"),
        ),
        "provincial": _always("查询范围", "Scope", "全国", "nationwide"),
        "local": _LIVES_IN,
    },
    "marriage": {
        "private": _marriage,
        "provincial": _always("查询范围", "Scope", "全省婚姻登记信息", "all registers of the province"),
        "local": _LIVES_IN,
    },
    "property": {
        "private": _property,
        "provincial": _always("查询范围", "Scope", "全省不动产登记信息", "land register of the province"),
        "local": _LIVES_IN,
    },
    "driving": {
        "private": _all(
            _drawn("准驾车型", "Class", Bilingual("C1", "C1"), Bilingual("C2", "C2"), Bilingual("B2", "B2")),
            _always("驾驶证状态", "Licence", "正常", "valid"),
        ),
        "provincial": _day("初次领证", "First licensed on", 2008, 2022),
        "local": _count("本周期记分", "Penalty points", 0, 6, "分", "in this period"),
    },
    "birth": {
        "private": _all(
            _drawn("出生地", "Place of birth", *_CITIES),
            _relative("母亲", "Mother", male=False, first=1975, last=1999),
        ),
        "provincial": _count("出生孕周", "Weeks of gestation", 36, 41, "周", "weeks"),
        "local": _drawn("登记机构", "Registered by", Bilingual("示例市妇幼保健院", "Sample City Maternity Hospital")),
    },
    "education": {
        "private": _all(
            _drawn("学历", "Degree", Bilingual("大学本科", "bachelor"), Bilingual("大学专科", "college")),
            _drawn(
                "专业",
                "Subject",
                Bilingual("土木工程", "civil engineering"),
                Bilingual("汉语言文学", "Chinese literature"),
                Bilingual("护理学", "nursing"),
            ),
        ),
        "provincial": _all(
            _count("修业年限", "Length of study", 3, 5, "年", "years"), _day("毕业日期", "Graduated on", 2005, 2024)
        ),
        "local": _drawn(
            "毕业院校", "School", Bilingual("示例大学", "Sample University"), Bilingual("示例学院", "Sample College")
        ),
    },
    "housing-fund": {
        "private": _all(
            _always("缴存状态", "Status", "正常缴存", "contributing"), _yuan("月缴存额", "Monthly", 600, 5800)
        ),
        "provincial": _all(
            _yuan("账户余额", "Balance", 2000, 380000),
            _count("累计缴存", "Contributions", 6, 320, "个月", "months"),
        ),
        "local": _all(
            _drawn("缴存单位", "Employer", *_EMPLOYERS),
            _drawn(
                "管理部",
                "Office",
                Bilingual("示例市管理部", "Sample City office"),
                Bilingual("南山县管理部", "Nanshan County office"),
            ),
        ),
    },
}


def registered(source: str) -> Callable[[str, Person], tuple[Fact, ...]]:
    """The register of `source` as a function: whoever is asked about is in it."""

    def look_up(kind: str, person: Person) -> tuple[Fact, ...]:
        return RECORDS[kind][source](Draw.about(person))

    return look_up
