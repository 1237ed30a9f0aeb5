"""Spherical harmonics, light rigs and the way back."""

import math

import numpy as np
import pytest

from faceeditor.head import light
from faceeditor.portrait.head import LightRig


def _ball(count: int = 4000) -> np.ndarray:
    turn = np.arange(count) * math.pi * (3 - math.sqrt(5))
    z = 1 - (2 * np.arange(count) + 1) / count
    across = np.sqrt(1 - z * z)
    return np.stack([across * np.cos(turn), across * np.sin(turn), z], 1)


def test_the_basis_is_orthonormal_and_in_the_order_of_the_fits() -> None:
    basis = light.sh_basis(_ball())
    np.testing.assert_allclose(4 * math.pi * basis.T @ basis / len(basis), np.eye(9), atol=0.01)
    x, y, z = light.sh_basis(np.eye(3))
    np.testing.assert_allclose(x, [0.2820948, 0, 0, 0.4886025, 0, 0, -0.3153916, 0, 0.5462742], atol=1e-6)
    np.testing.assert_allclose(y, [0.2820948, 0.4886025, 0, 0, 0, 0, -0.3153916, 0, -0.5462742], atol=1e-6)
    np.testing.assert_allclose(z, [0.2820948, 0, 0.4886025, 0, 0, 0, 0.6307832, 0, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("azimuth", "elevation", "brightest"),
    [(90, 0, (1, 0, 0)), (0, 90, (0, 1, 0)), (0, 0, (0, 0, 1)), (-90, 0, (-1, 0, 0))],
)
def test_the_key_shines_from_where_it_stands(azimuth: float, elevation: float, brightest: tuple[int, ...]) -> None:
    gamma = light.rig_to_gamma(LightRig(azimuth, elevation, fill=0.0, softness=0.3))
    ball = _ball()
    shading = light.shade(ball, gamma)[:, 1]
    assert ball[shading.argmax()] @ brightest > 0.99
    assert shading.min() == light.DARKEST


def test_a_hard_key_is_the_clamped_cosine() -> None:
    gamma = light.rig_to_gamma(LightRig(0, 0, fill=0.0, softness=0.0))
    ball = _ball()
    truth = np.maximum(ball[:, 2], 0)
    shading = light.sh_basis(ball) @ gamma[:, 0]
    # Nine terms carry the clamped cosine to within a few per cent (Ramamoorthi and Hanrahan: 1 % of the energy).
    assert np.abs(shading / shading.max() - truth).max() < 0.1


def test_softness_lifts_the_shadow_side_and_keeps_the_lit_one() -> None:
    facing, away = np.array([[0.0, 0, 1]]), np.array([[0.95, 0, -0.3122]])
    hard, soft = (light.rig_to_gamma(LightRig(0, 0, fill=0, softness=s)) for s in (0.1, 0.9))
    np.testing.assert_allclose(light.shade(facing, hard), light.shade(facing, soft), rtol=1e-5)
    assert light.shade(away, soft)[0, 0] > light.shade(away, hard)[0, 0]


def test_rim_lights_the_edge_opposite_to_the_key() -> None:
    plain, rim = (light.rig_to_gamma(LightRig(40, 20, rim=r)) for r in (0.0, 1.0))
    sides = np.array([[-0.98, 0.0, 0.2], [0.98, 0.0, 0.2]])
    sides /= np.linalg.norm(sides, axis=1, keepdims=True)
    gain = (light.shade(sides, rim) - light.shade(sides, plain))[:, 1]
    assert gain[0] > 0.2 and gain[0] > 3 * abs(gain[1])


def test_the_default_rig_is_as_bright_as_the_photographs() -> None:
    assert light.brightness(light.rig_to_gamma(LightRig())) == pytest.approx(0.65, abs=0.03)


def test_colours_tint_the_light() -> None:
    gamma = light.rig_to_gamma(LightRig(0, 0, fill=0.0, colour=(1.0, 0.5, 0.0)))
    shading = light.sh_basis(np.array([0.0, 0.0, 1.0])) @ gamma
    assert shading[1] / shading[0] == pytest.approx(0.214, abs=1e-3)
    assert shading[2] == pytest.approx(0, abs=1e-6)


def test_a_rig_is_found_again_from_its_gamma() -> None:
    random = np.random.default_rng(3)
    front = _ball(400)
    front = light.sh_basis(front[front[:, 2] > 0])
    off = []
    for _ in range(25):
        rig = LightRig(
            azimuth=random.uniform(-80, 80),
            elevation=random.uniform(-40, 60),
            strength=random.uniform(0.5, 1.5),
            colour=tuple(random.uniform(0.5, 1, 3)),
            softness=random.uniform(0.1, 0.9),
            fill=random.uniform(0.2, 1.0),
            fill_colour=tuple(random.uniform(0.5, 1, 3)),
            rim=random.uniform(0, 0.8),
        )
        gamma = light.rig_to_gamma(rig)
        again = light.gamma_to_rig(gamma)
        off.append(np.sqrt(((front @ (light.rig_to_gamma(again) - gamma)) ** 2).mean()) / light.brightness(gamma))
    assert np.median(off) < 0.005 and max(off) < 0.1


@pytest.mark.parametrize("gamma", [np.zeros((9, 3)), np.full((9, 3), -3.0), np.full((9, 3), 30.0)])
def test_any_gamma_has_a_valid_rig(gamma: np.ndarray) -> None:
    rig = light.gamma_to_rig(gamma)
    assert np.isfinite(light.rig_to_gamma(rig)).all()


def test_turning_the_light_is_turning_the_normals_back() -> None:
    a, b = math.radians(50), math.radians(-20)
    turn = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    turn = turn @ np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    gamma = np.random.default_rng(1).normal(size=(9, 3))
    ball = _ball(50)
    turned = light.rotate_gamma(gamma, turn)
    np.testing.assert_allclose(light.sh_basis(ball @ turn.T) @ turned, light.sh_basis(ball) @ gamma, atol=1e-4)


def test_brightness_is_set() -> None:
    gamma = light.rig_to_gamma(LightRig(-60, 10))
    assert light.brightness(light.with_brightness(gamma, 0.4)) == pytest.approx(0.4, abs=1e-5)
    assert light.brightness(light.with_brightness(np.zeros((9, 3)), 0.4)) == pytest.approx(0.4, abs=1e-5)


def test_srgb_there_and_back() -> None:
    values = np.linspace(0, 1, 33)
    np.testing.assert_allclose(light.to_srgb(light.to_linear(values)), values, atol=1e-6)
