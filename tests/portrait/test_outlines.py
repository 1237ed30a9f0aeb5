"""Smooth outlines: straight where they were, no stairs, nothing lost, and the same whether drawn whole or in parts."""

import numpy as np
import pytest

from faceeditor.portrait.masks import sample_masks
from faceeditor.portrait.outlines import REACH, SCALE, smooth_labels
from faceeditor.regions import MASK_SIZE, Region


def fine_coordinates():
    """x and y of the finer pixels' middles, in pixels of the mask."""
    y, x = (np.mgrid[0 : MASK_SIZE * SCALE, 0 : MASK_SIZE * SCALE] + 0.5) / SCALE
    return x, y


def painted(inside):
    """A mask of skin on background from a function of the pixels' middles."""
    y, x = np.mgrid[0:MASK_SIZE, 0:MASK_SIZE] + 0.5
    return np.where(inside(x, y), Region.SKIN, Region.BACKGROUND).astype(np.uint8)


def test_one_region_and_edges_along_the_pixels_stay_as_they_are():
    assert (smooth_labels(np.full((40, 50), Region.HAIR, np.uint8)) == Region.HAIR).all()
    mask = painted(lambda x, y: x < 100)
    assert np.array_equal(smooth_labels(mask), np.kron(mask, np.ones((SCALE, SCALE), np.uint8)))


@pytest.mark.parametrize("slope", [0.1, 0.25, 0.5, 1.0, 3.0])
def test_a_slanting_edge_has_no_stairs(slope):
    mask = painted(lambda x, y: y > 128.5 + slope * (x - 128))
    x, y = fine_coordinates()
    wanted = y > 128.5 + slope * (x - 128)
    away = np.abs(y - 128.5 - slope * (x - 128)) / np.hypot(1, slope)  # pixels of the mask from the edge

    def worst(labels):
        wrong = ((labels == Region.SKIN) != wanted)[80:-80, 80:-80]
        return float(away[80:-80, 80:-80][wrong].max(initial=0.0))

    stairs, smooth = worst(np.kron(mask, np.ones((SCALE, SCALE), np.uint8))), worst(smooth_labels(mask))
    assert smooth < 0.6 * stairs and smooth < 0.45


def test_a_disc_keeps_its_size():
    mask = painted(lambda x, y: (x - 120) ** 2 + (y - 130) ** 2 <= 30**2)
    area = (smooth_labels(mask) == Region.SKIN).sum() / SCALE**2
    assert area == pytest.approx((mask == Region.SKIN).sum(), rel=0.01)


def test_thin_lines_and_dots_are_not_lost():
    mask = np.full((MASK_SIZE, MASK_SIZE), Region.SKIN, np.uint8)
    mask[20:60, 20] = mask[30, 40:80] = mask[70, 70] = Region.HAT
    mask[np.arange(100, 140), np.arange(30, 70)] = Region.HAT
    middles = smooth_labels(mask)[SCALE // 2 :: SCALE, SCALE // 2 :: SCALE]
    # The ends of lines are rounded.
    mask[[20, 59, 30, 30, 100, 139], [20, 20, 40, 79, 30, 69]] = Region.SKIN
    assert (middles[mask == Region.HAT] == Region.HAT).all()


def test_nothing_is_invented_and_little_moves():
    mask = sample_masks()[0].read()
    smooth = smooth_labels(mask)
    assert set(np.unique(smooth)) <= set(np.unique(mask))
    assert np.mean(smooth != np.kron(mask, np.ones((SCALE, SCALE), np.uint8))) < 0.01


def test_a_part_with_enough_around_it_is_as_in_the_whole():
    mask = sample_masks()[0].read()
    whole, part = smooth_labels(mask), smooth_labels(mask[60:160, 70:190])
    cut = slice(REACH * SCALE, -REACH * SCALE)
    same = part == whole[60 * SCALE : 160 * SCALE, 70 * SCALE : 190 * SCALE]
    assert np.mean(same[cut, cut]) > 0.9999, "sums of floats may differ in their last bit"
