"""Tools on the canvas: size and lines with Shift, regions by digits and palette, the turned view, the comb."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.gui.canvas.region_popup import RegionPopup
from faceeditor.gui.canvas.tools import Tool
from faceeditor.gui.snapshot import draw_stroke
from faceeditor.interaction.region_keys import GROUPS
from faceeditor.portrait.document import Portrait
from faceeditor.regions import Region
from tests.gui.fake_engine import face_mask
from tests.gui.head_input import SHIFT, drag, drag_row

pytestmark = pytest.mark.display

KEYPAD = Qt.KeyboardModifier.KeypadModifier


def at(canvas, x, y, pane=0):
    return QPointF(*canvas.view.to_widget(canvas.boxes[pane], x, y))


def test_shift_and_a_drag_change_the_size_of_the_brush_and_show_a_ring(app):
    canvas, before = app.canvas, app.portrait.mask.copy()
    app.tools.set_size(20)
    start = at(canvas, 100, 100)
    drag(canvas, [start, start + QPointF(30, 0)], SHIFT, release=False)
    wanted = round(20 + 2 * 30 / canvas.view.zoom)
    assert app.tools.size == wanted and canvas.pen_radius == pytest.approx(wanted / 2)
    assert canvas.pen_at == pytest.approx((100, 100)), "the ring stays where the drag began"
    canvas.finish()
    assert np.array_equal(app.portrait.mask, before) and app.portrait.undo_stack == ()


def test_escape_brings_the_size_back(app):
    app.tools.set_size(20)
    start = at(app.canvas, 100, 100)
    drag(app.canvas, [start, start + QPointF(60, 0)], SHIFT, release=False)
    QTest.keyClick(app.canvas, Qt.Key.Key_Escape)
    assert app.tools.size == 20


def test_shift_and_a_click_draw_a_line_from_the_last_stroke(app):
    app.tools.set_size(6)
    app.tools.set_region(Region.HAT)
    draw_stroke(app.canvas, [(40.0, 40.0), (50.0, 40.0)])
    drag(app.canvas, [at(app.canvas, 90, 80)], SHIFT)
    assert app.portrait.undo_stack == ("Brush", "Brush")
    for t in (0.25, 0.5, 0.75, 1.0):
        assert app.portrait.mask[round(40 + 40 * t), round(50 + 40 * t)] == Region.HAT
    drag(app.canvas, [at(app.canvas, 90, 120)], SHIFT)
    assert (app.portrait.mask[82:118, 90] == Region.HAT).all(), "lines go on from each other"


def test_the_first_line_of_a_portrait_is_a_dot(app):
    draw_stroke(app.canvas, [(40.0, 40.0), (50.0, 40.0)])
    app.session.replace(Portrait(face_mask(), app.portrait.style))
    app.tools.set_size(4)
    app.tools.set_region(Region.HAT)
    drag(app.canvas, [at(app.canvas, 128, 200)], SHIFT)
    assert 0 < (app.portrait.mask == Region.HAT).sum() < 40


def test_digits_lead_to_every_region(app):
    assert sorted(region for group in GROUPS.values() for region in group) == sorted(Region)
    for region in Region:
        (digit,) = [digit for digit, group in GROUPS.items() if region in group]
        for _ in range(len(GROUPS[digit])):
            if app.tools.region is not region:
                QTest.keyClick(app.canvas, str(digit))
        assert app.tools.region is region


def test_the_right_button_opens_the_palette(app):
    QTest.mouseClick(app.canvas, Qt.MouseButton.RightButton, pos=at(app.canvas, 128, 130).toPoint())
    popup = app.canvas.palette_popup
    assert isinstance(popup, RegionPopup) and popup.isVisible()
    popup.buttons[Region.NOSE].click()
    assert app.tools.region is Region.NOSE
    QTest.mouseClick(app.canvas, Qt.MouseButton.RightButton, pos=at(app.canvas, 2, 2).toPoint())
    popup = app.canvas.palette_popup
    QTest.keyClick(popup.pick, Qt.Key.Key_Return)
    assert app.tools.region is Region(int(app.portrait.mask[2, 2])), "Return picks the region under the pointer"


def test_a_mirrored_view_leaves_the_mask_as_it_is_and_paints_under_the_pointer(app):
    before = app.portrait.mask.copy()
    widget = at(app.canvas, 60, 60)
    QTest.keyClick(app.canvas, "M")
    assert np.array_equal(app.portrait.mask, before)
    point = app.canvas.view.to_picture(app.canvas.boxes[0], widget.x(), widget.y())
    assert point == pytest.approx((256 - 60, 60))
    app.tools.set_region(Region.HAT)
    app.tools.set_size(6)
    drag(app.canvas, [widget])
    assert app.portrait.mask[60, 196] == Region.HAT and app.portrait.mask[60, 60] != Region.HAT
    QTest.keyClick(app.canvas, "M")
    assert not app.canvas.view.flipped


def test_the_picture_is_drawn_mirrored(app):
    QApplication.processEvents()
    pane = app.canvas.boxes[0]
    plain = app.canvas.grab().toImage()
    app.canvas.flip()
    flipped = app.canvas.grab().toImage()
    middle = pane.centre
    for dx, dy in ((60, -100), (-80, 20), (35, 60)):
        left = plain.pixelColor(round(middle[0] + dx), round(middle[1] + dy))
        right = flipped.pixelColor(round(middle[0] - dx) - 1, round(middle[1] + dy))
        assert left == right


def test_the_view_is_turned_by_the_keypad(app):
    canvas = app.canvas
    QTest.keyClick(canvas, Qt.Key.Key_6, KEYPAD)
    assert canvas.view.angle == 15
    QTest.keyClick(canvas, Qt.Key.Key_4, KEYPAD)
    QTest.keyClick(canvas, Qt.Key.Key_4, KEYPAD)
    assert canvas.view.angle == -15
    app.tools.set_region(Region.HAT)
    app.tools.set_size(6)
    drag(canvas, [at(canvas, 70, 90)])
    assert app.portrait.mask[90, 70] == Region.HAT
    QTest.keyClick(canvas, Qt.Key.Key_5, KEYPAD)
    assert canvas.view.angle == 0
    app.window.actions_by_name["rotate_right"].trigger()
    assert canvas.view.angle == 15
    app.session.replace(Portrait(face_mask(), app.portrait.style))
    assert canvas.view.angle == 0, "a new portrait is upright"


def test_the_comb_lays_strokes_that_are_undone_one_by_one(app):
    QTest.keyClick(app.canvas, "C")
    assert app.tools.tool is Tool.COMB
    mask = app.portrait.mask.copy()
    draw_stroke(app.canvas, [(100.0, 40.0), (90.0, 60.0), (84.0, 90.0)], pane=1)
    draw_stroke(app.canvas, [(150.0, 40.0), (160.0, 70.0)])
    strokes = app.portrait.state().face.comb
    assert len(strokes) == 2 and app.portrait.undo_stack == ("Comb", "Comb")
    assert strokes[0].points[0] == pytest.approx((100, 40)) and strokes[0].points[-1] == pytest.approx((84, 90))
    assert np.array_equal(app.portrait.mask, mask)
    app.session.undo()
    assert app.portrait.state().face.comb == strokes[:1]
    app.window.actions_by_name["clear_comb"].trigger()
    assert app.portrait.state().face.comb == ()
    app.session.undo()
    assert app.portrait.state().face.comb == strokes[:1]


def test_the_strokes_of_the_comb_are_seen_while_it_is_used(app):
    app.tools.set_tool(Tool.COMB)
    before = app.canvas.grab().toImage()
    draw_stroke(app.canvas, [(100.0, 40.0), (60.0, 90.0)])
    app.settle()
    assert app.canvas.grab().toImage() != before
    app.tools.set_tool(Tool.BRUSH)
    app.canvas._move_pen(None)
    plain = app.canvas.grab().toImage()
    app.tools.set_tool(Tool.COMB)
    assert app.canvas.grab().toImage() != plain


def test_a_click_with_the_comb_changes_nothing_and_escape_takes_a_stroke_back(app):
    app.tools.set_tool(Tool.COMB)
    draw_stroke(app.canvas, [(100.0, 40.0)])
    draw_stroke(app.canvas, [(100.0, 40.0), (60.0, 90.0)], release=False)
    QTest.keyClick(app.canvas, Qt.Key.Key_Escape)
    assert app.portrait.undo_stack == () and app.portrait.state().face.comb == ()


def test_the_stabiliser_trails_and_catches_up_when_the_pen_is_lifted(app):
    drag_row(app.window.tool_panel.stabiliser, 0.5)
    assert app.tools.stabiliser == pytest.approx(0.5, abs=0.01)
    app.tools.set_region(Region.HAT)
    app.tools.set_size(4)
    wave = [(40.0 + x, 30.0 + (3.0 if x % 4 < 2 else -3.0)) for x in range(0, 120, 2)]
    draw_stroke(app.canvas, wave, release=False)
    assert app.portrait.mask[27:36, 157].max(initial=0) != Region.HAT, "the brush trails behind the pointer"
    drag(app.canvas, [at(app.canvas, *wave[-1])] * 2)  # pressed again: the open stroke ends first
    columns = app.portrait.mask[:, 70:120] == Region.HAT
    rows = np.flatnonzero(columns.any(1))
    assert columns.any(0).all() and rows.max() - rows.min() <= 6, "a wave of 6 pixels became a line of 4"
    assert app.portrait.mask[round(wave[-1][1]), 157] == Region.HAT


def test_the_stabiliser_is_one_undo_step_and_leaves_lines_alone(app):
    app.tools.set_stabiliser(1.0)
    app.tools.set_region(Region.HAT)
    app.tools.set_size(6)
    before = app.portrait.mask.copy()
    draw_stroke(app.canvas, [(40.0, 40.0), (90.0, 40.0)])
    assert app.portrait.undo_stack == ("Brush",) and (app.portrait.mask[40, 42:88] == Region.HAT).all()
    drag(app.canvas, [at(app.canvas, 90, 120)], SHIFT)
    assert (app.portrait.mask[42:118, 90] == Region.HAT).all()
    app.session.undo()
    app.session.undo()
    assert np.array_equal(app.portrait.mask, before)


def test_the_stabiliser_is_kept_for_the_next_start(run):
    first = run(remember=True)
    first.tools.set_stabiliser(0.35)
    first.close()
    again = run(remember=True)
    assert again.tools.stabiliser == 0.35 and again.window.tool_panel.stabiliser.text.startswith("35")
