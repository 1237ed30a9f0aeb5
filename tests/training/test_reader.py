"""The reader's labels follow what is done to its pictures."""

import numpy as np
import pytest
import torch

from faceeditor.head.light import sh_basis
from faceeditor.head.maps import landmarks
from faceeditor.head.model import HeadModel
from faceeditor.nets.reader import LANDMARKS, FaceReader
from faceeditor.portrait.head import EXPRESSIONS, HeadCoefficients
from faceeditor.training.reader import (
    MIRRORED_EXPRESSION,
    PARTS,
    coefficient_losses,
    landmark_mirror,
    mirrored_labels,
    moved_labels,
    reading_losses,
)


@pytest.fixture(scope="module")
def labels() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    expression = np.zeros(len(EXPRESSIONS), np.float32)
    for name, value in (("jawOpen", 0.5), ("eyeBlink_L", 0.8), ("mouthSmile_R", 0.6)):
        expression[EXPRESSIONS.index(name)] = value
    head = HeadCoefficients.neutral().changed(
        shape=random.normal(size=24) * 0.5, expression=expression, gaze=(9, -4), pose=(24, -8, 5),
        position=(0.8, -2.0, -102), gamma=random.normal(size=(9, 3)),
    )  # fmt: skip
    return {name: np.array(getattr(head, name)) for name in PARTS}


def points(labels: dict[str, np.ndarray]) -> np.ndarray:
    return landmarks(HeadModel.load(), HeadCoefficients.neutral().changed(**labels))


@pytest.mark.parametrize(("turn", "zoom", "shift"), [(9.0, 1.0, (0, 0)), (0.0, 1.1, (0, 0)), (-6.0, 0.93, (9, -7))])
def test_labels_of_a_moved_picture_project_to_the_moved_landmarks(
    labels: dict[str, np.ndarray], turn: float, zoom: float, shift: tuple[float, float]
) -> None:
    before = points(labels) - 128
    angle = np.radians(turn)
    # Clockwise in a picture whose y runs down.
    turned = before @ (zoom * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])) + shift + 128
    after = points(moved_labels(labels, turn, zoom, np.array(shift, np.float32)))
    assert np.abs(after - turned).max() < 1.0
    assert np.abs(points(labels) - turned).max() > 3.0, "the picture did not move"


def test_labels_of_a_mirrored_picture_project_to_the_mirrored_landmarks(labels: dict[str, np.ndarray]) -> None:
    before = points(labels)
    mirror = landmark_mirror()
    assert (mirror[mirror] == np.arange(LANDMARKS)).all(), "twins come in pairs"
    after = points(mirrored_labels(labels))
    error = np.abs(after - (before * [-1, 1] + [256, 0])[mirror])
    # Two points of the temples lie a little unevenly on the head.
    assert np.percentile(error, 99) < 1.0 and error.max() < 5.0


def test_mirrored_twice_is_the_same(labels: dict[str, np.ndarray]) -> None:
    twice = mirrored_labels(mirrored_labels(labels))
    for name, value in labels.items():
        np.testing.assert_allclose(twice[name], value, atol=1e-6)
    assert EXPRESSIONS[MIRRORED_EXPRESSION[EXPRESSIONS.index("jawLeft")]] == "jawRight"
    assert EXPRESSIONS[MIRRORED_EXPRESSION[EXPRESSIONS.index("eyeBlink_L")]] == "eyeBlink_R"


def test_light_turns_with_the_picture(labels: dict[str, np.ndarray]) -> None:
    angle = np.radians(25.0)
    normals = np.random.default_rng(1).normal(size=(50, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    c, s = np.cos(angle), np.sin(angle)
    # A clockwise turn in the picture, where x is right and y up.
    turned = normals @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    gamma = moved_labels(labels, 25.0, 1.0, np.zeros(2, np.float32))["gamma"]
    np.testing.assert_allclose(sh_basis(turned) @ gamma, sh_basis(normals) @ labels["gamma"], atol=1e-4)


def test_reading_has_the_coefficients_and_losses_vanish_at_the_truth() -> None:
    net = FaceReader(16).eval()
    with torch.no_grad():
        reading = net(torch.zeros(2, 3, 128, 128))
    assert reading.landmarks.shape == (2, LANDMARKS, 2)
    labels = {name: getattr(reading, name) for name in ("landmarks", *PARTS)}
    weights = {name: torch.ones(2) for name in labels}
    assert all(float(value) < 1e-6 for value in reading_losses(reading, labels, weights).values())
    labels["pose"] = labels["pose"] + 3.0
    assert float(coefficient_losses(reading, labels)["pose"]) > 0.5
    weights["pose"] = torch.zeros(2)
    assert float(reading_losses(reading, labels, weights)["pose"]) == 0.0
