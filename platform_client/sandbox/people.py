"""One synthetic citizen for each layout of the cards that readers know, and a child.

119999 and 911999 are places that were never assigned; the order 000 of residence permits is given to nobody. Numbers of
2017 have fifteen characters and no rule that a page could be checked by: their holders are offered nothing.
"""

from typing import Final

from platform_client.sandbox.registry import Person

BY_LAYOUT: Final = {
    "resident": Person("章三样", "119999199003071214"),
    "hmt-residence": Person("何例", "82000019930815000X"),
    "foreign-2017": Person("欧拉·样本", "NOR999978022801"),
    "foreign-2023": Person("EXAMPLEFORD-TESTINGHAM, MAXIMILIAN BALTHASAR", "911999196904200077"),
}
CHILD: Final = Person("章小样", "119999201806011207")
