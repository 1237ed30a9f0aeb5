"""The panel of adjustments, by real events, down to the pixels that are shown."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from faceeditor.engine import PhotoReading, ReadPhoto
from faceeditor.gui.widgets.region_look import region_name
from faceeditor.portrait import store
from faceeditor.portrait.adjustments import (
    REGION_SETS,
    Adjustment,
    ColourChange,
    DetailChange,
    ExpressionChange,
    HeadChange,
    LightChange,
    RegionStyle,
)
from faceeditor.portrait.document import Portrait, SetAdjustments, SetHead
from faceeditor.portrait.head import EXPRESSIONS
from faceeditor.regions import Region
from tests.gui.fake_engine import READ_HEAD, random_style
from tests.gui.head_input import GROOVE, double_click, drag_row, panel_of, row_of


@pytest.fixture
def panel(app):
    """The panel, in front."""
    app.window.show_panel("adjust")
    found = app.window.adjustment_panel
    app.wait(lambda: found.add_button.isVisible())
    return found


def choose(menu, text):
    """Trigger an entry of a menu that is filled as it opens."""
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text() == text).trigger()


def entries(app):
    return app.portrait.state().face.adjustments


def press(row, value):
    """Drag a slider to about a value."""
    drag_row(row, value)


def face(app):
    app.settle()
    return app.session.frame.pixels.astype(int)


def test_hair_is_coloured_and_undone(app, panel):
    before = face(app)
    hair = app.portrait.mask == Region.HAIR
    choose(panel.add_menu, "Hair colour")
    assert entries(app)[0].regions == REGION_SETS["hair"] and panel.list.count() == 1
    assert (face(app) == before).all(), "a new colour changes nothing before it is set"
    panel.ask_colour = lambda start: (0.1, 0.6, 0.2)
    QTest.mouseClick(panel.colour_button, Qt.MouseButton.LeftButton)
    made = face(app)
    assert made[hair][:, 1].mean() > made[hair][:, 0].mean() + 30, "green"
    far = ~np.isin(app.portrait.mask, [Region.HAIR])
    far[1:] &= far[:-1]
    assert (made[200:, :20] == before[200:, :20]).all()
    app.session.undo()
    app.session.undo()
    assert entries(app) == () and panel.list.count() == 0 and not panel.settings.isVisible()
    assert (face(app) == before).all()


def test_a_drag_of_a_slider_is_one_step_and_shows_at_once(app, panel):
    choose(panel.add_menu, "Skin colour")
    before = face(app)
    press(panel.lightness, 0.8)
    app.wait(lambda: not app.portrait.busy)
    settings = entries(app)[0].settings
    assert isinstance(settings, ColourChange) and settings.lightness > 0.5
    assert app.portrait.undo_stack == ("Add Skin colour", "Skin colour")
    assert face(app).mean() > before.mean() + 2
    press(panel.strength, 0.5)
    app.wait(lambda: not app.portrait.busy)
    assert 0.3 < entries(app)[0].strength < 0.7 and len(app.portrait.undo_stack) == 3
    app.session.undo()
    assert entries(app)[0].strength == 1 and panel.strength.real == 1


def test_eye_name_order_and_removal(app, panel):
    choose(panel.add_menu, "Smooth skin")
    choose(panel.add_menu, "Crisp hair")
    assert [each.name for each in entries(app)] == ["Smooth skin", "Crisp hair"] and panel.list.currentRow() == 1
    box = panel.list.visualItemRect(panel.list.item(1))
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(box.left() + 10, box.center().y()))
    assert not entries(app)[1].enabled and entries(app)[0].enabled
    panel.list.setFocus()
    QTest.keyClick(panel.list, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert [each.name for each in entries(app)] == ["Crisp hair", "Smooth skin"] and panel.list.currentRow() == 0
    panel.list.item(0).setText("Sharper")
    assert entries(app)[0].name == "Sharper" and not entries(app)[0].enabled
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert [each.name for each in entries(app)] == ["Smooth skin"]
    assert isinstance(entries(app)[0].settings, DetailChange)
    app.session.undo()
    assert [each.name for each in entries(app)] == ["Sharper", "Smooth skin"]


def test_regions_are_chosen(app, panel):
    choose(panel.add_menu, "Lip colour")
    assert "lip" in panel.where.text().lower()
    panel.regions_menu.aboutToShow.emit()
    checked = [action for action in panel.regions_menu.actions() if action.isChecked()]
    assert len(checked) == 2
    checked[0].trigger()
    assert len(entries(app)[0].regions) == 1
    choose(panel.regions_menu, "Everywhere")
    assert entries(app)[0].regions == frozenset() and panel.where.text() == "Everywhere"


def test_expression_from_a_picture_by_part(app, panel, monkeypatch, tmp_path):
    app.read_head()
    smile = np.zeros(55, np.float32)
    smile[EXPRESSIONS.index("mouthSmile_L")] = 0.9
    smile[EXPRESSIONS.index("browInnerUp_L")] = 0.5
    head = READ_HEAD.changed(expression=smile, pose=(30, 0, 0))
    reading = PhotoReading(head, random_style(3, "p"), app.portrait.mask, np.zeros((256, 256, 3), np.uint8), "", ())
    monkeypatch.setattr(ReadPhoto, "run", lambda self, context: reading)
    panel._ask_face = lambda title: tmp_path / "laugh.jpg"
    choose(panel.add_menu, "Expression from a picture or portrait ...")
    app.wait(lambda: entries(app))
    assert isinstance(entries(app)[0].settings, ExpressionChange) and "laugh" in entries(app)[0].name
    shown = app.portrait.shown_head
    assert shown.expression_of("mouthSmile_L") == pytest.approx(0.9) and shown.pose[0] == READ_HEAD.pose[0]
    panel.part.setCurrentIndex(panel.part.findData("brows"))
    panel.part.activated.emit(panel.part.currentIndex())
    shown = app.portrait.shown_head
    assert shown.expression_of("mouthSmile_L") == READ_HEAD.expression_of("mouthSmile_L")
    assert shown.expression_of("browInnerUp_L") == pytest.approx(0.5)
    app.settle()
    assert app.session.frame.head.expression_of("browInnerUp_L") == pytest.approx(0.5)


def test_neutral_in_one_click(app, panel):
    app.read_head()
    app.heads.set_control("smile", 0.8)
    QTest.mouseClick(panel.neutral, Qt.MouseButton.LeftButton)
    assert not app.portrait.head.expression.any() and not app.portrait.head.gaze.any()
    assert app.portrait.undo_stack[-1] == "Neutral expression"
    app.session.undo()
    assert app.portrait.head.expression.any()


def test_light_of_a_region_needs_a_head_and_brings_it(app, panel):
    app.tools.set_region(Region.NOSE)
    app.read_head()
    title = "Light of Nose"
    choose(panel.add_menu, title)
    assert isinstance(entries(app)[0].settings, LightChange) and entries(app)[0].regions == {Region.NOSE}
    assert app.portrait.head is not None


def test_another_portrait_brings_its_own_list(app, panel):
    choose(panel.add_menu, "Smooth skin")
    saved = app.portrait.snapshot()
    app.session.undo()
    assert panel.list.count() == 0
    from faceeditor.portrait.document import Portrait

    app.session.replace(Portrait.of(saved))
    assert panel.list.count() == 1 and panel.list.item(0).text() == "Smooth skin"


JAW = EXPRESSIONS.index("jawOpen")


def only_in(app, panel, region):
    """Add an adjustment that sliders and styles edit, for the region that is painted with."""
    app.read_head()
    app.tools.set_region(region)
    choose(panel.add_menu, f"Sliders and style only in {region_name(region)}")
    assert panel.edit_here.isVisible() and panel.edit_here.isChecked()


def test_sliders_are_limited_to_regions_while_their_adjustment_is_edited(app, panel):
    only_in(app, panel, Region.L_LIP)
    before, plain = face(app), app.portrait.head
    steps = len(app.portrait.undo_stack)
    row = row_of(app, "expression", "jaw_open")
    assert "Lower lip" in app.window.head_panels["expression"].hint.text()
    drag_row(row, 0.8)
    app.wait(lambda: not app.portrait.busy)
    settings = entries(app)[0].settings
    assert isinstance(settings, HeadChange) and settings.expression[JAW] == pytest.approx(0.8, abs=0.03)
    assert app.portrait.head is plain and len(app.portrait.undo_stack) == steps + 1
    assert row.real == pytest.approx(settings.expression[JAW], abs=1e-3)
    (local,) = app.portrait.shown_head.local
    assert local.regions == (int(Region.L_LIP),)
    assert (face(app) != before).any()
    # A double click leads back to the head without the adjustment.
    double_click(row, QPointF(row.place_of(row.real), GROOVE))
    app.wait(lambda: not app.portrait.busy)
    assert not entries(app)[0].settings.expression.any() and (face(app) == before).all()
    app.session.undo()
    assert entries(app)[0].settings.expression[JAW] == pytest.approx(0.8, abs=0.03)
    # Switched off, sliders change the whole face again.
    app.window.show_panel("adjust")
    QTest.mouseClick(panel.edit_here, Qt.MouseButton.LeftButton)
    assert app.heads.target is None
    drag_row(row_of(app, "expression", "jaw_open"), 0.3)
    app.wait(lambda: not app.portrait.busy)
    assert app.portrait.head.expression[JAW] == pytest.approx(0.3, abs=0.03)
    assert entries(app)[0].settings.expression[JAW] == pytest.approx(0.8, abs=0.03)


def test_a_pose_cannot_be_limited_and_says_why(app, panel):
    only_in(app, panel, Region.NOSE)
    pose = panel_of(app, "pose")
    assert not pose.body.isEnabled() and "as a whole" in pose.hint.text()
    notes = []
    app.heads.noted.connect(notes.append)
    yaw = float(app.heads.head.pose[0])
    app.heads.set_control("yaw", yaw + 10)
    app.heads.randomise("pose")
    assert float(app.heads.head.pose[0]) == yaw and "pose" in notes[-1]
    app.heads.edit_adjustment(None)
    assert pose.body.isEnabled()


def test_a_style_and_a_light_are_limited_too(app, panel):
    only_in(app, panel, Region.HAIR)
    style, before = app.portrait.style, face(app)
    app.styles.draw(seed=4)
    assert app.portrait.style is style
    kinds = [type(entry.settings) for entry in entries(app)]
    assert kinds == [HeadChange, RegionStyle] and entries(app)[1].regions == {Region.HAIR}
    app.styles.draw(seed=5)
    assert len(entries(app)) == 2 and entries(app)[1].name == "Seed 5"
    app.heads.set_control("key_azimuth", 60.0)
    settings = entries(app)[0].settings
    assert settings.gamma.any() and settings.rig is not None and not settings.moves
    assert app.heads.value("key_azimuth") == pytest.approx(60.0)
    app.settle()
    del before
    app.session.undo()
    assert not entries(app)[0].settings.gamma.any() and app.heads.target is not None
    for _ in range(3):
        app.session.undo()
    assert entries(app) == () and app.heads.target is None


def test_what_has_no_shape_is_named(app, panel):
    only_in(app, panel, Region.BACKGROUND)
    assert panel.about.isVisible() and region_name(Region.BACKGROUND) in panel.about.text()
    panel.regions_menu.aboutToShow.emit()
    for action in panel.regions_menu.actions():
        if action.text() in (region_name(Region.BACKGROUND), region_name(Region.NOSE)):
            action.trigger()
            panel.regions_menu.aboutToShow.emit()
            break
    assert entries(app)[0].regions == frozenset()
    assert not panel.about.isVisible()


def test_expression_from_a_portrait_file_with_its_adjustments(app, panel, tmp_path):
    app.read_head()
    other = Portrait(app.portrait.mask, random_style(7, "other"))
    wide = READ_HEAD.changed(expression=np.eye(55)[EXPRESSIONS.index("eyeWide_L")] * 0.7, pose=(25, 0, 0))
    other.apply(SetHead(wide, wide))
    smile = np.eye(55, dtype=np.float32)[EXPRESSIONS.index("mouthSmile_R")] * 0.6
    added = Adjustment("smile", ExpressionChange(smile, np.zeros(2), "mouth"))
    other.apply(SetAdjustments((added,)))
    file = tmp_path / "clara.fep"
    store.save(other, file)
    panel._ask_face = lambda title: file
    choose(panel.add_menu, "Expression from a picture or portrait ...")
    app.wait(lambda: entries(app))
    shown = app.portrait.shown_head
    assert shown.expression_of("eyeWide_L") == pytest.approx(0.7)
    assert shown.expression_of("mouthSmile_R") == pytest.approx(0.6) and shown.pose[0] == READ_HEAD.pose[0]
    drag_row(panel.strength, 0.5)
    app.wait(lambda: not app.portrait.busy)
    half = 0.7 * entries(app)[0].strength
    assert app.portrait.shown_head.expression_of("eyeWide_L") == pytest.approx(half, abs=0.01)
    # One whose sliders were never touched is read from its face.
    app.session.undo()
    app.session.undo()
    store.save(Portrait(app.portrait.mask, random_style(7, "other")), file)
    choose(panel.add_menu, "Expression from a picture or portrait ...")
    app.wait(lambda: entries(app))
    assert np.array_equal(entries(app)[0].settings.gaze, READ_HEAD.gaze)


def test_a_damaged_portrait_as_a_source_of_expression_is_a_sentence(app, panel, tmp_path):
    app.read_head()
    said = []
    app.session.failed.connect(said.append)
    (tmp_path / "bad.fep").write_bytes(b"PK no zip")
    panel._ask_face = lambda title: tmp_path / "bad.fep"
    choose(panel.add_menu, "Expression from a picture or portrait ...")
    app.wait(lambda: said)
    assert "bad.fep" in said[0] and entries(app) == ()


def test_the_limit_by_its_key_takes_up_the_adjustment_of_the_region_again(app, panel):
    app.read_head()
    app.tools.set_region(Region.NOSE)
    app.canvas.setFocus()
    action = app.window.actions_by_name["limit"]
    QTest.keyClick(app.window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert action.isChecked() and app.heads.target_index == 0 and entries(app)[0].regions == {Region.NOSE}
    QTest.keyClick(app.window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert not action.isChecked() and app.heads.target is None
    QTest.keyClick(app.window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert app.heads.target_index == 0 and len(entries(app)) == 1
    panel.list.setFocus()
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert not action.isChecked() and entries(app) == ()
