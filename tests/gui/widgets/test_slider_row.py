"""A slider row by itself: drags, fine drags, keys, wheel, typed numbers."""

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from faceeditor.gui.app import application
from faceeditor.gui.widgets.slider_row import SliderRow
from faceeditor.interaction.number_text import NumberError, parsed, shown
from tests.gui.head_input import GROOVE, SHIFT, double_click, drag_row, press_key, type_value, wheel


class Told:
    """Notes what a row says."""

    def __init__(self, row):
        self.events = []
        row.started.connect(lambda: self.events.append("start"))
        row.moved.connect(lambda value: self.events.append(value))
        row.ended.connect(lambda: self.events.append("end"))
        row.refused.connect(lambda text: self.events.append(text))


@pytest.fixture
def row():
    application()
    made = SliderRow("Yaw", -45.0, 45.0, 0.0, "deg", 0.5)
    made.resize(240, 38)
    made.show()
    yield made
    made.hide()
    made.deleteLater()


@pytest.mark.parametrize(
    ("value", "unit", "step", "text"),
    [
        (0.5, "%", 0.01, "50 %"),
        (-12.34, "deg", 0.5, "\u221212.3°"),
        (-0.001, "cm", 0.1, "0.0 cm"),
        (105, "cm", 1, "105 cm"),
        (1.25, "", 0.05, "1.25"),
    ],
)
def test_numbers_are_written_with_their_unit(value, unit, step, text):
    assert shown(value, unit, step) == text


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [("50 %", "%", 0.5), ("50", "%", 0.5), ("\u221212,5°", "deg", -12.5), ("7 deg", "deg", 7), (" 3 cm", "cm", 3)],
)
def test_numbers_are_read_as_people_type_them(text, unit, value):
    assert parsed(text, unit) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "1 2", "--3"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(NumberError, match="not a number"):
        parsed(text, "deg")


def test_a_drag_is_one_gesture_in_steps(row):
    told = Told(row)
    drag_row(row, 20.0)
    assert told.events[0] == "start" and told.events[-1] == "end"
    values = told.events[1:-1]
    assert len(values) >= 4 and values == sorted(values)
    assert values[-1] == pytest.approx(20.0, abs=0.5)
    assert all(value % 0.5 == 0 for value in values)


def test_shift_moves_finely(row):
    drag_row(row, 20.0, SHIFT)
    assert row.real == pytest.approx(2.0, abs=0.2)


def test_a_drag_stops_at_the_ends(row):
    drag_row(row, 45.0)
    assert row.real == 45.0
    row.set_once(50.0)
    assert row.real == 45.0


def test_double_click_goes_back_to_the_mark(row):
    row.show_value(30.0, -6.0)
    told = Told(row)
    double_click(row, QPointF(row.place_of(30.0), GROOVE))
    assert row.real == -6.0
    assert [event for event in told.events if isinstance(event, float)] == [-6.0]


def test_a_value_from_elsewhere_does_not_disturb_a_drag(row):
    drag_row(row, 20.0, release=False)
    held = row.real
    row.show_value(0.0, 0.0)
    assert row.real == held
    row.hide()  # ends the gesture
    row.show_value(0.0, 0.0)
    assert row.real == 0.0


def test_typed_number_is_one_gesture(row):
    told = Told(row)
    type_value(row, "12,5")
    assert row.real == 12.5 and told.events == ["start", 12.5, "end"]
    assert row.editor is None


def test_typing_beyond_the_range_gives_the_end(row):
    type_value(row, "400")
    assert row.real == 45.0


def test_typed_nonsense_is_explained_and_nothing_changes(row):
    told = Told(row)
    type_value(row, "much")
    assert row.real == 0.0 and len(told.events) == 1 and "much" in told.events[0]


def test_escape_gives_typing_up(row):
    row.edit_value("9")
    QTest.keyClick(row.editor, Qt.Key.Key_Escape)
    assert row.editor is None and row.real == 0.0


def test_leaving_the_field_as_it_was_keeps_the_exact_value(row):
    row.show_value(12.3456, 0.0)
    told = Told(row)
    row.edit_value()
    QTest.keyClick(row.editor, Qt.Key.Key_Return)
    assert row.real == 12.3456 and told.events == []


def test_keys_step_and_a_digit_begins_to_type(row):
    told = Told(row)
    press_key(row, Qt.Key.Key_Right, 2)
    assert row.real == pytest.approx(1.8) and told.events.count("start") == 1
    QTest.keyClick(row, "7")
    assert row.editor is not None and row.editor.text() == "7"
    QTest.keyClick(row.editor, Qt.Key.Key_Return)
    assert row.real == 7.0
    QTest.keyClick(row, Qt.Key.Key_Home)
    assert row.real == -45.0


def test_the_wheel_scrolls_the_panel_unless_the_row_has_the_focus(row, monkeypatch):
    assert not wheel(row, 1) and row.real == 0.0
    monkeypatch.setattr(row, "hasFocus", lambda: True)
    assert wheel(row, 1) and row.real == pytest.approx(0.9)


def test_a_disabled_row_takes_nothing(row):
    row.setEnabled(False)
    row.edit_value()
    assert row.editor is None
