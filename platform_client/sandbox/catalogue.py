"""The agencies of the sandbox and what each of them certifies (C18: the agency that issues is the agency that seals).

The province is fictitious (示例省, "Sample Province"), so that a printout can never pass for a real one.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from platform_client.kinds import Bilingual, CertificateKind

STAMP_PURPOSE: Final = "证明专用章"
"""What stands below the star of each agency's stamp."""


@dataclass(frozen=True, slots=True)
class Agency:
    """A department with a seal of its own. `code` names its key and certificate files."""

    code: str
    name: Bilingual


_POLICE = Agency("public-security", Bilingual("示例省公安厅", "Public Security Department of Sample Province"))
_SOCIAL = Agency(
    "human-resources",
    Bilingual("示例省人力资源和社会保障厅", "Human Resources and Social Security Department of Sample Province"),
)
_CIVIL = Agency("civil-affairs", Bilingual("示例省民政厅", "Civil Affairs Department of Sample Province"))
_LAND = Agency("natural-resources", Bilingual("示例省自然资源厅", "Natural Resources Department of Sample Province"))
_HEALTH = Agency("health", Bilingual("示例省卫生健康委员会", "Health Commission of Sample Province"))
_HOUSING = Agency(
    "housing", Bilingual("示例省住房和城乡建设厅", "Housing and Urban-Rural Development Department of Sample Province")
)
_EDUCATION = Agency("education", Bilingual("示例省教育厅", "Education Department of Sample Province"))

AGENCIES: Final = (_POLICE, _SOCIAL, _CIVIL, _LAND, _HEALTH, _EDUCATION, _HOUSING)


RESIDENTS: Final = frozenset({"resident", "foreign-2023", "specimen"})
"""Who is in the registers of residents; so is whoever tries out a platform (platform_client.nobody)."""
CITIZEN_NUMBERED: Final = RESIDENTS | {"hmt-residence"}
"""Whose documents carry a number under GB 11643, by which a page can be checked to be theirs. The others (permanent
residence cards of 2017, travel documents) are offered nothing."""


class Demander(Enum):
    """Where those stand who ask for such data, and so how far away it is kept (C21).

    The value is what that typically adds to the answer of the department's own register, in seconds.
    """

    INTERNET = 0.08
    """Anybody, over the internet: housing fund, schools."""
    LOGICALLY_ISOLATED = 0.0
    """The government extranet: social security, civil affairs, health."""
    PHYSICALLY_ISOLATED = 0.2
    """Networks of their own: police, land."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One kind of certificate, the agency behind it, how long the paper is valid, and at which ages it is offered.

    `holders`: of which documents, by the kind in the evidence.
    """

    kind: CertificateKind
    agency: Agency
    demander: Demander
    valid_days: int
    from_age: int
    to_age: int
    holders: frozenset[str]

    def suits(self, age: int) -> bool:
        return self.from_age <= age <= self.to_age


def _offer(
    code: str,
    icon: str,
    agency: Agency,
    demander: Demander,
    valid_days: int,
    title: Bilingual,
    note: Bilingual,
    *,
    from_age: int = 0,
    to_age: int = 150,
    no_local: bool = False,
    holders: frozenset[str] = CITIZEN_NUMBERED,
) -> Offer:
    kind = CertificateKind(code, title, note, agency.name, agency.name.zh, icon, single_subject=True, no_local=no_local)
    return Offer(kind, agency, demander, valid_days, from_age, to_age, holders)


OFFERS: Final[dict[str, Offer]] = {
    offer.kind.code: offer
    for offer in (
        _offer(
            "social-insurance",
            "heart",
            _SOCIAL,
            Demander.LOGICALLY_ISOLATED,
            90,
            Bilingual("社会保险参保证明", "Social insurance"),
            Bilingual("参保险种与缴费状态", "Insured schemes and payment status"),
        ),
        _offer(
            "household",
            "home",
            _POLICE,
            Demander.PHYSICALLY_ISOLATED,
            90,
            Bilingual("户籍证明", "Household record"),
            Bilingual("户口登记信息", "Entry in the household register"),
            no_local=True,
            holders=RESIDENTS,
        ),
        _offer(
            "no-criminal-record",
            "shield",
            _POLICE,
            Demander.PHYSICALLY_ISOLATED,
            60,
            Bilingual("无犯罪记录证明", "No criminal record"),
            Bilingual("查询有无犯罪记录", "Search of criminal records"),
            no_local=True,
        ),
        _offer(
            "marriage",
            "rings",
            _CIVIL,
            Demander.LOGICALLY_ISOLATED,
            30,
            Bilingual("婚姻登记记录证明", "Marriage record"),
            Bilingual("本人婚姻登记情况", "Your own marriage registration"),
            from_age=20,
            holders=RESIDENTS,
        ),
        _offer(
            "property",
            "key",
            _LAND,
            Demander.PHYSICALLY_ISOLATED,
            30,
            Bilingual("不动产登记证明", "Property record"),
            Bilingual("本人名下不动产登记", "Real estate registered in your name"),
        ),
        _offer(
            "driving",
            "car",
            _POLICE,
            Demander.PHYSICALLY_ISOLATED,
            90,
            Bilingual("机动车驾驶人证明", "Driving record"),
            Bilingual("驾驶证与安全驾驶信息", "Licence and safety record"),
            from_age=18,
            no_local=True,
        ),
        _offer(
            "birth",
            "baby",
            _HEALTH,
            Demander.LOGICALLY_ISOLATED,
            365,
            Bilingual("出生医学登记证明", "Birth record"),
            Bilingual("出生登记信息", "Entry in the birth register"),
            to_age=17,
            holders=RESIDENTS,
        ),
        _offer(
            "education",
            "book",
            _EDUCATION,
            Demander.INTERNET,
            365,
            Bilingual("学历证明", "Education record"),
            Bilingual("学历与教育经历", "Degrees and schooling"),
            from_age=18,
        ),
        _offer(
            "housing-fund",
            "coins",
            _HOUSING,
            Demander.INTERNET,
            30,
            Bilingual("住房公积金缴存证明", "Housing fund"),
            Bilingual("缴存状态与账户余额", "Contributions and balance"),
            from_age=16,
        ),
    )
}
