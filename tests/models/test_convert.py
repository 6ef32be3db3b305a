"""The converter: a small network in dlib's format against dlib's arithmetic written out in numpy, then the real one
against its hash in the manifest and against dlib itself."""

import hashlib
import struct
import subprocess
import sys
import tarfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image, ImageFilter

from models import convert, manifest
from models.dlib_weights import NotDlibWeights, read_layers

Values = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def integer(value: int) -> bytes:
    magnitude = abs(value).to_bytes(max(1, (abs(value).bit_length() + 7) // 8), "little")
    return bytes([len(magnitude) | (0x80 if value < 0 else 0)]) + magnitude


def integers(*values: int) -> bytes:
    return b"".join(map(integer, values))


def text(name: str) -> bytes:
    return integer(len(name)) + name.encode()


def tensor(values: Values) -> bytes:
    flat = values.ravel()
    return integers(2, flat.size, 1, 1, 1) + struct.pack(f"<{flat.size}f", *flat)


RATES = integers(1, 0) * 4
TAIL = b"110" + integers(2, 0, 0, 0, 0) * 3


class Network:
    """Writes a dlib file and remembers the weights, for a network of two residual blocks, the second one smaller."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(3)
        self.weights: list[tuple[Values, Values, Values]] = []
        self.parts = [integers(1, 1, 2, 2), text("input_rgb_image_sized")]
        self.parts += [integers(100, 0), integers(110, 0), integers(120, 0), integers(15, 15)]
        self.convolution(3, 4, stride=1, first=True)
        self.parts += [text("relu_"), TAIL, text("max_pool_2"), integers(3, 3, 2, 2, 0, 0), TAIL]
        self.block(4, 4, stride=1)
        self.block(4, 6, stride=2)
        self.matrix = self.random.normal(size=(6, 5))
        self.parts += [text("avg_pool_2"), integers(0, 0, 1, 1, 0, 0), TAIL, text("fc_2"), integers(5, 6)]
        self.parts += [tensor(self.matrix), integers(1, 6, 5, 1, 1), integers(1, 0, 0, 0, 0), integer(1), RATES, TAIL]

    def convolution(self, inputs: int, outputs: int, *, stride: int, padding: int = 1, first: bool = False) -> None:
        filters = self.random.normal(size=(outputs, inputs, 3, 3)) / 5
        bias, gamma, beta = self.random.normal(size=(3, outputs))
        self.weights.append((filters * gamma[:, None, None, None], bias * gamma + beta, np.array([stride, padding])))
        self.parts += [text("con_4"), tensor(np.concatenate([filters.ravel(), bias])), integer(outputs)]
        self.parts += [integers(3, 3, stride, stride, padding, padding), integers(1, outputs, inputs, 3, 3)]
        self.parts += [integers(1, 1, outputs, 1, 1), RATES, TAIL, integer(1) if first else b""]
        self.parts += [text("affine_"), tensor(np.concatenate([gamma, beta])), integers(1, 1, outputs, 1, 1) * 2]
        self.parts += [integer(0), TAIL]

    def block(self, inputs: int, outputs: int, *, stride: int) -> None:
        self.convolution(inputs, outputs, stride=stride, padding=2 - stride)
        self.parts += [text("relu_"), TAIL]
        self.convolution(outputs, outputs, stride=1)
        if stride == 2:
            self.parts += [text("avg_pool_2"), integers(2, 2, 2, 2, 0, 0), TAIL]
        self.parts += [text("add_prev_"), TAIL, text("relu_"), TAIL]

    def bytes(self) -> bytes:
        return b"".join(self.parts)

    def run(self, rgb: Values) -> Values:
        """dlib's arithmetic for one picture, 3 x 15 x 15."""
        x = (rgb - np.array([100, 110, 120])[:, None, None]) / 256
        first, *rest = self.weights
        x = pooled(np.maximum(convolved(x, first), 0), 3, np.max)
        for number, (one, two) in enumerate(zip(rest[::2], rest[1::2], strict=True)):
            through = convolved(np.maximum(convolved(x, one), 0), two)
            x = np.maximum(added(through, x if number == 0 else pooled(x, 2, np.mean)), 0)
        return x.mean(axis=(1, 2)) @ self.matrix


def convolved(x: Values, weights: tuple[Values, Values, Values]) -> Values:
    filters, bias, (stride, padding) = weights
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("oikl,iyxkl->oyx", filters, windows) + bias[:, None, None]


def pooled(x: Values, size: int, how: object) -> Values:
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))[:, ::2, ::2]
    return how(windows, axis=(3, 4))  # type: ignore[operator,no-any-return]


def added(a: Values, b: Values) -> Values:
    """dlib adds what overlaps; the rest is the larger one's alone."""
    total = np.zeros(np.maximum(a.shape, b.shape))
    for part in (a, b):
        total[tuple(slice(n) for n in part.shape)] += part
    return total


@pytest.fixture(scope="module")
def network() -> Network:
    return Network()


def test_the_onnx_network_computes_what_dlib_does(network: Network) -> None:
    session = onnxruntime.InferenceSession(convert.to_onnx(read_layers(network.bytes())))
    rgb = np.random.default_rng(4).uniform(0, 255, (2, 3, 15, 15))
    (computed,) = session.run(None, {"rgb": rgb.astype(np.float32)})
    assert np.allclose(computed, [network.run(picture) for picture in rgb], atol=1e-4)


def test_it_is_the_same_to_the_bit_each_time(network: Network) -> None:
    assert convert.to_onnx(read_layers(network.bytes())) == convert.to_onnx(read_layers(network.bytes()))


def test_every_byte_counts(network: Network) -> None:
    """Cut anywhere, or with anything left over, it is no network."""
    data = network.bytes()
    cuts = np.linspace(8, len(data) - 1, 60).astype(int)
    assert all(one < other for one, other in pairwise(cuts))
    for end in cuts:
        with pytest.raises(NotDlibWeights):
            read_layers(data[:end])
    with pytest.raises(NotDlibWeights):
        read_layers(data + b"\x00")


def test_other_weights_than_the_manifests_are_not_converted(network: Network, tmp_path: Path) -> None:
    (tmp_path / "net.dat").write_bytes(network.bytes())
    with pytest.raises(NotDlibWeights, match="SHA-256"):
        convert.main(tmp_path / "net.dat", tmp_path / "net.onnx")
    assert not (tmp_path / "net.onnx").exists()


def test_the_weights_are_found_in_a_source_distribution(tmp_path: Path) -> None:
    name = "dlib_face_recognition_resnet_model_v1.dat"
    (tmp_path / name).write_bytes(b"weights")
    with tarfile.open(tmp_path / "package.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / name, f"package-0.3.0/models/{name}")
    assert convert.weights_of(tmp_path / "package.tar.gz") == b"weights"
    with tarfile.open(tmp_path / "empty.tar.gz", "w:gz"):
        pass
    with pytest.raises(NotDlibWeights, match="holds no"):
        convert.weights_of(tmp_path / "empty.tar.gz")


@pytest.fixture(scope="module")
def weights() -> Path:
    """dlib's own file."""
    path = Path(__file__).parents[2] / ".cache" / "peers" / "dlib_face_recognition_resnet_model_v1.dat"
    assert path.exists(), "run script/setup --tests first"
    return path


def test_the_command_makes_the_file_of_the_manifest_each_time(weights: Path, tmp_path: Path) -> None:
    """Two processes, with hashes of strings that differ: the same bytes, and the known ones."""
    made = []
    for seed in ("1", "2"):
        out = tmp_path / seed / "net.onnx"
        words = [sys.executable, "-m", "kiosk", "models", "convert", str(weights), str(out)]
        environment = {"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": seed}
        subprocess.run(words, check=True, timeout=120, env=environment, cwd=Path(__file__).parents[2])
        made.append(out.read_bytes())
    assert made[0] == made[1]
    assert hashlib.sha256(made[0]).hexdigest() == manifest.model(manifest.DEFAULT_MODEL).sha256


def test_the_command_says_what_is_wrong(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.dat").write_bytes(b"weights")
    for source in ("net.dat", "nothing.dat"):
        words = [sys.executable, "-m", "kiosk", "models", "convert", str(tmp_path / source), str(tmp_path / "net.onnx")]
        assert subprocess.run(words, timeout=120).returncode == 1
        assert "Traceback" not in (said := capfd.readouterr().err) and "kiosk models convert: " in said


def test_the_real_network_is_dlibs_to_the_fifth_decimal(weights: Path, assets: Path) -> None:
    """Chips of a portrait, plain, mirrored, dark and blurred, and noise: each embedded by dlib and by us."""
    import dlib

    entry = manifest.embedding(manifest.DEFAULT_MODEL)
    theirs = dlib.face_recognition_model_v1(str(weights))
    ours = onnxruntime.InferenceSession(entry.read(assets / "models"))
    with Image.open(assets / "portrait.png") as picture:
        face = picture.convert("RGB").crop((150, 20, 300, 170))
    plain = np.asarray(face)
    chips = [plain, plain[:, ::-1], plain // 3, np.asarray(face.filter(ImageFilter.GaussianBlur(3)))]
    chips += list(np.random.default_rng(7).integers(0, 256, (3, 150, 150, 3), np.uint8))
    for chip in map(np.ascontiguousarray, chips):
        (values,) = ours.run(None, {"rgb": chip.transpose(2, 0, 1)[np.newaxis].astype(np.float32)})
        assert np.abs(np.array(theirs.compute_face_descriptor(chip)) - values[0]).max() <= 1e-5
