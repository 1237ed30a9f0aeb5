"""Latent spaces of the generator, offsets along a normal, and the identity filter."""

import itertools

import numpy as np
import pytest

from faceeditor.errors import FaceEditorError
from faceeditor.identity.boundary import Boundary
from faceeditor.identity.exfacegan import ExFaceGan, pictures_of, reference_of, shifted, walk
from faceeditor.identity.pool import filled_pool
from faceeditor.identity.spaces import SPACES, PortraitSpace
from tests.identity.people import Mean, Painter, Ring, portrait

BOUNDARY = Boundary(np.array([0.6, 0.8, 0, 0], np.float32), 0.0, 0.9, 0.95)


@pytest.mark.parametrize("name", SPACES)
def test_a_portrait_stays_itself_at_its_own_latent(name):
    person = portrait(1)
    space = PortraitSpace(name, portrait(2), Painter())
    latent = space.latent_of(person)
    assert latent.shape == (space.dimension,)
    same = space.moved(person, latent, latent)
    assert np.allclose(same.style.regions, person.style.regions, atol=1e-4)
    assert np.allclose(same.head.shape, person.head.shape, atol=1e-4)
    assert (same.head.pose == person.head.pose).all()


@pytest.mark.parametrize("name", SPACES)
def test_a_latent_changes_its_own_parts_only(name):
    person = portrait(1)
    space = PortraitSpace(name, person, Painter())
    other = space.person(space.sample(np.random.default_rng(0)))
    head_changed = not np.allclose(other.head.shape, person.head.shape)
    style_changed = not np.allclose(other.style.regions, person.style.regions)
    assert head_changed == (name in ("person", "head"))
    assert style_changed == (name != "head")
    assert other.base_head is person.base_head
    if name in ("style", "code"):
        assert np.allclose(space.latent_of(other), space.latent_of(space.person(space.latent_of(other))), atol=5e-3)


def test_spaces_of_different_portraits_have_different_keys():
    keys = [PortraitSpace(name, portrait(seed)).key for name in SPACES for seed in (0, 1)]
    # Masks are equal; a head's own identity is no part of the spaces that give one.
    assert len(set(keys)) >= 6
    assert PortraitSpace("person", portrait(0)).key == PortraitSpace("person", portrait(0)).key


def test_unknown_space_and_missing_head():
    with pytest.raises(FaceEditorError, match="no latent space “w”"):
        PortraitSpace("w", portrait(0))
    with pytest.raises(FaceEditorError, match="needs a portrait with a head"):
        PortraitSpace("person", portrait(0, head=False))


def test_offsets_are_drawn_for_each_dimension_on_the_asked_side():
    latent = np.zeros(4, np.float32)
    random = np.random.default_rng(0)
    near = np.stack([shifted(latent, BOUNDARY, 2.0, random) for _ in range(500)])
    far = np.stack([shifted(latent, BOUNDARY, 2.0, random, far=True) for _ in range(500)])
    assert (BOUNDARY.side(near) <= 0).all() and (BOUNDARY.side(far) >= 0).all()
    assert abs(np.corrcoef(near[:, 0], near[:, 1])[0, 1]) < 0.2
    assert near[:, 0].min() > -0.6 * 2.0 and near[:, 0].mean() == pytest.approx(-0.6, abs=0.1)


def test_centred_offsets_lie_around_the_reference():
    latent = np.ones(4, np.float32)
    random = np.random.default_rng(0)
    plain = np.stack([shifted(latent, BOUNDARY, 2.0, random) for _ in range(500)])
    random = np.random.default_rng(0)
    centred = np.stack([shifted(latent, BOUNDARY, 2.0, random, centred=True) for _ in range(500)])
    assert np.allclose(centred.mean(0), latent, atol=0.1) and not np.allclose(plain.mean(0), latent, atol=0.5)
    # They differ among themselves as the plain ones do.
    assert np.allclose(centred - centred[0], plain - plain[0], atol=1e-5)


def test_the_identity_filter_draws_anew():
    space, net, latent = Ring(), Mean(), np.zeros(4, np.float32)
    _, vector = reference_of(space, net, latent)

    def run(threshold):
        random = np.random.default_rng(1)
        drawn = pictures_of(space, net, latent, vector, BOUNDARY, 6.0, random, threshold=threshold)
        return list(itertools.islice(drawn, 12))

    free, strict = run(None), run(0.1)
    assert max(d.distance for d in free) > 0.1 and all(d.redraws == 0 for d in free)
    assert all(d.distance < 0.1 and d.kept for d in strict) and sum(d.redraws for d in strict) > 0
    assert not any(d.kept for d in run(1e-9))


def test_a_walk_crosses_the_boundary():
    steps = walk(np.zeros(4, np.float32), BOUNDARY, 2.0, 5)
    assert [round(float(BOUNDARY.side(step)), 3) for step in steps] == [-2, -1, 0, 1, 2]
    with pytest.raises(FaceEditorError, match="leads nowhere"):
        walk(np.zeros(4, np.float32), BOUNDARY, 2.0, 1)


def test_variations_of_a_person(tmp_path):
    painter, net = Painter(), Mean()
    space = PortraitSpace("person", portrait(0), painter)
    method = ExFaceGan(filled_pool(space, net, 60, folder=tmp_path), space, net, painter)
    person = portrait(3)
    made = [method.variation(person, np.random.default_rng(seed), 0.5) for seed in (0, 0, 1)]
    assert made[0].style.key == made[1].style.key != made[2].style.key
    assert (made[0].head.expression == person.head.expression).all()
    still = method.variation(person, np.random.default_rng(0), 0.0)
    assert np.allclose(still.style.regions, person.style.regions, atol=1e-4)
    assert painter.drawn == 61  # the reference's boundary is worked out once
    around = ExFaceGan(method.pool, space, net, painter, centred=True)
    latents = [
        [space.latent_of(each.variation(person, np.random.default_rng(seed), 0.5)) for seed in range(20)]
        for each in (method, around)
    ]
    own = space.latent_of(person)
    apart = [float(np.linalg.norm(np.mean(some, 0) - own)) for some in latents]
    assert apart[1] < 0.5 * apart[0]
