"""The slot for an anti-spoof network, filled by a made one that answers by the brightness of the crop."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from models.landmarks import POINTS, Mesh
from models.liveness import policy
from models.liveness.antispoof import SpoofDetector, detector
from models.liveness.gestures import Asked
from models.liveness.policy import Failure
from models.manifest import AntiSpoof, ModelRefused, Preprocessing, Rate, embedding


@pytest.fixture
def entry(tmp_path: Path) -> AntiSpoof:
    """Two classes: the mean of the crop, and 0.5."""
    half = helper.make_tensor("half", TensorProto.FLOAT, [1, 1], [0.5])
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Reshape", ["mean", "shape"], ["column"]),
        helper.make_node("Concat", ["half", "column"], ["classes"], axis=1),
    ]
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1, 1])
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [1, 3, 80, 80])],
        [helper.make_tensor_value_info("classes", TensorProto.FLOAT, [1, 2])],
        [half, shape],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    data = onnx.ModelProto.SerializeToString(model)
    (tmp_path / "made.onnx").write_bytes(data)
    return AntiSpoof(
        file="made.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        licence="ours",
        origin="made by a test",
        input_px=80,
        preprocessing=Preprocessing(colour="bgr", mean=0.0, divisor=25.5),
        crop_scale=2.0,
        classes=2,
        live_class=1,
        live_at_least=0.9,
        apcer=Rate(0.0, 0.1, 10),
        bpcer=Rate(0.0, 0.1, 10),
        population="nobody",
        evidence="none",
    )


def test_its_answer_is_a_share(entry: AntiSpoof, tmp_path: Path) -> None:
    found = SpoofDetector(entry, tmp_path)
    points = np.zeros((POINTS, 3))
    points[1] = (100, 100, 0)
    bright, dark = np.full((120, 120, 3), 255, np.uint8), np.zeros((120, 120, 3), np.uint8)
    assert found.live(bright, Mesh(points)) == pytest.approx(1 / (1 + np.exp(0.5 - 10)))
    assert found.live(dark, Mesh(points)) == pytest.approx(1 / (1 + np.exp(0.5)))


def test_another_file_is_refused(entry: AntiSpoof, tmp_path: Path) -> None:
    (tmp_path / "made.onnx").write_bytes(b"something else")
    with pytest.raises(ModelRefused, match="SHA-256"):
        SpoofDetector(entry, tmp_path)


def test_an_empty_slot_is_no_error(assets: Path) -> None:
    assert detector(assets / "models") is None


@pytest.mark.parametrize(
    "live, why", [(0.95, None), (0.5, Failure.LOOKS_PRESENTED), (float("nan"), Failure.LOOKS_PRESENTED)]
)
def test_it_counts_only_where_it_is_installed(live: float, why: Failure | None) -> None:
    point = embedding("dlib-face-resnet-v1").operating_point[0]
    order = (Asked.OPEN,)
    signals = {"spread_frontal": 0.1, "spread_turned": 0.1, "open": 0.1, "live": live}
    assert policy.failure(order, point, signals, 0.9) is why
    assert policy.failure(order, point, signals) is None
