"""Panels, focus and messages of the window."""

import pytest
from PySide6.QtCore import QEvent, QPoint, QSize, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QTabBar

from faceeditor.gui.dialogs.messages import MessagesDialog
from faceeditor.gui.main_window import first_size
from faceeditor.gui.panels import status_bar
from faceeditor.gui.widgets import banner
from tests.gui.fake_engine import face_mask
from tests.gui.head_input import panel_of, when_modal

pytestmark = pytest.mark.display


def dock_of(widget):
    while widget is not None and not isinstance(widget, QDockWidget):
        widget = widget.parentWidget()
    return widget


def geometry(window):
    return {name: dock.geometry() for name, dock in window.docks.items() if not dock.visibleRegion().isEmpty()}


def test_tab_never_leads_into_a_panel_that_is_not_seen(app) -> None:
    app.window.activateWindow()
    QTest.qWaitForWindowActive(app.window, 20_000)
    panel_of(app, "expression")
    focused = app.window.focusWidget()
    seen = set()
    for _ in range(120):
        QTest.keyClick(focused, Qt.Key.Key_Tab)
        focused = app.window.focusWidget()
        dock = dock_of(focused)
        assert focused.isVisible() and (dock is None or not dock.visibleRegion().isEmpty()), focused
        seen.add(None if dock is None else dock.objectName())
        if focused is app.canvas:
            app.window.docks["tools"].findChild(type(app.window.tool_panel.symmetry)).setFocus()
            focused = app.window.focusWidget()
    assert "expression" in seen and "pose" not in seen
    assert not any(app.heads.locked(group) for group in app.window.head_panels)


@pytest.mark.parametrize("group", ["identity", "expression", "pose", "light"])
def test_alt_and_a_number_leads_to_the_controls_and_not_into_the_search(app, group) -> None:
    app.window.activateWindow()
    QTest.qWaitForWindowActive(app.window, 20_000)
    panel = panel_of(app, group)
    app.canvas.setFocus()
    app.window.show_panel(group)
    focused = app.window.focusWidget()
    assert panel.body.isAncestorOf(focused) and focused.isVisible()


def test_escape_clears_the_search_and_then_leaves_it(app) -> None:
    app.window.activateWindow()
    QTest.qWaitForWindowActive(app.window, 20_000)
    panel = panel_of(app, "identity")
    panel.search.setFocus()
    QTest.keyClicks(panel.search, "nose")
    QTest.keyClick(panel.search, Qt.Key.Key_Escape)
    assert panel.search.text() == "" and panel.search.hasFocus()
    QTest.keyClick(panel.search, Qt.Key.Key_Escape)
    assert panel.body.isAncestorOf(app.window.focusWidget())


def test_a_search_does_not_outlive_its_portrait(app) -> None:
    panel = panel_of(app, "identity")
    panel.search.setText("nose")
    app.session.replace(type(app.portrait)(face_mask(), app.portrait.style))
    assert panel.search.text() == ""


def test_reset_panels_leaves_no_holes(app) -> None:
    QApplication.processEvents()
    before = geometry(app.window)
    assert set(before) == {"tools", "regions", "style"}
    docks = app.window.docks
    docks["style"].setFloating(True)
    app.window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, docks["history"])
    app.window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, docks["regions"])
    docks["tools"].hide()
    QApplication.processEvents()
    app.window.reset_panels()
    QApplication.processEvents()
    assert geometry(app.window) == before


def test_reset_panels_keeps_the_tabs(app) -> None:
    def tabs():
        bars = app.window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return sorted(bar.count() for bar in bars if bar.isVisible() and bar.count() > 1)

    QApplication.processEvents()
    before = tabs()
    assert before
    for _ in range(3):
        app.window.reset_panels()
        app.wait(lambda: tabs() == before)
        app.window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, app.window.docks["history"])


def test_a_saved_layout_with_hidden_panels_can_be_reset_after_a_restart(run, tmp_path) -> None:
    first = run(remember=True)
    QApplication.processEvents()
    before = geometry(first.window)
    first.window.docks["style"].setFloating(True)
    first.window.docks["regions"].hide()
    first.window.close()
    second = run(remember=True)
    second.window.resize(first.window.size())
    second.window.reset_panels()
    QApplication.processEvents()
    assert geometry(second.window) == before


def test_a_problem_goes_away_and_stays_in_the_list_of_messages(app, monkeypatch) -> None:
    monkeypatch.setattr(banner, "PROBLEM_MS", 30)
    app.session.failed.emit("It did not work.")
    assert app.window.banner.isVisible()
    app.wait(lambda: not app.window.banner.isVisible())
    texts = []

    def look(dialog) -> None:
        texts.extend(dialog.list.item(row).text() for row in range(dialog.list.count()))
        dialog.reject()

    keep = when_modal(MessagesDialog, look)
    app.window.actions_by_name["messages"].trigger()
    assert any("It did not work." in text for text in texts)
    del keep


def test_a_message_stays_while_the_pointer_rests_on_it(app) -> None:
    shown = app.window.banner
    app.session.failed.emit("It did not work.")
    at = QPoint(5, 5).toPointF()
    QApplication.sendEvent(shown, QEnterEvent(at, at, at))
    assert not shown._timer.isActive()
    QApplication.sendEvent(shown, QEvent(QEvent.Type.Leave))
    assert shown._timer.isActive()


def test_success_replaces_a_problem(app, tmp_path) -> None:
    app.session.failed.emit("It could not be saved.")
    app.portrait.mark_saved(tmp_path / "a.fep")
    assert app.files.save()
    assert app.window.banner.text == "Saved “a.fep”."


def test_a_failure_of_the_generator_is_taken_back_with_the_next_face(app) -> None:
    app.session._take_failure(app.session._epoch, "The device was lost.")
    assert app.window.banner.isVisible()
    app.styles.draw(5)
    app.settle()
    assert not app.window.banner.isVisible()


def test_a_question_stays_until_it_is_answered(app) -> None:
    answers = []
    app.window.banner.show_question("The result is ready.", "Apply", lambda: answers.append("applied"))
    assert app.window.banner.isVisible() and not app.window.banner._timer.isActive()
    app.window.banner.action_button.click()
    assert answers == ["applied"] and not app.window.banner.isVisible()


def test_the_status_bar_says_that_a_face_is_being_drawn(app, monkeypatch):
    monkeypatch.setattr(status_bar, "_PATIENCE", 0.05)
    app.generator.hold()
    app.styles.draw(4)
    app.wait(lambda: app.window.status.time.text() == "Drawing ...")
    app.generator.let_go()
    app.wait(lambda: app.window.status.time.text().endswith("ms"))


def test_the_first_window_fits_on_the_screen():
    assert first_size(QSize(2560, 1440)) == QSize(1440, 900)
    small = first_size(QSize(1280, 720))
    assert small.width() < 1280 and small.height() < 700
