"""Public keys and signatures as travel documents have them (Doc 9303-12, 4 and BSI TR-03111).

The difference from other certificates: elliptic curves are often written out in numbers, which `cryptography` does not
load. They are recognised (`curves.of_parameters`) and the key is built on the named curve. What is weak is refused by
name: SHA-1, RSA below 2048 bits, algorithms that Doc 9303 does not have.
"""

from typing import Final

from asn1crypto import algos, keys
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from hardware.cards.emrtd.curves import of_parameters
from hardware.cards.emrtd.faults import not_authentic, parsing

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
_SHORTEST_RSA_BITS: Final = 2048


def public_key(encoded: bytes) -> PublicKey:
    """Out of a SubjectPublicKeyInfo. Raises EmrtdError PROTOCOL, or NOT_AUTHENTIC for another kind of key."""
    with parsing("public key"):
        info = keys.PublicKeyInfo.load(encoded, strict=True)
        if info.algorithm == "ec" and info["algorithm"]["parameters"].name == "specified":
            curve = of_parameters(info["algorithm"]["parameters"])
            return curve.library_key(bytes(info["public_key"]))
        key = load_der_public_key(info.dump())
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise not_authentic("a key that is neither RSA nor EC")
    return key


def hash_algorithm(name: str) -> hashes.HashAlgorithm:
    """By its name in asn1crypto. Raises EmrtdError NOT_AUTHENTIC for SHA-1 and everything unknown."""
    if name not in HASHES:
        raise not_authentic(f"hash {name} is not accepted")
    return HASHES[name]()


def verify(
    what: str,
    key: PublicKey,
    algorithm: algos.SignedDigestAlgorithm,
    digest: str,
    signature: bytes,
    message: bytes,
) -> None:
    """`digest`: the hash where the algorithm does not name one itself (CMS). Raises EmrtdError NOT_AUTHENTIC."""
    with parsing(f"{what}: algorithm"):
        family = algorithm.signature_algo
        named = algorithm["algorithm"].native != family or family == "rsassa_pss"
        hashing = hash_algorithm(algorithm.hash_algo if named else digest)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and family == "ecdsa":
            return key.verify(signature, message, ec.ECDSA(hashing))
        if isinstance(key, rsa.RSAPublicKey) and key.key_size < _SHORTEST_RSA_BITS:
            raise not_authentic(f"{what}: RSA with {key.key_size} bits")
        if isinstance(key, rsa.RSAPublicKey) and family == "rsassa_pkcs1v15":
            return key.verify(signature, message, padding.PKCS1v15(), hashing)
        if isinstance(key, rsa.RSAPublicKey) and family == "rsassa_pss":
            return key.verify(signature, message, _pss(what, algorithm), hashing)
    except (InvalidSignature, ValueError):
        raise not_authentic(f"{what}: wrong signature") from None
    raise not_authentic(f"{what}: {family} does not go with the key")


def _pss(what: str, algorithm: algos.SignedDigestAlgorithm) -> padding.PSS:
    """With the mask's hash and the salt as the parameters say (RFC 4055, 3.1)."""
    with parsing(f"{what}: algorithm"):
        parameters = algorithm["parameters"]
        masking = hash_algorithm(parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native)
        return padding.PSS(mgf=padding.MGF1(masking), salt_length=int(parameters["salt_length"].native))
