"""Adjustments of pixels."""

import cv2
import numpy as np
import pytest

from faceeditor.engine.adjust import adjusted, from_oklab, iris_weight, region_weight, to_oklab
from faceeditor.portrait.adjustments import REGION_SETS, Adjustment, ColourChange, DetailChange, LightChange
from faceeditor.regions import Region

MASK = np.zeros((256, 256), np.uint8)
MASK[40:220, 40:220] = Region.SKIN
MASK[20:80, 40:220] = Region.HAIR
HAIR, SKIN = MASK == Region.HAIR, MASK == Region.SKIN


@pytest.fixture
def picture() -> np.ndarray:
    """A textured picture: brown hair, skin, grey background."""
    rng = np.random.default_rng(0)
    base = np.where(HAIR[..., None], (90, 60, 40), np.where(SKIN[..., None], (200, 160, 140), (128, 128, 128)))
    noise = cv2.GaussianBlur(rng.normal(0, 40, (256, 256)), (0, 0), 1.5)[..., None]
    return np.clip(base + noise, 0, 255).astype(np.uint8)


def test_oklab_there_and_back() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert np.abs(from_oklab(to_oklab(pixels)).astype(int) - pixels).max() <= 1
    white, red = to_oklab(np.array([[[255, 255, 255], [255, 0, 0]]], np.uint8))[0]
    assert white == pytest.approx([1, 0, 0], abs=1e-3) and red == pytest.approx([0.628, 0.225, 0.126], abs=2e-3)


def test_hair_takes_a_colour_keeps_its_texture_and_leaves_the_rest(picture: np.ndarray) -> None:
    entry = Adjustment("Red", ColourChange((0.62, 0.2, 0.12)), REGION_SETS["hair"], feather=0)
    made = adjusted(picture, MASK, (entry,), (None,))
    assert np.array_equal(made[~HAIR], picture[~HAIR])
    mean = to_oklab(made)[HAIR].mean(0)
    assert mean == pytest.approx(to_oklab(np.array([[[158, 51, 31]]], np.uint8))[0, 0], abs=0.04)
    before, after = to_oklab(picture)[HAIR][:, 0], to_oklab(made)[HAIR][:, 0]
    assert np.corrcoef(before, after)[0, 1] > 0.97, "the strands stay"
    assert after.std() > 0.5 * before.std()


def test_shifts_of_hue_lightness_and_saturation(picture: np.ndarray) -> None:
    before = to_oklab(picture)[SKIN].mean(0)

    def after(**values: float) -> np.ndarray:
        entry = Adjustment("x", ColourChange(**values), REGION_SETS["skin"], feather=0)
        return to_oklab(adjusted(picture, MASK, (entry,), (None,)))[SKIN].mean(0)

    assert after(lightness=0.4)[0] > before[0] + 0.03 and after(lightness=-0.4)[0] < before[0] - 0.03
    assert np.hypot(*after(saturation=-1)[1:]) < 0.01
    assert np.hypot(*after(saturation=0.5)[1:]) > 1.3 * np.hypot(*before[1:])
    angle = np.rad2deg(np.arctan2(after(hue=60)[2], after(hue=60)[1]) - np.arctan2(before[2], before[1]))
    assert angle % 360 == pytest.approx(60, abs=4)


def test_strength_and_feather(picture: np.ndarray) -> None:
    entry = Adjustment("x", ColourChange(lightness=0.8), REGION_SETS["skin"], feather=0)
    full, half = (
        adjusted(picture, MASK, (entry.changed(strength=strength),), (None,)).astype(int) for strength in (1.0, 0.5)
    )
    shares = (half - picture)[SKIN].mean() / (full - picture)[SKIN].mean()
    assert shares == pytest.approx(0.5, abs=0.08)
    soft = region_weight(MASK, [int(Region.SKIN)], 12, 512)
    assert soft.shape == (512, 512) and 0.3 < soft[300, 80] < 0.7 and soft[300, 200] == pytest.approx(1)
    assert region_weight(MASK, [int(Region.HAT)], 5, 128).max() == 0
    assert region_weight(MASK, list(range(19)), 5, 128).min() == 1


def test_detail_is_weakened_or_strengthened(picture: np.ndarray) -> None:
    def contrast(amount: float) -> float:
        entry = Adjustment("x", DetailChange(amount), REGION_SETS["skin"], feather=0)
        made = adjusted(picture, MASK, (entry,), (None,))
        assert np.array_equal(made[HAIR], picture[HAIR])
        return float(made[100:200, 60:200, 0].std())

    plain = float(picture[100:200, 60:200, 0].std())
    assert contrast(-1) < 0.8 * plain < plain < 1.2 * plain < contrast(1)


def test_light_in_a_region(picture: np.ndarray) -> None:
    entry = Adjustment("x", LightChange(np.ones((9, 3))), REGION_SETS["skin"], feather=0)
    made = adjusted(picture, MASK, (entry,), (np.full((128, 128, 3), 0.5, np.float32),))
    assert np.array_equal(made[HAIR], picture[HAIR])
    assert made[SKIN].mean() == pytest.approx(picture[SKIN].mean() / 2, abs=1)
    assert adjusted(picture, MASK, (entry,), (None,)) is picture, "no head, no light"


def test_the_iris_is_found_inside_the_eye() -> None:
    picture = np.full((256, 256, 3), (200, 160, 140), np.uint8)
    mask = np.full((256, 256), Region.SKIN, np.uint8)
    for x, region in ((90, Region.R_EYE), (166, Region.L_EYE)):
        eye = np.zeros_like(mask)
        cv2.ellipse(eye, (x, 120), (16, 7), 0, 0, 360, 1, -1)
        mask[eye > 0] = region
        picture[eye > 0] = (235, 232, 230)
        iris = cv2.circle(np.zeros_like(mask), (x + 3, 120), 6, 1, -1)
        picture[(eye > 0) & (iris > 0)] = (70, 90, 110)
    weight = iris_weight(to_oklab(picture), mask)
    for x in (90, 166):
        assert weight[120, x + 3] > 0.9 and weight[120, x - 11] < 0.05 and weight[100, x] == 0
    entry = Adjustment("Green", ColourChange((0.2, 0.6, 0.25), iris=True), REGION_SETS["iris"])
    made = adjusted(picture, mask, (entry,), (None,)).astype(int)
    assert made[120, 93, 1] > made[120, 93, 0] + 40 and np.abs(made - picture)[120, 78].max() < 8
