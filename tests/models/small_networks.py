"""Small ONNX networks in place of trained ones: they show that the slot takes any of their family, nothing more."""

import hashlib
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def network(side_px: int, values: int, *, batch: int | str = "n") -> bytes:
    """One strided convolution and a fully connected layer, always the same: a face in, `values` numbers out."""
    random = np.random.default_rng(side_px)
    step = side_px // 8
    filters = random.normal(size=(8, 3, step, step)).astype(np.float32) / step
    matrix = random.normal(size=(8 * 8 * 8, values)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["pixels", "filters"], ["seen"], strides=[step, step]),
        helper.make_node("Flatten", ["seen"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["face"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [batch, 3, side_px, side_px])],
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, [batch, values])],
        [numpy_helper.from_array(filters, "filters"), numpy_helper.from_array(matrix, "matrix")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return bytes(model.SerializeToString(deterministic=True))


def install(
    folder: Path,
    name: str,
    data: bytes,
    *,
    side_px: int,
    values: int,
    alignment: str,
    preprocessing: str,
    metric: str,
    thresholds: tuple[float, float],
    validated: bool = False,
) -> None:
    """Puts the network and a manifest that describes it into a models folder, as an operator does (docs/face.md)."""
    (folder / f"{name}.onnx").write_bytes(data)
    (folder / "manifest.toml").write_text(f"""
[model.{name}]
task = "embedding"
file = "{name}.onnx"
sha256 = "{hashlib.sha256(data).hexdigest()}"
licence = "CC0-1.0"
origin = "made by a test"
input_px = {side_px}
alignment = "{alignment}"
preprocessing = {preprocessing}
output = {{ values = {values}, compared_by = "{metric}" }}

[[model.{name}.operating_point]]
population = "adults-here"
validated = {str(validated).lower()}
same_at_most = {thresholds[0]}
different_above = {thresholds[1]}
fmr = {{ rate = 0.0, at_most = 0.0009, pairs = 5000 }}
fnmr = {{ rate = 0.01, at_most = 0.02, pairs = 900 }}
persons = 300
evidence = "a test"
""")
