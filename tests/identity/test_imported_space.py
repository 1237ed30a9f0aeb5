"""ExFaceGAN on the W of an imported generator."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from faceeditor.errors import Cancelled
from faceeditor.generators.imported.generator import ImportedGenerator
from faceeditor.identity.imported_space import ImportedSpace, SamePerson
from tests.generators.imported.official import STYLEGAN2, random_network


class MeanColours:
    """Stands in for the recogniser: the mean colours of quarters of a picture."""

    def embed(self, pictures, frames):
        quarters = [np.asarray(p, np.float32).reshape(2, 8, 2, 8, 3).mean((1, 3)).ravel() / 255 for p in pictures]
        return np.pad(np.array(quarters, np.float32), ((0, 0), (0, 116)))


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImportedSpace:
    monkeypatch.setenv("FACEEDITOR_CACHE", str(tmp_path))
    config = {**STYLEGAN2, "synthesis": {**STYLEGAN2["synthesis"], "clamp": 1.0}}
    return ImportedSpace(ImportedGenerator("net", "stylegan2", config, random_network(config), "key"), psi=1.0)


def test_latents_are_those_of_the_generator(space: ImportedSpace) -> None:
    generator = space.generator
    assert space.dimension == 24
    assert np.array_equal(space.latent_of(3), generator.ws(generator.w(generator.z(3)))[0])
    half = ImportedSpace(generator, psi=0.5)
    assert np.allclose(half.latent_of(3), (space.latent_of(3) + generator.average) / 2, atol=1e-5)
    assert half.key != space.key == ImportedSpace(generator, psi=1.0).key
    picture = next(iter(space.pictures([space.latent_of(3)])))
    assert np.array_equal(picture.pixels, generator.draw(generator.ws(space.latent_of(3))))


def test_boundary_separates_and_a_walk_crosses_it(space: ImportedSpace) -> None:
    person = SamePerson(space, MeanColours(), space.latent_of(0), pool=200)
    assert person.boundary.accuracy > 0.7
    steps = list(person.walk(1.0, 5))
    sides = [float(person.boundary.side(step.latent)) for step in steps]
    assert sides == sorted(sides) and sides[0] < sides[-1]
    assert steps[2].distance == 0 and steps[4].distance > steps[3].distance > 0


def test_pictures_stay_on_the_side_of_the_person(space: ImportedSpace) -> None:
    person = SamePerson(space, MeanColours(), space.latent_of(1), pool=100)
    home = float(person.boundary.side(space.latent_of(1)))
    drawn = list(islice(person.pictures(0.6, seed=4, likeness=0.3), 4))
    again = list(islice(person.pictures(0.6, seed=4, likeness=0.3), 4))
    assert all(float(person.boundary.side(one.latent)) <= home for one in drawn)
    assert all(one.distance < 0.3 or not one.kept for one in drawn)
    assert [one.distance for one in drawn] == [one.distance for one in again]


def test_drawing_the_pool_can_be_stopped(space: ImportedSpace) -> None:
    def stop(share: float, text: str) -> None:
        if share > 0.2:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        SamePerson(space, MeanColours(), space.latent_of(0), pool=300, step=stop)
