"""Who is there, and the three ways in: the patent's embodiments 1 to 3 (C07, C09, C11).

| | where the business system stands | how its request comes in |
|---|---|---|
| extranet | government extranet, logically isolated | straight to the service-sharing platform |
| cloud | public cloud | public-cloud front-end, then over the security border |
| isolated | physically isolated private network | private-network front-end, then over the security border |

The text of embodiment 3 says *public-cloud front-end* on the way in and *private-network front-end* on the way out;
the former is taken for a slip.
"""

from enum import Enum
from typing import Final

from platform_client.kinds import Bilingual

TERMINAL: Final = "terminal"
SHARING: Final = "sharing"
MATERIAL: Final = "material"
SEAL: Final = "seal"
PROVINCIAL: Final = "provincial"
LOCAL: Final = "local"
PRIVATE_CLOUD_FRONT: Final = "private-cloud-front"
PRIVATE_NETWORK: Final = "private-network"
PUBLIC_CLOUD_FRONT: Final = "public-cloud-front"
PRIVATE_NETWORK_FRONT: Final = "private-network-front"

SYSTEMS: Final = (SHARING, MATERIAL, SEAL, PROVINCIAL, LOCAL, PRIVATE_CLOUD_FRONT)
"""Those that listen, for each other only. The private network does not: it is reached by ferry."""

TITLES: Final = {
    TERMINAL: Bilingual("自助终端", "terminal"),
    SHARING: Bilingual("服务共享平台", "service-sharing platform"),
    MATERIAL: Bilingual("办事资料共享系统", "material-sharing system"),
    SEAL: Bilingual("电子签章系统", "e-seal system"),
    PROVINCIAL: Bilingual("省数据中心", "provincial data centre"),
    LOCAL: Bilingual("本地数据源", "local source"),
    PRIVATE_CLOUD_FRONT: Bilingual("政务专有云前置", "private-cloud front-end"),
    PRIVATE_NETWORK: Bilingual("专网系统", "private network"),
    PUBLIC_CLOUD_FRONT: Bilingual("公有云前置", "public-cloud front-end"),
    PRIVATE_NETWORK_FRONT: Bilingual("专网前置", "private-network front-end"),
}


class Topology(Enum):
    """The value is the word of the command line."""

    EXTRANET = "extranet"
    CLOUD = "cloud"
    ISOLATED = "isolated"

    @property
    def outer_front(self) -> str | None:
        """The front-end a terminal speaks to, where it does not speak to the service-sharing platform itself."""
        return {Topology.CLOUD: PUBLIC_CLOUD_FRONT, Topology.ISOLATED: PRIVATE_NETWORK_FRONT}.get(self)
