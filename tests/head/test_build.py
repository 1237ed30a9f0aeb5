"""The steps that the head is learnt by, on small made-up data; the learnt head itself is tested in `test_model`."""

import numpy as np
import pytest

from faceeditor.training.head_build.bases import level_weight, rigid_turn
from faceeditor.training.head_build.decimate import decimate
from faceeditor.training.head_build.landmarks import nearest_on_mesh
from faceeditor.training.head_build.register import similarity
from faceeditor.training.head_build.skin_fill import calmed, continued
from faceeditor.training.head_build.skin_modes import principal
from faceeditor.training.head_build.topology import _eyeball


def grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    """A gently curved sheet of side x side vertices."""
    x, y = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    points = np.stack([x, y, 0.02 * (x - side / 2) ** 2], -1).reshape(-1, 3) * 0.3
    a = (x[:-1, :-1] * side + y[:-1, :-1]).ravel()
    return points, np.concatenate([np.stack([a, a + side, a + side + 1], 1), np.stack([a, a + side + 1, a + 1], 1)])


def area(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    corners = points[triangles]
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2


def test_a_lighter_mesh_keeps_its_outline_and_the_lines_between_labels():
    points, triangles = grid(13)
    labels = (points[triangles].mean(1)[:, 1] > 6 * 0.3).astype(int)
    count = len(points)
    kept, rows = decimate(points, triangles, labels, np.ones(count), np.zeros(count, int), {0: 60})
    assert len(np.unique(kept)) == 60
    flat = area(points, kept)
    assert (flat[:, 2] > 0).all()
    # Seen from above, both labels cover what they covered.
    for label in (0, 1):
        assert flat[labels[rows] == label, 2].sum() == pytest.approx(6 * 12 * 0.09, rel=1e-6)


def test_important_places_keep_more_vertices():
    points, triangles = grid(17)
    importance = np.where(points[:, 0] > 8 * 0.3, 50.0, 1.0)
    count = len(points)
    kept, _ = decimate(points, triangles, np.zeros(len(triangles), int), importance, np.zeros(count, int), {0: 120})
    used = np.unique(kept)
    assert (points[used, 0] > 8 * 0.3).sum() > 1.5 * (points[used, 0] < 8 * 0.3).sum()


def test_a_hinge_is_found_from_two_positions():
    rng = np.random.default_rng(0)
    before = rng.normal(size=(20, 3)) + np.array([0, -4, 8])
    axis, hinge, angle = np.array([1.0, 0, 0]), np.array([0, -0.5, 1.8]), 0.4
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    found_angle, found_axis, found_hinge = rigid_turn(before, (before - hinge) @ turn.T + hinge)
    assert found_angle == pytest.approx(angle)
    assert found_axis == pytest.approx(axis, abs=1e-9)
    assert found_hinge == pytest.approx(hinge, abs=1e-6)


def test_a_similarity_is_found():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(30, 3))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    scale, found, shift = similarity(points, 1.3 * points @ turn.T + (1, 2, 3))
    assert scale == pytest.approx(1.3)
    assert found == pytest.approx(turn, abs=1e-9)
    assert shift == pytest.approx([1, 2, 3], abs=1e-9)


def test_the_nearest_point_lies_inside_on_edges_and_at_corners():
    points = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0], [5, 5, 5.0]])
    triangles = np.array([[0, 1, 2], [1, 3, 2]])
    wanted = np.array([[0.5, 0.5, 1], [1, -1, 0.2], [-1, -1, 0], [6, 6, 6]])
    rows, weights = nearest_on_mesh(wanted, points, triangles)
    nearest = np.einsum("nk,nkc->nc", weights, points[triangles[rows]])
    assert nearest == pytest.approx(np.array([[0.5, 0.5, 0], [1, 0, 0], [0, 0, 0], [5, 5, 5]]), abs=1e-9)


def test_skin_modes_have_unit_variance_and_give_the_same_textures():
    rng = np.random.default_rng(2)
    basis = rng.normal(size=(40, 4, 4, 3))
    codes = rng.normal(size=(200, 40)) * np.linspace(3, 0.01, 40) + 0.5
    mean, modes, turn = principal(np.zeros((4, 4, 3)), basis, codes)
    coefficients = (codes - codes.mean(0)) @ turn
    assert np.cov(coefficients.T) == pytest.approx(np.eye(32), abs=0.02)
    drawn = mean + np.tensordot(coefficients, modes, 1)
    textures = np.tensordot(codes, basis, 1)
    assert np.abs(drawn - textures).std() < 0.05 * textures.std()


def test_skin_is_continued_without_a_step_and_noise_of_colour_is_taken_out():
    rng = np.random.default_rng(3)
    known = np.zeros((64, 64), np.float32)
    known[16:48, 16:48] = 1
    picture = np.full((64, 64, 3), 0.6, np.float32) * known[..., None]
    assert continued(picture, known, known, 0.5) == pytest.approx(np.full((64, 64, 3), 0.6), abs=1e-3)
    noisy = np.full((64, 64, 3), 0.5, np.float32) + rng.normal(scale=0.1, size=(64, 64, 3)).astype(np.float32)
    nothing = np.zeros((64, 64), np.float32)
    calm = calmed(noisy, np.ones((64, 64), np.float32), nothing, nothing, 1.0)
    assert np.std(calm[..., 0] - calm[..., 2]) < 0.15 * np.std(noisy[..., 0] - noisy[..., 2])


def test_an_eyeball_is_a_sphere_that_mirrors_on_itself():
    eye = _eyeball()
    assert np.linalg.norm(eye["points"], axis=1) == pytest.approx(1)
    assert eye["points"][eye["mirror"]] * (-1, 1, 1) == pytest.approx(eye["points"], abs=1e-9)
    outwards = (area(eye["points"], eye["triangles"]) * eye["points"][eye["triangles"]].mean(1)).sum(1)
    assert (outwards > 0).all()


def test_the_neck_bends_between_jaw_and_collar():
    weight = level_weight(np.array([[0, 0, 8], [0, -10, 0], [0, -20, 0]], float))
    assert weight[0] == 1
    assert 0 < weight[1] < 1
    assert weight[2] == 0
