"""The panel of adjustments, by real events, down to the pixels that are shown."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from faceeditor.engine import PhotoReading, ReadPhoto
from faceeditor.portrait.adjustments import REGION_SETS, ColourChange, DetailChange, ExpressionChange, LightChange
from faceeditor.portrait.head import EXPRESSIONS
from faceeditor.regions import Region
from tests.gui.fake_engine import READ_HEAD, random_style
from tests.gui.head_input import drag_row


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
    panel._ask_photo = lambda title: tmp_path / "laugh.jpg"
    choose(panel.add_menu, "Expression from a picture ...")
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
