"""The strip of styles: pin, rename and delete by menu and keys; what is kept, and what can be taken back."""

import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from faceeditor.gui.widgets.style_thumb import _fitting
from faceeditor.portrait import store
from faceeditor.portrait.style_library import pinned_styles
from faceeditor.regions import Region
from tests.gui.head_input import press_key

pytestmark = pytest.mark.display


@pytest.fixture
def panel(app):
    """The style panel with four styles; the newest is in use."""
    for seed in (5, 6, 7):
        app.styles.draw(seed)
    return app.window.style_panel


def names(panel):
    return [thumb.style_code.label for thumb in panel.thumbs if not thumb.isHidden()]


def choose(panel, index, text):
    menu = panel.build_menu(panel.thumbs[index].style_code)
    action = next(action for action in menu.actions() if action.text().startswith(text))
    action.trigger()
    menu.deleteLater()


def test_pinned_styles_come_first_in_every_portrait(app, panel, run):
    before = names(panel)
    choose(panel, 2, "Pin ")
    choose(panel, 3, "Pin ")
    assert names(panel) == [before[2], before[3], before[0], before[1]]
    assert [style.label for style in pinned_styles()] == [before[2], before[3]]
    app.session.replace(type(app.portrait)(app.portrait.mask, app.portrait.style))
    assert names(panel) == [before[2], before[3], before[0]]
    other = run()
    assert names(other.window.style_panel)[:2] == [before[2], before[3]]
    app.wait(lambda: app.styles.picture(app.styles.recent[0]) is not None)
    choose(panel, 0, "Unpin")
    assert names(panel)[0] == before[3] and before[2] in names(panel), "unpinned, it stays among the recent ones"


def test_a_style_is_renamed_by_f2_and_keeps_its_name(app, panel, monkeypatch, tmp_path):
    monkeypatch.setattr(panel, "ask_name", lambda present: f"{present}, auburn")
    mode = app.canvas.mode
    old = names(panel)[1]
    panel.thumbs[1].setFocus()
    QTest.keyClick(panel.thumbs[1], Qt.Key.Key_F2)
    assert names(panel)[1] == f"{old}, auburn" and app.canvas.mode is mode
    assert app.portrait.modified and "Rename" not in "".join(app.portrait.undo_stack)
    store.save(app.portrait, tmp_path / "p.fep")
    assert not app.portrait.modified
    assert f"{old}, auburn" in [style.label for style in store.load(tmp_path / "p.fep").recent_styles]
    style = app.styles.recent[1]
    app.styles.apply(style)
    app.session.undo()
    app.styles.apply(app.styles.recent[1].with_label(old))
    assert f"{old}, auburn" in names(panel), "used again under its old name, it keeps the new one"


def test_keys_act_on_the_style_that_was_clicked(app, panel, monkeypatch):
    monkeypatch.setattr(panel, "ask_name", lambda present: "Clicked")
    app.window.activateWindow()
    QTest.mouseClick(panel.thumbs[2], Qt.MouseButton.LeftButton)
    app.styles.draw(8)  # now it stands one further
    focused = app.window.focusWidget()
    assert focused is panel.thumbs[3] and focused.style_code.key == app.styles.recent[3].key
    QTest.keyClick(focused, Qt.Key.Key_F2)
    assert names(panel)[3] == "Clicked"
    QTest.keyClick(app.window.focusWidget(), Qt.Key.Key_Delete)
    assert "Clicked" not in names(panel)


def test_the_keyboard_goes_back_to_the_canvas_with_the_pointer_but_not_out_of_a_text(app, panel):
    window, at = app.window, QPointF(20, 20)
    window.activateWindow()
    app.wait(window.isActiveWindow)

    def enter():
        QApplication.sendEvent(app.canvas, QEnterEvent(at, at, QPointF(app.canvas.mapToGlobal(at.toPoint()))))

    QTest.mouseClick(panel.thumbs[2], Qt.MouseButton.LeftButton)
    assert window.focusWidget() is panel.thumbs[2]
    enter()
    assert window.focusWidget() is app.canvas
    window.show_panel("identity")
    search = window.head_panels["identity"].search
    search.setFocus()
    enter()
    assert window.focusWidget() is search


def test_the_panel_says_what_styles_are_limited_to(app, panel):
    app.read_head()
    app.tools.set_region(Region.HAIR)
    app.window.actions_by_name["limit"].trigger()
    assert panel.limit.text() == "Only in: Hair"
    app.window.actions_by_name["limit"].trigger()
    assert panel.limit.text() == ""


def test_a_name_on_a_plate_ends_with_an_ellipsis(app, panel):
    thumb = panel.thumbs[0]
    place, metrics = QRectF(0, 0, 52, 52), thumb.fontMetrics()
    flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
    name = "Anna with a much longer name than fits into a plate of this size"
    shown = _fitting(metrics, name, place, flags)
    assert shown.endswith("…") and name.startswith(shown[:-1]) and len(shown) > 8
    assert place.contains(QRectF(metrics.boundingRect(place.toRect(), flags, shown)))
    assert _fitting(metrics, "Seed 5", place, flags) == "Seed 5"


def test_choosing_a_partner_moves_nothing(app, panel):
    before = panel.variety.mapTo(panel, panel.variety.rect().topLeft())
    app.styles.choose_partner(app.styles.recent[2])
    QApplication.processEvents()
    assert panel.variety.mapTo(panel, panel.variety.rect().topLeft()) == before


def test_a_pinned_style_is_renamed_everywhere(app, panel, monkeypatch):
    choose(panel, 2, "Pin ")
    monkeypatch.setattr(panel, "ask_name", lambda present: "Freckles")
    choose(panel, 0, "Rename")
    assert names(panel)[0] == "Freckles" and [style.label for style in pinned_styles()] == ["Freckles"]
    monkeypatch.setattr(panel, "ask_name", lambda present: "")
    choose(panel, 0, "Rename")
    assert names(panel)[0] == "Freckles", "cancelled"


def test_a_deleted_style_can_be_brought_back(app, panel):
    before = names(panel)
    painted = app.portrait.mask
    panel.thumbs[2].setFocus()
    press_key(panel.thumbs[2], Qt.Key.Key_Delete)
    assert names(panel) == [before[0], before[1], before[3]] and app.portrait.mask is painted
    assert before[2] in app.window.banner.text and app.portrait.modified
    app.window.banner.action_button.click()
    assert names(panel) == before
    assert [style.label for style in app.portrait.recent_styles].count(before[2]) == 1


def test_a_deleted_pin_can_be_brought_back(app, panel):
    choose(panel, 3, "Pin ")
    before = names(panel)
    choose(panel, 0, "Delete")
    assert names(panel) == before[1:] and pinned_styles() == ()
    app.window.banner.action_button.click()
    assert names(panel) == before and len(pinned_styles()) == 1


def test_deleting_the_style_in_use_leaves_the_face(app, panel):
    style = app.portrait.style
    index = next(i for i, thumb in enumerate(panel.thumbs) if thumb.style_code.key == style.key)
    choose(panel, index, "Delete")
    assert style.label not in names(panel) and app.portrait.style is style
    app.portrait.mark_saved()
    app.session.undo()
    app.session.redo()
    assert app.portrait.style.key == style.key


def test_a_pin_that_cannot_be_written_is_a_sentence(app, panel, monkeypatch):
    from faceeditor.portrait import style_library

    monkeypatch.setattr(style_library, "MAX_PINNED", 0)
    choose(panel, 1, "Pin ")
    assert "unpin" in app.window.banner.text and pinned_styles() == ()
