"""Canvas geometry: maps are inverse to each other, zooming holds the point under the cursor, panes tile the canvas."""

import pytest

from faceeditor.interaction.view import MAX_ZOOM, Box, View, fitted, focus_panes, pane_at, panes, pixel

PANE = Box(40, 10, 600, 500)


@pytest.mark.parametrize("point", [(0.0, 0.0), (128.0, 128.0), (255.5, 3.25)])
def test_maps_are_inverse(point):
    view = View(2.7, 100.0, 140.0)
    assert view.to_picture(PANE, *view.to_widget(PANE, *point)) == pytest.approx(point)


@pytest.mark.parametrize("factor", [1.25, 0.6, 8.0])
def test_zoom_holds_the_point_under_the_cursor(factor):
    view = View(2.0, 120.0, 130.0)
    before = view.to_picture(PANE, 300.0, 222.0)
    assert view.zoomed_at(PANE, 300.0, 222.0, factor).to_picture(PANE, 300.0, 222.0) == pytest.approx(before)


def test_zoom_is_bounded():
    assert View(30.0).zoomed_at(PANE, 300, 200, 100.0).zoom == MAX_ZOOM


def test_pan_moves_the_picture_with_the_hand():
    view = View(4.0)
    x, y = view.to_widget(PANE, 50.0, 60.0)
    assert view.panned(8.0, -12.0).to_widget(PANE, 50.0, 60.0) == pytest.approx((x + 8.0, y - 12.0))


def test_picture_never_leaves_for_good():
    view = View(1.0).panned(1e6, -1e6)
    assert -256 <= view.x <= 512 and -256 <= view.y <= 512


def test_fitted_shows_all_of_the_picture():
    box = fitted(PANE).picture_box(PANE)
    assert box.x >= PANE.x and box.right <= PANE.right and box.y >= PANE.y and box.bottom <= PANE.bottom
    assert box.height > 0.9 * PANE.height


def test_panes_side_by_side_or_stacked():
    mask, face = panes(2, 1000, 500)
    assert mask.width == face.width == 499 and face.x == 501
    upper, lower = panes(2, 400, 900)
    assert upper.height == lower.height and lower.y > upper.bottom
    assert panes(1, 400, 900) == (Box(0, 0, 400, 900),)


@pytest.mark.parametrize("size", [(694, 597), (1334, 957), (500, 1200), (900, 900), (1500, 300)])
@pytest.mark.parametrize("aspect", [0.66, 1.0, 1.5])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_panes_show_their_pictures_as_large_as_any_arrangement(count, aspect, size):
    width, height = size
    boxes = panes(count, width, height, aspect)
    shown = min(boxes[0].width / aspect, boxes[0].height)
    row = min((width - 2 * (count - 1)) / count / aspect, height)
    column = min(width / aspect, (height - 2 * (count - 1)) / count)
    assert len(boxes) == count and shown >= max(row, column) - 1e-9
    for index, box in enumerate(boxes):
        assert box.x >= 0 and box.right <= width + 1e-9 and box.y >= 0 and box.bottom <= height + 1e-9
        for other in boxes[index + 1 :]:
            assert other.x >= box.right or other.y >= box.bottom


@pytest.mark.parametrize("size", [(694, 597), (1334, 957), (597, 694)])
@pytest.mark.parametrize("small", [1, 2])
def test_one_large_picture_leaves_little_room_unused(small, size):
    width, height = size
    large, others = focus_panes(small, width, height)
    side = min(large.width, large.height)
    assert side >= 0.85 * min(width, height)
    assert side > 1.4 * min(panes(2, width, height)[0].width, panes(2, width, height)[0].height)
    assert len(others) == small and all(box.width == pytest.approx(box.height) for box in others)
    for box in others:
        assert box.width >= 0.2 * max(size) and (box.x >= large.right or box.y >= large.bottom)
        assert box.right <= width + 1e-9 and box.bottom <= height + 1e-9


def test_nearest_pane_is_taken_in_the_gap_and_outside():
    boxes = panes(2, 1000, 500)
    assert pane_at(boxes, 20, 20) == 0
    assert pane_at(boxes, 980, 600) == 1
    assert pane_at(boxes, -50, 20) == 0


def test_dirty_rectangle_encloses_the_pixels():
    view = View(3.3, 90.0, 120.0)
    x0, y0, x1, y1 = view.map_rect(PANE, 10, 20, 31, 40)
    left, top = view.to_widget(PANE, 10, 20)
    right, bottom = view.to_widget(PANE, 31, 40)
    assert x0 < left and y0 < top and x1 > right and y1 > bottom
    assert x1 - x0 < (right - left) + 5


def test_pixel():
    assert pixel(0.0, 255.99) == (0, 255)
    assert pixel(-0.1, 3) is None and pixel(256.0, 3) is None


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("angle", [0.0, 15.0, -90.0, 133.0])
def test_points_survive_the_way_through_a_turned_view(flipped, angle):
    pane = Box(10.0, 20.0, 400.0, 300.0)
    view = View(1.7, 100.0, 140.0, flipped=flipped, angle=angle)
    for point in ((0.0, 0.0), (37.5, 211.0), (256.0, 100.0)):
        assert view.to_picture(pane, *view.to_widget(pane, *point)) == pytest.approx(point)
    at = (150.0, 90.0)
    held = view.to_picture(pane, *at)
    assert view.zoomed_at(pane, *at, 1.5).to_widget(pane, *held) == pytest.approx(at)
    moved = view.panned(12.0, -7.0)
    x, y = view.to_widget(pane, 128.0, 128.0)
    assert moved.to_widget(pane, 128.0, 128.0) == pytest.approx((x + 12, y - 7))
    box = view.picture_box(pane)
    corners = [view.to_widget(pane, x, y) for x in (0, 256) for y in (0, 256)]
    assert box.x == pytest.approx(min(x for x, _ in corners)) and box.bottom == pytest.approx(
        max(y for _, y in corners)
    )


def test_flipping_exchanges_left_and_right_of_what_is_seen():
    pane = Box(0.0, 0.0, 400.0, 400.0)
    view = View(1.0, 128.0, 128.0, angle=20.0)
    x, y = view.to_widget(pane, 40.0, 77.0)
    assert view.flip().to_widget(pane, 40.0, 77.0) == pytest.approx((400.0 - x, y))
