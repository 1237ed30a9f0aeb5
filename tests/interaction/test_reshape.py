"""Parts of a mask that move: what lies where, and what is left behind."""

import numpy as np
import pytest

from faceeditor.interaction.reshape import MovedPart, moved_area, moved_comb, with_moved_parts
from faceeditor.interaction.selection import bounds_of
from faceeditor.interaction.transform import Transform, TransformBox
from faceeditor.interaction.transform_gesture import TransformGesture
from faceeditor.portrait.document import Portrait, SetComb
from faceeditor.portrait.masks import read_mask, sample_masks
from faceeditor.portrait.state import CombStroke
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import FACE_REGIONS, Region
from tests.gui.fake_engine import face_mask


def moved(mask, area, transform, allowed=None):
    part = MovedPart(area, transform.matrix(TransformBox(*bounds_of(area)).middle))
    return with_moved_parts(mask, [part], allowed)


@pytest.mark.parametrize("sample", range(3))
def test_the_identity_leaves_every_mask_and_every_selection_bit_for_bit(sample):
    mask, _ = read_mask(sample_masks()[sample].path)
    random = np.random.default_rng(sample)
    areas = [mask == region for region in np.unique(mask)]
    areas += [random.random(mask.shape) > 0.5, np.ones(mask.shape, bool)]
    for area in areas:
        assert np.array_equal(moved(mask, area, Transform()), mask)
        turned = Transform(angle=360.0).bounded()
        assert np.array_equal(moved(mask, area, turned), mask)


@pytest.mark.parametrize("step", [(5, 0), (0, -7), (-3, 11)])
def test_a_part_moves_by_whole_pixels_and_lies_on_top(step):
    mask = face_mask()
    eye = mask == Region.L_EYE
    made = moved(mask, eye, Transform(*step))
    there = np.roll(eye, step[::-1], (0, 1))
    assert np.array_equal(made == Region.L_EYE, there)
    assert (made[eye & ~there] == Region.SKIN).all(), "skin closes the gap"
    same = ~eye & ~there
    assert np.array_equal(made[same], mask[same])


def test_no_region_is_lost_when_a_part_with_many_of_them_is_turned_there_and_back():
    mask = face_mask()
    face = np.isin(mask, [int(region) for region in FACE_REGIONS])
    turned = moved(mask, face, Transform(angle=30))
    assert set(np.unique(turned)) == set(np.unique(mask))
    assert np.bincount(turned.ravel(), minlength=19)[list(FACE_REGIONS)] == pytest.approx(
        np.bincount(mask.ravel(), minlength=19)[list(FACE_REGIONS)], rel=0.08
    )


@pytest.mark.parametrize("scale", [0.5, 1.5, 2.5])
def test_scaling_scales_the_area(scale):
    mask = face_mask()
    made = moved(mask, mask == Region.NOSE, Transform(scale_x=scale, scale_y=scale))
    assert (made == Region.NOSE).sum() == pytest.approx((mask == Region.NOSE).sum() * scale**2, rel=0.05)


def test_mirroring_keeps_an_eye_left_and_exchanges_a_pair():
    mask = face_mask()
    eye = moved(mask, mask == Region.L_EYE, Transform(scale_x=-1.0))
    assert (eye == Region.L_EYE).any() and np.array_equal(eye == Region.R_EYE, mask == Region.R_EYE)
    both = moved(mask, np.isin(mask, (Region.L_EYE, Region.R_EYE)), Transform(scale_x=-1.0))
    assert np.array_equal(both, mask), "the face is symmetric"


def test_what_still_lies_beside_a_gap_closes_it():
    mask = face_mask()
    made = moved(mask, mask == Region.HAIR, Transform(0, 10))
    assert (made[9:17, 128] == Region.BACKGROUND).all(), "above drawn-in hair there is no bald head"
    made = moved(mask, mask == Region.HAIR, Transform(0, -8))
    assert (made[43:49, 128] == Region.SKIN).all(), "below raised hair there is forehead"


def test_a_hole_that_a_part_takes_along_is_closed_by_the_part():
    mask = face_mask()
    made = moved(mask, mask == Region.SKIN, Transform(0, -12))
    hole = np.roll(mask == Region.L_BROW, -12, 0) & (mask == Region.SKIN)
    assert hole.any() and (made[hole] == Region.SKIN).all()


def test_hair_at_the_border_goes_on_beyond_it():
    mask = np.zeros((256, 256), np.uint8)
    mask[100:, 60:90] = Region.HAIR
    made = moved(mask, mask == Region.HAIR, Transform(0, -20))
    assert (made[80:, 60:90] == Region.HAIR).all()


def test_protected_regions_are_not_covered():
    mask = face_mask()
    made = moved(mask, mask == Region.R_EYE, Transform(30, 10), frozenset({Region.SKIN}))
    assert np.array_equal(made == Region.NOSE, mask == Region.NOSE) and (made == Region.R_EYE).any()


def test_the_moved_area_is_what_is_covered():
    mask = face_mask()
    eye = mask == Region.L_EYE
    transform = Transform(4, 5, 1.3, 1.3, 15)
    part = MovedPart(eye, transform.matrix(TransformBox(*bounds_of(eye)).middle))
    assert np.array_equal(moved(mask, eye, transform) == Region.L_EYE, moved_area(part))


def test_comb_strokes_in_moved_hair_move_and_others_do_not():
    mask = face_mask()
    hair = mask == Region.HAIR
    inside = CombStroke(np.array([(60, 60), (50, 90)], np.float32), 10)
    outside = CombStroke(np.array([(128, 150), (128, 170)], np.float32), 10)
    part = MovedPart(hair, Transform(5, -3, 2.0, 2.0).matrix((128, 100)))
    made = moved_comb((inside, outside), mask, [part])
    assert made[1] is outside
    assert made[0].points[0] == pytest.approx((128 + 2 * (60 - 128) + 5, 100 + 2 * (60 - 100) - 3))
    assert made[0].width == pytest.approx(20)
    still = MovedPart(hair, Transform().matrix((128, 100)))
    strokes = (inside, outside)
    assert moved_comb(strokes, mask, [still]) is strokes


def test_a_gesture_is_one_undo_step_with_mask_and_comb():
    portrait = Portrait(face_mask(), StyleCode.zeros("Average"))
    portrait.apply(SetComb((CombStroke(np.array([(60, 60), (50, 90)], np.float32), 10),)))
    before = portrait.state()
    gesture = TransformGesture(portrait, portrait.mask == Region.HAIR, "Transform")
    for step in range(8):
        gesture.set(Transform(step, 0), both_sides=False)
    gesture.commit()
    assert portrait.undo_stack == ("Comb", "Transform")
    assert portrait.state().face.comb[0].points[0] == pytest.approx((67, 60))
    assert portrait.mask[60, 67] == Region.HAIR
    portrait.undo()
    assert np.array_equal(portrait.mask, before.mask)
    assert portrait.state().face.comb[0].key == before.face.comb[0].key


def test_a_gesture_that_comes_back_or_is_cancelled_leaves_no_step():
    portrait = Portrait(face_mask(), StyleCode.zeros("Average"))
    before = portrait.state()
    for end in ("commit", "abort"):
        gesture = TransformGesture(portrait, portrait.mask == Region.L_EYE, "Transform")
        gesture.set(Transform(9, 4), both_sides=True)
        if end == "commit":
            gesture.set(Transform(), both_sides=True)
        getattr(gesture, end)()
        assert portrait.state() is before and portrait.undo_stack == ()


def test_both_sides_move_mirrored():
    portrait = Portrait(face_mask(), StyleCode.zeros("Average"))
    mask = portrait.mask
    gesture = TransformGesture(portrait, mask == Region.L_EYE, "Transform")
    gesture.set(Transform(6, -4), both_sides=True)
    gesture.commit()
    assert np.array_equal(portrait.mask == Region.L_EYE, np.roll(mask == Region.L_EYE, (-4, 6), (0, 1)))
    assert np.array_equal(portrait.mask == Region.R_EYE, np.roll(mask == Region.R_EYE, (-4, -6), (0, 1)))
