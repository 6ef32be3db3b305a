"""Emulated cards for a technician: lays one on an emulated reader, says how to read it, and obeys words on stdin.

insert · remove · unplug · plug      the card, the cable
NAME · -NAME                         a fault on, off; any other word lists them
"""

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TextIO

from PIL import Image, ImageOps

from hardware.cards.emulator import Faults, SamEmulator, piv_chip, technicians
from hardware.cards.emulator.chip import ChipFaults, EmrtdChip
from hardware.cards.emulator.pcscd import PrivatePcscd
from hardware.cards.emulator.piv_chip import PivChip, PivFaults
from hardware.cards.emulator.specimens import Specimen, make
from hardware.cards.emulator.utopia import Document
from hardware.cards.reading import Kind
from hardware.cards.synthetic import PORTRAIT_SIZE_PX, citizens, foreigners_and_others, portrait_block, webp_portrait
from kiosk.maintenance.credential import PURPOSES

LAYOUTS: Final = {
    "resident": Kind.RESIDENT,
    "J": Kind.HMT_RESIDENCE,
    "I": Kind.FOREIGN_2017,
    "Y": Kind.FOREIGN_2023,
}
_PASSPORT_PORTRAIT_PX: Final = (480, 640)
_WAYS: Final = {"pace": Specimen.PASSPORT, "bac": Specimen.OLD_PASSPORT}
_GOOD: Final = frozenset({*_WAYS.values(), Specimen.CARD, Specimen.SEVERAL_PACE})
# These are no faults of a chip but of the document on it.
_BAD_DOCUMENTS: Final = tuple(specimen.value for specimen in Specimen if specimen not in _GOOD)

_TRIES_LEFT: Final = {"last-try": 1, "blocked": 0}


class NoSuchSwitch(ValueError):
    """The text lists those that there are."""


@dataclass(frozen=True, slots=True)
class Emulated:
    """What runs. `tell`: what a client needs to know; everything in it is invented."""

    tell: Mapping[str, str]
    hands: Mapping[str, Callable[[], object]]
    turn_on: Callable[[str], None]
    turn_off: Callable[[str], None]
    faults: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)

    def obey(self, word: str) -> None:
        """Raises NoSuchSwitch."""
        if word in self.hands:
            self.hands[word]()
        elif word.removeprefix("-") in self.faults:
            (self.turn_off if word.startswith("-") else self.turn_on)(word.removeprefix("-"))
        else:
            raise NoSuchSwitch(f"{', '.join((*self.hands, *self.faults))}; a fault is turned off by -NAME")


def sdt_faults() -> tuple[str, ...]:
    """The names of what can be wrong with an SDT reader and its cards."""
    return tuple(Faults.SWITCHES)


def staff_card_faults() -> tuple[str, ...]:
    """The names of what can be wrong with a technician's card."""
    return (*PivFaults.SWITCHES, "expired", "revoked", "other-ca", "no-role", *_TRIES_LEFT)


def emrtd_faults() -> tuple[str, ...]:
    """The names of what can be wrong with a travel document."""
    return (*ChipFaults.SWITCHES, *_BAD_DOCUMENTS)


@contextmanager
def sdt(layout: str, portrait: Path | None) -> Iterator[Emulated]:
    """A card of this layout on an SDT reader behind a pseudo-terminal. Raises ValueError for a bad picture."""
    block = portrait_block(webp_portrait(_face(portrait, PORTRAIT_SIZE_PX), (0, 0, *PORTRAIT_SIZE_PX)))
    everybody = (*citizens(block), *foreigners_and_others(block))
    card = next(card for card in everybody if card.kind is LAYOUTS[layout])
    with TemporaryDirectory(prefix="kiosk-card-") as folder:
        reader = SamEmulator(Path(folder) / "reader")
        try:
            reader.insert(card)
            yield Emulated(
                {"reader": f"sdt://{reader.path}"},
                {
                    "insert": lambda: reader.insert(card),
                    "remove": reader.remove,
                    "unplug": reader.unplug,
                    "plug": reader.plug,
                },
                reader.faults.turn_on,
                reader.faults.turn_off,
                sdt_faults(),
            )
        finally:
            reader.close()


@contextmanager
def emrtd(way: str, portrait: Path | None, today: date) -> Iterator[Emulated]:
    """A passport of Utopia on a PC/SC reader of its own service. Raises PcscdMissing, ValueError for a bad picture."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="kiosk-card-")))
        trust = folder / "trust"
        trust.mkdir()
        service = stack.enter_context(PrivatePcscd(folder))
        desk = _PassportDesk(service, trust, _WAYS[way], _jpeg(portrait), today)
        good = desk.lay()
        yield Emulated(
            {
                "reader": "pcsc://",
                "trust": str(trust),
                "mrz": f"{good.access.document_number},{good.access.birth},{good.access.expiry}",
                "can": good.can,
            },
            {"insert": desk.lay, "remove": service.reader.remove, "unplug": service.stop, "plug": desk.plug},
            desk.turn_on,
            desk.turn_off,
            emrtd_faults(),
            service.environment,
        )


class _PassportDesk:
    """Issues documents and lays them on the reader; writes down in `trust` whom a terminal should believe."""

    def __init__(self, service: PrivatePcscd, trust: Path, good: Specimen, portrait: bytes, today: date) -> None:
        self._service = service
        self._anchor = trust / "utopia.cer"
        self._good = self._specimen = good
        self._portrait = portrait
        self._today = today
        self._faults = ChipFaults()

    def lay(self) -> Document:
        issued = make(self._specimen, self._portrait, self._today)
        self._anchor.write_bytes(issued.anchor)
        self._service.reader.insert(EmrtdChip(issued.document, self._faults))
        return issued.document

    def plug(self) -> None:
        self._service.start()
        self.lay()

    def turn_on(self, fault: str) -> None:
        if fault in ChipFaults.SWITCHES:
            self._faults.turn_on(fault)
        else:
            self._specimen = Specimen(fault)
            self.lay()

    def turn_off(self, fault: str) -> None:
        if fault in ChipFaults.SWITCHES:
            self._faults.turn_off(fault)
        else:
            self._specimen = self._good
            self.lay()


@contextmanager
def staff_card(role: str) -> Iterator[Emulated]:
    """A technician's card on a PC/SC reader of its own service, with the CA to believe. Raises PcscdMissing."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="kiosk-card-")))
        service = stack.enter_context(PrivatePcscd(folder))
        desk = _StaffCardDesk(service, folder, role)
        desk.insert()
        yield Emulated(
            {"reader": "pcsc://", "ca": str(desk.ca), "crl": str(desk.crl), "pin": technicians.PIN},
            {"insert": desk.insert, "remove": service.reader.remove, "unplug": service.stop, "plug": desk.plug},
            desk.turn_on,
            desk.turn_off,
            staff_card_faults(),
            service.environment,
        )


class _StaffCardDesk:
    """Issues cards and puts them in; `ca` and `crl` say whom a terminal should believe."""

    def __init__(self, service: PrivatePcscd, folder: Path, role: str) -> None:
        self._service = service
        self._folder = folder
        self._purpose = next(purpose for purpose, each in PURPOSES.items() if each.value == role)
        self._authority = technicians.TechnicianCa()
        self.ca, self.crl = self._authority.publish(folder)
        self._chip = self._good = self._authority.card(self._purpose)

    def insert(self) -> None:
        self._service.reader.insert(self._chip, piv_chip.ATR)

    def plug(self) -> None:
        self._service.start()
        self.insert()

    def turn_on(self, fault: str) -> None:
        if fault in PivFaults.SWITCHES:
            self._chip.faults.turn_on(fault)
            return
        self._chip = self._bad(fault)
        self.insert()

    def turn_off(self, fault: str) -> None:
        if fault in PivFaults.SWITCHES:
            self._chip.faults.turn_off(fault)
            return
        self._chip = self._good
        self.insert()

    def _bad(self, fault: str) -> PivChip:
        """A card of its own with this fault."""
        match fault:
            case "expired":
                return self._authority.card(self._purpose, lasts=timedelta(seconds=-1))
            case "other-ca":
                return technicians.TechnicianCa().card(self._purpose)
            case "no-role":
                return self._authority.card()
        card = self._authority.card(self._purpose)
        if fault == "revoked":
            self._authority.publish(self._folder, card.certificate)
        else:
            card.tries_left = _TRIES_LEFT[fault]
        return card


def serve(emulated: Emulated, words: TextIO) -> None:
    """Obeys one word per line until there are no more."""
    for line in words:
        try:
            if word := line.strip():
                emulated.obey(word)
        except NoSuchSwitch as error:
            print(error, file=sys.stderr)


def _face(portrait: Path | None, size: tuple[int, int]) -> Image.Image:
    """A picture of this size; a grey one when there is none. Raises ValueError."""
    if portrait is None:
        return Image.new("RGB", size, "grey")
    try:
        with Image.open(portrait) as opened:
            return ImageOps.fit(opened.convert("RGB"), size)
    except OSError:
        raise ValueError(f"{portrait}: not a picture") from None


def _jpeg(portrait: Path | None) -> bytes:
    file = io.BytesIO()
    _face(portrait, _PASSPORT_PORTRAIT_PX).save(file, "JPEG", quality=85)
    return file.getvalue()
