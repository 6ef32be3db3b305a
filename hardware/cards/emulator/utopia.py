"""The travel documents of Utopia (UTO, the state that Doc 9303 invented for examples), for emulated chips.

`State` is a signing authority with keys of its own, made anew each time: nothing that is signed here is ever believed
by a terminal that did not import this very authority. `issue` writes the files of a document as Doc 9303-10 asks, and
`Document` is what is then on the chip. Nothing is validated, so that a bad document can be made.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from asn1crypto import cms, core, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID, ObjectIdentifier

from hardware.cards.emrtd import active_authentication, lds, mrz, security_infos, tlv
from hardware.cards.emrtd.ciphers import Suite
from hardware.cards.emrtd.curves import Curve, by_parameter_id
from hardware.cards.emrtd.files import FileId
from hardware.cards.emrtd.pace import SUITES, Offer
from hardware.cards.emrtd.trust import LDS_SECURITY_OBJECT, MASTER_LIST, MASTER_LIST_SIGNING
from hardware.cards.port import Mrz

SigningKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_DEFAULT_CAN: Final = "123456"
_CIPHER: Final = {suite: number for number, suite in SUITES.items()}
_LIFE: Final = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class Traveller:
    """Somebody who does not exist. Dates are YYMMDD as in an MRZ; `name` and `address` may be in any script."""

    document_number: str = "L898902C3"
    surname: str = "ERIKSSON"
    given_names: str = "ANNA MARIA"
    birth: str = "740812"
    sex: str = "F"
    expiry: str = "340415"
    personal_number: str = "ZE184226B"
    name: str = "Eriksson, Anna Maria"
    full_birth: str = "19740812"
    address: str = "1 Sample Street, Amaurot"

    def td3(self) -> str:
        """The two lines of a passport, joined."""
        names = f"{self.surname}<<{self.given_names}".replace(" ", "<")
        first = f"P<UTO{names}".ljust(44, "<")
        personal = self.personal_number.ljust(14, "<")
        second = (
            f"{_checked(self.document_number.ljust(9, '<'))}UTO{_checked(self.birth)}"
            f"{self.sex}{_checked(self.expiry)}{_checked(personal)}"
        )
        return first + second + mrz.check_digit(second[:10] + second[13:20] + second[21:43])

    def td1(self) -> str:
        """The three lines of a card, joined; a long document number goes on in the optional data."""
        number, rest = self.document_number[:9].ljust(9, "<"), self.document_number[9:]
        check = "<" if rest else mrz.check_digit(number)
        optional = rest + mrz.check_digit(self.document_number) if rest else ""
        first = f"I<UTO{number}{check}{optional}".ljust(30, "<")
        second = f"{_checked(self.birth)}{self.sex}{_checked(self.expiry)}UTO".ljust(29, "<")
        second += mrz.check_digit(first[5:30] + second[:7] + second[8:15] + second[18:29])
        return first + second + f"{self.surname}<<{self.given_names}".replace(" ", "<").ljust(30, "<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is on a chip, secrets included. `pace` and `bac`: how it can be opened."""

    access: Mrz
    can: str = field(repr=False)
    files: Mapping[int, bytes] = field(repr=False)
    pace: tuple[Offer, ...] = ()
    bac: bool = True
    agreement_key: ec.EllipticCurvePrivateKey | None = field(default=None, repr=False)
    agreement_suite: Suite = Suite.AES128
    signing_key: SigningKey | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Authority:
    key: SigningKey
    certificate: bytes


class State:
    """A country signing CA with one document signer. `certificate` is what a terminal imports as a trust anchor.

    `key` makes the signer's key pair. `written_out`: its certificate spells its curve out in numbers, as real ones do.
    """

    def __init__(
        self,
        today: date,
        *,
        name: str = "Utopia",
        country: str = "UT",
        key: SigningKey | None = None,
        signer_expiry: date | None = None,
        written_out: bool = False,
        pss: bool = False,
    ) -> None:
        self._today = today
        self._pss = pss
        self._root_key = ec.generate_private_key(ec.SECP384R1())
        self._name = x509.Name(
            [x509.NameAttribute(NameOID.COUNTRY_NAME, country), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        self.certificate = self._certify(self._name, self._root_key, today + 2 * _LIFE, authority=True)
        signer_key = key or ec.generate_private_key(ec.SECP256R1())
        signer = self._certify(self._named("Document Signer"), signer_key, signer_expiry or today + _LIFE)
        self._signer = _Authority(signer_key, self._written_out(signer, signer_key) if written_out else signer)

    def sign(self, content_type: str, content: bytes) -> bytes:
        """A CMS SignedData by the document signer."""
        return self._signed(self._signer, content_type, content, None)

    def security_object(self, groups: Mapping[int, bytes]) -> bytes:
        """EF.SOD over these data groups."""
        digests = [
            tlv.encode(0x30, core.Integer(number).dump() + core.OctetString(hashlib.sha256(file).digest()).dump())
            for number, file in sorted(groups.items())
        ]
        algorithm = cms.DigestAlgorithm({"algorithm": "sha256"}).dump()
        content = core.Integer(0).dump() + algorithm + tlv.encode(0x30, b"".join(digests))
        return tlv.encode(lds.SOD_TAG, self.sign(LDS_SECURITY_OBJECT, tlv.encode(0x30, content)))

    def master_list(self, certificates: tuple[bytes, ...], signed_on: date) -> bytes:
        """A list of trust anchors, signed by a master list signer of this state."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._certify(self._named("Master List Signer"), key, self._today + _LIFE, lists=True)
        listed = core.Integer(0).dump() + tlv.encode(0x31, b"".join(sorted((*certificates, self.certificate))))
        return self._signed(_Authority(key, certificate), MASTER_LIST, tlv.encode(0x30, listed), signed_on)

    def revocation_list(self, until: date, *, signer: bool = False) -> bytes:
        """A revocation list of this state; `signer`: the document signer is on it."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(datetime.combine(min(self._today, until) - _LIFE, time(), UTC))
            .next_update(datetime.combine(until, time(), UTC))
        )
        serials = [x509.load_der_x509_certificate(self._signer.certificate).serial_number] if signer else []
        for serial in (1, *serials):
            entry = x509.RevokedCertificateBuilder().serial_number(serial)
            builder = builder.add_revoked_certificate(
                entry.revocation_date(datetime.combine(self._today - _LIFE, time(), UTC)).build()
            )
        return builder.sign(self._root_key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _named(self, common_name: str) -> x509.Name:
        country = self._name.get_attributes_for_oid(NameOID.COUNTRY_NAME)[0]
        return x509.Name([country, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])

    def _certify(
        self, subject: x509.Name, key: SigningKey, until: date, *, authority: bool = False, lists: bool = False
    ) -> bytes:
        public = key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.combine(min(self._today, until) - _LIFE, time(), UTC))
            .not_valid_after(datetime.combine(until, time(), UTC))
            .add_extension(_usage(authority=authority), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._root_key.public_key()), critical=False
            )
        )
        if authority:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        if lists:
            usage = x509.ExtendedKeyUsage([ObjectIdentifier(MASTER_LIST_SIGNING)])
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(self._root_key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _written_out(self, encoded: bytes, key: SigningKey) -> bytes:
        """The same certificate with its curve in numbers, signed again."""
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("only a curve can be written out")
        certificate = asn1_x509.Certificate.load(encoded)
        certificate["tbs_certificate"]["subject_public_key_info"] = keys.PublicKeyInfo.load(
            written_out(key.public_key())
        )
        signed = certificate["tbs_certificate"].dump(force=True)
        certificate["signature_value"] = self._root_key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return bytes(certificate.dump())

    def _signed(self, signer: _Authority, content_type: str, content: bytes, signed_on: date | None) -> bytes:
        certificate = asn1_x509.Certificate.load(signer.certificate)
        attributes = [
            {"type": "content_type", "values": [content_type]},
            {"type": "message_digest", "values": [hashlib.sha256(content).digest()]},
        ]
        if signed_on is not None:
            moment = cms.Time({"utc_time": datetime.combine(signed_on, time(), UTC)})
            attributes.append({"type": "signing_time", "values": [moment]})
        signed_attributes = cms.CMSAttributes(attributes)
        signature, algorithm = self._signature(signer.key, signed_attributes.dump())
        identifier = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
        signer_info = {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": cms.IssuerAndSerialNumber(identifier)}),
            "digest_algorithm": {"algorithm": "sha256"},
            "signed_attrs": signed_attributes,
            "signature_algorithm": algorithm,
            "signature": signature,
        }
        data = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": "sha256"}],
            "encap_content_info": {"content_type": content_type, "content": core.ParsableOctetString(content)},
            "certificates": [certificate],
            "signer_infos": [signer_info],
        }
        return bytes(cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)}).dump())

    def _signature(self, key: SigningKey, message: bytes) -> tuple[bytes, dict[str, object]]:
        sha256 = hashes.SHA256()
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(message, ec.ECDSA(sha256)), {"algorithm": "sha256_ecdsa"}
        if not self._pss:
            return key.sign(message, padding.PKCS1v15(), sha256), {"algorithm": "sha256_rsa"}
        parameters = {
            "hash_algorithm": {"algorithm": "sha256"},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
            "salt_length": 32,
        }
        scheme = padding.PSS(mgf=padding.MGF1(sha256), salt_length=32)
        return key.sign(message, scheme, sha256), {"algorithm": "rsassa_pss", "parameters": parameters}


def offer(suite: Suite, parameter_id: int, *, named: bool = False) -> Offer:
    """A way of PACE for a document. Raises ValueError for parameters that are not among ours."""
    curve = by_parameter_id(parameter_id)
    if curve is None:
        raise ValueError(f"no curve has the number {parameter_id}")
    return Offer(f"{security_infos.PACE_ECDH_GM}.{_CIPHER[suite]}", suite, curve, parameter_id, named)


DEFAULT_PACE: Final = (offer(Suite.AES128, 13),)


def face_19794(picture: bytes) -> bytes:
    """Biometric data with one face as documents have had it until now (ISO/IEC 19794-5:2005)."""
    image_type = 0 if picture.startswith(b"\xff\xd8") else 1
    image = bytes((1, image_type)) + (480).to_bytes(2, "big") + (640).to_bytes(2, "big") + bytes(6) + picture
    face = (20 + len(image)).to_bytes(4, "big") + bytes(16) + image
    record = b"FAC\x00010\x00" + (14 + len(face)).to_bytes(4, "big") + (1).to_bytes(2, "big") + face
    return tlv.encode(0x5F2E, record)


def face_39794(picture: bytes) -> bytes:
    """Biometric data with one face as new documents have it (ISO/IEC 39794-5:2019, ICAO's application profile)."""
    image_format = tlv.encode(0xA1, tlv.encode(0xA0, tlv.encode(0x80, b"\x00")))
    flat = tlv.encode(0xA0, tlv.encode(0xA0, tlv.encode(0x80, picture) + image_format))
    representation = tlv.encode(0x30, tlv.encode(0x80, b"\x00") + tlv.encode(0xA1, flat))
    version = tlv.encode(0xA0, tlv.encode(0x80, b"\x03") + tlv.encode(0x81, (2019).to_bytes(2, "big")))
    return tlv.encode(0x7F2E, tlv.encode(0xA1, tlv.encode(0x65, version + tlv.encode(0xA1, representation))))


def issue(
    state: State,
    traveller: Traveller,
    portrait: bytes,
    *,
    pace: tuple[Offer, ...] = DEFAULT_PACE,
    bac: bool = True,
    can: str = _DEFAULT_CAN,
    agreement: tuple[Suite, Curve] | None = None,
    signing_key: SigningKey | None = None,
    zone: str | None = None,
    face: Callable[[bytes], bytes] = face_19794,
) -> Document:
    """A document with DG1, DG2, DG11, DG12, and DG14 and DG15 where there is something to say in them.

    `portrait`: JPEG or JPEG 2000. `agreement`: for chip authentication. `signing_key`: for active authentication.
    `zone`: an MRZ instead of the traveller's own. `face`: how DG2 holds the portrait, `face_19794` or `face_39794`.
    """
    agreement_key = None if agreement is None else ec.generate_private_key(agreement[1].library())
    groups = {
        1: _group(1, tlv.encode(0x5F1F, (zone or traveller.td3()).encode("ascii"))),
        2: _face_group(face(portrait)),
    }
    groups[11] = _group(11, _listed(_personal(traveller)))
    groups[12] = _group(12, _listed({0x5F19: b"Utopian Office of Samples", 0x5F26: b"20240416"}))
    infos = [_pace_info(each) for each in pace]
    if agreement is not None and agreement_key is not None:
        infos += _agreement_infos(agreement[0], agreement_key)
    if isinstance(signing_key, ec.EllipticCurvePrivateKey):
        infos.append(_plain_ecdsa_info())
    if infos:
        groups[14] = _group(14, tlv.encode(0x31, b"".join(sorted(infos))))
    if signing_key is not None:
        groups[15] = _group(15, _key_info(signing_key))
    tags = bytes(lds.GROUP_TAGS[number - 1] for number in sorted(groups))
    common = tlv.encode(0x5F01, b"0107") + tlv.encode(0x5F36, b"040000") + tlv.encode(0x5C, tags)
    files: dict[int, bytes] = {FileId[f"DG{number}"]: file for number, file in groups.items()}
    files[FileId.COM] = tlv.encode(lds.COM_TAG, common)
    files[FileId.SOD] = state.security_object(groups)
    if pace:
        files[FileId.CARD_ACCESS] = tlv.encode(0x31, b"".join(sorted(_pace_info(each) for each in pace)))
    return Document(
        access=Mrz(traveller.document_number, traveller.birth, traveller.expiry),
        can=can,
        files=files,
        pace=pace,
        bac=bac,
        agreement_key=agreement_key,
        agreement_suite=Suite.AES128 if agreement is None else agreement[0],
        signing_key=signing_key,
    )


def without(document: Document, file: FileId) -> Document:
    """The same document with one file missing."""
    return replace(document, files={name: contents for name, contents in document.files.items() if name != file})


def written_out(key: ec.EllipticCurvePublicKey) -> bytes:
    """A SubjectPublicKeyInfo whose curve is in numbers."""
    info = keys.PublicKeyInfo.load(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    curve = security_infos.curve_of(info["algorithm"])
    if curve is None:
        raise ValueError("not a curve of ours")
    size = curve.field_bytes
    domain = {
        "version": "ecdpVer1",
        "field_id": {"field_type": "prime_field", "parameters": core.Integer(curve.p)},
        "curve": {"a": curve.a.to_bytes(size, "big"), "b": curve.b.to_bytes(size, "big")},
        "base": keys.ECPoint(curve.encode(curve.g)),
        "order": curve.n,
        "cofactor": 1,
    }
    parameters = keys.ECDomainParameters({"specified": keys.SpecifiedECDomain(domain)})
    algorithm = core.ObjectIdentifier(security_infos.EC_PUBLIC_KEY).dump() + parameters.dump()
    return tlv.encode(0x30, tlv.encode(0x30, algorithm) + info["public_key"].dump())


def _checked(text: str) -> str:
    return text + mrz.check_digit(text)


def _group(number: int, contents: bytes) -> bytes:
    return tlv.encode(lds.GROUP_TAGS[number - 1], contents)


def _face_group(biometric_data: bytes) -> bytes:
    """DG2 with one biometric template (a CBEFF structure, Doc 9303-10, 4.7.2)."""
    header = tlv.encode(0xA1, bytes.fromhex("8101028701018702010188020008"))
    template = tlv.encode(0x7F60, header + biometric_data)
    return _group(2, tlv.encode(0x7F61, tlv.encode(0x02, b"\x01") + template))


def _listed(objects: dict[int, bytes]) -> bytes:
    """Data objects behind a list of their tags."""
    tags = b"".join(tag.to_bytes(2, "big") for tag in objects)
    return tlv.encode(0x5C, tags) + b"".join(tlv.encode(tag, value) for tag, value in objects.items())


def _personal(traveller: Traveller) -> dict[int, bytes]:
    return {
        0x5F0E: traveller.name.encode(),
        0x5F10: traveller.personal_number.encode(),
        0x5F2B: traveller.full_birth.encode(),
        0x5F11: b"Amaurot",
        0x5F42: traveller.address.encode(),
    }


def _info(protocol: str, *more: core.Asn1Value) -> bytes:
    return tlv.encode(0x30, core.ObjectIdentifier(protocol).dump() + b"".join(each.dump() for each in more))


def _pace_info(each: Offer) -> bytes:
    return _info(each.protocol, core.Integer(2), core.Integer(each.parameter_id))


def _agreement_infos(suite: Suite, key: ec.EllipticCurvePrivateKey) -> list[bytes]:
    public = keys.PublicKeyInfo.load(written_out(key.public_key()))
    protocol = f"{security_infos.CHIP_AUTHENTICATION_ECDH}.{_CIPHER[suite]}"
    return [_info(protocol, core.Integer(1)), _info(security_infos.CHIP_AUTHENTICATION_KEY_ECDH, public)]


def _plain_ecdsa_info() -> bytes:
    sha256 = next(oid for oid, name in active_authentication.PLAIN_ECDSA.items() if name == "sha256")
    return _info(security_infos.ACTIVE_AUTHENTICATION, core.Integer(1), core.ObjectIdentifier(sha256))


def _key_info(key: SigningKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
