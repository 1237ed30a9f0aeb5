"""Cutting a face out by the rule of aligned portraits."""

import cv2
import numpy as np
import pytest

from faceeditor.faceframe import face_frame
from faceeditor.photo.align import Square, cut, refined, square_of_points
from tests.generators import tiny


def test_ffhq_rule() -> None:
    # Eyes 40 apart, mouth 60 below: 1.8 x 60 wins over 2 x 40; centre 6 below the eyes.
    square = square_of_points(np.array([80.0, 100.0]), np.array([120.0, 100.0]), np.array([100.0, 160.0]))
    np.testing.assert_allclose(square.centre, [100, 106])
    np.testing.assert_allclose(square.half, [108, 0], atol=1e-9)
    assert square.side == pytest.approx(216)


def test_rule_turns_with_the_face() -> None:
    turn = np.radians(25)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = [rotation @ np.array(p) for p in ([-30.0, 0.0], [30.0, 0.0], [0.0, 50.0])]
    half = square_of_points(*points).half
    assert np.degrees(np.arctan2(half[1], half[0])) == pytest.approx(25)


def test_whole_square_picture_is_cut_unchanged() -> None:
    picture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8), (0, 0), 2)
    out = cut(picture, Square(np.array([128.0, 128.0]), np.array([128.0, 0.0])))
    assert np.abs(out.astype(int) - picture)[4:-4, 4:-4].max() <= 2


@pytest.mark.parametrize("side", [90.0, 300.0, 2000.0])
@pytest.mark.parametrize("turn", [0.0, 20.0])
def test_cut_puts_things_where_they_belong(side: float, turn: float) -> None:
    angle = np.radians(turn)
    square = Square(np.array([1300.0, 1200.0]), side / 2 * np.array([np.cos(angle), np.sin(angle)]))
    picture = np.zeros((2400, 2600, 3), np.uint8)
    wanted = np.array([(-0.5, -0.25), (0.5, 0.6)])
    for point, colour in zip(square.to_picture(wanted), ((255, 0, 0), (0, 255, 0)), strict=True):
        centre = tuple(round(float(v) * 16) for v in point - 0.5)
        cv2.circle(picture, centre, int(side * 16 / 20), colour, -1, cv2.LINE_AA, 4)
    out = cut(picture, square).astype(float)
    for channel, point in enumerate(wanted):
        shown = out[..., channel]
        ys, xs = np.mgrid[:256, :256] + 0.5
        found = np.array([(xs * shown).sum(), (ys * shown).sum()]) / shown.sum()
        np.testing.assert_allclose(found, (point + 1) * 128, atol=0.4)


def test_the_edge_goes_on_outside() -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:, :50] = 200
    out = cut(picture, Square(np.array([0.0, 50.0]), np.array([40.0, 0.0])))
    assert (out > 190).all()


def test_tiny_picture_can_be_cut() -> None:
    assert cut(np.full((1, 1, 3), 9, np.uint8), Square(np.array([0.5, 0.5]), np.array([3.0, 0.0]))).shape == (
        256,
        256,
        3,
    )


def test_refining_follows_the_regions() -> None:
    mask = tiny.face_mask()
    first = Square(np.array([400.0, 300.0]), np.array([256.0, 0.0]))
    better = refined(first, face_frame(mask))
    # The drawn face is turned by about two degrees and narrower than an aligned one.
    assert 0.5 < np.degrees(np.arctan2(better.half[1], better.half[0])) < 6
    shifted = np.roll(mask, 20, axis=1)
    moved = refined(first, face_frame(shifted))
    np.testing.assert_allclose(moved.centre - better.centre, [40, 0], atol=1.5)
