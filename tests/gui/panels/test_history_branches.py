"""Branches and names in the history panel."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from faceeditor.gui.panels.history_panel import _FACTS
from faceeditor.portrait.document import SetTruncation


def submenu(menu, text):
    return next(action for action in menu.actions() if action.text() == text).menu()


def test_a_branch_that_an_edit_left_is_reached_from_the_menu(app):
    panel = app.window.history_panel
    for value in (0.9, 0.8, 0.7):
        app.portrait.apply(SetTruncation(value, f"To {value}"))
    assert not submenu(panel.menu_for(1), "Other branches").isEnabled()
    app.session.go_to(1)
    app.portrait.apply(SetTruncation(0.3, "Another way"))
    assert app.portrait.undo_stack == ("To 0.9", "Another way")
    branches = submenu(panel.menu_for(2), "Other branches")
    assert [action.text() for action in branches.actions()] == ["To 0.7 (step 3)"]
    branches.actions()[0].trigger()
    assert app.portrait.truncation == 0.7 and app.portrait.undo_stack == ("To 0.9", "To 0.8", "To 0.7")
    assert panel.list.currentIndex().row() == 3
    assert submenu(panel.menu_for(1), "Other branches").actions()[0].text().startswith("Another way")


def test_a_step_from_which_branches_go_out_says_so(app):
    model = app.window.history_panel.model
    for value in (0.9, 0.8):
        app.portrait.apply(SetTruncation(value, f"To {value}"))
    before = app.window.history_panel.list.viewport().grab().toImage()
    app.session.go_to(1)
    app.portrait.apply(SetTruncation(0.3, "Another way"))
    assert [model.index(row).data(_FACTS) for row in range(3)] == ["", "1 · 2 branches", "2"]
    assert "Right button" in model.index(1).data(Qt.ItemDataRole.ToolTipRole)
    assert app.window.history_panel.list.viewport().grab().toImage() != before
    app.session.go_to(0)
    app.portrait.apply(SetTruncation(0.2, "From the beginning"))
    assert model.index(0).data(_FACTS) == "2 branches"


def test_f2_names_the_step_that_was_clicked(app):
    panel = app.window.history_panel
    app.portrait.apply(SetTruncation(0.9, "Variety"))
    panel.ask_name = lambda present: "Softer"
    app.window.docks["history"].raise_()
    app.window.activateWindow()
    mode = app.canvas.mode
    app.wait(lambda: not panel.list.visualRect(panel.model.index(1)).isEmpty())
    place = panel.list.visualRect(panel.model.index(1)).center()
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert app.window.focusWidget() is panel.list
    QTest.keyClick(panel.list, Qt.Key.Key_F2)
    assert panel.model.index(1).data() == "Softer" and app.canvas.mode is mode


def test_a_step_gets_a_name(app):
    panel = app.window.history_panel
    app.portrait.apply(SetTruncation(0.9, "Variety"))
    panel.ask_name = lambda present: f"{present}: softer"
    panel.menu_for(1).actions()[0].trigger()
    assert panel.model.index(1).data() == "Variety: softer"
    panel.ask_name = lambda present: None
    panel.menu_for(1).actions()[0].trigger()
    assert panel.model.index(1).data() == "Variety: softer" and not panel.menu_for(0).actions()[0].isEnabled()
    panel.ask_name = lambda present: ""
    panel.rename(1)
    assert panel.model.index(1).data() == "Variety"
    panel.rename(0)
