"""Clearing: what surrounds a region or an area closes the gap."""

import numpy as np

from faceeditor.interaction.clear_region import without_area, without_region
from faceeditor.regions import Region
from tests.gui.fake_engine import face_mask


def test_a_region_that_is_not_there_cannot_be_cleared():
    assert without_region(face_mask(), Region.HAT) is None


def test_skin_closes_the_gap_of_a_nose_even_where_a_lip_touches_it():
    mask = face_mask()
    mask[160:184, 120:136] = Region.NOSE  # down to the upper lip
    lips = mask == Region.U_LIP
    cleared = without_region(mask, Region.NOSE)
    assert cleared is not None
    assert (cleared[mask == Region.NOSE] == Region.SKIN).all()
    assert np.array_equal(cleared == Region.U_LIP, lips)


def test_hair_is_closed_by_skin_near_the_face_and_by_background_outside():
    mask = face_mask()
    cleared = without_region(mask, Region.HAIR)
    assert cleared is not None
    assert cleared[12, 128] == Region.BACKGROUND and cleared[48, 128] == Region.SKIN
    assert np.array_equal(cleared[mask != Region.HAIR], mask[mask != Region.HAIR])


def test_the_inner_mouth_is_closed_by_the_lips_around_it():
    mask = face_mask()
    mask[190:193, 120:136] = Region.MOUTH
    cleared = without_region(mask, Region.MOUTH)
    assert cleared is not None
    assert set(np.unique(cleared[190:193, 120:136])) <= {Region.U_LIP, Region.L_LIP}


def test_pieces_are_closed_each_by_itself():
    mask = face_mask()
    area = np.zeros(mask.shape, bool)
    area[115:127, 84:112] = True  # an eye on the skin
    area[20:30, 100:110] = True  # hair in hair
    cleared = without_area(mask, area)
    assert (cleared[115:127, 84:112] == Region.SKIN).all()
    assert (cleared[20:30, 100:110] == Region.HAIR).all()


def test_a_mask_that_is_cleared_as_a_whole_is_background():
    assert not without_area(face_mask(), np.ones((256, 256), bool)).any()
