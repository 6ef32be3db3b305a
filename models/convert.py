"""Turns dlib's face network into ONNX: `kiosk models convert SOURCE OUT.onnx`.

SOURCE is the `face_recognition_models` 0.3.0 source distribution (.tar.gz, CC0) or the .dat file inside it. The
network is the ResNet-29 of dlib's `dnn_face_recognition_ex.cpp`:

    input, conv, affine, relu, max pool, 14 residual blocks, global average pool, fully connected
    residual block = conv, affine, relu, conv, affine, [average pool of the shortcut], add the shortcut, relu

Each affine layer is folded into the convolution before it, in double precision. The result is the same to the bit
wherever it is made; its hash stands in `models/manifest.toml` and is checked before the file is written.
"""

import hashlib
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from models import manifest
from models.dlib_weights import (
    AddPrevious,
    Affine,
    AveragePool,
    Convolution,
    FullyConnected,
    Input,
    Layer,
    MaxPool,
    NotDlibWeights,
    Relu,
    Window,
    read_layers,
)

SCALE: Final = 1 / 256
OPSET: Final = 17
IR_VERSION: Final = 8

_Kind = TypeVar("_Kind", bound=Layer)
_Shape = tuple[int, int, int]


def to_onnx(layers: list[Layer]) -> bytes:
    """The same network as ONNX: `rgb` float32 n x 3 x rows x columns (0..255) to `embedding` n x outputs.

    Raises NotDlibWeights if the layers are not in the order above.
    """
    return _Graph(layers).bytes()


def weights_of(source: Path) -> bytes:
    """The .dat file in a source distribution, or the file itself. Raises NotDlibWeights, OSError."""
    if not tarfile.is_tarfile(source):
        return source.read_bytes()
    with tarfile.open(source) as archive:
        for member in archive:
            if member.isfile() and member.name.endswith("/dlib_face_recognition_resnet_model_v1.dat"):
                file = archive.extractfile(member)
                assert file is not None
                return file.read()
    raise NotDlibWeights("the archive holds no dlib_face_recognition_resnet_model_v1.dat")


class _Graph:
    """ONNX nodes in the order they are computed; `current` is the last one's output, `shape` what it looks like."""

    def __init__(self, layers: list[Layer]) -> None:
        # Set-up only: nothing at run time needs the onnx package.
        from onnx import TensorProto, checker, helper, numpy_helper

        self._helper, self._numpy, self._checker, self._float = helper, numpy_helper, checker, TensorProto.FLOAT
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._layers: Iterator[Layer] = iter(layers)
        self._ahead: Layer | None = next(self._layers, None)
        self.current = "rgb"
        self.network()

    # The grammar.

    def network(self) -> None:
        pixels = self.next(Input)
        self.input_shape = self.shape = (3, pixels.rows, pixels.columns)
        self.current = self.node("Sub", self.current, self.constant(np.reshape(pixels.mean, (1, 3, 1, 1))))
        self.current = self.node("Mul", self.current, self.constant(np.array(SCALE)))
        self.convolution()
        self.relu()
        pool = self.next(MaxPool).window
        self.current, self.shape = self.pooled("MaxPool", self.current, self.shape, pool)
        while isinstance(self._ahead, Convolution):
            self.residual()
        if self.next(AveragePool).window.size != (0, 0):
            raise NotDlibWeights("the last pool does not take the whole picture")
        self.current = self.node("Flatten", self.node("GlobalAveragePool", self.current), axis=1)
        matrix = self.next(FullyConnected).matrix
        if len(matrix) != self.shape[0] or self._ahead is not None:
            raise NotDlibWeights("the network does not end in a matrix over all channels")
        self.outputs = matrix.shape[1]
        self.current = self.node("MatMul", self.current, self.constant(matrix))

    def residual(self) -> None:
        shortcut, shortcut_shape = self.current, self.shape
        self.convolution()
        self.relu()
        self.convolution()
        if isinstance(self._ahead, AveragePool):
            pool = self.next(AveragePool).window
            shortcut, shortcut_shape = self.pooled("AveragePool", shortcut, shortcut_shape, pool)
        self.next(AddPrevious)
        both = list(map(max, self.shape, shortcut_shape))
        total = (both[0], both[1], both[2])
        self.current = self.node(
            "Add", self.grown(self.current, self.shape, total), self.grown(shortcut, shortcut_shape, total)
        )
        self.shape = total
        self.relu()

    def convolution(self) -> None:
        layer, affine = self.next(Convolution), self.next(Affine)
        gamma = affine.gamma.astype(np.float64)
        filters = layer.filters * gamma[:, None, None, None]
        bias = layer.bias * gamma + affine.beta
        if layer.filters.shape[1] != self.shape[0]:
            raise NotDlibWeights("a convolution does not fit the channels below it")
        self.current = self.node(
            "Conv", self.current, self.constant(filters), self.constant(bias), **self.window(layer.window)
        )
        self.shape = (len(filters), *self.moved(self.shape, layer.window))

    def relu(self) -> None:
        self.next(Relu)
        self.current = self.node("Relu", self.current)

    def next(self, kind: type[_Kind]) -> _Kind:
        layer = self._ahead
        if not isinstance(layer, kind):
            raise NotDlibWeights(f"expected {kind.__name__}, found {type(layer).__name__}")
        self._ahead = next(self._layers, None)
        return layer

    # The words of ONNX.

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(self._helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, values: np.ndarray[Any, Any], kind: type[np.generic] = np.float32) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(self._numpy.from_array(np.ascontiguousarray(values, kind), name))
        return name

    def pooled(self, operator: str, name: str, shape: _Shape, window: Window) -> tuple[str, _Shape]:
        return self.node(operator, name, **self.window(window)), (shape[0], *self.moved(shape, window))

    def grown(self, name: str, shape: _Shape, goal: _Shape) -> str:
        """dlib adds tensors of different sizes as if the smaller one were zero where it ends."""
        if shape == goal:
            return name
        growth = [0, 0, 0, 0, 0, *(wide - narrow for wide, narrow in zip(goal, shape, strict=True))]
        return self.node("Pad", name, self.constant(np.array(growth), np.int64), mode="constant")

    @staticmethod
    def window(window: Window) -> dict[str, list[int]]:
        return {
            "kernel_shape": list(window.size),
            "strides": list(window.stride),
            "pads": [*window.padding, *window.padding],
        }

    @staticmethod
    def moved(shape: _Shape, window: Window) -> tuple[int, int]:
        rows, columns = (
            (size + 2 * padding - filter_size) // stride + 1
            for size, filter_size, stride, padding in zip(
                shape[1:], window.size, window.stride, window.padding, strict=True
            )
        )
        return rows, columns

    def bytes(self) -> bytes:
        self._nodes[-1].output[0] = "embedding"
        value = self._helper.make_tensor_value_info
        graph = self._helper.make_graph(
            self._nodes,
            "face_embedding",
            [value("rgb", self._float, ["n", *self.input_shape])],
            [value("embedding", self._float, ["n", self.outputs])],
            self._constants,
        )
        model = self._helper.make_model(graph, opset_imports=[self._helper.make_opsetid("", OPSET)])
        model.ir_version = IR_VERSION
        self._checker.check_model(model)
        serialised: bytes = model.SerializeToString(deterministic=True)
        return serialised


def main(source: Path, target: Path) -> None:
    """Checks the source, converts, checks the result, writes `target` whole or not at all."""
    entry = manifest.model(manifest.DEFAULT_MODEL)
    weights = weights_of(source)
    if hashlib.sha256(weights).hexdigest() != entry.source_sha256:
        raise NotDlibWeights("the weights are not the ones the manifest names (SHA-256 differs)")
    network = to_onnx(read_layers(weights))
    if hashlib.sha256(network).hexdigest() != entry.sha256:
        raise NotDlibWeights("the converted network is not the one the manifest names (SHA-256 differs)")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(network)
    part.replace(target)
