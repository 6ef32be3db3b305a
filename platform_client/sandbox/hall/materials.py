"""Material by level, uploads and applications (A04, B28, B29, B37, D01 to D04, D10, D13, D14).

The sandbox keeps what material is, not the material: name, level, size, digest. Nobody reads it here.
"""

import hashlib
import sqlite3
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final, Literal

from platform_client.cases import CaseMaterial
from platform_client.guides import GuideMaterial
from platform_client.kinds import Bilingual
from platform_client.materials import (
    Applied,
    ApplyCall,
    HeldMaterial,
    Level,
    LicenceCall,
    LicenceLine,
    LicenceMetadata,
    LicenceShown,
    MaterialRefusal,
    Materials,
    MaterialsCall,
    NotUploadable,
    SupplementCall,
    Supplemented,
    UploadCall,
    Uploaded,
    check_upload,
    media_type_of,
    watermark,
)
from platform_client.references import Series
from platform_client.sandbox.hall.cases import CaseFiles
from platform_client.sandbox.hall.guidebook import Guidebook
from platform_client.sandbox.hall.notices import Notice, post
from platform_client.sandbox.hall.store import Store, fresh_number, instant, seconds
from platform_client.sandbox.hall.visitor import Visitor
from platform_client.sandbox.intake import Refuse
from platform_client.sandbox.material import CHINA
from platform_client.sandbox.registry import Draw

QUOTA_BYTES: Final = 20 * 1024 * 1024
QUOTA_PIECES: Final = 50
"""Of what one person has uploaded (B37)."""

CHECKED_FOR: Final = timedelta(days=365)
"""How long a window's check is good for."""

_IDENTITY_CARD: Final = Bilingual("居民身份证", "Resident identity card")
_REGISTER: Final = Bilingual("居民户口簿", "Household register")
_POLICE: Final = "示例省公安厅"


class MaterialFiles:
    """The material of the people of the hall."""

    def __init__(self, store: Store, guides: Guidebook, cases: CaseFiles, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._guides = guides
        self._cases = cases
        self._clock = clock

    # --- the calls ----------------------------------------------------------------------------------------------------

    def mine(self, call: MaterialsCall, visitor: Visitor) -> Materials:
        """What the guide asks for and this person has, still valid: it need not be brought again (D14)."""
        asked = {each.code for each in self._asked_for(call.item)}
        self._remember(visitor)
        rows = self._store.all("SELECT * FROM materials WHERE who = ? ORDER BY level, held_since DESC", visitor.who)
        held = (_told(row) for row in rows if row["material"] in asked and not row["revoked"])
        return Materials(visitor.about, tuple(each for each in held if each.may_be_used_on(visitor.today)))

    def licence(self, call: LicenceCall, visitor: Visitor) -> LicenceShown:
        """A licence of level A, as the library that holds it knows it now (D11, D12)."""
        self._remember(visitor)
        row = self._row(call.number, visitor)
        if row["level"] != Level.A.value:
            raise Refuse(MaterialRefusal.NO_SUCH_MATERIAL.value)
        until, issued = date.fromisoformat(row["valid_until"]), instant(row["held_since"]).astimezone(CHINA).date()
        name, holder = Bilingual(row["zh"], row["en"]), visitor.holder
        metadata = LicenceMetadata(call.number, row["material"], name, row["agency"], holder, issued, until)
        lines = (
            LicenceLine(Bilingual("姓名", "Name"), holder.name),
            LicenceLine(Bilingual("公民身份号码", "Number"), holder.number),
            LicenceLine(Bilingual("签发机关", "Issued by"), row["agency"]),
            LicenceLine(Bilingual("有效期限", "Valid"), f"{issued:%Y.%m.%d}-{until:%Y.%m.%d}"),
        )
        standing: Literal["valid", "expired"] = "valid" if visitor.today <= until else "expired"
        return LicenceShown(visitor.about, metadata, "revoked" if row["revoked"] else standing, None, lines)

    def upload(self, call: UploadCall, visitor: Visitor) -> Uploaded:
        """The rules that need no memory are the terminal's, too (materials.py); here they are asked again."""
        material = next((each for each in self._asked_for(call.item) if each.code == call.material), None)
        if material is None:
            raise Refuse(MaterialRefusal.NO_SUCH_MATERIAL.value)
        try:
            check_upload(call.level, promise=call.promise, third_party=call.third_party, size_bytes=len(call.content))
            if media_type_of(call.content) != call.media_type:
                raise NotUploadable(MaterialRefusal.NOT_THAT_TYPE)
        except NotUploadable as error:
            raise Refuse(error.reason.value) from None
        with self._store.change() as change:
            row = change.execute("SELECT * FROM materials WHERE request_id = ?", (visitor.request_id,)).fetchone()
            if row is None:
                self._within_quota(change, visitor, len(call.content))
                row = _insert(
                    change,
                    visitor,
                    material.code,
                    material.name,
                    call.level,
                    third_party=call.third_party,
                    content=call.content,
                    request_id=visitor.request_id,
                )
        return Uploaded(visitor.about, _told(row))

    def apply(self, call: ApplyCall, visitor: Visitor) -> Applied:
        """All that the guide wants electronically is there and valid: a case begins (B28, B29)."""
        asked = self._asked_for(call.item)
        guide = self._guides.find(call.item)
        if guide is None or guide.elements.handling == "window":
            raise Refuse(MaterialRefusal.ONLINE_NOT_OFFERED.value)
        if "post" in (call.originals, call.delivery) and not guide.elements.delivery:
            raise Refuse(MaterialRefusal.POST_NOT_OFFERED.value)
        held = self._usable(call.materials, visitor)
        if not {each.code for each in asked if each.electronic} <= {each.material for each in held}:
            raise Refuse(MaterialRefusal.INCOMPLETE.value)
        with self._store.change() as change:
            before = change.execute(
                "SELECT number, code FROM cases WHERE request_id = ?", (visitor.request_id,)
            ).fetchone()
            if before is None:
                file = self._cases.open(
                    change, visitor, call.item, _named(held), visitor.now, call.delivery, visitor.request_id
                )
                number, code = file.progress.number, file.application.code
                post(change, visitor.who, Notice.APPLICATION_TAKEN, number, visitor.now)
            else:
                number, code = before["number"], before["code"]
        return Applied(visitor.about, number, code, _to_bring(held))

    def supplement(self, call: SupplementCall, visitor: Visitor) -> Supplemented:
        """What was missing goes to the case that is there (B31)."""
        held = self._usable(call.materials, visitor)
        with self._store.change() as change:
            done = change.execute("SELECT 1 FROM supplements WHERE request_id = ?", (visitor.request_id,)).fetchone()
            if done is None:
                self._cases.attach(change, call.case_number, visitor, _named(held))
                change.execute("INSERT INTO supplements VALUES (?)", (visitor.request_id,))
        return Supplemented(visitor.about, call.case_number, _to_bring(held))

    # --- at a window --------------------------------------------------------------------------------------------------

    def checked(self, number: str) -> HeldMaterial:
        """A window has seen the original of C, or checked a report by somebody else: it is B now (D02, D13).

        Raises ValueError for material of another kind.
        """
        with self._store.change() as change:
            row = change.execute("SELECT * FROM materials WHERE number = ?", (number,)).fetchone()
            if row is None or not (row["level"] == "C" or (row["level"] == "D" and row["third_party"])):
                raise ValueError("a window checks C, and reports by somebody else")
            until = self._clock().astimezone(CHINA).date() + CHECKED_FOR
            change.execute(
                "UPDATE materials SET level = 'B', valid_until = ? WHERE number = ?", (until.isoformat(), number)
            )
            return _told(change.execute("SELECT * FROM materials WHERE number = ?", (number,)).fetchone())

    def _asked_for(self, item: str) -> tuple[GuideMaterial, ...]:
        guide = self._guides.find(item)
        if guide is None:
            raise Refuse(MaterialRefusal.NO_SUCH_ITEM.value)
        return guide.elements.materials.materials

    def revoke(self, number: str) -> None:
        """The library vouches for a licence no more. Raises KeyError for what is no licence."""
        with self._store.change() as change:
            found = change.execute("UPDATE materials SET revoked = 1 WHERE number = ? AND level = 'A'", (number,))
            if found.rowcount == 0:
                raise KeyError(number)

    def _usable(self, numbers: tuple[str, ...], visitor: Visitor) -> list[HeldMaterial]:
        """One's own material that may be used today. Raises Refuse."""
        rows = [self._row(number, visitor) for number in numbers]
        if any(row["revoked"] for row in rows):
            raise Refuse(MaterialRefusal.REVOKED.value)
        held = [_told(row) for row in rows]
        if not all(each.may_be_used_on(visitor.today) for each in held):
            raise Refuse(MaterialRefusal.EXPIRED.value)
        return held

    def _row(self, number: str, visitor: Visitor) -> sqlite3.Row:
        row = self._store.one("SELECT * FROM materials WHERE number = ? AND who = ?", number, visitor.who)
        if row is None:
            raise Refuse(MaterialRefusal.NO_SUCH_MATERIAL.value)
        return row

    def _within_quota(self, change: sqlite3.Connection, visitor: Visitor, size_bytes: int) -> None:
        used = change.execute(
            "SELECT COUNT(*) AS pieces, COALESCE(SUM(bytes), 0) AS bytes FROM materials"
            " WHERE who = ? AND request_id IS NOT NULL",
            (visitor.who,),
        ).fetchone()
        if used["pieces"] >= QUOTA_PIECES or used["bytes"] + size_bytes > QUOTA_BYTES:
            raise Refuse(MaterialRefusal.QUOTA_EXCEEDED.value)

    def _remember(self, visitor: Visitor) -> None:
        """The electronic identity card of level A; for some a household register that a window checked once (B)."""
        if self._store.one("SELECT 1 FROM materials WHERE who = ? AND request_id IS NULL", visitor.who) is not None:
            return
        far, draw = visitor.today + timedelta(days=3650), Draw.about(visitor.person)
        with self._store.change() as change:
            _insert(change, visitor, "identity-card", _IDENTITY_CARD, Level.A, agency=_POLICE, valid_until=far)
            if draw.number("register", 0, 1):
                _insert(
                    change,
                    visitor,
                    "household-register",
                    _REGISTER,
                    Level.B,
                    valid_until=visitor.today + CHECKED_FOR,
                )


def _insert(
    change: sqlite3.Connection,
    visitor: Visitor,
    material: str,
    name: Bilingual,
    level: Level,
    *,
    agency: str = "",
    third_party: bool = False,
    content: bytes = b"",
    valid_until: date | None = None,
    request_id: str | None = None,
) -> sqlite3.Row:
    number = fresh_number(Series.MATERIAL, visitor.today)
    change.execute(
        "INSERT INTO materials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        (
            number,
            request_id,
            visitor.who,
            material,
            name.zh,
            name.en,
            agency,
            level.value,
            third_party,
            hashlib.sha256(content).hexdigest(),
            len(content),
            seconds(visitor.now),
            None if valid_until is None else valid_until.isoformat(),
        ),
    )
    row: sqlite3.Row = change.execute("SELECT * FROM materials WHERE number = ?", (number,)).fetchone()
    return row


def _told(row: sqlite3.Row) -> HeldMaterial:
    level = Level(row["level"])
    until = None if row["valid_until"] is None else date.fromisoformat(row["valid_until"])
    return HeldMaterial(
        row["number"],
        row["material"],
        Bilingual(row["zh"], row["en"]),
        level,
        watermark(level, row["agency"], until),
        row["sha256"],
        instant(row["held_since"]),
        until,
    )


def _named(held: list[HeldMaterial]) -> tuple[CaseMaterial, ...]:
    return tuple(CaseMaterial(each.name, each.level.value) for each in held)


def _to_bring(held: list[HeldMaterial]) -> tuple[Bilingual, ...]:
    """Originals that a window must see (D03)."""
    return tuple(each.name for each in held if each.level is Level.C)
