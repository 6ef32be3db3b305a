"""Reads dlib's face network out of its serialisation, without dlib.

The file is what `dlib::serialize` writes for a `dnn` network (dlib/serialize.h, dlib/dnn/layers.h, dlib/dnn/core.h):
the wrappers open outermost first and hold only version numbers, then the layers follow from the input to the output,
each with its parameters and a fixed tail (three flags and three empty tensors: gradients are not kept in a published
file). Every byte from the input layer on is accounted for; anything unexpected raises `NotDlibWeights`.

Integers: one control byte (high bit: negative; low nibble: number of bytes), then the magnitude, little-endian.
Floating point outside of tensors: an integer mantissa and an integer exponent of two.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]

_INPUT: Final = b"\x01\x15input_rgb_image_sized"
_FLAGS: Final = b"01"


class NotDlibWeights(Exception):
    """These bytes are not the network we know."""


@dataclass(frozen=True, slots=True)
class Input:
    """RGB pixels 0..255 of `rows`x`columns`; `mean` is subtracted per channel, the rest is divided by 256."""

    mean: tuple[float, float, float]
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Window:
    """How a filter moves over a picture, as (vertical, horizontal) pairs. `size` (0, 0): the whole picture."""

    size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Convolution:
    """`filters`: outputs x inputs x rows x columns; `bias`: one per output."""

    filters: Weights
    bias: Weights
    window: Window


@dataclass(frozen=True, slots=True)
class Affine:
    """Batch normalisation as it is used after training: gamma * x + beta per channel."""

    gamma: Weights
    beta: Weights


@dataclass(frozen=True, slots=True)
class Relu:
    """max(x, 0)."""


@dataclass(frozen=True, slots=True)
class MaxPool:
    """The largest value in each window."""

    window: Window


@dataclass(frozen=True, slots=True)
class AveragePool:
    """The mean of each window."""

    window: Window


@dataclass(frozen=True, slots=True)
class AddPrevious:
    """Adds the tensor that a tag below remembers; the smaller of the two is padded with zeros."""


@dataclass(frozen=True, slots=True)
class FullyConnected:
    """`matrix`: inputs x outputs, no bias."""

    matrix: Weights


Layer = Input | Convolution | Affine | Relu | MaxPool | AveragePool | AddPrevious | FullyConnected


def read_layers(data: bytes) -> list[Layer]:
    """The layers of the network, input first. Raises NotDlibWeights."""
    start = data.find(_INPUT)
    if start < 0:
        raise NotDlibWeights("no input layer for RGB images of a fixed size")
    cursor = _Cursor(data, start)
    layers: list[Layer] = []
    while not layers or not isinstance(layers[-1], FullyConnected):
        layer = cursor.layer()
        if isinstance(layer, Input) == bool(layers):
            raise NotDlibWeights("the input layer is not the first and only one")
        if layers:
            cursor.tail()
        if len(layers) == 1:
            # The lowest layer that computes also notes how many samples one input expands to.
            cursor.expect(cursor.integer() == 1, "sample expansion")
        layers.append(layer)
    cursor.expect(cursor.at == len(data), "the end of the file")
    return layers


class _Cursor:
    """A position in the file."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self.at = at

    def expect(self, truth: bool, what: str) -> None:
        if not truth:
            raise NotDlibWeights(f"expected {what} before byte {self.at}")

    def take(self, count: int) -> bytes:
        piece = self._data[self.at : self.at + count]
        self.at += count
        self.expect(len(piece) == count, "more bytes")
        return piece

    def integer(self) -> int:
        control = self.take(1)[0]
        size = control & 0x0F
        self.expect(1 <= size <= 8 and control & 0x70 == 0, "an integer")
        magnitude = int.from_bytes(self.take(size), "little")
        return -magnitude if control & 0x80 else magnitude

    def number(self) -> float:
        mantissa = self.integer()
        exponent = self.integer()
        self.expect(abs(exponent) < 1024, "an exponent")
        return math.ldexp(mantissa, exponent)

    def text(self) -> str:
        size = self.integer()
        self.expect(0 < size <= 64, "a name")
        return self.take(size).decode("ascii", "replace")

    def shape(self) -> tuple[int, int, int, int]:
        """Four dimensions: samples, channels, rows, columns."""
        a, b, c, d = (self.integer() for _ in range(4))
        self.expect(min(a, b, c, d) >= 0, "dimensions")
        return a, b, c, d

    def tensor(self) -> Weights:
        """Flat float32 values."""
        self.expect(self.integer() == 2, "a tensor of version 2")
        count = math.prod(self.shape())
        return np.frombuffer(self.take(4 * count), "<f4").astype(np.float32)

    def alias(self) -> tuple[int, int, int, int]:
        """The shape of a view into the tensor before."""
        self.expect(self.integer() == 1, "an alias of version 1")
        return self.shape()

    def pair(self) -> tuple[int, int]:
        return self.integer(), self.integer()

    def window(self) -> Window:
        return Window(size=self.pair(), stride=self.pair(), padding=self.pair())

    def layer(self) -> Layer:
        name = self.text()
        match name:
            case "input_rgb_image_sized":
                return Input((self.number(), self.number(), self.number()), self.integer(), self.integer())
            case "con_4":
                return self.convolution()
            case "affine_":
                return self.affine()
            case "relu_":
                return Relu()
            case "max_pool_2":
                return MaxPool(self.window())
            case "avg_pool_2":
                return AveragePool(self.window())
            case "add_prev_":
                return AddPrevious()
            case "fc_2":
                return self.fully_connected()
        raise NotDlibWeights(f"unknown layer before byte {self.at}")

    def convolution(self) -> Convolution:
        values = self.tensor()
        outputs = self.integer()
        window = self.window()
        filters, bias = self.alias(), self.alias()
        self.learning_rates()
        split = math.prod(filters)
        self.expect(filters[0] == outputs and filters[2:] == window.size, "filters of the stated size")
        self.expect(math.prod(bias) == outputs and split + outputs == len(values), "one bias per filter")
        return Convolution(values[:split].reshape(filters), values[split:], window)

    def affine(self) -> Affine:
        values = self.tensor()
        gamma, beta = math.prod(self.alias()), math.prod(self.alias())
        self.expect(self.integer() == 0, "an affine layer that works per channel")
        self.expect(gamma == beta and gamma + beta == len(values), "gamma and beta")
        return Affine(values[:gamma], values[gamma:])

    def fully_connected(self) -> FullyConnected:
        outputs, inputs = self.pair()
        values = self.tensor()
        self.expect(self.alias() == (inputs, outputs, 1, 1) and self.alias() == (0, 0, 0, 0), "a matrix and no bias")
        self.expect(self.integer() == 1, "a fully connected layer without bias")
        self.learning_rates()
        self.expect(inputs * outputs == len(values), "a full matrix")
        return FullyConnected(values.reshape(inputs, outputs))

    def learning_rates(self) -> None:
        """Four multipliers that matter in training only."""
        for _ in range(4):
            self.number()

    def tail(self) -> None:
        """What every computing layer ends with: three flags, three tensors that a published file leaves empty."""
        flags = self.take(3)
        self.expect(all(flag in _FLAGS for flag in flags), "three flags")
        for _ in range(3):
            self.expect(self.tensor().size == 0, "an empty tensor")
