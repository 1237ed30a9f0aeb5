"""Guide planes: parts of the mouth from its region, and the direction of hair from comb strokes."""

import cv2
import numpy as np
import pytest

from faceeditor.portrait.guides import (
    CAVITY,
    GUIDE_CHANNELS,
    TEETH,
    TONGUE,
    guide_planes,
    hair_direction,
    mirrored_guides,
    mouth_parts,
)
from faceeditor.portrait.state import CombStroke
from faceeditor.regions import Region, mirrored


def mouth(width: int, height: int, lips: int = 0) -> np.ndarray:
    """A mask whose inner mouth is an ellipse of this size at (128, 190), inside of lips."""
    mask = np.full((256, 256), int(Region.SKIN), np.uint8)
    cv2.ellipse(mask, (128, 190), ((lips or width) // 2 + 4, height // 2 + 8), 0, 0, 360, int(Region.L_LIP), -1)
    cv2.ellipse(mask, (128, 190), (width // 2, height // 2), 0, 0, 360, int(Region.MOUTH), -1)
    return mask


def hair_mask() -> np.ndarray:
    mask = np.zeros((256, 256), np.uint8)
    mask[:, 30:90] = int(Region.HAIR)
    return mask


def test_parts_add_up_to_the_inner_mouth_and_stay_inside() -> None:
    mask = mouth(60, 40)
    parts = mouth_parts(mask)
    share = (mask == Region.MOUTH).astype(np.float32).reshape(128, 2, 128, 2).mean((1, 3))
    assert parts.shape == (3, 128, 128) and parts.dtype == np.float32
    assert np.allclose(parts.sum(0), share, atol=1e-4)


def test_a_smile_is_all_teeth_and_a_wide_mouth_has_all_parts_in_order() -> None:
    smile, wide = mouth_parts(mouth(64, 14)), mouth_parts(mouth(50, 50))
    assert smile[TEETH].sum() > 0.6 * smile.sum() and smile[TONGUE].sum() < 0.05 * smile.sum()
    middle = wide[:, :, 64]
    first = [int(np.flatnonzero(middle[part] > 0.3)[0]) for part in (TEETH, CAVITY, TONGUE)]
    assert first == sorted(first) and len(set(first)) == 3
    lower = np.flatnonzero(middle[TEETH] > 0.3)[-1]
    assert lower > np.flatnonzero(middle[TONGUE] > 0.5)[-1], "lower teeth lie below the tongue"


def test_lower_teeth_show_from_an_opening_of_three_quarters_of_the_width() -> None:
    for height, shows in ((32, False), (48, True)):
        teeth = mouth_parts(mouth(50, height))[TEETH, :, 64] > 0.3
        runs = np.count_nonzero(np.diff(teeth.astype(int)) == 1)
        assert runs == (2 if shows else 1)


def test_opening_the_mouth_turns_teeth_into_a_cavity() -> None:
    shares = []
    for height in (12, 24, 36, 48):
        parts = mouth_parts(mouth(56, height))
        shares.append(parts[TEETH].sum() / parts.sum())
    assert shares == sorted(shares, reverse=True) and shares[0] > 2 * shares[-1]


def test_parted_lips_are_no_grin() -> None:
    grin, parted = mouth_parts(mouth(26, 10, lips=26)), mouth_parts(mouth(26, 10, lips=70))
    assert 0.2 * grin[TEETH].sum() < parted[TEETH].sum() < 0.75 * grin[TEETH].sum(), "a hint of teeth"


@pytest.mark.parametrize("area", [0, 1, 3])
def test_a_mouth_of_a_few_pixels_is_no_trouble(area: int) -> None:
    mask = np.full((256, 256), int(Region.SKIN), np.uint8)
    mask[255, 256 - area :] = int(Region.MOUTH)
    parts = mouth_parts(mask)
    assert np.isfinite(parts).all() and np.isclose(parts.sum(), area / 4, atol=0.02)


def stroke(start: tuple[float, float], end: tuple[float, float], width: float = 12) -> CombStroke:
    return CombStroke(np.array([start, end], np.float32), width)


def test_a_stroke_lays_its_direction_and_fades_with_distance() -> None:
    planes = hair_direction(hair_mask(), [stroke((40, 60), (70, 90))])
    x, y, strength = planes[:, 37, 27]
    # 45 degrees down to the right: cos 2a = 0, sin 2a = 1.
    assert strength > 0.7 and abs(x) < 0.1 and y > 0.7
    away = planes[2, [37, 55, 75, 120], 27]
    assert (np.diff(away) < 0).all() and away[-1] < 0.02
    assert not planes[:, :, 60:].any(), "nothing is combed outside of the hair"
    assert np.allclose(np.hypot(planes[0], planes[1]), planes[2], atol=1e-3)


def test_a_stroke_has_no_head_and_no_tail_and_later_ones_mix() -> None:
    forth, back = (hair_direction(hair_mask(), [s]) for s in (stroke((40, 60), (70, 90)), stroke((70, 90), (40, 60))))
    assert np.allclose(forth, back, atol=1e-4)
    cross = hair_direction(hair_mask(), [stroke((45, 100), (75, 100)), stroke((60, 150), (60, 190))])
    assert cross[0, 50, 30] > 0.5 and cross[0, 85, 30] < -0.5


def test_strokes_count_alike_however_finely_they_were_drawn() -> None:
    x, y = np.arange(32, 89, 2.0), np.arange(100, 157, 2.0)
    level = CombStroke(np.array([(32, 128), (88, 128)], np.float32), 12)
    slanting = CombStroke(np.stack([x, y], 1).astype(np.float32), 12)
    planes = hair_direction(hair_mask(), [level, slanting])
    # Where 0 and 45 degrees meet half and half, hair runs at 22.5: cos 2a = sin 2a.
    assert planes[0, 64, 30] == pytest.approx(planes[1, 64, 30], abs=0.12) and planes[0, 64, 30] > 0.5


def test_a_dot_combs_nothing() -> None:
    assert not hair_direction(hair_mask(), [stroke((60, 60), (60, 60))])[:2].any()


def test_a_mirror_turns_directions_as_it_turns_the_mask() -> None:
    mask, comb = hair_mask(), stroke((40, 60), (70, 110))
    turned = CombStroke(comb.points * (-1, 1) + (256, 0), comb.width)
    expected = hair_direction(mirrored(mask), [turned])
    assert np.allclose(mirrored_guides(hair_direction(mask, [comb])), expected, atol=0.12)
    both = mirrored_guides(guide_planes(mask, hair_direction(mask, [comb])))
    assert both.shape == (GUIDE_CHANNELS, 128, 128)


def test_without_strokes_the_style_decides() -> None:
    assert not hair_direction(hair_mask()).any()
    assert not guide_planes(hair_mask()).any()
    bald = np.full((256, 256), int(Region.SKIN), np.uint8)
    assert not hair_direction(bald, [stroke((40, 60), (70, 90))]).any()
