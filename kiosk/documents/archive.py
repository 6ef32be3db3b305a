"""What archiving may append to a sealed file, and nothing else (PAdES B-LT and B-LTA, EN 319 142-1, 5.4).

pyHanko finds that an update touched neither pages nor form. Here the rest: of the catalogue only the document security
store, the extensions and the list of signature fields may have changed, and the store holds what it says it holds:
certificates, revocation lists, answers of a responder; whatever was in it before is still there. (Tools write the
metadata anew in their place, to note the date; the statement is read from the file as it was sealed.)
"""

import io
from collections.abc import Callable, Iterator
from typing import Any, Final

from asn1crypto import crl, ocsp, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from kiosk.reasons import Reason, Refused

_MAY_CHANGE: Final = frozenset({"/DSS", "/Extensions", "/AcroForm"})
_STORED: Final[dict[str, Callable[..., Any]]] = {
    "/Certs": x509.Certificate.load,
    "/CRLs": crl.CertificateList.load,
    "/OCSPs": ocsp.OCSPResponse.load,
}
_OTHER_ENTRIES: Final = frozenset({"/Type", "/VRI"})


def refuse_more_than_archiving(sealed: PdfFileReader, now: PdfFileReader) -> None:
    """`now` is `sealed` and nothing but validation data and time-stamps. Raises Refused."""
    before, after = sealed.root, now.root
    for key in (before.keys() | after.keys()) - _MAY_CHANGE:
        if _written(before, key) != _written(after, key):
            raise Refused(Reason.SEAL_INVALID, "the catalogue was changed after it was sealed")
    kept: set[bytes] = set()
    for revision in range(now.xrefs.total_revisions):
        store = _value(now.get_historical_root(revision), "/DSS")
        held = set(_held(store)) if store is not None else set()
        if kept - held:
            raise Refused(Reason.SEAL_INVALID, "validation data was taken away after it was archived")
        kept = held


def _value(item: generic.DictionaryObject, key: str) -> Any:
    """The value of `key`, or None; references resolved (`get` would return the reference)."""
    try:
        return item[key]
    except KeyError:
        return None


def _written(dictionary: generic.DictionaryObject, key: str) -> bytes | None:
    if key not in dictionary:
        return None
    out = io.BytesIO()
    dictionary.raw_get(key).write_to_stream(out, None)
    return out.getvalue()


def _held(store: generic.DictionaryObject) -> Iterator[bytes]:
    """The contents of a security store, each of the kind it is said to be."""
    if store.keys() - _STORED.keys() - _OTHER_ENTRIES:
        raise Refused(Reason.SEAL_INVALID, "something foreign among the validation data")
    for key, load in _STORED.items():
        for entry in _value(store, key) or ():
            stream = entry.get_object()
            try:
                load(stream.data, strict=True).native  # noqa: B018 - read to its last field
            except (ValueError, TypeError, AttributeError):
                raise Refused(Reason.SEAL_INVALID, "something else than validation data was archived") from None
            yield stream.data
