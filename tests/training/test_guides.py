"""Guide planes read off photographs."""

import numpy as np
import pytest

from faceeditor.portrait.guides import CAVITY, HAIR_CHANNELS, TEETH, TONGUE, mirrored_guides
from faceeditor.regions import Region
from faceeditor.training.data import FaceSet
from faceeditor.training.guides import FaceGuides, read_hair_direction, read_mouth_parts


def stripes(degrees: float) -> np.ndarray:
    """(256, 256, 3) uint8 strands at this angle from the x axis, y down."""
    y, x = np.mgrid[:256, :256].astype(np.float32)
    angle = np.radians(degrees)
    wave = np.sin(0.8 * (-np.sin(angle) * x + np.cos(angle) * y))
    return np.repeat((128 + 60 * wave).astype(np.uint8)[..., None], 3, 2)


@pytest.mark.parametrize("degrees", [0, 30, 90, 135])
def test_strands_give_their_angle(degrees: float) -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[40:200, 40:200] = Region.HAIR
    planes = read_hair_direction(stripes(degrees), mask)
    x, y, strength = planes[:, 60, 60]
    assert strength > 0.8
    assert np.allclose((x, y), (np.cos(np.radians(2 * degrees)), np.sin(np.radians(2 * degrees))), atol=0.15)
    assert not planes[:, 110:, 110:].any()


def test_smooth_hair_has_no_direction() -> None:
    mask = np.full((256, 256), int(Region.HAIR), np.uint8)
    assert read_hair_direction(np.full((256, 256, 3), 90, np.uint8), mask).max() < 0.01


@pytest.mark.parametrize("side", [256, 128])
def test_colours_tell_the_parts_of_a_mouth(side: int) -> None:
    mask = np.full((side, side), int(Region.SKIN), np.uint8)
    picture = np.full((side, side, 3), (200, 160, 140), np.uint8)
    rows = side // 4, side // 8
    mask[rows[0] : rows[0] + 3 * rows[1]] = Region.MOUTH
    for k, colour in enumerate(((235, 230, 220), (30, 10, 10), (190, 80, 90))):
        picture[rows[0] + k * rows[1] : rows[0] + (k + 1) * rows[1]] = colour
    parts = read_mouth_parts(picture, mask)
    centres = [32 + 8, 32 + 24, 32 + 40]
    assert [int(parts[:, row, 64].argmax()) for row in centres] == [TEETH, CAVITY, TONGUE]
    assert np.allclose(parts.sum(0)[33:79], 1, atol=0.02) and not parts[:, :31].any()


def test_guides_of_a_data_set_mirror_and_are_left_out_at_times() -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[40:200, 40:200] = Region.HAIR
    faces = FaceSet(stripes(30)[None], mask[None], np.zeros((1, 2, 3), np.float32), ("a",))
    guides = FaceGuides(faces)
    rows, plain, flipped = np.zeros(1, np.int64), np.zeros(1, bool), np.ones(1, bool)
    random = np.random.default_rng(0)
    drawn = np.concatenate([guides.of(rows, plain, random) for _ in range(200)])
    said = drawn[:, 2].max((1, 2)) > 0.05
    assert 0.3 < said.mean() < 0.6, "left out for about half, weak at times"
    full = guides.of(rows, plain, np.random.default_rng(1))
    mirror = guides.of(rows, flipped, np.random.default_rng(1))
    assert np.allclose(mirrored_guides(full), mirror, atol=1e-6)
    assert not guides.usual(rows, plain)[:, :HAIR_CHANNELS].any()
