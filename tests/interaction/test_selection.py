"""Selecting: areas, how they are combined, outlines, partners."""

import numpy as np
import pytest

from faceeditor.interaction.selection import (
    SelectGesture,
    SelectMode,
    bounds_of,
    combined,
    outline,
    partner_area,
    select_mode,
)
from faceeditor.portrait.brush import connected_area, face_axis, polygon_area
from faceeditor.regions import Region
from tests.gui.fake_engine import face_mask


def square(left, top, right, bottom):
    area = np.zeros((256, 256), bool)
    area[top:bottom, left:right] = True
    return area


def test_modifiers_choose_the_mode():
    modes = [select_mode(shift, alt, SelectMode.REPLACE) for shift in (False, True) for alt in (False, True)]
    assert modes == [SelectMode.REPLACE, SelectMode.SUBTRACT, SelectMode.ADD, SelectMode.INTERSECT]
    assert select_mode(False, False, SelectMode.ADD) is SelectMode.ADD


@pytest.mark.parametrize(
    ("mode", "pixels"),
    [(SelectMode.REPLACE, 100), (SelectMode.ADD, 175), (SelectMode.SUBTRACT, 75), (SelectMode.INTERSECT, 25)],
)
def test_areas_are_combined(mode, pixels):
    made = combined(square(10, 10, 20, 20), square(15, 15, 25, 25), mode)
    assert made is not None and made.sum() == pixels


def test_nothing_is_none():
    area = square(10, 10, 20, 20)
    assert combined(area, area, SelectMode.SUBTRACT) is None
    assert combined(None, area, SelectMode.INTERSECT) is None
    assert combined(area, None, SelectMode.REPLACE) is None
    assert combined(area, None, SelectMode.ADD) is area
    assert combined(None, area, SelectMode.ADD).sum() == 100


def test_a_click_selects_the_connected_part_and_an_outline_its_inside():
    mask = face_mask()
    click = SelectGesture((158.0, 121.0), SelectMode.REPLACE)
    click.move((158.6, 121.4))
    assert np.array_equal(click.area(mask), mask == Region.L_EYE)
    drawn = SelectGesture((10.0, 10.0), SelectMode.REPLACE)
    for point in ((20.0, 10.0), (20.0, 20.0), (10.0, 20.0)):
        drawn.move(point)
    assert np.array_equal(drawn.area(mask), square(10, 10, 20, 20))
    assert SelectGesture((-5.0, 3.0), SelectMode.REPLACE).area(mask) is None


def test_an_outline_goes_around_every_piece_and_every_hole():
    area = square(10, 10, 20, 20)
    area[13:15, 13:15] = False
    area[20, 20] = True  # touches at a corner
    loops = outline(area)
    assert len(loops) == 3
    assert sorted(len(loop) for loop in loops) == [4, 4, 4]
    filled = np.zeros_like(area)
    for loop in loops:
        filled ^= polygon_area(area.shape, loop)
    assert np.array_equal(filled, area)


def test_outlines_of_any_shape_enclose_it():
    random = np.random.default_rng(3)
    for _ in range(5):
        area = random.random((24, 31)) > 0.5
        filled = np.zeros_like(area)
        for loop in outline(area):
            filled ^= polygon_area(area.shape, loop)
        assert np.array_equal(filled, area)


def test_bounds():
    assert bounds_of(square(3, 5, 20, 9)) == (3, 5, 20, 9)


@pytest.mark.parametrize(("own", "other"), [(Region.L_EYE, Region.R_EYE), (Region.R_BROW, Region.L_BROW)])
def test_the_partner_of_an_eye_is_the_other_one_wherever_it_lies(own, other):
    mask = face_mask()
    shifted = np.roll(mask == Region.R_EYE, 4, 0)  # no face is quite symmetric
    mask[mask == Region.R_EYE] = Region.SKIN
    mask[shifted] = Region.R_EYE
    found = partner_area(mask, mask == own, face_axis(face_mask()))
    assert np.array_equal(found, mask == other)


def test_pieces_have_mirrored_pieces_and_the_nose_has_none():
    mask = face_mask()
    axis = face_axis(mask)
    assert partner_area(mask, mask == Region.NOSE, axis) is None
    cheek = square(80, 150, 96, 166)
    assert np.array_equal(partner_area(mask, cheek, axis), square(160, 150, 176, 166))
    half = (mask == Region.L_EYE) & square(158, 0, 256, 256)
    assert np.array_equal(partner_area(mask, half, axis), (mask == Region.R_EYE) & square(0, 0, 98, 256))


def test_an_earring_has_the_other_earring_as_its_partner():
    mask = face_mask()
    mask[150:158, 50:54] = Region.EARRING
    mask[152:162, 201:205] = Region.EARRING
    own = connected_area(mask, (51.0, 152.0))
    assert np.array_equal(partner_area(mask, own, face_axis(mask)), square(201, 152, 205, 162))
