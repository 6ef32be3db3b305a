"""PACE with generic mapping over ECDH (Doc 9303-11, 4.4): a weak password opens a strong channel.

    terminal                                   chip
    MSE:Set AT protocol, password          ->
    GENERAL AUTHENTICATE                   ->  z = E(K_pi, s)                      the nonce, under the password
    81 mapping key                         ->  82 mapping key                      G' = s*G + H, H their common point
    83 key on G'                           ->  84 key on G'                        K: their common secret on G'
    85 token over the chip's key           ->  86 token over the terminal's key

Somebody who does not know the password gets another generator, hence another K, hence a wrong token: one guess per run.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from hmac import compare_digest
from typing import Final

from asn1crypto import core

from hardware.cards.emrtd import mrz, security_infos, tlv
from hardware.cards.emrtd.apdu import SHORT_LE_MAX, Apdu, Command, Response, send
from hardware.cards.emrtd.ciphers import FOR_MAC, FOR_PACE_NONCE, Suite
from hardware.cards.emrtd.curves import Curve, Point, PrivateKey, by_parameter_id
from hardware.cards.emrtd.faults import EmrtdError, EmrtdFault, broken
from hardware.cards.emrtd.messaging import Session
from hardware.cards.port import Can, Mrz

CHAINED: Final = 0x10
DYNAMIC: Final = 0x7C
SUITES: Final = {1: Suite.TDES, 2: Suite.AES128, 3: Suite.AES192, 4: Suite.AES256}
_VERSION: Final = 2
_WITH_MRZ: Final = b"\x01"
_WITH_CAN: Final = b"\x02"
_PUBLIC_KEY: Final = 0x7F49
_LONGEST_NONCE: Final = 64
_CIPHER_DEPTH: Final = security_infos.PACE_ECDH_GM.count(".") + 1


@dataclass(frozen=True, slots=True)
class Offer:
    """One way of PACE that a chip offers and we speak. `named`: its parameters must be named when it is chosen."""

    protocol: str
    suite: Suite
    curve: Curve
    parameter_id: int | None
    named: bool

    @property
    def oid(self) -> bytes:
        """The contents of the object identifier, without tag and length."""
        return bytes(core.ObjectIdentifier(self.protocol).contents)


def choose(infos: list[security_infos.SecurityInfo]) -> Offer | None:
    """The strongest cipher among what EF.CardAccess offers, on equal terms the first; None when it offers no PACE.

    Raises EmrtdError PROTOCOL when all it offers are forms that we do not speak (integrated mapping, DH).
    """
    announced = [
        info for info in infos if info.speaks(security_infos.PACE) and info.protocol.count(".") == _CIPHER_DEPTH
    ]
    explicit = {
        info.reference(): security_infos.curve_of(info.required)
        for info in infos
        if info.protocol == security_infos.PACE_ECDH_GM
    }
    offers = []
    for info in announced:
        suite = SUITES.get(int(info.protocol.rpartition(".")[2]))
        if not info.speaks(security_infos.PACE_ECDH_GM) or suite is None or info.integer() != _VERSION:
            continue
        parameter_id = info.reference()
        curve = explicit.get(parameter_id) or (None if parameter_id is None else by_parameter_id(parameter_id))
        if curve is not None:
            offers.append(Offer(info.protocol, suite, curve, parameter_id, named=len(announced) > 1))
    if announced and not offers:
        raise broken("PACE: offered only in forms that are not spoken here")
    return max(offers, key=lambda offer: offer.suite.key_bytes + offer.suite.block_bytes, default=None)


def password_key(access: Mrz | Can, suite: Suite) -> bytes:
    """K_pi (9.7.3): out of the MRZ information hashed, or out of the CAN as it is."""
    secret = access.digits.encode("ascii") if isinstance(access, Can) else sha1(mrz.information(access)).digest()
    return suite.derive(secret, FOR_PACE_NONCE)


def mapped_generator(curve: Curve, nonce: bytes, common: Point) -> Point:
    """G' = s*G + H (4.4.3.3.1)."""
    return curve.add(curve.public(curve.private_key(int.from_bytes(nonce, "big"))), common)


@dataclass(frozen=True, slots=True, repr=False)
class Agreement:
    """The common secret of one run and what both ends make of it."""

    offer: Offer
    secret: bytes

    @property
    def session(self) -> Session:
        """The counter starts at zero (9.8.6)."""
        return Session.derived(self.offer.suite, self.secret)

    def token(self, public: Point) -> bytes:
        """The MAC over the other end's public key (4.4.3.4)."""
        suite, curve = self.offer.suite, self.offer.curve
        body = tlv.encode(0x06, self.offer.oid) + tlv.encode(0x86, curve.encode(public))
        return suite.authentication(suite.derive(self.secret, FOR_MAC)).mac(tlv.encode(_PUBLIC_KEY, body))


def agree(offer: Offer, private: PrivateKey, public: Point) -> Agreement:
    """From one's own private key and the other's point."""
    return Agreement(offer, offer.curve.agree(private, public))


def establish(
    card: Apdu, offer: Offer, access: Mrz | Can, private_key: Callable[[Curve], PrivateKey] = Curve.generate
) -> Session:
    """Opens the chip. `private_key`: where ephemeral keys come from; a worked example has its own.

    Raises EmrtdError ACCESS_REFUSED, PROTOCOL or GONE.
    """
    curve, suite = offer.curve, offer.suite
    _select(card, offer, access)
    encrypted = _step(card, b"", 0x80)
    if len(encrypted) > _LONGEST_NONCE:
        raise broken("PACE: length of the nonce")
    nonce = suite.encryption(password_key(access, suite)).decrypt(encrypted, bytes(suite.block_bytes))

    mapping = private_key(curve)
    chip_point = _exchange(card, curve, 0x81, curve.public(mapping))
    generator = mapped_generator(curve, nonce, curve.multiply(mapping, chip_point))

    private = private_key(curve)
    public = curve.multiply(private, generator)
    chip_public = _exchange(card, curve, 0x83, public)
    agreement = agree(offer, private, chip_public)

    answer = _authenticate(card, tlv.encode(0x85, agreement.token(chip_public)), chained=False)
    if not answer.ok:
        raise EmrtdError(EmrtdFault.ACCESS_REFUSED, f"PACE: {answer.status:04X}")
    if not compare_digest(_dynamic(answer, 0x86), agreement.token(public)):
        raise broken("PACE: the chip's token is wrong")
    return agreement.session


def _select(card: Apdu, offer: Offer, access: Mrz | Can) -> None:
    data = tlv.encode(0x80, offer.oid) + tlv.encode(0x83, _WITH_CAN if isinstance(access, Can) else _WITH_MRZ)
    if offer.named:
        data += security_infos.reference_object(offer.parameter_id)
    answer = send(card, Command(0x00, 0x22, 0xC1, 0xA4, data))
    # 63Cx warns of earlier wrong passwords; the run may go on (BSI TR-03110-3, B.14.1).
    if not answer.ok and answer.status & 0xFFF0 != 0x63C0:
        raise broken(f"PACE: not accepted, {answer.status:04X}")


def _exchange(card: Apdu, curve: Curve, tag: int, public: Point) -> Point:
    """Sends a public key and takes the chip's, which must be another one (4.4.1)."""
    answer = curve.decode(_step(card, tlv.encode(tag, curve.encode(public)), tag + 1))
    if answer == public:
        raise broken("PACE: the chip sent our own key back")
    return answer


def _step(card: Apdu, body: bytes, tag: int) -> bytes:
    answer = _authenticate(card, body, chained=True)
    if not answer.ok:
        raise broken(f"PACE: no object {tag:02X}, {answer.status:04X}")
    return _dynamic(answer, tag)


def _authenticate(card: Apdu, body: bytes, *, chained: bool) -> Response:
    command = Command(CHAINED if chained else 0x00, 0x86, 0x00, 0x00, tlv.encode(DYNAMIC, body), le=SHORT_LE_MAX)
    return send(card, command)


def _dynamic(answer: Response, tag: int) -> bytes:
    """The one object that must be there; others (a certificate reference of the chip) are not ours to read."""
    value = tlv.unique(tlv.only(answer.data, DYNAMIC)).get(tag)
    if value is None:
        raise broken(f"PACE: no object {tag:02X}")
    return value
