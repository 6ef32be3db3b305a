"""The worked examples of ICAO Doc 9303-11: appendix D (BAC and secure messaging) and appendix G (PACE, ECDH GM)."""

from hardware.cards.emrtd import mrz
from hardware.cards.emrtd.apdu import Command, Response
from hardware.cards.emrtd.bac import AccessKeys, session
from hardware.cards.emrtd.ciphers import FOR_ENCRYPTION, FOR_MAC, Suite
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
