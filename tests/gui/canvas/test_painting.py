"""Painting with real events, through to changed pixels of mask and face."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QInputDevice, QKeyEvent, QMouseEvent, QPointingDevice, QTabletEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.gui.canvas.tools import Tool
from faceeditor.gui.imaging import from_qimage
from faceeditor.gui.snapshot import draw_stroke
from faceeditor.portrait.outlines import smooth_labels
from faceeditor.regions import Region, colorize
from tests.gui.fake_engine import face_of

pytestmark = pytest.mark.display


def hover(canvas):
    """The pointer moves with no button held. QTest would move the X pointer: no event if it is there already."""
    at, none = QPointF(canvas.rect().center()), Qt.MouseButton.NoButton
    over = QPointF(canvas.mapToGlobal(at.toPoint()))
    QApplication.sendEvent(
        canvas, QMouseEvent(QEvent.Type.MouseMove, at, over, none, none, Qt.KeyboardModifier.NoModifier)
    )
    QApplication.processEvents()


def disc(cx, cy, radius):
    y, x = np.mgrid[0:256, 0:256] + 0.5
    return (x - cx) ** 2 + (y - cy) ** 2 <= radius**2


@pytest.mark.parametrize("pane", [0, 1], ids=["on the mask", "on the face"])
def test_dab_changes_mask_and_face(app, pane):
    before = app.portrait.mask.copy()
    app.tools.set_region(Region.HAT)
    app.tools.set_size(20)
    draw_stroke(app.canvas, [(128.0, 60.0)], pane)
    expected = before.copy()
    expected[disc(128, 60, 10)] = Region.HAT
    # The mouse knows whole widget pixels only, so a few pixels of the rim may differ.
    assert np.mean(app.portrait.mask == expected) > 0.9995
    assert (app.portrait.mask == Region.HAT).sum() == pytest.approx(np.pi * 100, rel=0.1)
    app.settle()
    assert np.array_equal(app.session.frame.pixels, face_of(app.portrait.mask, app.portrait.style))


def test_stroke_covers_the_way(app):
    app.tools.set_region(Region.HAT)
    app.tools.set_size(8)
    draw_stroke(app.canvas, [(40.0, 30.0), (200.0, 30.0)])
    assert (app.portrait.mask[30, 44:196] == Region.HAT).all()
    assert (app.portrait.mask[36] != Region.HAT).all()


def test_screen_shows_the_painted_pixels(app):
    app.tools.set_region(Region.HAT)
    app.tools.set_size(40)
    draw_stroke(app.canvas, [(128.0, 60.0)])
    app.settle()
    QApplication.processEvents()
    picture = app.canvas.grab().toImage()
    for pane, expected in ((0, colorize(app.portrait.mask)), (1, app.session.frame.pixels)):
        x, y = app.canvas.view.to_widget(app.canvas.boxes[pane], 120.5, 66.5)
        seen = picture.pixelColor(round(x), round(y)).getRgb()[:3]
        assert np.abs(np.array(seen) - expected[66, 120]).max() <= 3


def test_one_undo_step_a_stroke(app):
    before = app.portrait.mask.copy()
    draw_stroke(app.canvas, [(30.0, 30.0), (60.0, 40.0), (90.0, 30.0), (120.0, 20.0)])
    assert app.portrait.undo_stack == ("Brush",)
    painted = app.portrait.mask.copy()
    QTest.keyClick(app.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(app.portrait.mask, before)
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(app.canvas, Qt.Key.Key_Z, both)
    assert np.array_equal(app.portrait.mask, painted)


def test_escape_takes_the_stroke_back(app):
    before = app.portrait.mask.copy()
    draw_stroke(app.canvas, [(30.0, 30.0), (60.0, 40.0)], release=False)
    assert not np.array_equal(app.portrait.mask, before)
    QTest.keyClick(app.canvas, Qt.Key.Key_Escape)
    assert np.array_equal(app.portrait.mask, before)
    assert app.portrait.undo_stack == () and not app.portrait.busy


def test_lost_release_commits(app):
    draw_stroke(app.canvas, [(30.0, 30.0), (60.0, 40.0)], release=False)
    QApplication.sendEvent(app.canvas, QFocusEvent(QEvent.Type.FocusOut))
    assert app.portrait.undo_stack == ("Brush",) and not app.portrait.busy
    draw_stroke(app.canvas, [(30.0, 60.0), (60.0, 70.0)], release=False)
    hover(app.canvas)  # no button is held any more
    assert app.portrait.undo_stack == ("Brush", "Brush")


def test_undo_during_a_stroke_takes_it_back_whole(app):
    before = app.portrait.mask.copy()
    draw_stroke(app.canvas, [(30.0, 30.0), (60.0, 40.0)], release=False)
    app.session.undo()
    assert np.array_equal(app.portrait.mask, before)
    draw_stroke(app.canvas, [(30.0, 30.0), (60.0, 40.0)])
    assert app.portrait.undo_stack == ("Brush",)


def test_new_style_during_a_stroke_ends_it_quietly(app):
    draw_stroke(app.canvas, [(30.0, 30.0), (60.0, 40.0)], release=False)
    QTest.keyClick(app.canvas, "N")
    hover(app.canvas)
    draw_stroke(app.canvas, [(30.0, 90.0), (40.0, 90.0)])
    assert app.portrait.undo_stack == ("Brush", "New style", "Brush")
    assert not app.window.banner.isVisible()


def test_stroke_outlives_the_end_of_a_slider_gesture(app):
    slider = app.window.style_panel.variety
    QTest.keyClick(slider, Qt.Key.Key_Left)  # this gesture ends by itself, a moment later
    draw_stroke(app.canvas, [(20.0, 30.0), (22.0, 30.0)], release=False)
    app.wait(lambda: not slider._gesture.active)
    assert app.canvas.painting
    app.canvas.finish()
    assert app.portrait.undo_stack == ("Variety", "Brush")


def test_symmetry_paints_the_other_eye(app):
    app.tools.set_symmetry(True)
    app.tools.set_region(Region.R_EYE)
    app.tools.set_size(10)
    app.tools.set_tool(Tool.BRUSH)
    draw_stroke(app.canvas, [(80.0, 160.0)])
    assert app.portrait.mask[160, 80] == Region.R_EYE
    assert app.portrait.mask[160, 175] == Region.L_EYE
    assert app.portrait.undo_stack == ("Brush",)


def test_protection_leaves_other_regions_alone(app):
    before = app.portrait.mask.copy()
    app.tools.set_region(Region.HAT)
    app.tools.set_size(60)
    app.tools.set_paint_over(frozenset({Region.HAIR}))
    draw_stroke(app.canvas, [(128.0, 50.0)])
    changed = app.portrait.mask != before
    assert changed.any() and (before[changed] == Region.HAIR).all()


def test_eraser_fill_lasso(app):
    app.tools.set_tool(Tool.ERASER)
    draw_stroke(app.canvas, [(128.0, 60.0)])
    assert app.portrait.mask[60, 128] == Region.BACKGROUND
    app.tools.set_tool(Tool.FILL)
    app.tools.set_region(Region.CLOTH)
    draw_stroke(app.canvas, [(2.0, 2.0)])
    assert app.portrait.mask[250, 250] == Region.CLOTH
    app.tools.set_tool(Tool.LASSO)
    app.tools.set_region(Region.HAT)
    draw_stroke(app.canvas, [(100.0, 10.0), (160.0, 10.0), (160.0, 40.0), (100.0, 40.0)])
    assert (app.portrait.mask[14:36, 104:156] == Region.HAT).all()
    assert app.portrait.undo_stack == ("Eraser", "Fill", "Lasso fill")


def test_picker_and_right_button_take_the_region(app):
    app.tools.set_tool(Tool.PICKER)
    draw_stroke(app.canvas, [(128.0, 146.0)], pane=1)
    assert app.tools.region is Region.NOSE
    app.tools.set_tool(Tool.BRUSH)
    x, y = app.canvas.view.to_widget(app.canvas.boxes[0], 98.0, 121.0)
    QTest.mouseClick(app.canvas, Qt.MouseButton.RightButton, pos=QPointF(x, y).toPoint())
    app.canvas.palette_popup.pick.click()
    assert app.tools.region is Region.R_EYE
    assert app.portrait.undo_stack == ()


class Pen:
    """A tablet that sends its events to a canvas."""

    def __init__(self, canvas, eraser=False):
        self.canvas = canvas
        kind = QPointingDevice.PointerType.Eraser if eraser else QPointingDevice.PointerType.Pen
        capabilities = QInputDevice.Capability.Position | QInputDevice.Capability.Pressure
        self.device = QPointingDevice("pen", 7, QInputDevice.DeviceType.Stylus, kind, capabilities, 1, 3)

    def send(self, kind, point, pressure):
        at = QPointF(*self.canvas.view.to_widget(self.canvas.boxes[0], *point))
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button = none if kind is QEvent.Type.TabletMove else left
        buttons = none if kind is QEvent.Type.TabletRelease else left
        over = QPointF(self.canvas.mapToGlobal(at.toPoint()))
        event = QTabletEvent(
            kind, self.device, at, over, pressure, 0, 0, 0, 0, 0, Qt.KeyboardModifier.NoModifier, button, buttons
        )
        QApplication.sendEvent(self.canvas, event)
        return event.isAccepted()

    def stroke(self, points, pressure):
        assert self.send(QEvent.Type.TabletPress, points[0], pressure)
        for point in points[1:]:
            assert self.send(QEvent.Type.TabletMove, point, pressure)
        assert self.send(QEvent.Type.TabletRelease, points[-1], 0.0)


def test_pressure_sets_the_size(app):
    app.tools.set_region(Region.HAT)
    app.tools.set_size(30)
    pen = Pen(app.canvas)
    pen.stroke([(40.0, 128.0)], 1.0)
    hard = int((app.portrait.mask == Region.HAT).sum())
    app.session.undo()
    pen.stroke([(40.0, 128.0)], 0.25)
    soft = int((app.portrait.mask == Region.HAT).sum())
    assert hard == pytest.approx(np.pi * 15**2, rel=0.05)
    assert soft < 0.2 * hard and soft > 0
    assert app.portrait.undo_stack == ("Brush",)


def test_other_end_of_the_pen_erases(app):
    app.tools.set_region(Region.HAT)
    Pen(app.canvas, eraser=True).stroke([(128.0, 60.0), (140.0, 60.0)], 1.0)
    assert (app.portrait.mask[60, 126:142] == Region.BACKGROUND).all()
    assert app.portrait.undo_stack == ("Eraser",)
    assert app.tools.tool is Tool.BRUSH


def test_space_pans_instead_of_painting(app):
    view = app.canvas.view
    QApplication.sendEvent(
        app.canvas, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier)
    )
    draw_stroke(app.canvas, [(100.0, 100.0), (110.0, 100.0)])
    QApplication.sendEvent(
        app.canvas, QKeyEvent(QEvent.Type.KeyRelease, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier)
    )
    assert app.portrait.undo_stack == ()
    assert app.canvas.view.x < view.x


def test_only_the_dirty_part_is_repainted(app):
    app.read_head()
    app.settle()
    app.tools.set_size(6)
    app.generator.hold()  # the frame must not come in between
    QApplication.processEvents()
    areas = []
    inner = app.canvas.paintEvent
    app.canvas.paintEvent = lambda event: (areas.append(event.region()), inner(event))[1]
    draw_stroke(app.canvas, [(60.0, 60.0), (61.0, 60.0), (62.0, 61.0)])
    painted = [sum(r.width() * r.height() for r in region) for region in areas]
    assert painted and max(painted) < 0.03 * app.canvas.width() * app.canvas.height()


def picture_of(canvas):
    """The pixels of the smooth mask, (1024, 1024, 3)."""
    return from_qimage(canvas._mask.smooth)


def test_smooth_outlines_follow_a_stroke_and_can_be_switched_off(app):
    canvas = app.canvas
    assert canvas.smooth_outlines
    first = picture_of(canvas)
    app.tools.set_region(Region.HAT)
    app.tools.set_size(20)
    draw_stroke(canvas, [(100.0, 60.0), (140.0, 75.0)])
    assert not np.array_equal(picture_of(canvas), first)
    whole = colorize(smooth_labels(app.portrait.mask))
    assert np.mean(picture_of(canvas) == whole) > 0.9999, "parts are as the whole"
    app.session.undo()
    assert np.mean(picture_of(canvas) == first) > 0.9999
    assert app.portrait.mask.shape == (256, 256), "what is stored stays as it is"
    smooth = canvas.grab().toImage()
    QTest.keyClick(canvas, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert not canvas.smooth_outlines and canvas.grab().toImage() != smooth
