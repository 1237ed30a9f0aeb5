"""Selecting, transforming and pushing with real events, through to changed pixels of mask and face."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest

from faceeditor.gui.actions import commands
from faceeditor.gui.canvas.tools import Tool
from faceeditor.gui.snapshot import draw_stroke
from faceeditor.interaction.selection import SelectMode
from faceeditor.interaction.transform import BoxPart
from faceeditor.portrait.document import Portrait, SetComb, SetHead
from faceeditor.portrait.state import CombStroke
from faceeditor.regions import Region
from tests.gui.fake_engine import READ_HEAD, face_mask, face_of
from tests.gui.head_input import PLAIN, SHIFT, drag, send

pytestmark = pytest.mark.display

ALT, CONTROL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
EYE = (158.0, 121.0)


def at(canvas, x, y, pane=0):
    return QPointF(*canvas.view.to_widget(canvas.boxes[pane], x, y))


def click(canvas, point, modifiers=PLAIN, pane=0):
    drag(canvas, [at(canvas, *point, pane)], modifiers)


def select(app, point=EYE, modifiers=PLAIN, pane=0):
    app.tools.set_tool(Tool.SELECT)
    click(app.canvas, point, modifiers, pane)
    return app.canvas.selecting


def pull(app, part, dx, dy, modifiers=PLAIN, pane=0, release=True):
    """Drag a handle, or the inside, by a step in the picture."""
    selecting, view = app.canvas.selecting, app.canvas.view
    start = selecting._place(part, view, app.canvas.boxes[pane]) if part is not BoxPart.MOVE else at(app.canvas, *EYE)
    step = QPointF(dx, dy) * view.zoom
    drag(app.canvas, [start, start + step / 2, start + step], modifiers, release)


def shifted(area, dx, dy):
    return np.roll(area, (dy, dx), (0, 1))


def test_no_two_commands_share_a_shortcut():
    keys = [QKeySequence(key).toString() for command in commands() for key in command.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(("key", "tool"), [("V", Tool.SELECT), ("W", Tool.PUSH)])
def test_keys_of_the_tools(app, key, tool):
    QTest.keyClick(app.canvas, key)
    assert app.tools.tool is tool and app.window.actions_by_name[tool.value].isChecked()


@pytest.mark.parametrize("pane", [0, 1], ids=["on the mask", "on the face"])
def test_a_click_selects_a_connected_part(app, pane):
    selecting = select(app, pane=pane)
    assert np.array_equal(selecting.area, app.portrait.mask == Region.L_EYE)
    assert app.portrait.undo_stack == () and not app.portrait.modified


def test_modifiers_add_and_subtract(app):
    selecting = select(app)
    select(app, (98.0, 121.0), SHIFT)
    eyes = np.isin(app.portrait.mask, (Region.L_EYE, Region.R_EYE))
    assert np.array_equal(selecting.area, eyes)
    select(app, EYE, ALT)
    assert np.array_equal(selecting.area, app.portrait.mask == Region.R_EYE)
    app.window.tool_panel.select_modes.button(list(SelectMode).index(SelectMode.ADD)).click()
    select(app)
    assert np.array_equal(selecting.area, eyes)


def test_an_outline_selects_its_inside(app):
    app.tools.set_tool(Tool.SELECT)
    draw_stroke(app.canvas, [(20.0, 20.0), (60.0, 20.0), (60.0, 50.0), (20.0, 50.0)])
    area = app.canvas.selecting.area
    assert area[22:48, 22:58].all() and area.sum() == pytest.approx(1200, rel=0.05)


def test_commands_of_the_selection(app):
    selecting = app.canvas.selecting
    QTest.keyClick(app.canvas, Qt.Key.Key_A, CONTROL)
    assert selecting.area.all()
    QTest.keyClick(app.canvas, Qt.Key.Key_D, CONTROL)
    assert selecting.area is None
    select(app)
    QTest.keyClick(app.canvas, Qt.Key.Key_I, CONTROL | SHIFT)
    assert np.array_equal(selecting.area, app.portrait.mask != Region.L_EYE)
    QTest.keyClick(app.canvas, Qt.Key.Key_Escape)
    assert selecting.area is None
    app.tools.set_region(Region.NOSE)
    app.window.actions_by_name["select_region"].trigger()
    assert np.array_equal(selecting.area, app.portrait.mask == Region.NOSE)


def test_a_drag_moves_what_is_selected_on_mask_and_face(app):
    before = app.portrait.mask
    selecting = select(app)
    pull(app, BoxPart.MOVE, 6, -5, release=False)
    eye = before == Region.L_EYE
    there = shifted(eye, 6, -5)
    assert np.array_equal(app.portrait.mask == Region.L_EYE, there), "seen while the hand moves"
    assert (app.portrait.mask[eye & ~there] == Region.SKIN).all()
    app.canvas.finish()
    app.settle()
    assert app.session.frame.drawn >= 256 and app.portrait.busy, "drawn in full while the hand rests"
    app.wait(lambda: app.session.fine_frame is not None)
    assert np.array_equal(app.session.frame.pixels, face_of(app.portrait.mask, app.portrait.style))
    QTest.keyClick(app.canvas, Qt.Key.Key_Return)
    assert app.portrait.undo_stack == ("Transform",) and not app.portrait.busy
    assert np.array_equal(selecting.area, there), "the selection goes along"
    app.session.undo()
    assert np.array_equal(app.portrait.mask, before) and np.array_equal(selecting.area, eye)
    app.session.redo()
    assert np.array_equal(selecting.area, there)


def test_escape_cancels_the_drag_then_the_transform_then_the_selection(app):
    before = app.portrait.mask
    selecting = select(app)
    pull(app, BoxPart.MOVE, 4, 4)
    once = app.portrait.mask
    start = at(app.canvas, EYE[0] + 4, EYE[1] + 4)
    drag(app.canvas, [start, start + QPointF(40, 0)], release=False)
    QTest.keyClick(app.canvas, Qt.Key.Key_Escape)
    assert np.array_equal(app.portrait.mask, once) and selecting.transforming
    QTest.keyClick(app.canvas, Qt.Key.Key_Escape)
    assert np.array_equal(app.portrait.mask, before) and not selecting.transforming
    assert selecting.area is not None and app.portrait.undo_stack == () and not app.portrait.busy
    QTest.keyClick(app.canvas, Qt.Key.Key_Escape)
    assert selecting.area is None


def test_handles_scale_and_rotate(app):
    selecting = select(app)
    pull(app, BoxPart.BOTTOM_RIGHT, 12, 20, SHIFT)
    transform = selecting.transform
    assert transform.scale_x == pytest.approx(transform.scale_y) and transform.scale_x > 1.3
    count = (face_mask() == Region.L_EYE).sum()
    assert (app.portrait.mask == Region.L_EYE).sum() == pytest.approx(count * transform.scale_x**2, rel=0.1)
    assert app.window.transform_bar.width_percent.value() == pytest.approx(transform.scale_x * 100, abs=0.1)
    pull(app, BoxPart.ROTATE, 30, 0)
    assert selecting.transform.angle > 5
    app.window.transform_bar.apply.click()
    assert app.portrait.undo_stack == ("Transform",) and app.canvas.hasFocus()


def test_ctrl_t_shows_numbers_that_can_be_typed(app):
    select(app)
    QTest.keyClick(app.canvas, Qt.Key.Key_T, CONTROL)
    bar = app.window.transform_bar
    assert bar.isVisible() and not app.window.bar.isVisible()
    bar.move_x.setFocus()
    bar.move_x.selectAll()
    QTest.keyClicks(bar.move_x, "7")
    QTest.keyClick(bar.move_x, Qt.Key.Key_Return)
    assert app.canvas.selecting.transform.dx == 7 and app.canvas.hasFocus()
    bar.mirror_across.click()
    assert app.canvas.selecting.transform.scale_x == -1
    QTest.keyClick(app.canvas, Qt.Key.Key_Return)
    assert np.array_equal(app.portrait.mask == Region.L_EYE, shifted(face_mask() == Region.L_EYE, 7, 0))
    assert app.window.bar.isVisible() and not bar.isVisible()


def test_ctrl_t_without_a_selection_takes_the_current_region(app):
    app.tools.set_region(Region.NOSE)
    QTest.keyClick(app.canvas, Qt.Key.Key_T, CONTROL)
    assert app.canvas.selecting.transforming and app.tools.tool is Tool.SELECT
    QTest.keyClick(app.canvas, Qt.Key.Key_Up)
    assert np.array_equal(app.portrait.mask == Region.NOSE, shifted(face_mask() == Region.NOSE, 0, -1))


def test_ctrl_t_says_what_to_do_if_there_is_nothing_to_transform(app):
    app.tools.set_region(Region.HAT)
    QTest.keyClick(app.canvas, Qt.Key.Key_T, CONTROL)
    assert "no “Hat”" in app.window.banner.text and not app.canvas.selecting.transforming
    assert not app.portrait.busy and app.tools.tool is Tool.SELECT


def test_arrow_keys_nudge_as_it_is_seen(app):
    selecting = select(app)
    QTest.keyClick(app.canvas, Qt.Key.Key_Right)
    QTest.keyClick(app.canvas, Qt.Key.Key_Down, SHIFT)
    assert (selecting.transform.dx, selecting.transform.dy) == (1, 10)
    app.canvas.flip()
    QTest.keyClick(app.canvas, Qt.Key.Key_Right)
    assert selecting.transform.dx == 0
    QTest.keyClick(app.canvas, Qt.Key.Key_Enter)
    assert app.portrait.undo_stack == ("Transform",)


def test_both_sides_move_mirrored(app):
    select(app)
    QTest.keyClick(app.canvas, Qt.Key.Key_T, CONTROL)
    bar = app.window.transform_bar
    assert bar.both_sides.isEnabled()
    QTest.keyClick(app.canvas, Qt.Key.Key_Right)
    bar.both_sides.click()
    QTest.keyClick(app.canvas, Qt.Key.Key_Right)
    assert app.tools.symmetry
    left, right = face_mask() == Region.L_EYE, face_mask() == Region.R_EYE
    assert np.array_equal(app.portrait.mask == Region.L_EYE, shifted(left, 2, 0))
    assert np.array_equal(app.portrait.mask == Region.R_EYE, shifted(right, -2, 0))
    bar.both_sides.click()
    assert np.array_equal(app.portrait.mask == Region.R_EYE, right), "and back at once"


@pytest.mark.parametrize("how", ["another tool", "a stroke of the brush", "a new style", "saving"])
def test_whatever_is_done_next_applies_the_transform(app, how, tmp_path):
    selecting = select(app)
    pull(app, BoxPart.MOVE, 5, 0)
    there = shifted(face_mask() == Region.L_EYE, 5, 0)
    if how == "another tool":
        QTest.keyClick(app.canvas, "B")
    elif how == "a new style":
        QTest.keyClick(app.canvas, "N")
    elif how == "saving":
        app.portrait.mark_saved(tmp_path / "a.fep")
        assert app.files.save()
    else:
        app.tools._tool = Tool.BRUSH  # as if the key had come too late
        draw_stroke(app.canvas, [(20.0, 20.0)])
    assert app.portrait.undo_stack[0] == "Transform" and not selecting.transforming
    assert np.array_equal(app.portrait.mask == Region.L_EYE, there) and np.array_equal(selecting.area, there)


def test_undo_during_a_transform_takes_it_back(app):
    selecting = select(app)
    pull(app, BoxPart.MOVE, 5, 0)
    QTest.keyClick(app.canvas, Qt.Key.Key_Z, CONTROL)
    assert np.array_equal(app.portrait.mask, face_mask()) and not selecting.transforming
    assert np.array_equal(selecting.area, face_mask() == Region.L_EYE)


def test_comb_strokes_in_moved_hair_move_along(app):
    inside = CombStroke(np.array([(60, 60), (50, 90)], np.float32), 10)
    outside = CombStroke(np.array([(128, 150), (128, 170)], np.float32), 10)
    app.portrait.apply(SetComb((inside, outside)))
    select(app, (128.0, 25.0))
    QTest.keyClick(app.canvas, Qt.Key.Key_Down, SHIFT)
    QTest.keyClick(app.canvas, Qt.Key.Key_Return)
    comb = app.portrait.state().face.comb
    assert comb[0].points[0] == pytest.approx((60, 70)) and comb[1] is outside
    assert app.portrait.undo_stack == ("Comb", "Transform")


def test_on_a_turned_head_the_painted_mask_gets_the_transform(app):
    app.read_head()
    turned = READ_HEAD.changed(pose=(READ_HEAD.pose[0] + 12, *READ_HEAD.pose[1:]))
    app.portrait.apply(SetHead(turned, READ_HEAD))
    app.settle()
    painted, eye = app.portrait.mask, face_mask() == Region.L_EYE
    selecting = select(app, (EYE[0] + 12, EYE[1]))
    assert np.array_equal(selecting.area, shifted(eye, 12, 0))
    QTest.keyClick(app.canvas, Qt.Key.Key_Up, SHIFT)
    assert np.array_equal(app.portrait.mask == Region.L_EYE, shifted(eye, 12, -10)), "as it is seen"
    QTest.keyClick(app.canvas, Qt.Key.Key_Return)
    assert np.array_equal(app.portrait.mask == Region.L_EYE, shifted(eye, 0, -10)), "as it was painted"
    assert app.portrait.base_head is READ_HEAD and app.portrait.head is turned
    app.settle()
    assert np.array_equal(app.session.frame.mask == Region.L_EYE, shifted(eye, 12, -10))
    app.session.undo()
    assert np.array_equal(app.portrait.mask, painted)
    app.portrait.apply(SetHead(READ_HEAD))
    assert selecting.area is None, "what was selected lies elsewhere now"


def test_a_push_on_a_turned_head_is_kept_on_the_painted_mask(app):
    app.read_head()
    turned = READ_HEAD.changed(pose=(READ_HEAD.pose[0] + 12, *READ_HEAD.pose[1:]))
    app.portrait.apply(SetHead(turned, READ_HEAD))
    app.settle()
    app.tools.set_tool(Tool.PUSH)
    app.tools.set_size(40)
    draw_stroke(app.canvas, [(x, 150.0) for x in np.linspace(70, 90, 10)])
    assert app.portrait.mask[150, 66] == Region.HAIR and face_mask()[150, 66] == Region.SKIN
    assert app.portrait.base_head is READ_HEAD


def test_pushing_moves_a_border_on_mask_and_face(app):
    QTest.keyClick(app.canvas, "W")
    app.tools.set_size(40)
    assert app.window.tool_panel.strength.isVisible() and app.canvas.pen_radius == pytest.approx(20)
    draw_stroke(app.canvas, [(x, 150.0) for x in np.linspace(58, 78, 10)], pane=1)
    assert app.portrait.mask[150, 68] == Region.HAIR and face_mask()[150, 68] == Region.SKIN
    assert app.portrait.undo_stack == ("Push",)
    app.settle()
    assert np.array_equal(app.session.frame.pixels, face_of(app.portrait.mask, app.portrait.style))
    app.session.undo()
    assert np.array_equal(app.portrait.mask, face_mask())


def test_strength_and_current_region_of_the_push_brush(app):
    app.tools.set_tool(Tool.PUSH)
    panel = app.window.tool_panel
    panel.strength.set_once(0.2)
    assert panel.strength.text == "20 %"
    assert app.tools.strength == pytest.approx(0.2)
    panel.push_current.click()
    app.tools.set_region(Region.NOSE)
    draw_stroke(app.canvas, [(x, 150.0) for x in np.linspace(58, 78, 10)])
    assert np.array_equal(app.portrait.mask, face_mask()), "there is no nose"


def test_escape_takes_a_push_back(app):
    app.tools.set_tool(Tool.PUSH)
    draw_stroke(app.canvas, [(x, 150.0) for x in np.linspace(58, 78, 10)], release=False)
    assert not np.array_equal(app.portrait.mask, face_mask())
    QTest.keyClick(app.canvas, Qt.Key.Key_Escape)
    assert np.array_equal(app.portrait.mask, face_mask()) and app.portrait.undo_stack == ()


@pytest.mark.parametrize("tool", [Tool.BRUSH, Tool.ERASER, Tool.FILL, Tool.LASSO])
def test_painting_stays_inside_of_the_selection(app, tool):
    selecting = select(app)
    inside = selecting.area.copy()
    app.tools.set_tool(tool)
    app.tools.set_region(Region.HAT)
    app.tools.set_size(60)
    points = [(150.0, 115.0), (166.0, 115.0), (166.0, 127.0), (150.0, 127.0), EYE]
    draw_stroke(app.canvas, points if tool is not Tool.FILL else [EYE])
    changed = app.portrait.mask != face_mask()
    assert changed.any() and not changed[~inside].any()


def test_delete_clears_what_is_selected(app):
    select(app)
    app.tools.set_region(Region.NOSE)
    QTest.keyClick(app.canvas, Qt.Key.Key_Delete)
    assert not (app.portrait.mask == Region.L_EYE).any() and (app.portrait.mask == Region.NOSE).any()
    assert app.portrait.undo_stack == ("Clear selection",)


def test_ants_are_seen_on_every_colour_and_march(app):
    plain = app.canvas.grab().toImage()
    selecting = select(app)
    app.tools.set_tool(Tool.BRUSH)
    app.canvas._move_pen(None)
    first = app.canvas.grab().toImage()
    selecting._step_ants()
    second = app.canvas.grab().toImage()
    assert first != plain and second != first
    box = app.canvas.boxes[0]
    x0, y0 = (round(value) for value in app.canvas.view.to_widget(box, 144, 113))
    x1, y1 = (round(value) for value in app.canvas.view.to_widget(box, 172, 129))
    levels = {first.pixelColor(x, y).lightness() for x in range(x0, x1) for y in range(y0, y1)}
    assert min(levels) < 40 and max(levels) > 230


def test_the_selection_does_not_outlive_its_portrait(app):
    selecting = select(app)
    pull(app, BoxPart.MOVE, 5, 0)
    app.session.replace(Portrait(face_mask(), app.portrait.style))
    assert selecting.area is None and not selecting.transforming and app.window.bar.isVisible()


def test_cursor_and_hint_tell_what_can_be_done(app):
    selecting = select(app)
    for part, shape in (
        (BoxPart.MOVE, Qt.CursorShape.SizeAllCursor),
        (BoxPart.TOP_LEFT, Qt.CursorShape.SizeFDiagCursor),
        (BoxPart.TOP_RIGHT, Qt.CursorShape.SizeBDiagCursor),
        (BoxPart.ROTATE, Qt.CursorShape.PointingHandCursor),
    ):
        place = selecting._place(part, app.canvas.view, app.canvas.boxes[0])
        send(app.canvas, QEvent.Type.MouseMove, place)
        assert app.canvas.cursor().shape() is shape
    assert "Esc" in app.window.status.hint.text()
    app.tools.set_tool(Tool.BRUSH)
    assert "Only the selection" in app.window.status.hint.text()
    app.canvas.selecting.deselect()
    assert app.window.status.hint.text() == ""
