"""`script/soak`: a whole day, and whether the desk is as large at its end as it was in its morning. Exit 0: it is."""

import argparse
import asyncio
import shutil
import sys
import time
from pathlib import Path
from typing import Final

from day import CONNECTIONS_MOST, DRIFT_MOST, Diary, opened_hall, spend

HICCUPS_LESS_THAN_ONE_IN: Final = 100
_ROOT: Final = Path(__file__).parents[2]


async def main(visitors: int, hours: float, seed: int, out: Path) -> int:
    shutil.rmtree(out, ignore_errors=True)
    began = time.monotonic()
    async with opened_hall(_ROOT / ".cache" / "assets", _ROOT / ".cache" / "sandbox-pki", out) as day:
        try:
            diary = await spend(day, visitors, hours, seed)
        finally:
            tell(day.diary, time.monotonic() - began)
    before, after = diary.files
    is_forgotten = diary.remembered == 0
    is_as_large = diary.drift < DRIFT_MOST and after <= before and diary.connections <= CONNECTIONS_MOST
    return int(not is_as_large or not is_forgotten or diary.hiccups > visitors // HICCUPS_LESS_THAN_ONE_IN)


def tell(diary: Diary, seconds: float) -> None:
    spent = f"{diary.hours:.1f} h, spent in {seconds / 60:.0f} min"
    print(f"{diary.visits} visitors in {spent}; {diary.pages} certificates")
    print(f"visits that ended because the emulated reader answered too late: {diary.hiccups}")
    for counter in (diary.stories, diary.reasons):
        print(*(f"  {number:5} {name}" for name, number in counter.most_common()), sep="\n")
    if len(diary.warm) > 1:
        before, after = diary.rss_kib
        print(
            f"memory of the desk {before:.0f} -> {after:.0f} KiB, drift {diary.drift:+.2%} (at most {DRIFT_MOST:.0%})"
        )
        print("open files, most in either half: {} and {}".format(*diary.files))
        print(f"visitors of whom it still knew the number: {diary.remembered}")
        print(f"beside them connections, at most {diary.connections}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=1000)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("out/soak"))
    arguments = parser.parse_args()
    sys.exit(asyncio.run(main(arguments.visitors, arguments.hours, arguments.seed, arguments.out)))
