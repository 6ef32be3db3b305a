"""Points on elliptic curves, for what `cryptography` does not offer: PACE's generic mapping (Doc 9303-11, 4.4.3.3.1).

Generic mapping needs whole points, on a generator of its own, and their sum. The library gives k*G for the standard
generator and, as ECDH, the x-coordinate of k*P for any P. That is enough: k*P is known by its x-coordinate and that of
its sum with k*G, which is k*(P + G), for the law of addition (SEC 1, 2.2.1) can be solved for the y-coordinate. So
every multiplication is the library's, whose time does not tell the key.

Six curves, for these are what both Doc 9303-11, 9.5.1 and OpenSSL have; others are refused by name. A chip's point is
taken only when it is on the curve (all six have cofactor 1, so it is in the group) and is not infinity.
"""

from dataclasses import dataclass
from typing import Final

from asn1crypto import keys
from cryptography.hazmat.primitives.asymmetric import ec

from hardware.cards.emrtd.faults import EmrtdError, broken, parsing

Point = tuple[int, int]
PrivateKey = ec.EllipticCurvePrivateKey
_UNCOMPRESSED: Final = b"\x04"
_PRIME_FIELD: Final = "1.2.840.10045.1.1"


@dataclass(frozen=True, slots=True)
class Curve:
    """y^2 = x^3 + ax + b over the prime field of p; g generates the n points. `parameter_id`: Doc 9303-11, table 9."""

    name: str
    oid: str
    parameter_id: int
    library: type[ec.EllipticCurve]
    p: int
    a: int
    b: int
    g: Point
    n: int

    @property
    def field_bytes(self) -> int:
        return (self.p.bit_length() + 7) // 8

    def contains(self, point: Point) -> bool:
        x, y = point
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - self._right_side(x)) % self.p == 0

    def encode(self, point: Point) -> bytes:
        """Uncompressed (BSI TR-03111, 3.2.1)."""
        return _UNCOMPRESSED + b"".join(part.to_bytes(self.field_bytes, "big") for part in point)

    def decode(self, encoded: bytes) -> Point:
        """Raises EmrtdError PROTOCOL for anything but an uncompressed point of this curve."""
        size = self.field_bytes
        if len(encoded) != 1 + 2 * size or encoded[:1] != _UNCOMPRESSED:
            raise broken(f"{self.name}: no uncompressed point")
        point = int.from_bytes(encoded[1 : 1 + size], "big"), int.from_bytes(encoded[1 + size :], "big")
        if not self.contains(point):
            raise broken(f"{self.name}: a point that is not on the curve")
        return point

    def generate(self) -> PrivateKey:
        """A fresh private key."""
        return ec.generate_private_key(self.library())

    def private_key(self, scalar: int) -> PrivateKey:
        """This very private key. Raises EmrtdError PROTOCOL when it stands for infinity."""
        if not scalar % self.n:
            raise self._infinity()
        return ec.derive_private_key(scalar % self.n, self.library())

    @staticmethod
    def public(key: PrivateKey) -> Point:
        """The key times the standard generator."""
        numbers = key.public_key().public_numbers()
        return numbers.x, numbers.y

    def agree(self, key: PrivateKey, point: Point) -> bytes:
        """The x-coordinate of the key times this point: ECDH (BSI TR-03111, 4.3.1)."""
        return key.exchange(ec.ECDH(), ec.EllipticCurvePublicNumbers(*point, self.library()).public_key())

    def multiply(self, key: PrivateKey, point: Point) -> Point:
        """The key times this point, both coordinates. Raises EmrtdError PROTOCOL for -G, whose key everybody knows."""
        p, (x1, y1) = self.p, self.public(key)
        x2, x3 = (int.from_bytes(self.agree(key, each), "big") for each in (point, self.add(point, self.g)))
        # x3 = ((y2 - y1) / (x2 - x1))^2 - x1 - x2, solved for y2, whose square the curve's equation gives.
        dividend = self._right_side(x1) + self._right_side(x2) - (x1 + x2 + x3) * (x2 - x1) ** 2
        return x2, dividend * pow(2 * y1, -1, p) % p

    def add(self, first: Point, second: Point) -> Point:
        """Raises EmrtdError PROTOCOL when the result is infinity."""
        p, (x1, y1), (x2, y2) = self.p, first, second
        if x1 != x2:
            slope = (y2 - y1) * pow(x2 - x1, -1, p)
        elif y1 == y2:
            slope = (3 * x1 * x1 + self.a) * pow(2 * y1, -1, p)
        else:
            raise self._infinity()
        x3 = (slope * slope - x1 - x2) % p
        return x3, (slope * (x1 - x3) - y1) % p

    def library_key(self, encoded: bytes) -> ec.EllipticCurvePublicKey:
        """The public key for the library, after this module's own check."""
        x, y = self.decode(encoded)
        return ec.EllipticCurvePublicNumbers(x, y, self.library()).public_key()

    def _right_side(self, x: int) -> int:
        return (x * x + self.a) * x + self.b

    def _infinity(self) -> EmrtdError:
        return broken(f"{self.name}: infinity")


def _curve(name: str, oid: str, parameter_id: int, library: type[ec.EllipticCurve], *numbers: str) -> Curve:
    p, a, b, x, y, n = (int(number, 16) for number in numbers)
    return Curve(name, oid, parameter_id, library, p, a, b, (x, y), n)


# FIPS 186-4, D.1.2 and RFC 5639, 3.
CURVES: Final = (
    _curve(
        "P-256",
        "1.2.840.10045.3.1.7",
        12,
        ec.SECP256R1,
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC",
        "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B",
        "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296",
        "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5",
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
    ),
    _curve(
        "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.7",
        13,
        ec.BrainpoolP256R1,
        "A9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377",
        "7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9",
        "26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6",
        "8BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262",
        "547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997",
        "A9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7",
    ),
    _curve(
        "P-384",
        "1.3.132.0.34",
        15,
        ec.SECP384R1,
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFC",
        "B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF",
        "AA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7",
        "3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
    ),
    _curve(
        "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.11",
        16,
        ec.BrainpoolP384R1,
        "8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B412B1DA197FB71123ACD3A729901D1A71874700133107EC53",
        "7BC382C63D8C150C3C72080ACE05AFA0C2BEA28E4FB22787139165EFBA91F90F8AA5814A503AD4EB04A8C7DD22CE2826",
        "04A8C7DD22CE28268B39B55416F0447C2FB77DE107DCD2A62E880EA53EEB62D57CB4390295DBC9943AB78696FA504C11",
        "1D1C64F068CF45FFA2A63A81B7C13F6B8847A3E77EF14FE3DB7FCAFE0CBD10E8E826E03436D646AAEF87B2E247D4AF1E",
        "8ABE1D7520F9C2A45CB1EB8E95CFD55262B70B29FEEC5864E19C054FF99129280E4646217791811142820341263C5315",
        "8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B31F166E6CAC0425A7CF3AB6AF6B7FC3103B883202E9046565",
    ),
    _curve(
        "brainpoolP512r1",
        "1.3.36.3.3.2.8.1.1.13",
        17,
        ec.BrainpoolP512R1,
        "AADD9DB8DBE9C48B3FD4E6AE33C9FC07CB308DB3B3C9D20ED6639CCA703308717D4D9B009BC66842AECDA12AE6A380E6"
        "2881FF2F2D82C68528AA6056583A48F3",
        "7830A3318B603B89E2327145AC234CC594CBDD8D3DF91610A83441CAEA9863BC2DED5D5AA8253AA10A2EF1C98B9AC8B5"
        "7F1117A72BF2C7B9E7C1AC4D77FC94CA",
        "3DF91610A83441CAEA9863BC2DED5D5AA8253AA10A2EF1C98B9AC8B57F1117A72BF2C7B9E7C1AC4D77FC94CADC083E67"
        "984050B75EBAE5DD2809BD638016F723",
        "81AEE4BDD82ED9645A21322E9C4C6A9385ED9F70B5D916C1B43B62EEF4D0098EFF3B1F78E2D0D48D50D1687B93B97D5F"
        "7C6D5047406A5E688B352209BCB9F822",
        "7DDE385D566332ECC0EABFA9CF7822FDF209F70024A57B1AA000C55B881F8111B2DCDE494A5F485E5BCA4BD88A2763AE"
        "D1CA2B2FA8F0540678CD1E0F3AD80892",
        "AADD9DB8DBE9C48B3FD4E6AE33C9FC07CB308DB3B3C9D20ED6639CCA70330870553E5C414CA92619418661197FAC1047"
        "1DB1D381085DDADDB58796829CA90069",
    ),
    _curve(
        "P-521",
        "1.3.132.0.35",
        18,
        ec.SECP521R1,
        "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC",
        "051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1B"
        "F073573DF883D2C34F1EF451FD46B503F00",
        "0C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA"
        "8DE3348B3C1856A429BF97E7E31C2E5BD66",
        "11839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0"
        "761353C7086A272C24088BE94769FD16650",
        "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A"
        "5D03BB5C9B8899C47AEBB6FB71E91386409",
    ),
)
_EXPLICIT: Final = "explicit EC parameters of no known curve"


def by_parameter_id(parameter_id: int) -> Curve | None:
    """Standardized domain parameters (Doc 9303-11, 9.5.1); None when they are none of the six."""
    return next((curve for curve in CURVES if curve.parameter_id == parameter_id), None)


def of_parameters(parameters: keys.ECDomainParameters) -> Curve:
    """The curve that ASN.1 parameters mean. Documents write them out where everyone else names the curve (Doc 9303-12,
    4.1): they are compared number by number, never used as they come. Raises EmrtdError PROTOCOL for any other curve.
    """
    with parsing("EC parameters"):
        if parameters.name == "named":
            found = next((curve for curve in CURVES if curve.oid == parameters.chosen.dotted), None)
        elif parameters.name == "specified":
            found = _explicit(parameters.chosen)
        else:
            found = None
    if found is None:
        raise broken(_EXPLICIT if parameters.name == "specified" else "EC parameters of no known curve")
    return found


def _explicit(specified: keys.SpecifiedECDomain) -> Curve | None:
    field, equation = specified["field_id"], specified["curve"]
    if field["field_type"].dotted != _PRIME_FIELD:
        return None
    numbers = (
        field["parameters"].native,
        int.from_bytes(equation["a"].native, "big"),
        int.from_bytes(equation["b"].native, "big"),
        specified["order"].native,
    )
    for curve in CURVES:
        if numbers == (curve.p, curve.a, curve.b, curve.n):
            x, y = curve.g
            compressed = bytes([2 + y % 2]) + x.to_bytes(curve.field_bytes, "big")
            return curve if specified["base"].native in (curve.encode(curve.g), compressed) else None
    return None
