"""Shadows that the key light casts."""

import numpy as np
import pytest

from faceeditor.head.maps import landmarks68
from faceeditor.head.model import HeadModel
from faceeditor.head.shadows import key_visibility, lamp_directions
from faceeditor.portrait.head import HeadCoefficients, LightRig


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


def around(plane: np.ndarray, point: np.ndarray) -> float:
    x, y = point.astype(int)
    return float(plane[y - 2 : y + 3, x - 2 : x + 3].mean())


def test_a_light_from_the_camera_casts_hardly_a_shadow(model: HeadModel) -> None:
    head = HeadCoefficients.neutral()
    seen = key_visibility(model, head, LightRig(0.0, 0.0, softness=0.0))
    points = landmarks68(model, head)
    assert seen.shape == (256, 256)
    for mark in (30, 27, 8):  # tip and root of the nose, chin
        assert around(seen, points[mark] - (0, 2)) > 0.9


def test_the_nose_shades_the_other_cheek(model: HeadModel) -> None:
    head = HeadCoefficients.neutral()
    points = landmarks68(model, head)
    beside = (points[31] + points[3]) / 2 * 0.4 + points[31] * 0.6  # the cheek beside the left wing of the nose
    lit = key_visibility(model, head, LightRig(-60.0, 25.0, softness=0.1))
    shaded = key_visibility(model, head, LightRig(60.0, 25.0, softness=0.1))
    assert around(lit, beside) > 0.8
    assert around(shaded, beside) < 0.4


def test_a_soft_lamp_has_soft_shadows(model: HeadModel) -> None:
    head = HeadCoefficients.neutral()
    half = [
        ((seen > 0.1) & (seen < 0.9)).mean()
        for seen in (key_visibility(model, head, LightRig(60.0, 30.0, softness=s), 256, 24) for s in (0.0, 1.0))
    ]
    assert half[1] > 1.5 * half[0]


def test_lamp_places_are_spread_about_its_direction() -> None:
    places = lamp_directions(LightRig(30.0, 20.0, softness=0.5), 32)
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1, atol=1e-5)
    mean = places.mean(0)
    wanted = np.array([np.sin(np.radians(30)) * np.cos(np.radians(20)), np.sin(np.radians(20))])
    np.testing.assert_allclose(mean[:2] / np.linalg.norm(mean), wanted, atol=0.03)
