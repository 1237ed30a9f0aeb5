"""The panels of the head with real events: sliders through to changed pixels, search, locks, light and colours."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.gui.snapshot import draw_stroke
from faceeditor.head.control_kinds import rig_of
from faceeditor.regions import Region
from tests.gui.fake_engine import READ_HEAD
from tests.gui.head_input import GROOVE, double_click, drag, drag_row, panel_of, press_key, row_of, type_value

pytestmark = pytest.mark.display


def button(app, group, name):
    header = app.window.docks[group].titleBarWidget()
    return next(child for child in header.children() if child.objectName() == name)


def test_sliders_show_what_was_read(app):
    row = row_of(app, "pose", "yaw")
    assert row.real == pytest.approx(4.0) and row.reset_value == pytest.approx(4.0) and row.default == 0.0
    assert row.text == "4.0°" and row.isEnabled()
    assert app.portrait.head is None


def test_dragging_a_slider_changes_the_face_and_is_one_step(app):
    row = row_of(app, "pose", "yaw")
    before = app.session.frame.pixels
    drag_row(row, 24.0)
    assert app.portrait.undo_stack == ("Yaw",)
    assert app.portrait.head.pose[0] == pytest.approx(row.real, abs=1e-3)
    app.settle()
    assert app.session.frame.head.key == app.portrait.head.key and app.session.frame.drawn == 256
    assert not np.array_equal(app.session.frame.pixels, before)
    app.session.undo()
    assert row.real == pytest.approx(4.0)
    app.session.redo()
    assert row.real == pytest.approx(24.0, abs=0.5)


def test_double_click_resets_to_what_was_read(app):
    row = row_of(app, "pose", "yaw")
    drag_row(row, 24.0)
    double_click(row, QPointF(row.place_of(row.real), GROOVE))
    assert app.portrait.head.pose[0] == pytest.approx(4.0)
    assert app.portrait.undo_stack == ("Yaw", "Yaw")


def test_a_number_is_typed(app):
    row = row_of(app, "expression", "smile")
    type_value(row, "80 %")
    assert app.heads.value("smile") == pytest.approx(0.8)
    type_value(row, "lots")
    assert app.window.banner.isVisible() and "lots" in app.window.banner.text
    assert app.portrait.undo_stack == ("Smile",)


def test_keys_are_one_step(app):
    row = row_of(app, "expression", "jaw_open")
    row.setFocus()
    press_key(row, Qt.Key.Key_Right, 4)
    app.wait(lambda: not app.portrait.busy)
    assert app.portrait.undo_stack == ("Jaw open",) and app.heads.value("jaw_open") == pytest.approx(0.04)


def test_painting_after_a_slider_is_kept_on_top_and_undone_first(app):
    row = row_of(app, "pose", "yaw")
    painted = app.portrait.mask.copy()
    drag_row(row, 24.0)
    app.settle()
    moved = app.session.shown_mask.copy()
    assert not np.array_equal(moved, painted)
    app.tools.set_region(Region.HAT)
    draw_stroke(app.canvas, [(128.0, 30.0), (150.0, 30.0)])
    assert app.portrait.undo_stack == ("Yaw", "Brush")
    rest = app.portrait.mask != Region.HAT
    assert not rest.all() and np.array_equal(app.portrait.mask[rest], painted[rest])
    app.session.undo()
    assert row.real > 20 and np.array_equal(app.portrait.mask, painted)
    app.session.undo()
    assert row.real == pytest.approx(4.0) and app.portrait.head is None


def test_header_buttons(app):
    panel = panel_of(app, "expression")
    button(app, "expression", "random").click()
    assert app.portrait.undo_stack == ("Random expression",)
    button(app, "expression", "lock").click()
    assert app.heads.locked("expression") and not panel.body.isEnabled()
    assert not button(app, "expression", "random").isEnabled() and button(app, "expression", "copy").isEnabled()
    button(app, "expression", "lock").click()
    button(app, "expression", "copy").click()
    button(app, "expression", "reset").click()
    assert app.heads.head.expression.tolist() == READ_HEAD.expression.tolist()
    button(app, "expression", "paste").click()
    assert app.portrait.undo_stack[1:] == ("Reset expression", "Paste expression")
    assert app.heads.head.expression.max() > 0.1


def test_both_sides_together_or_each_by_itself(app):
    panel = panel_of(app, "expression")
    left = panel.rows["smile_left"]
    assert left.isHidden() and not panel.rows["smile"].isHidden() and not panel.rows["wink_left"].isHidden()
    row = row_of(app, "expression", "mouthSmile_L")
    drag_row(row, 0.6)
    head = app.heads.head
    assert head.expression_of("mouthSmile_R") == head.expression_of("mouthSmile_L") > 0.4
    panel.symmetry.click()
    assert not left.isHidden()
    drag_row(row, 0.1)
    head = app.heads.head
    assert head.expression_of("mouthSmile_R") > 0.4 > 0.2 > head.expression_of("mouthSmile_L")


def test_search_filters_and_opens_folded_sections(app):
    panel = panel_of(app, "expression")
    QTest.keyClicks(panel.search, "pucker")
    app.wait(lambda: not panel.building)
    shown = {name for name, row in panel.rows.items() if row.isVisible()}
    assert shown == {"pucker", "mouthPucker"} or shown == {"pucker", "kiss", "mouthPucker"}
    assert not panel.presets.isVisible()
    panel.search.clear()
    QApplication.processEvents()
    assert panel.rows["smile"].isVisible() and not panel.rows["mouthPucker"].isVisible()
    assert panel.presets.isVisible()


def test_a_search_that_is_typed_before_the_sliders_are_made_counts(app):
    app.window.head_panels["pose"].search.setText("yaw")
    panel = panel_of(app, "pose")
    QApplication.processEvents()
    assert [section.title for section in panel.sections if section.isVisible()] == ["Head"]
    assert [name for name, row in panel.rows.items() if row.isVisible()] == ["yaw"]
    assert not panel.presets.isVisible()


def test_panels_behind_other_tabs_do_no_work(app):
    panel_of(app, "pose")
    other = app.window.head_panels["light"]
    assert other.sections == [], "made when it is first seen"
    pose = app.window.head_panels["pose"]
    app.window.show_panel("light")
    app.wait(lambda: not other.building)
    row, before = pose.rows["yaw"], pose.rows["yaw"].real
    app.heads.set_control("yaw", 30.0)
    assert row.real == before
    app.window.show_panel("pose")
    app.wait(lambda: row.real == pytest.approx(30.0))


def test_no_part_of_a_panel_becomes_a_window_of_its_own(app):
    for group in ("identity", "expression", "pose", "light"):
        panel_of(app, group)
    windows = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    assert windows == [app.window]


def test_every_control_of_every_panel_has_a_name(app):
    from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QScrollBar

    for group in ("identity", "expression", "pose", "light"):
        panel = panel_of(app, group)
        for section in panel.sections:
            section.unfold()
        app.wait(lambda panel=panel: not panel.building)
        for widget in [*panel.findChildren(QAbstractButton), *panel.findChildren(QAbstractSlider)]:
            if widget.isVisible() and not isinstance(widget, QScrollBar):
                assert widget.accessibleName() or widget.text, widget


def test_the_light_ball_turns_the_key_light(app):
    panel = panel_of(app, "light")
    before = app.session.frame.pixels
    azimuth = rig_of(app.heads.head).azimuth
    middle = QPointF(panel.ball.rect().center())
    handle = panel.ball.to_widget(*_handle(panel.ball.rig))
    drag(panel.ball, [handle, handle + QPointF(-10, 5), middle + QPointF(-30, -10)])
    assert app.portrait.undo_stack == ("Key light",)
    assert app.portrait.head.rig is not None and app.portrait.head.rig.azimuth != azimuth
    assert not app.portrait.moved, "light moves no mask"
    app.settle()
    assert not np.array_equal(app.session.frame.pixels, before)
    app.session.undo()
    assert app.portrait.head is None


def _handle(rig):
    from faceeditor.interaction.light_shading import handle_of

    return handle_of(rig.azimuth, rig.elevation)


def test_light_sliders_and_presets(app):
    row = row_of(app, "light", "key_strength")
    drag_row(row, 2.0)
    assert app.portrait.head.rig.strength == pytest.approx(2.0, abs=0.02)
    panel = app.window.head_panels["light"]
    next(tile for tile in panel.presets.tiles if "Rembrandt" in tile.text()).click()
    assert app.portrait.undo_stack == ("Key strength", "Rembrandt")


def test_colours_of_lamps(app):
    row_of(app, "light", "key_softness")
    panel = app.window.head_panels["light"]
    colours = panel.colours["Key"]
    QTest.mouseClick(colours.quick[0], Qt.MouseButton.LeftButton)
    assert app.portrait.head.rig.colour == pytest.approx((1.0, 0.58, 0.24))
    assert app.portrait.undo_stack == ("Key colour",)
    colours.present.click()
    colours.dialog.setCurrentColor(Qt.GlobalColor.blue)
    colours.dialog.setCurrentColor(Qt.GlobalColor.green)
    colours.dialog.accept()
    assert app.portrait.head.rig.colour == pytest.approx((0.0, 1.0, 0.0))
    assert app.portrait.undo_stack == ("Key colour", "Key colour")
    colours.present.click()
    colours.dialog.setCurrentColor(Qt.GlobalColor.red)
    colours.dialog.reject()
    assert app.portrait.head.rig.colour == pytest.approx((0.0, 1.0, 0.0))
    assert len(app.portrait.undo_stack) == 2


def test_a_step_of_a_slider_draws_nothing_on_the_thread_of_the_window(app, monkeypatch):
    drawn: list[threading.Thread] = []
    render = app.generator.render

    def noting(*args, **options):
        drawn.append(threading.current_thread())
        return render(*args, **options)

    monkeypatch.setattr(app.generator, "render", noting)
    row = row_of(app, "expression", "smile")
    app.heads.begin("Smile")
    for value in np.linspace(0.0, 1.0, 20):
        row.moved.emit(float(value))
    app.heads.end()
    app.settle()
    assert drawn and threading.main_thread() not in drawn
