"""Buttons, progress and message of dialogs."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QVBoxLayout

from faceeditor.gui.app import application
from faceeditor.gui.widgets.dialog_parts import AnswerRow, MessageLabel, WorkBar, push_button


def test_enter_answers_and_cancel_rejects() -> None:
    application()
    done: list[str] = []
    dialog = QDialog()
    column = QVBoxLayout(dialog)
    column.addWidget(push_button("Other", lambda: done.append("other")))
    row = AnswerRow("Apply", lambda: done.append("apply"), lambda: done.append("cancel"))
    column.addLayout(row)
    dialog.show()
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    QTest.mouseClick(row.cancel, Qt.MouseButton.LeftButton)
    assert done == ["apply", "cancel"]
    dialog.close()
    dialog.deleteLater()


def test_a_default_button_that_does_nothing_looks_so() -> None:
    application()
    button = push_button("Export ...", lambda: None, default=True)
    button.resize(120, 34)
    alive = button.grab().toImage().pixelColor(8, 17)
    button.setEnabled(False)
    disabled = button.grab().toImage().pixelColor(8, 17)
    assert alive.saturation() > 100 and disabled.saturation() < 40
    button.deleteLater()


def test_progress_is_shown_as_a_share() -> None:
    application()
    bar = WorkBar()
    bar.show_share(0.25)
    assert (bar.value() - bar.minimum()) / (bar.maximum() - bar.minimum()) == 0.25


def test_only_a_problem_stands_out() -> None:
    application()
    message = MessageLabel(2)
    message.say("Nothing was found.", problem=True)
    assert message.text() == "Nothing was found." and message.styleSheet()
    message.say("Saved.")
    assert message.text() == "Saved." and not message.styleSheet()
