"""Vertices in the picture in one call, as the three single steps give them."""

import numpy as np
import pytest

from faceeditor.head.camera import camera, project
from faceeditor.head.model import HeadModel
from faceeditor.head.posing import posed
from faceeditor.head.samples import sample_head
from faceeditor.portrait.head import EXPRESSION_DIM, HeadCoefficients


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


def _heads() -> list[HeadCoefficients]:
    random = np.random.default_rng(3)
    neutral = HeadCoefficients.neutral()
    everything = neutral.changed(expression=np.ones(EXPRESSION_DIM), gaze=(20, -10), pose=(40, -20, 15))
    return [neutral, everything, *(sample_head(random) for _ in range(4))]


def test_equal_to_the_single_steps(model: HeadModel) -> None:
    for head in _heads():
        found = posed(model, head)
        vertices = model.vertices(head)
        points = camera(vertices, head, model.neck_weight)
        np.testing.assert_allclose(found.head_points, vertices, atol=2e-4)
        np.testing.assert_allclose(found.points, points, atol=4e-4)
        np.testing.assert_allclose(found.projected[:, :2], project(points, 256)[:, :2], atol=4e-3)
        np.testing.assert_allclose(found.projected[:, 2], project(points, 256)[:, 2], rtol=1e-5)


def test_volume_is_put_on_before_the_pose(model: HeadModel) -> None:
    head = HeadCoefficients.neutral().changed(pose=(30, 10, -5))
    volume = np.random.default_rng(0).normal(size=model.mean.shape).astype(np.float32)
    found = posed(model, head, volume)
    np.testing.assert_allclose(found.head_points, model.vertices(head), atol=2e-4)
    expected = camera(model.vertices(head) + volume, head, model.neck_weight)
    np.testing.assert_allclose(found.points, expected, atol=4e-4)
    assert np.abs(expected - posed(model, head).points).max() > 1, "the volume counts"
