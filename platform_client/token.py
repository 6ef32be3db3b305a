"""Making the terminal's key where it stays: a P-256 key pair in a PKCS#11 token (OASIS PKCS#11 2.40), a TPM among them.

What a terminal does with its key for years is in device_key.py. This happens once in its life: a token is prepared
under a label, if nobody has prepared it, and a key is made in it that can sign and can neither be read nor copied out.
The few calls go straight to the module (ctypes); it is closed again afterwards, so that OpenSSL's engine finds it as
if nobody had been there.
"""

import ctypes
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import Structure, byref, c_char_p, c_ubyte, c_ulong, c_void_p
from pathlib import Path
from typing import Any, Final

from platform_client.device_key import DeviceKeyError

KEY: Final = "device"
"""The label of the key in its token."""

# Where a function stands in CK_FUNCTION_LIST (pkcs11f.h).
_FUNCTIONS: Final = {
    "C_Initialize": 0,
    "C_Finalize": 1,
    "C_GetSlotList": 4,
    "C_GetTokenInfo": 6,
    "C_InitToken": 9,
    "C_InitPIN": 10,
    "C_OpenSession": 12,
    "C_CloseSession": 13,
    "C_Login": 18,
    "C_FindObjectsInit": 26,
    "C_FindObjects": 27,
    "C_FindObjectsFinal": 28,
    "C_GenerateKeyPair": 59,
}
_OK: Final = 0
_SO_WE_ARE: Final = {"C_Initialize": 0x191, "C_Login": 0x100}
"""CKR_CRYPTOKI_ALREADY_INITIALIZED, CKR_USER_ALREADY_LOGGED_IN: OpenSSL's engine is at work in this process."""
_SERIAL, _RW = 4, 2
_SO, _USER = 0, 1
_TOKEN_INITIALIZED: Final = 0x400
_EC_KEY_PAIR_GEN: Final = 0x1040
_CLASS, _TOKEN, _PRIVATE, _LABEL, _ID = 0x00, 0x01, 0x02, 0x03, 0x102
_SENSITIVE, _SIGN, _VERIFY, _EXTRACTABLE, _EC_PARAMS = 0x103, 0x108, 0x10A, 0x162, 0x180
_PRIVATE_KEY: Final = 3
_PRIME256V1: Final = bytes.fromhex("06082a8648ce3d030107")
"""The curve by its object identifier, DER (SEC 2, secp256r1)."""


class _Attribute(Structure):
    _fields_ = (("type", c_ulong), ("value", c_void_p), ("length", c_ulong))


class _Mechanism(Structure):
    _fields_ = (("mechanism", c_ulong), ("parameter", c_void_p), ("length", c_ulong))


class _TokenInfo(Structure):
    _fields_ = (
        ("label", c_ubyte * 32),
        ("others", c_ubyte * 64),
        ("flags", c_ulong),
        ("counts", c_ulong * 10),
        ("versions_and_time", c_ubyte * 20),
    )


def make_key(module: Path, token: str, pin: str) -> str:
    """The URI (RFC 7512) of the terminal's key in `token`, made if it is not there; a token that nobody has prepared is
    prepared under this label and `pin`. Raises DeviceKeyError."""
    name = token.encode()
    if not 0 < len(name) <= 32 or not token.replace("-", "").isalnum():
        raise DeviceKeyError(f"{token!r}: a token's label is letters, digits and hyphens, at most 32")
    with _opened(module) as first:
        if first.slot_of(name) is None:
            first.prepare(name, pin)
    with _opened(module) as prepared:  # anew: a fresh token may stand in another slot
        slot = prepared.slot_of(name)
        if slot is None:
            raise DeviceKeyError(f"{module.name}: the token {token} is not there after it was prepared")
        prepared.make_key(slot, pin)
    return f"pkcs11:token={token};object={KEY}"


class _Module:
    """The functions of a module, each of which raises DeviceKeyError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            library = ctypes.CDLL(str(path))
            table = c_void_p()
            if library.C_GetFunctionList(byref(table)) != _OK or not table.value:
                raise DeviceKeyError(f"{path.name}: no list of PKCS#11 functions")
        except (OSError, AttributeError):
            raise DeviceKeyError(f"{path}: not a PKCS#11 module") from None
        self._first = table.value + ctypes.sizeof(c_void_p)  # after CK_VERSION and its padding

    def __call__(self, name: str, *arguments: Any) -> bool:
        """Whether it was done; False: it had been before."""
        address = c_void_p.from_address(self._first + _FUNCTIONS[name] * ctypes.sizeof(c_void_p)).value
        if address is None:
            raise DeviceKeyError(f"{self._path.name}: has no {name}")
        answer = ctypes.CFUNCTYPE(c_ulong)(address)(*arguments)
        if answer not in (_OK, _SO_WE_ARE.get(name, _OK)):
            raise DeviceKeyError(f"{self._path.name}: {name} says 0x{answer:X} (PKCS#11 2.40, CKR_…)")
        return bool(answer == _OK)

    def slots(self) -> list[int]:
        count = c_ulong()
        self("C_GetSlotList", c_ubyte(1), None, byref(count))
        found = (c_ulong * count.value)()
        self("C_GetSlotList", c_ubyte(1), found, byref(count))
        return list(found[: count.value])

    def info(self, slot: int) -> _TokenInfo:
        told = _TokenInfo()
        self("C_GetTokenInfo", c_ulong(slot), byref(told))
        return told

    def slot_of(self, label: bytes) -> int | None:
        for slot in self.slots():
            told = self.info(slot)
            if told.flags & _TOKEN_INITIALIZED and bytes(told.label).rstrip(b" \0") == label:
                return slot
        return None

    def prepare(self, label: bytes, pin: str) -> None:
        """A token that nobody has prepared gets label and PIN. Its officer's PIN is known to nobody: who forgets the
        PIN of a terminal's key enrols the terminal anew."""
        free = [slot for slot in self.slots() if not self.info(slot).flags & _TOKEN_INITIALIZED]
        if not free:
            raise DeviceKeyError(f"{self._path.name}: no token {label.decode()}, and none is free")
        officer, user = secrets.token_hex(16).encode(), pin.encode()
        self("C_InitToken", c_ulong(free[0]), c_char_p(officer), c_ulong(len(officer)), label.ljust(32))
        with self.session(free[0], _SO, officer) as session:
            self("C_InitPIN", session, c_char_p(user), c_ulong(len(user)))

    def make_key(self, slot: int, pin: str) -> None:
        """A key pair, unless the token has it already: a power cut may have come after it was made."""
        with self.session(slot, _USER, pin.encode()) as session:
            if self._has_key(session):
                return
            mechanism = _Mechanism(_EC_KEY_PAIR_GEN, None, 0)
            label, yes, no = KEY.encode(), b"\1", b"\0"
            public = _Template((_TOKEN, yes), (_LABEL, label), (_ID, b"\1"), (_VERIFY, yes), (_EC_PARAMS, _PRIME256V1))
            private = _Template(
                *((_TOKEN, yes), (_LABEL, label), (_ID, b"\1"), (_PRIVATE, yes), (_SIGN, yes)),
                *((_SENSITIVE, yes), (_EXTRACTABLE, no)),
            )
            first, second = c_ulong(), c_ulong()
            self(
                *("C_GenerateKeyPair", session, byref(mechanism)),
                *(public.array, c_ulong(len(public)), private.array, c_ulong(len(private))),
                *(byref(first), byref(second)),
            )

    def _has_key(self, session: c_ulong) -> bool:
        wanted = _Template((_CLASS, bytes(c_ulong(_PRIVATE_KEY))), (_LABEL, KEY.encode()))
        found, count = c_ulong(), c_ulong()
        self("C_FindObjectsInit", session, wanted.array, c_ulong(len(wanted)))
        self("C_FindObjects", session, byref(found), c_ulong(1), byref(count))
        self("C_FindObjectsFinal", session)
        return count.value > 0

    @contextmanager
    def session(self, slot: int, user: int, pin: bytes) -> Iterator[c_ulong]:
        session = c_ulong()
        self("C_OpenSession", c_ulong(slot), c_ulong(_SERIAL | _RW), None, None, byref(session))
        try:
            self("C_Login", session, c_ulong(user), c_char_p(pin), c_ulong(len(pin)))
            yield session
        finally:
            self("C_CloseSession", session)


class _Template:
    """Attributes as PKCS#11 takes them; the values live as long as this does."""

    def __init__(self, *attributes: tuple[int, bytes]) -> None:
        self._values = [ctypes.create_string_buffer(value, len(value)) for _, value in attributes]
        self.array = (_Attribute * len(attributes))(
            *(
                _Attribute(kind, ctypes.cast(value, c_void_p), len(value))
                for (kind, _), value in zip(attributes, self._values, strict=True)
            )
        )

    def __len__(self) -> int:
        return len(self.array)


@contextmanager
def _opened(path: Path) -> Iterator[_Module]:
    module = _Module(path)
    ours = module("C_Initialize", None)
    try:
        yield module
    finally:
        if ours:
            module("C_Finalize", None)
