"""Branches and names in the history panel."""

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
