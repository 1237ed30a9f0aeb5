"""Boundaries: the support vector machine, the median split, the scaling."""

import numpy as np
import pytest

from faceeditor.errors import FaceEditorError
from faceeditor.identity.boundary import boundary_of, squared_hinge_svm


def pool(count=600, dimension=12, noise=0.0, seed=0):
    """Latents of unequal scales whose identity is the angle given by one direction; and that direction."""
    random = np.random.default_rng(seed)
    scales = np.geomspace(0.2, 5, dimension)
    latents = (random.standard_normal((count, dimension)) * scales).astype(np.float32)
    direction = random.standard_normal(dimension)
    direction /= np.linalg.norm(direction)
    place = latents @ direction + noise * random.standard_normal(count)
    angle = np.arctan(place)
    embeddings = np.zeros((count, 128), np.float32)
    embeddings[:, 0], embeddings[:, 1] = np.cos(angle), np.sin(angle)
    return latents, embeddings, direction


def reference(angle):
    vector = np.zeros(128, np.float32)
    vector[:2] = np.cos(angle), np.sin(angle)
    return vector


def test_svm_is_at_its_minimum():
    random = np.random.default_rng(1)
    points, labels = random.standard_normal((80, 5)), np.sign(random.standard_normal(80))
    weights, bias = squared_hinge_svm(points, labels, 1.0)
    full = np.concatenate([points, np.ones((80, 1))], 1)
    both = np.append(weights, bias)
    gradient = both - 2 * full.T @ (labels * np.maximum(0, 1 - labels * (full @ both)))
    assert np.abs(gradient).max() < 1e-6


def test_svm_with_more_dimensions_than_points():
    random = np.random.default_rng(2)
    points, labels = random.standard_normal((30, 90)), np.sign(random.standard_normal(30))
    weights, bias = squared_hinge_svm(points, labels, 1.0)
    assert (np.sign(points @ weights + bias) == labels).all()


def test_boundary_finds_the_direction_in_which_people_differ():
    latents, embeddings, direction = pool()
    found = boundary_of(latents, embeddings, reference(-1.5))
    assert found.accuracy > 0.95
    assert np.linalg.norm(found.normal) == pytest.approx(1, abs=1e-5)
    # Similar people lie at -direction: the normal points away from them.
    assert found.normal @ direction > 0.95
    sides = found.side(latents)
    assert (sides[latents @ direction < -1] < 0).mean() > 0.95


def test_undoing_the_scaling_matters():
    latents, embeddings, direction = pool()
    ours = boundary_of(latents, embeddings, reference(-1.5))
    theirs = boundary_of(latents, embeddings, reference(-1.5), published=True)
    assert ours.accuracy == theirs.accuracy
    assert theirs.normal @ direction < ours.normal @ direction - 0.1


def test_held_out_accuracy_is_chance_where_there_is_nothing_to_find():
    latents, embeddings, _ = pool(2000)
    shuffled = np.random.default_rng(3).permutation(embeddings)
    assert abs(boundary_of(latents, shuffled, reference(-1.5)).accuracy - 0.5) < 0.06


def test_half_of_the_pool_is_similar_even_where_all_are_equal():
    latents, embeddings, _ = pool(100)
    found = boundary_of(latents, np.ones_like(embeddings), np.ones(128, np.float32))
    assert 0 <= found.accuracy <= 1


def test_a_small_pool_is_refused():
    latents, embeddings, _ = pool(19)
    with pytest.raises(FaceEditorError, match="at least 20 people"):
        boundary_of(latents, embeddings, reference(0.0))
