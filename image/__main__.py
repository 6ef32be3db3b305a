"""`script/image`: builds an image, or renews the lock of Debian's packages."""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from subprocess import CalledProcessError

from image import build, debian, uki
from image.flavour import IMAGE, Flavour
from image.operator import check

CACHE = build.CHECKOUT / ".cache" / "image"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("script/image", description="builds the terminal's image, as root on Debian 12")
    parser.add_argument("--flavour", default="dev", help="dev (default), qa or production: image/flavours/")
    parser.add_argument("--keys", metavar="DIR|pkcs11:URI", help="db.key and db.crt in a folder, or a key in a token")
    parser.add_argument("--certificate", type=Path, help="that of a key in a token")
    parser.add_argument("--operator", type=Path, metavar="DIR", help="what of the operator stands in it: docs/image.md")
    parser.add_argument("--level", type=int, default=9, help="lz4hc: 1 is quick, 12 small (default 9)")
    parser.add_argument("--renew-lock", action="store_true", help="image/packages.lock, with what the mirror has today")
    parser.add_argument("out", nargs="?", type=Path, help="a folder (default .cache/image/FLAVOUR)")
    asked = parser.parse_args(arguments)
    if os.geteuid() != 0:
        parser.error("only root can make a root: run it with sudo")
    os.umask(0o022)
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        if asked.renew_lock:
            print(f"image/packages.lock: {debian.renew(CACHE)} packages")
            return 0
        flavour = Flavour.read(asked.flavour)
        out = (asked.out or CACHE / asked.flavour).resolve()
        with tempfile.TemporaryDirectory(dir="/dev/shm") as work:
            signer = _signer(flavour, asked.keys, asked.certificate, Path(work))
            operator = asked.operator or (IMAGE / flavour.operator if flavour.operator else None)
            if operator is None:
                raise ValueError("this flavour belongs to an operator: give --operator")
            if flavour.keys == "operator":
                check(operator.resolve())
                build.refuse_unless_committed()
            build.build(build.Order(asked.flavour, flavour, signer, out, operator.resolve(), asked.level), CACHE)
    except (ValueError, debian.LockBroken, CalledProcessError) as error:
        print(f"script/image: {error}", file=sys.stderr)
        return 1
    return 0


def _signer(flavour: Flavour, keys: str | None, certificate: Path | None, work: Path) -> uki.Signer:
    if flavour.keys == "snakeoil":
        # It runs what a host hands it: under a key that terminals believe, it would be the way into each of them.
        if keys is not None:
            raise ValueError("this flavour is for tests and is signed by snakeoil alone: leave --keys out")
        return uki.snakeoil(work)
    if keys is None:
        raise ValueError("this flavour is signed by the operator: give --keys")
    if keys.startswith("pkcs11:"):
        if certificate is None:
            raise ValueError("a key in a token needs --certificate")
        return uki.Token(keys, certificate)
    return uki.KeyFile(Path(keys) / "db.key", Path(keys) / "db.crt")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
