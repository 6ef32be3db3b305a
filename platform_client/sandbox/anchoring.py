"""Where the platform remembers how long each terminal's audit log is (platform_client.anchors).

    DIR/anchors/key.pem, key.pub.pem      DIR/anchors/TERMINAL.jsonl: what was told, one anchor a line

A log only grows. One that is shorter than it was, or has another record in the last place that was told, is refused:
people must look at that terminal before its file is taken away here. As all that a sandbox is told, it is forgotten
with the process: the next one meets terminals whose logs begin anew.
"""

import base64
import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from platform_client.anchor_statement import ANCHOR_CONTEXT, TAIL_CONTEXT, moment, statement
from platform_client.anchors import ANCHOR, CLOCKS_DIFFER, AnchorCall, Anchored
from platform_client.sandbox.door import CALLER, Door
from platform_client.sandbox.intake import Refuse


class Anchors:
    """`folder`: as above. `clock` returns the time, timezone-aware."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._key = anchor_key(folder)
        self._clock = clock
        for told in folder.glob("*.jsonl"):
            told.unlink()

    def stand_behind(self, door: Door) -> None:
        door.ask(ANCHOR, self._anchor)

    async def _anchor(self, call: AnchorCall) -> Anchored:
        caller, now = CALLER.get(), self._clock()
        if not _signed(call, caller.terminal, caller.device.public_key()):
            raise Refuse("not-signed-by-this-terminal")
        if abs(call.at - now) > CLOCKS_DIFFER:
            raise Refuse("of-another-time")
        records, digest = self._last(caller.terminal)
        if call.records < records:
            raise Refuse("shorter-than-anchored", 409)
        if call.records == records and call.hash != digest:
            raise Refuse("another-record", 409)
        at = moment(now)
        signature = self._key.sign(statement(ANCHOR_CONTEXT, caller.terminal, call.records, call.hash, at))
        self._keep(caller.terminal, call, at, signature)
        return Anchored(caller.terminal, call.records, call.hash, datetime.fromisoformat(at), signature)

    def _file(self, terminal: str) -> Path:
        return self._folder / f"{terminal}.jsonl"

    def _last(self, terminal: str) -> tuple[int, str]:
        try:
            told = json.loads(self._file(terminal).read_bytes().splitlines()[-1])
        except (FileNotFoundError, IndexError):
            return 0, ""
        return int(told["seq"]), str(told["hash"])

    def _keep(self, terminal: str, call: AnchorCall, at: str, signature: bytes) -> None:
        told = {"terminal": terminal, "seq": call.records, "hash": call.hash, "at": at}
        line = json.dumps({**told, "signature": base64.b64encode(signature).decode()}, sort_keys=True)
        with self._file(terminal).open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def anchor_key(folder: Path) -> Ed25519PrivateKey:
    """The platform's, made if there is none; its public half lies beside it, for terminals and auditors."""
    private, public = folder / "key.pem", folder / "key.pub.pem"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not private.exists():
        fresh = Ed25519PrivateKey.generate()
        pem = fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        draft = private.with_name(f".{private.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(pem)
        draft.replace(private)
    key = load_pem_private_key(private.read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return key


def _signed(call: AnchorCall, terminal: str, key: object) -> bool:
    if not isinstance(key, ec.EllipticCurvePublicKey) or len(call.signature) != 64:
        return False
    r, s = (int.from_bytes(half, "big") for half in (call.signature[:32], call.signature[32:]))
    said = statement(TAIL_CONTEXT, terminal, call.records, call.hash, moment(call.at))
    try:
        key.verify(encode_dss_signature(r, s), said, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
