"""SecurityInfos (Doc 9303-11, 9.2): which protocols a chip speaks, in EF.CardAccess and DG14."""

from dataclasses import dataclass
from typing import ClassVar, Final

from asn1crypto import core, keys

from hardware.cards.emrtd import tlv
from hardware.cards.emrtd.curves import Curve, by_parameter_id, of_parameters
from hardware.cards.emrtd.faults import broken, parsing

MAX_BYTES: Final = 4096
_BSI: Final = "0.4.0.127.0.7"
STANDARDIZED_PARAMETERS: Final = f"{_BSI}.1.2"
PACE: Final = f"{_BSI}.2.2.4"
PACE_ECDH_GM: Final = f"{PACE}.2"
CHIP_AUTHENTICATION: Final = f"{_BSI}.2.2.3"
CHIP_AUTHENTICATION_ECDH: Final = f"{CHIP_AUTHENTICATION}.2"
CHIP_AUTHENTICATION_KEY_ECDH: Final = f"{_BSI}.2.2.1.2"
ACTIVE_AUTHENTICATION: Final = "2.23.136.1.1.5"
EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"


class _SecurityInfo(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("protocol", core.ObjectIdentifier),
        ("required", core.Any),
        ("optional", core.Any, {"optional": True}),
    ]


class _SecurityInfos(core.SetOf):  # type: ignore[misc]
    _child_spec = _SecurityInfo


class AnyAlgorithm(core.Sequence):  # type: ignore[misc]
    """An AlgorithmIdentifier whose parameters are read later."""

    _fields: ClassVar = [("algorithm", core.ObjectIdentifier), ("parameters", core.Any, {"optional": True})]


@dataclass(frozen=True, slots=True)
class SecurityInfo:
    """One announcement: its object identifier, dotted, what comes with it, still ASN.1, and all of it as encoded."""

    protocol: str
    required: core.Asn1Value
    optional: core.Asn1Value | None
    encoded: bytes

    @property
    def oid(self) -> bytes:
        """The contents of the object identifier, without tag and length."""
        return bytes(core.ObjectIdentifier(self.protocol).contents)

    def speaks(self, family: str) -> bool:
        """The protocol belongs to this arc."""
        return self.protocol.startswith(f"{family}.")

    def integer(self) -> int:
        """`required`, where it is a version. Raises EmrtdError PROTOCOL."""
        with parsing("SecurityInfo version"):
            return int(self.required.native)

    def reference(self) -> int | None:
        """`optional`, where it is the number of a key or of parameters. Raises EmrtdError PROTOCOL."""
        if self.optional is None:
            return None
        with parsing("SecurityInfo reference"):
            number = int(self.optional.native)
        if not 0 <= number < 1 << 32:
            raise broken("SecurityInfo: reference out of bounds")
        return number


def parse(encoded: bytes) -> list[SecurityInfo]:
    """Raises EmrtdError PROTOCOL."""
    if len(encoded) > MAX_BYTES:
        raise broken("SecurityInfos: too large")
    with parsing("SecurityInfos"):
        infos = []
        for info in _SecurityInfos.load(encoded, strict=True):
            optional = info["optional"]
            present = None if isinstance(optional, core.Void) else optional.parse()
            infos.append(SecurityInfo(info["protocol"].dotted, info["required"].parse(), present, info.dump()))
        return infos


def reference_object(number: int | None) -> bytes:
    """DO'84': the private key or the domain parameters that MSE:Set means; nothing for None."""
    return b"" if number is None else tlv.encode(0x84, number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big"))


def curve_of(algorithm: core.Asn1Value) -> Curve | None:
    """The curve of an AlgorithmIdentifier: a standardized number, a name or numbers written out; None: not elliptic."""
    with parsing("domain parameters"):
        identifier = AnyAlgorithm.load(algorithm.dump())
        oid, parameters = identifier["algorithm"].dotted, identifier["parameters"]
        if oid == STANDARDIZED_PARAMETERS:
            return by_parameter_id(parameters.parse(core.Integer).native)
        if oid == EC_PUBLIC_KEY:
            return of_parameters(parameters.parse(keys.ECDomainParameters))
    return None
