"""One large picture with the others small beside it, and how large pictures are."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.gui.snapshot import draw_stroke
from faceeditor.interaction.view import Pane, ViewMode, roomiest_mode
from faceeditor.regions import Region

pytestmark = pytest.mark.display


def middle(box) -> QPoint:
    return QPoint(round(box.centre[0]), round(box.centre[1]))


def colour(canvas, box, x, y):
    """What is seen at a share of a box, as red, green and blue."""
    QApplication.processEvents()
    ratio = canvas.devicePixelRatioF()
    at = (round((box.x + x * box.width) * ratio), round((box.y + y * box.height) * ratio))
    return np.array(canvas.grab().toImage().pixelColor(*at).getRgb()[:3], int)


def test_the_first_start_gives_the_picture_the_room(run):
    app = run(remember=True, first_view=True)  # 1200 x 800: two squares beside each other would leave bands
    assert app.canvas.mode is ViewMode.FOCUS and app.canvas.shown == (Pane.FACE,)
    assert app.window.actions_by_name["focus"].isChecked()
    app.window.actions_by_name["side"].trigger()
    app.close()
    assert run(remember=True, first_view=True).canvas.mode is ViewMode.SIDE_BY_SIDE, "the choice is kept"


def test_a_wide_canvas_shows_both_large():
    assert roomiest_mode(1000, 880) is ViewMode.FOCUS and roomiest_mode(760, 690) is ViewMode.FOCUS
    assert roomiest_mode(2840, 1300) is ViewMode.SIDE_BY_SIDE
    assert roomiest_mode(700, 1400) is ViewMode.SIDE_BY_SIDE, "one above the other"


def test_pictures_side_by_side_fill_their_panes(app):
    pane = app.canvas.boxes[0]
    picture = app.canvas.view.picture_box(pane)
    assert picture.width >= 0.97 * min(pane.width, pane.height)


def test_f5_shows_one_picture_large_and_again_the_other(app):
    canvas = app.canvas
    before = canvas.view.zoom
    QTest.keyClick(canvas, Qt.Key.Key_F5)
    assert canvas.mode is ViewMode.FOCUS and canvas.shown == (Pane.FACE,)
    assert canvas.view.zoom > 1.4 * before
    assert app.window.bar.modes.current() == 1 and app.window.actions_by_name["focus"].isChecked()
    QTest.keyClick(canvas, Qt.Key.Key_F5)
    assert canvas.shown == (Pane.MASK,) and list(canvas.small_boxes) == [Pane.FACE]
    QTest.keyClick(canvas, Qt.Key.Key_F2)
    assert canvas.mode is ViewMode.SIDE_BY_SIDE and not canvas.small_boxes


def test_a_click_on_the_small_picture_makes_it_the_large_one(app):
    canvas = app.canvas
    QTest.keyClick(canvas, Qt.Key.Key_F5)
    steps = app.portrait.position
    small = canvas.small_boxes[Pane.MASK]
    QTest.mouseMove(canvas, middle(small))
    assert canvas.cursor().shape() is Qt.CursorShape.PointingHandCursor and canvas.pen_at is None
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=middle(small))
    assert canvas.shown == (Pane.MASK,) and app.portrait.position == steps
    QTest.mouseMove(canvas, middle(canvas.boxes[0]))
    assert canvas.cursor().shape() is not Qt.CursorShape.PointingHandCursor


def test_the_small_mask_follows_a_stroke_on_the_large_face(app):
    canvas = app.canvas
    QTest.keyClick(canvas, Qt.Key.Key_F5)
    small = canvas.small_boxes[Pane.MASK]
    before = colour(canvas, small, 0.5, 0.5)
    app.tools.set_region(Region.HAT)
    app.tools.set_size(60)
    draw_stroke(canvas, [(120.0, 128.0), (136.0, 128.0)])
    assert app.portrait.mask[128, 128] == Region.HAT
    assert abs(colour(canvas, small, 0.5, 0.5) - before).max() > 20


def test_the_head_joins_the_small_pictures(app):
    app.read_head()
    canvas = app.canvas
    QTest.keyClick(canvas, Qt.Key.Key_F5)
    QTest.keyClick(canvas, Qt.Key.Key_F8)
    assert list(canvas.small_boxes) == [Pane.MASK, Pane.HEAD]
    app.wait(lambda: canvas._head is not None)
    assert colour(canvas, canvas.small_boxes[Pane.HEAD], 0.5, 0.5) == pytest.approx(np.full(3, 132), abs=2)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=middle(canvas.small_boxes[Pane.HEAD]))
    assert canvas.shown == (Pane.HEAD,)
    QTest.keyClick(canvas, Qt.Key.Key_F8)
    assert canvas.shown == (Pane.FACE,)


def test_the_mode_is_kept_for_the_next_start(run):
    first = run(remember=True)
    QTest.keyClick(first.canvas, Qt.Key.Key_F5)
    first.close()
    assert run(remember=True).canvas.mode is ViewMode.FOCUS
