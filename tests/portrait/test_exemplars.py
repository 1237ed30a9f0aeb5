"""Regions that a photograph does not show are filled in from people who show them."""

import numpy as np
import pytest

from faceeditor.errors import ModelError
from faceeditor.portrait.exemplars import Exemplars, region_areas
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region


@pytest.fixture
def exemplars() -> Exemplars:
    """Dark skin with ears, light skin with ears, and light skin as given, but without."""
    regions, areas = np.zeros((3, 19, 32), np.float32), np.full((3, 19), 500)
    regions[:, Region.SKIN, 0] = (-3, 2, 3)
    regions[:, Region.L_EAR, 1] = (10, 20, 30)
    areas[2, Region.L_EAR] = 40
    areas[:, Region.HAT] = 0
    return Exemplars.of_people(regions, np.zeros((3, 64), np.float32), areas)


def person(skin: float) -> StyleCode:
    regions = np.ones((19, 32), np.float32)
    regions[Region.SKIN] = 0
    regions[Region.SKIN, 0] = skin
    return StyleCode(regions, np.zeros(64), np.zeros((8, 16, 16)), "photo.jpg")


def mask(*shown: Region) -> np.ndarray:
    regions = np.full((256, 256), Region.SKIN, np.uint8)
    for row, region in enumerate(shown):
        regions[row, :200] = region
    return regions


@pytest.mark.parametrize(("skin", "ear"), [(-2.0, 10.0), (3.0, 20.0)])
def test_the_person_with_the_nearest_skin_lends(exemplars: Exemplars, skin: float, ear: float) -> None:
    style = exemplars.fill_missing_regions(person(skin), mask(Region.NOSE))
    assert style.regions[Region.L_EAR, 1] == ear and style.label == "photo.jpg"
    # What is shown stays, and what nobody shows, too.
    assert (style.regions[Region.NOSE] == 1).all() and (style.regions[Region.HAT] == 1).all()
    assert style.regions[Region.SKIN, 0] == skin


def test_nothing_is_lent_to_who_shows_it(exemplars: Exemplars) -> None:
    style = exemplars.fill_missing_regions(person(3), mask(Region.L_EAR))
    assert (style.regions[Region.L_EAR] == 1).all()
    assert region_areas(mask(Region.L_EAR))[Region.L_EAR] == 200


def test_arrays_come_back_and_damage_is_told(exemplars: Exemplars) -> None:
    arrays = exemplars.arrays()
    again = Exemplars.from_arrays(arrays)
    assert np.array_equal(again.regions, exemplars.regions) and np.array_equal(again.shown, exemplars.shown)
    with pytest.raises(ModelError, match="no “overall”"):
        Exemplars.from_arrays({"regions": arrays["regions"]})
    with pytest.raises(ModelError, match="shapes"):
        Exemplars.from_arrays(arrays | {"shown": np.ones((2, 19))})
