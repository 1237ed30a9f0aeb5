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


def test_the_overall_tone_counts_three_times_as_much_as_the_skin() -> None:
    regions, overall = np.zeros((2, 19, 32), np.float32), np.zeros((2, 64), np.float32)
    regions[:, Region.L_EAR, 1] = (10, 20)
    people = Exemplars(regions, overall, np.ones((2, 19), np.bool_))
    for skin, tone, ear in ((1.6, 1.0, 10), (1.8, 1.0, 20)):  # 1.6^2 < 3 < 1.8^2
        regions[0, Region.SKIN, 5], overall[1, 7] = skin, tone
        assert people.fill_missing_regions(person(0), mask(Region.NOSE)).regions[Region.L_EAR, 1] == ear
    # Distances are squared: one large difference is more than two small ones.
    overall[:] = 0
    regions[0, Region.SKIN, 5], regions[1, Region.SKIN, 5:7] = 3, 2
    assert people.fill_missing_regions(person(0), mask(Region.NOSE)).regions[Region.L_EAR, 1] == 20
    regions[0, Region.SKIN, 5] = -2.5
    assert people.fill_missing_regions(person(0), mask(Region.NOSE)).regions[Region.L_EAR, 1] == 10


def test_a_region_is_missing_below_32_pixels_and_good_for_others_from_128() -> None:
    regions = np.full((3, 19, 32), 5, np.float32)
    areas = np.full((3, 19), 500)
    areas[:, Region.NOSE] = (127, 128, 0)
    people = Exemplars.of_people(regions, np.zeros((3, 64), np.float32), areas)
    assert people.shown[:, Region.NOSE].tolist() == [False, True, False]
    for pixels, filled in ((31, True), (32, False)):
        given = np.full(19, 500)
        given[Region.HAT] = pixels
        vectors = people.fill_vectors(np.ones((19, 32), np.float32), np.zeros(64, np.float32), given)
        assert (vectors[Region.HAT] == (5 if filled else 1)).all() and (vectors[Region.HAIR] == 1).all()


def test_people_are_chosen_evenly() -> None:
    regions = np.zeros((10, 19, 32), np.float32)
    regions[:, 0, 0] = np.arange(10)
    overall, areas = np.zeros((10, 64), np.float32), np.full((10, 19), 500)
    assert Exemplars.of_people(regions, overall, areas, 4).regions[:, 0, 0].tolist() == [0, 3, 6, 9]
    assert len(Exemplars.of_people(regions, overall, areas, 40).regions) == 10


@pytest.mark.parametrize("name", ["regions", "overall", "shown"])
def test_arrays_that_do_not_fit_each_other_are_refused(exemplars: Exemplars, name: str) -> None:
    arrays = exemplars.arrays()
    with pytest.raises(ModelError, match="shapes"):
        Exemplars.from_arrays({**arrays, name: arrays[name][..., :-1]})
    with pytest.raises(ModelError, match="shapes"):
        Exemplars.from_arrays({each: array[:0] for each, array in arrays.items()})
