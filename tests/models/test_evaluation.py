"""Error rates: known ones come out as they are, intervals hold what they promise, and the commands say so. A02.

The people here are made: one public-domain portrait and the stranger the demonstration makes of it. They exercise the
way from a folder to a report; the rates themselves are tested on distances drawn from known distributions.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from statistics import NormalDist

import cv2
import msgspec
import numpy as np
import pytest
from PIL import Image

from hardware.cameras.head import Head
from hardware.cameras.port import Picture
from hardware.cameras.stranger import stranger
from models import manifest
from models.embedding import Embedder
from models.evaluation.chip_photo import BYTES_MOST, SIZE_PX, as_on_the_chip
from models.evaluation.comparisons import Comparisons, compare
from models.evaluation.pictures import NoSet, people, read
from models.evaluation.rates import det, point, threshold_at_fmr, threshold_at_fnmr, wilson
from models.evaluation.report import as_operating_point, as_text, evaluate
from models.landmarks import FaceMesh, Points
from models.stills import NotOneFace, the_face_in

GENUINE, IMPOSTOR = NormalDist(0.35, 0.08), NormalDist(0.85, 0.1)


@pytest.fixture(scope="module")
def faces() -> Iterator[FaceMesh]:
    found = FaceMesh.for_stills()
    yield found
    found.close()


@pytest.fixture(scope="module")
def embedder(assets: Path) -> Embedder:
    return Embedder(assets / "models", "dlib-face-resnet-v1")


@pytest.fixture(scope="module")
def folder(assets: Path, faces: FaceMesh, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people in two groups, three pictures each, and one picture without a face."""

    def landmarks(rgb: Picture) -> Points | None:
        found = faces.find(rgb)
        return found[0].points if found else None

    with Image.open(assets / "portrait.png") as picture:
        portrait = np.asarray(picture.convert("RGB"))
    root = tmp_path_factory.mktemp("set")
    for group, person, face in (("left", "a", portrait), ("right", "b", stranger(portrait, landmarks))):
        head = Head(face, landmarks)
        (root / group / person).mkdir(parents=True)
        for number, (yaw, pitch, blur) in enumerate(((0, 0, 0), (8, 0, 1), (-6, 4, 0))):
            rgb = head.picture(yaw, pitch)
            rgb = cv2.GaussianBlur(rgb, (0, 0), blur) if blur else rgb
            Image.fromarray(np.asarray(rgb, np.uint8)).save(root / group / person / f"{number}.jpg", quality=92)
    Image.new("RGB", (300, 300), "grey").save(root / "left" / "a" / "wall.png")
    return root


def drawn(persons: int, each: int, *, seed: int = 1, groups: tuple[str, ...] = ("",)) -> Comparisons:
    """Distances from the two distributions, for so many people with so many pictures."""
    random = np.random.default_rng(seed)
    who = np.repeat(np.arange(persons), each)
    one, two = np.triu_indices(len(who), 1)
    same = who[one] == who[two]
    return Comparisons(
        tuple(groups[number % len(groups)] for number in range(persons)),
        random.normal(GENUINE.mean, GENUINE.stdev, same.sum()),
        who[one][same],
        random.normal(IMPOSTOR.mean, IMPOSTOR.stdev, (~same).sum()),
        np.stack([who[one][~same], who[two][~same]], axis=1),
        len(who),
        (),
    )


def test_known_rates_come_out() -> None:
    """Within four standard deviations of what the distributions say."""
    found = drawn(100, 4)
    for threshold in (0.45, 0.5, 0.6, 0.7):
        at = point("", threshold, found)
        assert at.fmr is not None and at.fnmr is not None
        for share, truth in ((at.fmr, IMPOSTOR.cdf(threshold)), (at.fnmr, 1 - GENUINE.cdf(threshold))):
            assert abs(share.rate - truth) <= 4 * (truth * (1 - truth) / share.pairs) ** 0.5
            assert share.low <= share.rate <= share.high
        assert at.fmr.pairs == 100 * 99 // 2 * 16 and at.fnmr.pairs == 100 * 6


def test_intervals_hold_in_about_nineteen_of_twenty_sets() -> None:
    """Independent pairs are the easy case: what is too narrow here is too narrow everywhere."""
    threshold, truth = 0.65, IMPOSTOR.cdf(0.65)
    held = 0
    for seed in range(40):
        at = point("", threshold, drawn(20, 2, seed=seed)).fmr
        assert at is not None
        held += at.low <= truth <= at.high
    assert held >= 36


def test_people_who_are_alike_widen_the_interval_where_wilson_would_not_notice() -> None:
    """A tenth of the people match everybody: rates are of people, and there are only few."""
    found = drawn(40, 4)
    wolf = (found.impostor_persons < 4).any(axis=1)
    found.impostor[:] = np.where(wolf, 0.3, 0.9)
    at = point("", 0.5, found).fmr
    assert at is not None
    low, high = wilson(at.errors, at.pairs)
    assert at.high - at.low > 4 * (high - low)


def test_no_error_is_not_no_doubt() -> None:
    found = drawn(5, 11)
    at = point("", 0.0, found).fmr
    assert at is not None and (at.errors, at.pairs) == (0, 1210)
    assert at.high == pytest.approx(0.0032, abs=0.0001)


@pytest.mark.parametrize(
    "errors, pairs, low, high", [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634)]
)
def test_wilson(errors: int, pairs: int, low: float, high: float) -> None:
    assert wilson(errors, pairs) == pytest.approx((low, high), abs=1e-3)


def test_thresholds_give_what_they_were_chosen_for() -> None:
    found = drawn(60, 4)
    for most in (0.1, 0.01, 0.001):
        at = threshold_at_fmr(most, found.impostor)
        assert at is not None
        assert (found.impostor <= at).mean() <= most < (found.impostor <= at + 0.02).mean()
    for most in (0.0, 0.01, 0.05, 0.1):
        at = threshold_at_fnmr(most, found.genuine)
        assert (found.genuine > at).mean() <= most < (found.genuine > at - 0.02).mean()


def test_what_too_few_pairs_cannot_show_is_not_claimed() -> None:
    assert threshold_at_fmr(0.001, np.ones(2999)) is None
    assert threshold_at_fmr(0.001, np.ones(3000)) is not None


def test_a_threshold_never_accepts_a_tie_beyond_its_rate() -> None:
    impostor = np.array([0.5] * 10 + [0.9] * 290)
    at = threshold_at_fmr(0.01, impostor)
    assert at is not None and (impostor <= at).sum() == 0


def test_the_trade_off_falls_from_one_end_to_the_other() -> None:
    curve = np.array(det(drawn(30, 3)))
    assert (np.diff(curve[:, 0]) > 0).all() and (np.diff(curve[:, 1]) >= 0).all() and (np.diff(curve[:, 2]) <= 0).all()
    assert curve[0, 2] > 0.9 and curve[-1, 1] == 1


def test_a_group_is_compared_with_itself(embedder: Embedder) -> None:
    found = drawn(20, 2, groups=("east", "west"))
    found.impostor[(found.impostor_persons % 2 == 0).all(axis=1)] = 0.1
    seen = evaluate(found, embedder, chip_photos=False)
    east, west = (seen.groups[name][0].fmr for name in ("east", "west"))
    assert east is not None and west is not None
    assert (east.rate, east.pairs, west.pairs) == (1.0, 180, 180) and west.rate < 0.05
    text = as_text(seen)
    assert "within group east" in text and "no certification" in text


def test_the_entry_for_the_manifest_is_one_and_promises_no_more_than_was_measured(embedder: Embedder) -> None:
    seen = evaluate(drawn(80, 4), embedder, chip_photos=True)
    text = as_operating_point(seen, "adults-here", 0.001)
    assert text is not None
    (entry,) = tomllib.loads(text)["model"][embedder.name]["operating_point"]
    made = msgspec.convert(entry, manifest.OperatingPoint)
    chosen = next(at for at in seen.points if at.chosen == "FMR at most 0.1 %")
    assert chosen.fmr is not None and chosen.fnmr is not None
    assert made.same_at_most <= chosen.threshold and not made.validated and made.persons == 80
    assert made.fmr.at_most >= chosen.fmr.high and made.fnmr.at_most >= chosen.fnmr.high
    assert as_operating_point(evaluate(drawn(5, 2), embedder, chip_photos=True), "adults-here", 0.001) is None


def test_a_chip_photo_is_as_small_as_on_the_card(folder: Path, faces: FaceMesh) -> None:
    """A07: what is compared is what the card holds."""
    picture = read(folder / "left" / "a" / "0.jpg")
    assert picture is not None
    rgb, face = the_face_in(picture, faces)
    small = as_on_the_chip(rgb, face)
    assert small.shape == (SIZE_PX[1], SIZE_PX[0], 3)
    again, found = the_face_in(small, faces)
    assert found.height_px / again.shape[0] == pytest.approx(1 / 1.65, abs=0.12)
    assert BYTES_MOST == 1024


def test_people_and_their_distances(folder: Path, faces: FaceMesh, embedder: Embedder) -> None:
    found = compare(people(folder), faces, embedder)
    assert (found.groups, found.pictures, len(found.failed)) == (("left", "right"), 7, 1)
    assert (len(found.genuine), len(found.impostor)) == (6, 9)
    assert found.genuine.max() < 0.5 < found.impostor.min()
    rgb, other = read(folder / "left" / "a" / "0.jpg"), read(folder / "left" / "a" / "1.jpg")
    assert rgb is not None and other is not None
    one, two = (embedder.embed(embedder.chip(*the_face_in(each, faces))) for each in (rgb, other))
    assert found.genuine[0] == pytest.approx(one.distance(two), abs=1e-5)
    degraded = compare(people(folder), faces, embedder, chip_photos=True)
    assert (len(degraded.genuine), len(degraded.impostor)) == (12, 18)
    assert degraded.genuine.mean() > found.genuine.mean()


def test_two_faces_or_none_are_not_one(faces: FaceMesh, folder: Path) -> None:
    picture = read(folder / "left" / "a" / "0.jpg")
    assert picture is not None
    with pytest.raises(NotOneFace, match="more than one"):
        the_face_in(np.hstack([picture[:, 160:480], picture[:, 160:480]]), faces)
    with pytest.raises(NotOneFace, match="no face"):
        the_face_in(np.full((300, 300, 3), 90, np.uint8), faces)


@pytest.mark.parametrize(
    "files, word",
    [
        ([], "at least two"),
        (["a/1.jpg"], "at least two"),
        (["a/1.jpg", "g/b/1.jpg"], "not both"),
        (["a/notes.txt", "b/notes.txt"], "at least two"),
    ],
)
def test_a_folder_that_is_none_of_people(tmp_path: Path, files: list[str], word: str) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(b"no picture")
    with pytest.raises(NoSet, match=word):
        people(tmp_path)
    with pytest.raises(NoSet, match="is no folder"):
        people(tmp_path / "nowhere")


def kiosk(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kiosk", "face", *words], capture_output=True, text=True, timeout=120)


def test_the_command_that_evaluates(folder: Path, tmp_path: Path) -> None:
    """Table data, groups and a picture; nobody's name in the report; an operating point only from enough pairs."""
    plot = tmp_path / "det.png"
    done = kiosk("evaluate", str(folder), "--chip-photo", "--json", "--plot", str(plot), "--operating-point", "here")
    assert done.returncode == 2 and "too few comparisons" in done.stderr
    assert "left/a/wall.png" in done.stderr and "wall" not in done.stdout
    seen = json.loads(done.stdout)
    assert (seen["persons"], seen["failed"], seen["chip_photos"], seen["operating_point"]) == (2, 1, True, None)
    now = seen["points"][0]
    assert now["threshold"] == 0.55 and now["fmr"]["pairs"] == 18 and now["fmr"]["high"] > now["fmr"]["rate"]
    assert seen["groups"]["left"][0]["fmr"] is None and seen["groups"]["left"][0]["fnmr"]["pairs"] == 6
    assert "no certification" in seen["caveat"] and "bootstrap" in seen["method"]
    with Image.open(plot) as picture:
        assert picture.format == "PNG" and len(np.unique(np.asarray(picture))) > 10
    assert kiosk("evaluate", str(folder / "left")).returncode == 2


def test_the_command_that_compares(folder: Path) -> None:
    """0, 1 and 2: the same person, another one, cannot tell."""
    a, b = folder / "left" / "a", folder / "right" / "b"
    same = kiosk("compare", str(a / "0.jpg"), str(a / "1.jpg"), "--json")
    assert same.returncode == 0
    assert json.loads(same.stdout)["validated"] is False
    other = kiosk("compare", str(a / "0.jpg"), str(b / "0.jpg"))
    assert other.returncode == 1 and "NOT validated for demonstration" in other.stdout
    wall = kiosk("compare", str(a / "0.jpg"), str(a / "wall.png"))
    assert wall.returncode == 2 and "no face" in wall.stderr
    assert kiosk("compare", str(a / "0.jpg"), str(a / "1.jpg"), "--model", "nobody").returncode == 2
