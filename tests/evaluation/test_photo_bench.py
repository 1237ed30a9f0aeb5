"""The figures of `bench photo`."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from faceeditor.evaluation.photo_bench import PhotoFigures, averaged, psnr, ssim, table, untouched_share
from faceeditor.evaluation.photo_measures import PerceptualDistance, seam_energy
from faceeditor.paths import models_dir
from faceeditor.photo.align import Square
from faceeditor.photo.composite import Edit, edited, touched
from faceeditor.photo.placement import WIDE, Placement
from tests.photo.people import found_person


def test_psnr_and_ssim_of_known_differences() -> None:
    picture = np.random.default_rng(0).integers(20, 230, (64, 64, 3)).astype(np.uint8)
    whole = np.ones((64, 64), bool)
    assert psnr(picture, picture, whole) == 60.0
    assert psnr(picture + 10, picture, whole) == pytest.approx(20 * np.log10(255 / 10), abs=1e-6)
    assert psnr(picture, picture, np.zeros((64, 64), bool)) is None
    assert ssim(picture, picture) == pytest.approx(1.0)
    assert ssim(picture, picture[::-1]) < 0.3


def test_a_seam_is_a_line_that_was_not_there() -> None:
    across = np.linspace(60, 180, 96, dtype=np.float32)
    smooth = np.repeat(np.repeat(across[None, :, None], 96, 0), 3, 2).astype(np.uint8)
    assert seam_energy(smooth, smooth) is None
    pasted, blended = smooth.copy(), smooth.copy()
    pasted[30:66, 30:66] += 30
    weight = np.zeros((96, 96, 1), np.float32)
    weight[30:66, 30:66] = 1
    blended = (blended + 30 * cv2.GaussianBlur(weight, (0, 0), 6)[..., None]).astype(np.uint8)
    hard, soft = seam_energy(pasted, smooth), seam_energy(blended, smooth)
    assert hard is not None and soft is not None
    assert hard > 4 * soft and soft < 2


@pytest.mark.skipif(not (models_dir() / "lite-features").is_dir(), reason="the pack lite-features is not there")
def test_a_blurred_picture_is_farther_than_a_brighter_one() -> None:
    """PSNR has it the other way round: that is what the distance is for."""
    random = np.random.default_rng(1)
    picture = cv2.resize(random.integers(0, 255, (24, 24, 3)).astype(np.uint8), (96, 96), interpolation=cv2.INTER_CUBIC)
    picture = np.clip(picture.astype(int) + random.integers(-20, 20, picture.shape), 10, 240).astype(np.uint8)
    distance = PerceptualDistance()
    assert distance(picture, picture) == pytest.approx(0, abs=1e-5)
    brighter, blurred = (picture + 12).astype(np.uint8), cv2.GaussianBlur(picture, (0, 0), 2.0)
    assert 0 < distance(brighter, picture) < distance(np.asarray(blurred, np.uint8), picture)


def test_motions_about_the_threshold_leave_all_that_is_below() -> None:
    """The fields are read as the composition reads them: at the pixel, not at the next 32nd of a grid pixel."""
    placement = Placement.of(Square(np.array([181.3, 204.6]), np.array([131.0, 17.0])))
    face = replace(found_person(), placement=placement)
    random = np.random.default_rng(5)
    displacement = random.uniform(0, 0.08, (WIDE, WIDE, 2)).astype(np.float32)
    edit = Edit(displacement=displacement)
    picture = random.integers(0, 256, (400, 360, 3), np.uint8)
    made = edited(picture, placement, face.matte, edit)
    assert (made != picture).any()
    assert untouched_share(picture, made, face, edit) == 1.0
    free = np.argwhere(~touched(picture, placement, face.matte, edit))
    made[tuple(free[0])] ^= 1
    assert untouched_share(picture, made, face, edit) < 1.0


def test_figures_that_nobody_has_are_left_out() -> None:
    rows = [{"ours": {"all": 20.0, "revealed": None}}, {"ours": {"all": 30.0, "revealed": None}}]
    assert averaged(rows) == {"ours": {"all": 25.0}}
    figures = PhotoFigures(pairs={"pose": {"ours": {"all": 25.0, "ssim": 0.9}}}, exact={"png 8 bit": False})
    text = table(figures)
    assert "| pose | ours | 25.0 |" in text and "png 8 bit NO" in text
