"""The 3D head over and beside the face."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.interaction.view import HeadView, Pane, ViewMode, panes, shown_panes, small_panes
from tests.gui.fake_engine import READ_HEAD


def test_panes_tile_the_canvas():
    three = panes(3, 1004, 400)
    assert [round(box.x) for box in three] == [0, 335, 671] and len({round(box.width) for box in three}) == 1
    assert three[-1].right == pytest.approx(1004)
    assert shown_panes(ViewMode.SIDE_BY_SIDE, HeadView.BESIDE) == (Pane.MASK, Pane.FACE, Pane.HEAD)
    assert shown_panes(ViewMode.OVERLAY, HeadView.BESIDE) == (Pane.FACE, Pane.HEAD)
    assert shown_panes(ViewMode.WIPE, HeadView.OVER) == (Pane.FACE,)
    assert shown_panes(ViewMode.FOCUS, HeadView.BESIDE, Pane.MASK) == (Pane.MASK,)
    assert small_panes(ViewMode.FOCUS, HeadView.BESIDE, Pane.MASK) == (Pane.FACE, Pane.HEAD)
    assert small_panes(ViewMode.OVERLAY, HeadView.BESIDE) == ()


def seen(app, pane, x, y):
    """The colour on the screen at a point of the picture."""
    QApplication.processEvents()
    at = app.canvas.view.to_widget(app.canvas.pane(pane), x + 0.5, y + 0.5)
    ratio = app.canvas.devicePixelRatioF()
    colour = app.canvas.grab().toImage().pixelColor(round(at[0] * ratio), round(at[1] * ratio))
    return np.array(colour.getRgb()[:3])


def test_head_beside_the_face_follows_the_sliders(app):
    app.read_head()
    assert not app.session.show_head
    QTest.keyClick(app.canvas, Qt.Key.Key_F8)
    assert app.canvas.head_view is HeadView.BESIDE and app.session.show_head
    # While the portrait has no head, the one that was read is drawn: the stand-in paints 128 + yaw.
    app.wait(lambda: app.canvas._head is not None)
    assert seen(app, Pane.HEAD, 128, 128) == pytest.approx(np.full(3, 132), abs=2)
    app.heads.set_control("yaw", 30.0)
    app.settle()
    app.wait(lambda: abs(int(seen(app, Pane.HEAD, 128, 128)[0]) - 158) <= 2)
    app.session.undo()
    app.wait(lambda: abs(int(seen(app, Pane.HEAD, 128, 128)[0]) - 132) <= 2)
    QTest.keyClick(app.canvas, Qt.Key.Key_F8)
    assert app.canvas.head_view is HeadView.OFF and not app.session.show_head


def test_head_over_the_face_with_its_opacity(app):
    app.read_head()
    bar = app.window.bar
    assert not bar.head_opacity.isVisible()
    QTest.keyClick(app.canvas, Qt.Key.Key_F7)
    app.wait(lambda: app.canvas._head is not None)
    assert app.canvas.head_view is HeadView.OVER and bar.head_opacity.isVisible()
    face = app.session.frame.pixels[128, 128].astype(float)
    for percent in (100, 50):
        bar.head_opacity.setValue(percent)
        wanted = face + (128 + READ_HEAD.pose[0] - face) * percent / 100
        assert seen(app, Pane.FACE, 128, 128) == pytest.approx(wanted, abs=3)


def test_one_view_of_the_head_at_a_time(app):
    actions = app.window.actions_by_name
    QTest.keyClick(app.canvas, Qt.Key.Key_F7)
    QTest.keyClick(app.canvas, Qt.Key.Key_F8)
    assert app.canvas.head_view is HeadView.BESIDE
    assert actions["head_beside"].isChecked() and not actions["head_over"].isChecked()


def test_painting_works_on_the_head_pane_too(app):
    from faceeditor.gui.snapshot import draw_stroke
    from faceeditor.regions import Region

    QTest.keyClick(app.canvas, Qt.Key.Key_F8)
    app.tools.set_region(Region.HAT)
    draw_stroke(app.canvas, [(128.0, 40.0)], pane=2)
    assert app.portrait.mask[40, 128] == Region.HAT


def test_another_portrait_shows_no_old_head(app):
    app.read_head()
    QTest.keyClick(app.canvas, Qt.Key.Key_F8)
    app.wait(lambda: app.canvas._head is not None)
    from faceeditor.portrait.document import Portrait
    from tests.gui.fake_engine import face_mask, random_style

    app.session.replace(Portrait(face_mask(), random_style(3, "other")))
    assert app.canvas._head is None
    app.wait(lambda: app.canvas._head is not None)
