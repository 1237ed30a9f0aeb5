"""The preferences: shortcuts are recorded, refused with a reason, kept and reset; what dialogs propose is set."""

import json

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from faceeditor.gui.dialogs.export_dialog import ExportDialog
from faceeditor.gui.dialogs.keys import KeysDialog
from faceeditor.gui.dialogs.preferences import PreferencesDialog
from faceeditor.gui.settings import settings
from faceeditor.gui.shortcuts import default_keys, normal, present_keys
from faceeditor.paths import state_dir
from tests.gui.head_input import when_modal

pytestmark = pytest.mark.display

CONTROL, ALT, NONE = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier(0)


def preferences(app, act):
    """Open the preferences with their key, turn to the shortcuts, do something and close them."""
    done = []

    def run(dialog):
        dialog.show_shortcuts()
        act(dialog.shortcuts, dialog)
        done.append(dialog)
        dialog.reject()

    timer = when_modal(PreferencesDialog, run)
    QTest.keyClick(app.canvas, Qt.Key.Key_Comma, CONTROL)
    assert done and not timer.isActive()
    app.window.activateWindow()  # no window manager gives the focus back
    app.wait(lambda: QApplication.activeWindow() is app.window)


def choose(page, words, command):
    """Find a command by its words, as the user types them."""
    page.search.clear()
    QTest.keyClicks(page.search, words)
    assert page.command == command


def press(page, key, modifiers=NONE, field=0):
    QTest.mouseClick(page.fields[field], Qt.MouseButton.LeftButton)
    QTest.keyClick(page.fields[field], key, modifiers)


def test_a_recorded_key_holds_at_once_everywhere_and_at_the_next_start(run):
    app = run(remember=True)
    action = app.window.actions_by_name["flip"]

    def record(page, dialog):
        choose(page, "mirror vi", "flip")
        press(page, Qt.Key.Key_K, CONTROL | ALT)
        assert action.shortcut() == QKeySequence("Ctrl+Alt+K") and "Ctrl+Alt+K" in action.toolTip()
        assert page.table.currentItem().text(1) == "Ctrl+Alt+K"

    preferences(app, record)
    QTest.keyClick(app.canvas, Qt.Key.Key_K, CONTROL | ALT)
    assert app.canvas.view.flipped
    QTest.keyClick(app.canvas, Qt.Key.Key_M)
    assert app.canvas.view.flipped, "the old key still works"
    assert json.loads((state_dir() / "settings.json").read_text())["values"]["shortcuts"] == {"flip": ["Ctrl+Alt+K"]}
    app.close()
    assert run(remember=True).window.actions_by_name["flip"].shortcut() == QKeySequence("Ctrl+Alt+K")


def test_the_list_of_shortcuts_shows_a_changed_key(app):
    app.window.actions_by_name.set_keys({"flip": ("Ctrl+Alt+K",)})
    texts = []
    timer = when_modal(
        KeysDialog, lambda dialog: (texts.extend(each.text() for each in dialog.findChildren(QLabel)), dialog.reject())
    )
    QTest.keyClick(app.canvas, Qt.Key.Key_F1)
    assert not timer.isActive() and "Ctrl+Alt+K" in texts and "M" not in texts


def test_a_key_of_another_command_is_named_and_can_be_taken(app):
    actions = app.window.actions_by_name

    def record(page, dialog):
        choose(page, "mirror vi", "flip")
        press(page, Qt.Key.Key_B)
        assert page.notice.text() == "“B” is the shortcut of “Brush”." and page.take.isVisible()
        assert actions["flip"].shortcut() == QKeySequence("M") and actions["brush"].shortcut() == QKeySequence("B")
        QTest.mouseClick(page.take, Qt.MouseButton.LeftButton)
        assert actions["flip"].shortcut() == QKeySequence("B") and actions["brush"].shortcut().isEmpty()
        assert not page.take.isVisible()

    preferences(app, record)


def test_keys_of_the_canvas_itself_are_refused_with_a_reason(app):
    def record(page, dialog):
        choose(page, "mirror vi", "flip")
        for key in (Qt.Key.Key_Space, Qt.Key.Key_3):
            press(page, key)
            assert page.notice.text().endswith("choose another key.") and not page.take.isVisible()
            assert app.window.actions_by_name["flip"].shortcut() == QKeySequence("M")

    preferences(app, record)


def test_one_command_and_all_are_reset(app):
    actions = app.window.actions_by_name

    def record(page, dialog):
        choose(page, "mirror vi", "flip")
        press(page, Qt.Key.Key_K, CONTROL | ALT)
        press(page, Qt.Key.Key_L, CONTROL | ALT, field=1)
        assert actions["flip"].shortcuts() == [QKeySequence("Ctrl+Alt+K"), QKeySequence("Ctrl+Alt+L")]
        choose(page, "swap", "swap")
        press(page, Qt.Key.Key_J, CONTROL | ALT)
        QTest.mouseClick(page.reset_one, Qt.MouseButton.LeftButton)
        assert actions["swap"].shortcut() == QKeySequence("X") and not page.reset_one.isEnabled()
        assert actions["flip"].shortcut() == QKeySequence("Ctrl+Alt+K")
        QTest.mouseClick(page.reset_all, Qt.MouseButton.LeftButton)
        assert actions["flip"].shortcuts() == [QKeySequence("M")] and not page.reset_all.isEnabled()

    preferences(app, record)
    assert settings().value("shortcuts") == {}


def test_a_shortcut_is_removed_by_the_button_in_its_field(app):
    def record(page, dialog):
        choose(page, "mirror vi", "flip")
        QTest.mouseClick(page.removes[0], Qt.MouseButton.LeftButton)
        assert app.window.actions_by_name["flip"].shortcuts() == []

    preferences(app, record)
    assert present_keys()["flip"] == ()


def test_search_finds_keys_too_and_nothing_shows_no_command(app):
    def record(page, dialog):
        choose(page, "ctrl+shift+z", "redo")
        page.search.clear()
        QTest.keyClicks(page.search, "no such command")
        assert page.command == "" and not any(field.isEnabled() for field in page.fields)
        assert not page.reset_one.isEnabled()

    preferences(app, record)


def test_wrong_shortcuts_in_the_file_are_left_out():
    state_dir().mkdir(parents=True, exist_ok=True)
    file = state_dir() / "settings.json"
    kept = {"flip": ["Ctrl+Alt+K", "no key"], "nothing": ["F9"], "undo": []}
    file.write_text(json.dumps({"format": 1, "values": {"shortcuts": kept}}))
    keys = present_keys()
    assert keys["flip"] == ("Ctrl+Alt+K",) and keys["undo"] == () and "nothing" not in keys
    for wrong in ({"flip": "K"}, {"flip": [1]}, {"flip": ["a", "b", "c"]}, [], {"flip": ["x" * 100]}):
        file.write_text(json.dumps({"format": 1, "values": {"shortcuts": wrong}}))
        assert present_keys() == default_keys()


def test_no_two_commands_begin_with_the_same_key():
    keys = [key for each in default_keys().values() for key in each]
    assert all(keys) and len(set(keys)) == len(keys)
    assert normal("ctrl+s") == "Ctrl+S" and normal("Ctrl+K, Ctrl+C") == "" and normal("") == ""


def test_what_exports_propose(app):
    def change(page, dialog):
        dialog.pages.setCurrentIndex(0)
        general = dialog.general
        QTest.mouseClick(general.smooth_outlines, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
        assert not app.canvas.smooth_outlines
        general.format.setFocus()
        QTest.keyClicks(general.format, "W")
        general.quality.setFocus()
        for _ in range(15):
            QTest.keyClick(general.quality, Qt.Key.Key_Left)

    preferences(app, change)
    export = ExportDialog(app.session.frame.pixels, app.portrait.mask)
    assert export.format.currentData() == ".webp" and export.quality.value() == 80
    export.deleteLater()
