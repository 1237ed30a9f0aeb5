"""Brushes: the right pixels, the twin on the other side, protection."""

import math

import numpy as np
import pytest

from faceeditor.portrait.brush import (
    FaceAxis,
    Patch,
    changed_patch,
    dab_segment,
    face_axis,
    flood_fill,
    polygon,
    region_at,
    within,
)
from faceeditor.regions import MaskArray, Region, mirrored

UPRIGHT = FaceAxis(128.0, 128.0, 0.0, 1.0)


def blank() -> MaskArray:
    return np.zeros((256, 256), np.uint8)


def painted(mask: MaskArray, patch: Patch | None) -> MaskArray:
    """The mask with a patch applied."""
    assert patch is not None
    (x, y, width, height), values = patch
    assert values.shape == (height, width)
    result = mask.copy()
    result[y : y + height, x : x + width] = values
    return result


def test_a_dab_is_a_disc() -> None:
    mask = painted(blank(), dab_segment(blank(), (100.5, 80.5), (100.5, 80.5), 9.0, 9.0, Region.HAIR))
    y, x = np.mgrid[:256, :256]
    expected = (x - 100.0) ** 2 + (y - 80.0) ** 2 <= 81
    assert np.array_equal(mask == Region.HAIR, expected)


@pytest.mark.parametrize(
    ("p0", "p1", "r0", "r1"),
    [
        ((60, 60), (150, 110), 12, 12),
        ((60, 200), (180, 90), 5, 25),
        ((90, 90), (95, 92), 20, 4),
        ((40, 99), (220, 99), 30, 2),
        ((200, 210), (70, 30), 6, 14),
        ((190, 40), (30, 180), 14, 6),
    ],
)
def test_a_segment_is_the_hull_of_its_discs(
    p0: tuple[float, float], p1: tuple[float, float], r0: float, r1: float
) -> None:
    mask = painted(blank(), dab_segment(blank(), p0, p1, r0, r1, Region.HAIR)) == Region.HAIR
    y, x = np.mgrid[0.5:256, 0.5:256]
    expected = np.zeros((256, 256), bool)
    for t in np.linspace(0, 1, 2001):  # a hull of two discs is the union of the discs between them
        centre_x, centre_y, radius = p0[0] + t * (p1[0] - p0[0]), p0[1] + t * (p1[1] - p0[1]), r0 + t * (r1 - r0)
        expected |= (x - centre_x) ** 2 + (y - centre_y) ** 2 <= radius**2
    assert (mask != expected).sum() <= 0.002 * expected.sum() + 2


def test_a_thin_stroke_has_no_gaps() -> None:
    mask = blank()
    for step in range(40):
        a, b = (20 + 5 * step, 40 + 3.3 * step), (25 + 5 * step, 43.3 + 3.3 * step)
        mask = painted(mask, dab_segment(mask, a, b, 0.0, 0.0, Region.HAIR))
    rows, columns = np.nonzero(mask)
    assert set(range(20, 220)) <= set(columns.tolist())
    assert len(rows) < 700


def test_nothing_to_change_gives_none(face: MaskArray) -> None:
    assert dab_segment(face, (128, 80), (128, 80), 4, 4, Region.SKIN) is None
    assert dab_segment(face, (-50, -50), (-40, -50), 4, 4, Region.SKIN) is None
    assert dab_segment(face, (math.nan, 5), (5, 5), 4, 4, Region.SKIN) is None
    assert polygon(face, [(0, 0), (5, 5)], Region.HAIR) is None
    assert flood_fill(face, (300, 5), Region.HAIR) is None
    assert flood_fill(face, (2, 2), Region.BACKGROUND) is None


def test_painting_over_the_border_is_clipped() -> None:
    patch = dab_segment(blank(), (-3, 128), (300, 128), 10, 10, Region.HAIR)
    mask = painted(blank(), patch)
    assert (mask[128] == Region.HAIR).all()
    assert mask[100].max() == 0


def test_the_input_is_never_written(face: MaskArray) -> None:
    before = face.copy()
    face.flags.writeable = False
    dab_segment(face, (100, 100), (120, 120), 9, 9, Region.HAIR, axis=UPRIGHT)
    polygon(face, [(10, 10), (200, 20), (90, 220)], Region.HAIR, axis=UPRIGHT)
    flood_fill(face, (128, 80), Region.HAIR, axis=UPRIGHT)
    assert np.array_equal(face, before)


def test_the_twin_of_the_left_eye_is_the_right_eye() -> None:
    mask = painted(blank(), dab_segment(blank(), (160, 120), (170, 120), 6, 6, Region.L_EYE, axis=UPRIGHT))
    assert mask[120, 165] == Region.L_EYE
    assert mask[120, 90] == Region.R_EYE
    assert np.array_equal(mirrored(mask), mask)


@pytest.mark.parametrize("region", [Region.L_BROW, Region.R_EAR, Region.HAIR])
def test_a_lasso_has_its_twin(region: Region) -> None:
    mask = painted(blank(), polygon(blank(), [(150, 60), (200, 70), (170, 130)], region, axis=UPRIGHT))
    assert (mirrored(mask) != mask).mean() < 0.002  # edges may differ by a pixel
    assert mask[80, 170] == region


def test_the_twin_is_painted_even_where_the_own_side_changes_nothing() -> None:
    mask = painted(blank(), dab_segment(blank(), (160, 120), (160, 120), 8, 8, Region.HAIR))
    both = painted(mask, dab_segment(mask, (160, 120), (160, 120), 8, 8, Region.HAIR, axis=UPRIGHT))
    assert both[120, 95] == Region.HAIR
    assert both[120, 160] == Region.HAIR


def test_on_the_axis_the_own_side_wins() -> None:
    mask = painted(blank(), dab_segment(blank(), (131, 120), (131, 120), 8, 8, Region.L_EYE, axis=UPRIGHT))
    assert mask[120, 128] == Region.L_EYE
    assert mask[120, 118] == Region.R_EYE


def test_filling_an_eye_fills_the_other_as_its_twin(face: MaskArray) -> None:
    # From glasses back to eyes: one click restores both, each with its own side.
    worn = face.copy()
    worn[np.isin(face, [Region.L_EYE, Region.R_EYE])] = Region.GLASSES
    mask = painted(worn, flood_fill(worn, (158, 121), Region.L_EYE, axis=UPRIGHT))
    assert np.array_equal(mask, face)


def test_a_fill_stays_in_its_area(face: MaskArray) -> None:
    mask = painted(face, flood_fill(face, (158, 121), Region.GLASSES))
    assert np.array_equal(mask == Region.GLASSES, face == Region.L_EYE)


@pytest.mark.parametrize("tool", ["dab", "lasso", "fill"])
def test_protection(face: MaskArray, tool: str) -> None:
    allowed = {Region.SKIN}
    if tool == "dab":
        patch = dab_segment(face, (128, 140), (128, 140), 70, 70, Region.HAIR, axis=UPRIGHT, allowed=allowed)
    elif tool == "lasso":
        patch = polygon(face, [(5, 5), (250, 5), (250, 250), (5, 250)], Region.HAIR, axis=UPRIGHT, allowed=allowed)
    else:
        patch = flood_fill(face, (128, 80), Region.HAIR, axis=UPRIGHT, allowed=allowed)
        assert flood_fill(face, (2, 2), Region.HAIR, allowed=allowed) is None
    mask = painted(face, patch)
    assert (mask[face == Region.SKIN] == Region.HAIR).any()
    assert np.array_equal(mask[face != Region.SKIN], face[face != Region.SKIN])


def test_the_axis_of_an_upright_face(face: MaskArray) -> None:
    axis = face_axis(face)
    assert abs(axis.x - 128) < 2
    assert abs(axis.dx) < 0.02
    assert axis.dy > 0.99


@pytest.mark.parametrize("degrees", [-15, 10, 20])
def test_the_axis_follows_the_tilt(face: MaskArray, degrees: float) -> None:
    import cv2

    turn = cv2.getRotationMatrix2D((127.5, 127.5), degrees, 1.0)
    tilted = np.asarray(cv2.warpAffine(face, turn, (256, 256), flags=cv2.INTER_NEAREST), np.uint8)
    axis = face_axis(tilted)
    # The axis points down the face; turning the picture counter-clockwise turns it towards the right.
    assert math.degrees(math.atan2(axis.dx, axis.dy)) == pytest.approx(degrees, abs=3)
    eye = np.argwhere(tilted == Region.L_EYE).mean(0)[::-1] + 0.5
    other = np.argwhere(tilted == Region.R_EYE).mean(0)[::-1] + 0.5
    assert np.hypot(*(np.array(axis.reflect((eye[0], eye[1]))) - other)) < 5


def test_reflecting_twice_comes_back() -> None:
    axis = FaceAxis(120.0, 90.0, math.sin(0.3), math.cos(0.3))
    x, y = axis.reflect(axis.reflect((33.0, 77.0)))
    assert (x, y) == pytest.approx((33.0, 77.0))


def test_region_at(face: MaskArray) -> None:
    assert region_at(face, (158.9, 121.2)) == Region.L_EYE
    assert region_at(face, (256.0, 4.0)) is None
    assert region_at(face, (math.nan, 4.0)) is None and region_at(face, (4.0, math.inf)) is None
    wide = np.zeros((3, 5), np.uint8)
    wide[0, 0], wide[2, 4] = Region.HAIR, Region.HAT
    assert region_at(wide, (0.0, 0.0)) == Region.HAIR and region_at(wide, (4.9, 2.9)) == Region.HAT
    for outside in ((-0.1, 1), (1, -0.1), (5, 1), (1, 3)):
        assert region_at(wide, outside) is None


def test_a_fill_begins_with_the_pixel_under_the_point() -> None:
    mask = blank()
    mask[20, 10] = Region.EARRING
    filled = painted(mask, flood_fill(mask, (10.9, 20.9), Region.HAT))
    assert filled[20, 10] == Region.HAT and (filled == Region.HAT).sum() == 1


def test_a_fill_spreads_over_edges_and_not_over_corners() -> None:
    mask = blank()
    mask[10, 10] = mask[11, 11] = mask[11, 12] = Region.EARRING
    filled = painted(mask, flood_fill(mask, (11.5, 11.5), Region.HAT))
    assert filled[10, 10] == Region.EARRING and filled[11, 12] == Region.HAT


def test_a_fill_has_no_twin_where_the_other_side_is_something_else(face: MaskArray) -> None:
    winking = np.where(face == Region.R_EYE, Region.SKIN, face).astype(np.uint8)
    mask = painted(winking, flood_fill(winking, (158, 121), Region.GLASSES, axis=UPRIGHT))
    assert np.array_equal(mask, np.where(face == Region.L_EYE, Region.GLASSES, winking))


def test_a_patch_is_cut_to_a_selection() -> None:
    mask = blank()
    area = np.zeros(mask.shape, bool)
    area[100:104, 50:200] = True
    patch = dab_segment(mask, (120, 98), (120, 98), 9, 9, Region.HAIR)
    assert within(mask, patch, None) is patch and within(mask, None, area) is None
    whole, cut = painted(mask, patch), painted(mask, within(mask, patch, area))
    assert np.array_equal(cut, np.where(area, whole, mask)) and (cut == Region.HAIR).any()
    assert within(mask, patch, ~(whole == Region.HAIR)) is None


def test_the_smallest_change_between_two_masks() -> None:
    mask = blank()
    after = mask.copy()
    after[7, 3], after[9, 12] = Region.HAIR, Region.HAT
    assert changed_patch(mask, mask.copy()) is None
    patch = changed_patch(mask, after)
    assert patch is not None and patch[0] == (3, 7, 10, 3) and np.array_equal(painted(mask, patch), after)


def drawn(*spots: tuple[Region, int, int]) -> MaskArray:
    """Squares of 7 pixels on skin around (x + 0.5, y + 0.5)."""
    mask = np.full((256, 256), Region.SKIN, np.uint8)
    for region, x, y in spots:
        mask[y - 3 : y + 4, x - 3 : x + 4] = region
    return mask


def lies_on(axis: FaceAxis, x: float, y: float) -> bool:
    """Whether a point is its own mirror image."""
    return axis.reflect((x, y)) == pytest.approx((x, y), abs=1e-6)


def test_nose_and_mouth_alone_give_an_axis() -> None:
    axis = face_axis(drawn((Region.NOSE, 120, 130), (Region.U_LIP, 135, 170)))
    assert lies_on(axis, 120.5, 130.5) and lies_on(axis, 135.5, 170.5)
    assert axis.dy > 0 and np.hypot(axis.dx, axis.dy) == pytest.approx(1)


@pytest.mark.parametrize(
    ("left", "right"), [(Region.L_EYE, Region.R_EYE), (Region.L_BROW, Region.R_BROW)], ids=["eyes", "brows"]
)
def test_one_pair_alone_gives_an_axis(left: Region, right: Region) -> None:
    pair = [(left, 160, 110), (right, 100, 90)]
    axis = face_axis(drawn(*pair))
    assert lies_on(axis, 130.5, 100.5) and axis.reflect((160.5, 110.5)) == pytest.approx((100.5, 90.5))
    assert (axis.dx, axis.dy) == pytest.approx((-20 / np.hypot(20, 60), 60 / np.hypot(20, 60)))
    with_mouth = face_axis(drawn(*pair, (Region.MOUTH, 110, 160)))  # straight below
    assert (with_mouth.dx, with_mouth.dy) == pytest.approx((axis.dx, axis.dy)) and lies_on(with_mouth, 130.5, 100.5)
    aside = face_axis(drawn(*pair, (Region.MOUTH, 150, 160)))
    assert aside.dx > axis.dx, "a mouth beside it turns the axis its way"


def test_one_eye_says_nothing_of_the_middle() -> None:
    spots = (Region.NOSE, 120, 130), (Region.L_LIP, 135, 170)
    assert face_axis(drawn(*spots, (Region.L_EYE, 160, 100))) == face_axis(drawn(*spots))


def test_without_a_face_the_axis_is_upright_and_central() -> None:
    assert face_axis(blank()) == FaceAxis(128.0, 128.0, 0.0, 1.0)
    mask = blank()
    mask[100, 100:105] = Region.NOSE  # next to nothing
    assert face_axis(mask).dy == pytest.approx(1)
