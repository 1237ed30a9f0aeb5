"""The box of a transform: where its handles are and what dragging them does."""

import math

import numpy as np
import pytest

from faceeditor.interaction.transform import MAX_SCALE, MIN_SCALE, BoxPart, Transform, TransformBox
from faceeditor.portrait.brush import FaceAxis

BOX = TransformBox(100, 80, 140, 100)


def apply(matrix, point):
    x, y = matrix @ (*point, 1.0)
    return pytest.approx((x, y))


def test_nothing_is_the_identity():
    assert Transform().is_identity
    assert np.array_equal(Transform().matrix(BOX.middle), np.eye(2, 3))


@pytest.mark.parametrize("part", [part for part in BoxPart if part.scales])
@pytest.mark.parametrize("start", [Transform(), Transform(5, -3, 1.5, -0.8, 33)])
def test_a_handle_follows_the_pointer_and_the_opposite_one_stays(part, start):
    across, down = part.value
    opposite = BoxPart((-across, -down))
    grabbed = BOX.place(part, start)
    step = np.array([6.0, -4.0])
    # A handle in the middle of a side moves along one direction of the box.
    turn = Transform(angle=start.angle).linear
    step = turn @ (np.abs(part.value) * (turn.T @ step))
    to = (grabbed[0] + step[0], grabbed[1] + step[1])
    made = BOX.dragged(part, start, grabbed, to)
    assert BOX.place(part, made) == pytest.approx(to)
    assert BOX.place(opposite, made) == pytest.approx(BOX.place(opposite, start))
    centred = BOX.dragged(part, start, grabbed, to, centred=True)
    assert (centred.dx, centred.dy) == (start.dx, start.dy)


@pytest.mark.parametrize("part", [part for part in BoxPart if part.scales])
def test_shift_keeps_the_proportions(part):
    start = Transform(scale_x=1.5, scale_y=0.5)
    grabbed = BOX.place(part, start)
    made = BOX.dragged(part, start, grabbed, (grabbed[0] + 9, grabbed[1] + 7), even=True)
    assert made.scale_x / made.scale_y == pytest.approx(3.0)


def test_a_handle_drawn_across_the_box_mirrors():
    made = BOX.dragged(BoxPart.RIGHT, Transform(), (140, 90), (60, 90))
    assert made.scale_x == pytest.approx(-1.0) and made.mirrors
    assert BOX.place(BoxPart.LEFT, made) == pytest.approx((100, 90))


def test_moving_goes_by_whole_pixels_and_straight_with_shift():
    made = BOX.dragged(BoxPart.MOVE, Transform(), (110, 90), (113.4, 92.6))
    assert (made.dx, made.dy) == (3, 3)
    straight = BOX.dragged(BoxPart.MOVE, Transform(), (110, 90), (113.4, 98), even=True)
    assert (straight.dx, straight.dy) == (0, 8)


def test_rotating_turns_with_the_pointer_and_in_steps_with_shift():
    made = BOX.dragged(BoxPart.ROTATE, Transform(), (120, 70), (140, 90))
    assert made.angle == pytest.approx(90)
    almost = (120 + 20 * math.sin(math.radians(43)), 90 - 20 * math.cos(math.radians(43)))
    assert BOX.dragged(BoxPart.ROTATE, Transform(), (120, 70), almost, even=True).angle == 45
    assert apply(Transform(angle=90).matrix((120, 90)), (130, 90)) == (120, 100), "clockwise as it is seen"


def test_values_stay_within_their_limits():
    wild = Transform(1e9, -1e9, 1e9, -1e-9, 725).bounded()
    assert wild.scale_x == MAX_SCALE and wild.scale_y == -MIN_SCALE and wild.angle == pytest.approx(5)
    assert Transform(angle=-180).bounded().angle == 180


def test_what_is_under_the_pointer():
    still = Transform()
    assert BOX.part_at((100, 80), still, 3, 0) is BoxPart.TOP_LEFT
    assert BOX.part_at((120, 90), still, 3, 0) is BoxPart.MOVE
    assert BOX.part_at((99, 90), still, 3, 2) is BoxPart.LEFT
    assert BOX.part_at((70, 90), still, 3, 2) is None
    assert BOX.part_at(BOX.place(BoxPart.ROTATE, still, 4), still, 3, 4) is BoxPart.ROTATE
    turned = Transform(angle=90)
    assert BOX.part_at((120, 108), turned, 1, 0) is BoxPart.MOVE and BOX.part_at((136, 90), turned, 1, 0) is None


def test_small_boxes_show_their_corners_only():
    shown = [part for part in BoxPart if part.scales and BOX.shows(part, Transform(scale_x=0.1, scale_y=0.1), 3)]
    assert all(part.is_corner for part in shown) and len(shown) == 4


def test_the_partner_moves_mirrored_about_its_own_middle():
    axis = FaceAxis(128, 128, 0, 1)
    made = Transform(7, -2, 1.5, 0.8, 20)
    own, partner = made.matrix((158, 121)), made.partner_matrix((95, 125), axis)
    x, y = own @ (160, 124, 1)
    assert apply(partner, (95 - 2, 125 + 3)) == (95 - (x - 158), 125 + (y - 121))
