"""Where a face lies in a picture, and the wide grid around it."""

import cv2
import numpy as np
import pytest

from faceeditor.photo.align import Square, cut
from faceeditor.photo.placement import MARGIN, WIDE, Placement, Rect, inner, widened


def smooth_picture(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(2).normal(128, 60, (height, width, 3)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 12) * 4 - 384, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("half", [(40.0, 0.0), (150.0, -20.0), (60.0, 60.0)])
def test_the_inner_grid_is_the_aligned_square(half: tuple[float, float]) -> None:
    picture = smooth_picture(700, 600)
    square = Square(np.array([300.0, 340.0]), np.array(half))
    grid = Placement.of(square).to_grid(picture, 1.0)
    assert grid.shape == (WIDE, WIDE, 3)
    difference = np.abs(inner(grid).astype(int) - cut(picture, square).astype(int))
    assert difference.mean() < 1.5


def test_a_grid_goes_back_to_its_place_in_the_picture() -> None:
    picture = smooth_picture(500, 500)
    placement = Placement.of(Square(np.array([250.0, 260.0]), np.array([70.0, 9.0])))
    rect = Rect(180, 200, 300, 310)
    back = placement.to_picture(placement.to_grid(picture, 2.0), rect)
    assert np.abs(back.astype(int) - picture[rect.slices].astype(int)).max() < 12


def test_parts_and_scales_of_a_picture_have_the_same_placement() -> None:
    placement = Placement.of(Square(np.array([250.0, 260.0]), np.array([70.0, 9.0])))
    grid = np.random.default_rng(0).random((WIDE, WIDE)).astype(np.float32)
    whole = placement.to_picture(grid, Rect(0, 0, 400, 400))
    part = placement.moved(100, 50).to_picture(grid, Rect(20, 30, 120, 130))
    np.testing.assert_allclose(part, whole[80:180, 120:220], atol=0.02)
    assert placement.scaled(3.0).unit == pytest.approx(3 * placement.unit)


def test_the_border_is_repeated_or_empty() -> None:
    square = np.arange(256 * 256, dtype=np.float32).reshape(256, 256)
    assert widened(square)[0, 0] == square[0, 0]
    assert widened(square, cv2.BORDER_CONSTANT)[0, 0] == 0
    np.testing.assert_array_equal(inner(widened(square)), square)
    assert widened(square).shape[0] == 256 + 2 * MARGIN
