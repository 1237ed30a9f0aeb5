"""Pushing borders: how far, how cleanly, what stays."""

import cv2
import numpy as np
import pytest

from faceeditor.interaction.push import Push, PushStroke, with_clean_borders
from faceeditor.portrait.document import Portrait
from faceeditor.portrait.masks import read_mask, sample_masks
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region
from tests.gui.fake_engine import face_mask


def halves():
    mask = np.zeros((256, 256), np.uint8)
    mask[:, :128] = Region.HAIR
    return mask


def pushed(mask, push, points):
    portrait = Portrait(mask, StyleCode.zeros("Average"))
    stroke = PushStroke(portrait, push, points[0])
    for point in points[1:]:
        stroke.move(point)
    stroke.commit()
    return portrait


def line(start, end, count):
    return [tuple(point) for point in np.linspace(start, end, count)]


def pieces(mask):
    return sum(cv2.connectedComponents((mask == region).astype(np.uint8))[0] - 1 for region in np.unique(mask))


def test_the_middle_of_the_brush_takes_a_border_along_by_its_strength():
    for strength in (1.0, 0.5):
        made = pushed(halves(), Push(size=80, strength=strength), line((120, 100), (140, 100), 15)).mask
        reach = int((made[100] == Region.HAIR).sum()) - 128
        assert reach == pytest.approx(20 * strength, abs=5)
        assert (made[:58] == halves()[:58]).all() and (made[142:] == halves()[142:]).all(), "nothing beyond the brush"


def test_how_many_steps_a_hand_makes_hardly_matters():
    few = pushed(halves(), Push(size=60), line((115, 100), (140, 100), 4)).mask
    many = pushed(halves(), Push(size=60), line((115, 100), (140, 100), 60)).mask
    assert (few != many).sum() < 60


def test_borders_stay_clean():
    mask, _ = read_mask(sample_masks()[0].path)
    made = pushed(mask, Push(size=50), line((70, 110), (100, 95), 40) + line((100, 95), (60, 150), 40)).mask
    assert not np.array_equal(made, mask)
    assert pieces(made) <= pieces(mask) + 1, "no specks"


def test_a_stroke_without_a_way_changes_nothing():
    portrait = pushed(halves(), Push(), [(128, 100), (128, 100)])
    assert portrait.undo_stack == () and np.array_equal(portrait.mask, halves())


def test_one_undo_step_a_stroke_and_abort_takes_it_back():
    portrait = pushed(halves(), Push(), line((120, 100), (140, 100), 10))
    assert portrait.undo_stack == ("Push",)
    portrait.undo()
    assert np.array_equal(portrait.mask, halves())
    stroke = PushStroke(portrait, Push(), (120, 100))
    stroke.move((140, 100))
    stroke.abort()
    assert np.array_equal(portrait.mask, halves()) and portrait.position == 0


def test_only_the_current_region_moves():
    mask = face_mask()
    made = pushed(mask, Push(size=40, region=Region.HAIR), line((50, 110), (100, 110), 30)).mask
    assert made[110, 75] == Region.HAIR
    eye, left = mask == Region.R_EYE, made == Region.R_EYE
    assert not left[~eye].any() and left.any() and not left[110:, :85].any(), "an eye is covered and does not move"
    back = pushed(mask, Push(size=40, region=Region.HAIR), line((52, 110), (30, 110), 20)).mask
    gap = (mask == Region.HAIR) & (back != Region.HAIR)
    assert gap.any() and set(np.unique(back[gap])) <= {Region.SKIN, Region.BACKGROUND}


def test_protection_and_selection_are_kept():
    mask = face_mask()
    way = line((50, 110), (90, 110), 30)
    made = pushed(mask, Push(size=40, allowed=frozenset({Region.HAIR, Region.SKIN})), way).mask
    for region in (Region.R_EYE, Region.R_BROW, Region.BACKGROUND):
        assert (made[mask == region] == region).all()
    inside = np.zeros(mask.shape, bool)
    inside[100:110] = True
    made = pushed(mask, Push(size=40, selection=inside), way).mask
    changed = made != mask
    assert changed.any() and not changed[~inside].any()


def test_symmetry_pushes_both_sides():
    made = pushed(face_mask(), Push(size=40, symmetry=True), line((60, 150), (76, 150), 20)).mask
    assert made[150, 68] == Region.HAIR and made[150, 255 - 68] == Region.HAIR
    differ = (made != 0) != (made[:, ::-1] != 0)
    assert differ.sum() < 20


def test_specks_go_and_lines_stay():
    mask = np.zeros((20, 20), np.uint8)
    mask[5, 5] = mask[9, 9] = mask[9, 10] = Region.HAIR
    mask[15, 3:17] = Region.NOSE
    everywhere, nowhere = np.ones(mask.shape, bool), np.zeros(mask.shape, bool)
    clean = with_clean_borders(mask, everywhere, nowhere)
    assert (clean == Region.HAIR).sum() == 0 and (clean == Region.NOSE).sum() >= 12
    assert np.array_equal(with_clean_borders(mask, nowhere, nowhere), mask)


def test_teeth_of_large_regions_go_and_small_ones_keep_theirs():
    for region, goes in ((Region.HAIR, True), (Region.L_BROW, False)):
        mask = np.zeros((40, 40), np.uint8)
        mask[:, :20] = region
        mask[10:12, 20:24] = region
        everywhere = np.ones(mask.shape, bool)
        clean = with_clean_borders(mask, everywhere, everywhere)
        assert (clean[10:12, 21:24] == region).any() != goes
        assert (clean[20:, :19] == region).all()
