"""Landmarks, pose, quality, embedding and matching on one real picture."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from hardware.cameras.head import FACE_HEIGHT_PX, Head, framed
from hardware.cameras.port import Picture
from hardware.cameras.stranger import stranger
from models.embedding import Embedder
from models.landmarks import POINTS, FaceMesh, Mesh, Points
from models.manifest import ModelRefused
from models.matching import Verdict, judge
from models.pose import relief, yaw_deg
from models.quality import Covering, Fault, Placing, assess


@pytest.fixture(scope="module")
def faces() -> Iterator[FaceMesh]:
    found = FaceMesh.for_stills()
    yield found
    found.close()


@pytest.fixture(scope="module")
def embedder(assets: Path) -> Embedder:
    return Embedder(assets / "models", "dlib-face-resnet-v1")


@pytest.fixture(scope="module")
def portrait(assets: Path) -> Picture:
    with Image.open(assets / "portrait.png") as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.fixture(scope="module")
def near(portrait: Picture, faces: FaceMesh) -> Picture:
    """The portrait as the camera would see it."""
    return framed(portrait, landmarks_of(faces))


def landmarks_of(faces: FaceMesh):  # type: ignore[no-untyped-def]
    def landmarks(rgb: Picture) -> Points | None:
        found = faces.find(rgb)
        return found[0].points if found else None

    return landmarks


def only(found: list[Mesh]) -> Mesh:
    (face,) = found
    return face


def test_one_face_is_found_where_it_is(near: Picture, faces: FaceMesh) -> None:
    face = only(faces.find(near))
    assert face.points.shape == (POINTS, 3)
    assert np.abs(face.flat.mean(axis=0) - (320, 240)).max() < 25
    assert abs(np.ptp(face.flat[:, 1]) - FACE_HEIGHT_PX) < 15
    assert "…" in repr(face)


def test_points_are_what_mediapipe_says_in_its_own_words(near: Picture, portrait: Picture) -> None:
    """Picture by picture of a stream with and without a face: what is read from bytes is what its objects say."""
    from mediapipe.python.solutions import face_mesh

    ours, theirs = FaceMesh.for_video(), face_mesh.FaceMesh(static_image_mode=False, max_num_faces=2)
    theirs.process(np.zeros((64, 64, 3), np.uint8))
    shifted = np.roll(near, (3, -5), axis=(0, 1))
    for picture in (near, shifted, np.full_like(near, 128), near, np.ascontiguousarray(near[:, ::-1])):
        said = theirs.process(picture).multi_face_landmarks or ()
        height, width = picture.shape[:2]
        asked = [np.array([(p.x, p.y, p.z) for p in face.landmark]) * (width, height, width) for face in said]
        found = [mesh.points for mesh in ours.find(picture)]
        assert len(found) == len(asked)
        assert all(np.allclose(one, other, atol=0.02) for one, other in zip(found, asked, strict=True))
    ours.close()
    theirs.close()


def test_yaw_and_relief_of_a_turned_head(portrait: Picture, faces: FaceMesh) -> None:
    """Monotonic, of the right sign and size, on both sides; a print of the same turn has neither."""
    head = Head(portrait, landmarks_of(faces))
    rest = only(faces.find(head.picture(0, 0)))
    for side in (1, -1):
        turns = [only(faces.find(head.picture(side * turn, 0))) for turn in (10, 20, 30)]
        yaws = [side * (yaw_deg(face) - yaw_deg(rest)) for face in turns]
        assert yaws == sorted(yaws)
        assert yaws[1] == pytest.approx(20, abs=5)
        assert relief(rest, turns[1]) > 0.07
    squeezed = cv2.resize(head.picture(0, 0), None, fx=0.8, fy=1)
    assert relief(rest, only(faces.find(np.asarray(squeezed, np.uint8)))) < 0.03


def test_the_embedding_does_not_see_mirrors_and_little_light(
    near: Picture, faces: FaceMesh, embedder: Embedder
) -> None:
    cut = embedder.chip(near, only(faces.find(near)))
    assert cut.shape == (150, 150, 3)
    plain = embedder.embed(cut)
    assert plain.distance(embedder.embed(np.ascontiguousarray(cut[:, ::-1]))) < 1e-4
    assert plain.distance(embedder.embed((cut * 0.7).astype(np.uint8))) < 0.3
    assert "…" in repr(plain)


def test_alignment_takes_out_place_size_and_tilt(near: Picture, faces: FaceMesh, embedder: Embedder) -> None:
    plain = embedder.embed(embedder.chip(near, only(faces.find(near))))
    tilt = cv2.getRotationMatrix2D((320, 240), 15, 0.6)
    tilt[:, 2] += (40, -20)
    moved = np.asarray(cv2.warpAffine(near, tilt, (640, 480), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    assert plain.distance(embedder.embed(embedder.chip(moved, only(faces.find(moved))))) < 0.3


def test_the_stranger_is_another_person(portrait: Picture, faces: FaceMesh, embedder: Embedder) -> None:
    other = stranger(portrait, landmarks_of(faces))
    here = embedder.embed(embedder.chip(portrait, only(faces.find(portrait))))
    there = embedder.embed(embedder.chip(other, only(faces.find(other))))
    assert judge(here.distance(there), embedder.point) is Verdict.DIFFERENT


def test_a_picture_without_a_model_for_it(assets: Path) -> None:
    with pytest.raises(ModelRefused, match="compares"):
        Embedder(assets / "models", "mediapipe-face-mesh")


def shrunk(picture: Picture, scale: float, x: float = 0, y: float = 0) -> Picture:
    window = np.array([[scale, 0, 320 * (1 - scale) + x], [0, scale, 240 * (1 - scale) + y]])
    return np.asarray(cv2.warpAffine(picture, window, (640, 480), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def against_the_light(picture: Picture) -> Picture:
    """A window behind a face in its shade."""
    inside = cv2.ellipse(np.zeros(picture.shape[:2], np.uint8), (320, 230), (110, 150), 0, 0, 360, (1,), -1)
    return np.where(inside[..., None] > 0, (picture * 0.45).astype(np.uint8), np.uint8(240))


@pytest.mark.parametrize(
    "change, expected",
    [
        (lambda p: p, None),
        (lambda p: shrunk(p, 0.38), Fault.TOO_FAR),
        (lambda p: shrunk(p, 1.7), Fault.TOO_NEAR),
        (lambda p: shrunk(p, 0.6, x=210), Fault.OFF_CENTRE),
        (lambda p: (p * 0.15).astype(np.uint8), Fault.TOO_DARK),
        (lambda p: np.clip(p * 0.3 + 190, 0, 255).astype(np.uint8), Fault.TOO_BRIGHT),
        (lambda p: cv2.GaussianBlur(p, (0, 0), 5), Fault.BLURRED),
        (lambda p: cv2.ellipse(p.copy(), (320, 300), (78, 62), 0, 0, 360, (140, 180, 210), -1), Fault.COVERED),
        (lambda p: against_the_light(p), Fault.BACK_LIT),
        (lambda p: np.hstack([p[:, 160:480], p[:, 160:480]]), Fault.TWO_FACES),
        (lambda p: np.full_like(p, 128), Fault.NO_FACE),
    ],
    ids=["good", "far", "near", "off", "dark", "bright", "blurred", "mask", "back-lit", "two", "none"],
)
def test_faults_have_names(near: Picture, faces: FaceMesh, change, expected: Fault | None) -> None:  # type: ignore[no-untyped-def]
    picture = change(near)
    assert assess(picture, faces.find(picture), Placing(), Covering()).fault is expected


_UNDER_A_STRICT_ALLOCATOR = """
import sys
import numpy as np
from PIL import Image
from models.landmarks import FaceMesh
rgb = np.array(Image.open(sys.argv[1]).convert("RGB"))
for mesh in (FaceMesh.for_stills(), FaceMesh.for_video()):
    held = sys.getrefcount(rgb)
    for _ in range(5):
        assert mesh.find(rgb) and sys.getrefcount(rgb) == held
        mesh.search(rgb)  # and nobody calls for what it finds
    mesh.close()
    assert sys.getrefcount(rgb) == held
print("done")
"""


def test_a_picture_is_let_go_under_the_interpreter_s_lock(assets: Path) -> None:
    """Python aborts where its memory is touched without its lock (PYTHONMALLOC=debug), as mediapipe's threads did when
    they were the last to hold a picture; else a process ended with SIGSEGV, now and then and anywhere."""
    words = [sys.executable, "-c", _UNDER_A_STRICT_ALLOCATOR, assets / "portrait.png"]
    strict = {**os.environ, "PYTHONMALLOC": "debug"}
    ran = subprocess.run(words, env=strict, capture_output=True, text=True, timeout=100, check=False)
    assert (ran.returncode, ran.stdout) == (0, "done\n"), ran.stderr[-2000:]
