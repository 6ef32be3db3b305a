"""The worked examples of ICAO Doc 9303-11: appendix D (BAC and secure messaging) and appendix G (PACE, ECDH GM)."""

from hardware.cards.emrtd import mrz, pace, security_infos
from hardware.cards.emrtd.apdu import Command, Response
from hardware.cards.emrtd.bac import AccessKeys, session
from hardware.cards.emrtd.ciphers import FOR_ENCRYPTION, FOR_MAC, Suite
from hardware.cards.emrtd.curves import by_parameter_id
from hardware.cards.emrtd.messaging import Session
from hardware.cards.port import Mrz

SPECIMEN = Mrz("L898902C", "690806", "940623")


def test_d1_keys_out_of_the_key_seed() -> None:
    seed = bytes.fromhex("239AB9CB282DAF66231DC5A4DF6BFBAE")
    assert Suite.TDES.derive(seed, FOR_ENCRYPTION).hex().upper() == "AB94FDECF2674FDFB9B391F85D7F76F2"
    assert Suite.TDES.derive(seed, FOR_MAC).hex().upper() == "7962D9ECE03D1ACD4C76089DCE131543"


def test_d2_mrz_information() -> None:
    assert mrz.information(SPECIMEN) == b"L898902C<369080619406236"
    assert mrz.information(Mrz("D23145890734", "340712", "950712")) == b"D23145890734934071279507122"


def test_d3_mutual_authentication() -> None:
    keys = AccessKeys(SPECIMEN)
    token = keys.seal(bytes.fromhex("781723860C06C2264608F919887022120B795240CB7049B01C19B33E32804F0B"))
    assert token.hex().upper() == "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A7"
    answer = keys.open(
        bytes.fromhex("46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D7449")
    )
    assert answer is not None
    assert answer.hex().upper() == "4608F91988702212781723860C06C2260B4F80323EB3191CB04970CB4052790B"


def test_d4_secure_messaging() -> None:
    """The whole exchange: SELECT EF.COM, READ BINARY of 4 and of 18 bytes, both directions, from both ends."""
    ends = [
        session(
            bytes.fromhex("0B4F80323EB3191CB04970CB4052790B"),
            bytes.fromhex("0B795240CB7049B01C19B33E32804F0B"),
            bytes.fromhex("4608F91988702212"),
            bytes.fromhex("781723860C06C226"),
        )
        for _ in range(2)
    ]
    terminal, chip = ends
    for command, wrapped, response, plain in (
        (
            Command(0x00, 0xA4, 0x02, 0x0C, bytes.fromhex("011E")),
            "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
            "990290008E08FA855A5D4C50A8ED9000",
            "",
        ),
        (
            Command(0x00, 0xB0, 0x00, 0x00, le=4),
            "0CB000000D9701048E08ED6705417E96BA5500",
            "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
            "60145F01",
        ),
        (
            Command(0x00, 0xB0, 0x00, 0x04, le=0x12),
            "0CB000040D9701128E082EA28A70F3C7B53500",
            "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
            "04303130365F36063034303030305C026175",
        ),
    ):
        sent = terminal.wrap(command)
        assert sent.encode().hex().upper() == wrapped
        assert chip.open(sent) == command
        raw = bytes.fromhex(response)
        received = Response(raw[:-2], int.from_bytes(raw[-2:], "big"))
        assert chip.close(Response(bytes.fromhex(plain), 0x9000), command.ins) == received
        assert terminal.unwrap(received) == Response(bytes.fromhex(plain), 0x9000)


def test_f_aes_sessions_understand_each_other_at_block_boundaries() -> None:
    for suite in (Suite.AES128, Suite.AES192, Suite.AES256):
        terminal, chip = (Session.derived(suite, bytes(32)) for _ in range(2))
        for size in (0, 1, 15, 16, 17, 255, 256, 3000):
            command = Command(0x00, 0xB1, 0x00, 0x00, bytes(size), le=3000)
            assert chip.open(terminal.wrap(command)) == command
            response = Response(bytes(size), 0x9000)
            assert terminal.unwrap(chip.close(response, 0xB1)) == response


class _Script:
    """A chip that knows one conversation by heart."""

    def __init__(self, *lines: tuple[str, str]) -> None:
        self._lines = iter(lines)

    def transmit(self, command: bytes) -> bytes:
        expected, answer = next(self._lines)
        assert command.hex().upper() == expected
        return bytes.fromhex(answer)


G1_TERMINAL_MAP = (
    "7ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E"
    "544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D"
)
G1_CHIP_MAP = (
    "824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57"
    "30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54"
)
G1_TERMINAL_KEY = (
    "2DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C"
    "3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB36462"
)
G1_CHIP_KEY = (
    "9E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB"
    "7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094"
)


def test_g1_pace_generic_mapping_over_brainpool() -> None:
    """Every command byte for byte, with the private keys of the example."""
    offer = pace.choose(security_infos.parse(bytes.fromhex("31143012060A04007F0007020204020202010202010D")))
    assert offer is not None
    assert (offer.suite, offer.curve.name, offer.named) == (Suite.AES128, "brainpoolP256r1", False)
    scalars = iter(
        (
            0x7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99,
            0xA73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595,
        )
    )
    chip = _Script(
        ("0022C1A40F800A04007F00070202040202830101", "9000"),
        ("10860000027C0000", "7C12801095A3A016522EE98D01E76CB6B98B42C39000"),
        (f"10860000457C43814104{G1_TERMINAL_MAP}00", f"7C43824104{G1_CHIP_MAP}9000"),
        (f"10860000457C43834104{G1_TERMINAL_KEY}00", f"7C43844104{G1_CHIP_KEY}9000"),
        ("008600000C7C0A8508C2B0BD78D94BA86600", "7C0A86083ABB9674BCE93C089000"),
    )
    session = pace.establish(
        chip, offer, Mrz("T22000129", "640812", "101031"), lambda curve: curve.private_key(next(scalars))
    )
    expected = Session(
        Suite.AES128,
        bytes.fromhex("F5F0E35C0D7161EE6724EE513A0D9A7F"),
        bytes.fromhex("FE251C7858B356B24514B3BD5F4297D1"),
    )
    command = Command(0x00, 0xA4, 0x04, 0x0C, bytes.fromhex("A0000002471001"))
    assert session.wrap(command) == expected.wrap(command)


def test_g1_mapping_and_password_key() -> None:
    curve = by_parameter_id(13)
    assert curve is not None
    common = curve.decode(
        bytes.fromhex(
            "0460332EF2450B5D247EF6D3868397D398852ED6E8CAF6FFEEF6BF85CA57057FD5"
            "0840CA7415BAF3E43BD414D35AA4608B93A2CAF3A4E3EA4E82C9C13D03EB7181"
        )
    )
    generator = pace.mapped_generator(curve, bytes.fromhex("3F00C4D39D153F2B2A214A078D899B22"), common)
    assert curve.encode(generator).hex().upper() == (
        "048CED63C91426D4F0EB1435E7CB1D74A46723A0AF21C89634F65A9AE87A9265E2"
        "8C879506743F8611AC33645C5B985C80B5F09A0B83407C1B6A4D857AE76FE522"
    )
    key = pace.password_key(Mrz("T22000129", "640812", "101031"), Suite.AES128)
    assert key.hex().upper() == "89DED1B26624EC1E634C1989302849DD"
