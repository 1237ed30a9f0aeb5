"""Identity is held while sliders, presets and styles change the face: by real events, with a stand-in recogniser."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtTest import QTest

from faceeditor.engine.board_jobs import BoardTools
from faceeditor.engine.hold_job import TOLERANCE
from faceeditor.portrait.head import EXPRESSIONS
from faceeditor.portrait.style import StyleCode
from tests.gui.head_input import GROOVE, drag_row, row_of, send, type_value
from tests.identity.people import Mean

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
LIMIT = 0.1
JAW = EXPRESSIONS.index("jawOpen")


@pytest.fixture
def held(app):
    """A program whose identity is held at 0.1, which a quarter of an open jaw reaches."""
    app.window.board.tools = BoardTools(Mean, {})
    app.read_head()
    hold, switch = app.window.hold, app.window.status.hold
    assert not hold.on and switch.limit.isHidden()
    QTest.mouseClick(switch.button, LEFT)
    app.wait(lambda: hold.active)
    assert switch.button.isChecked() and switch.limit.isVisible() and switch.limit.value() == pytest.approx(0.4)
    switch.limit.setFocus()
    switch.limit.selectAll()
    QTest.keyClicks(switch.limit, switch.limit.locale().toString(LIMIT, "f", 2))
    QTest.keyClick(switch.limit, Qt.Key.Key_Return)
    assert hold.limit == pytest.approx(LIMIT) and app.window.status.person.limit == pytest.approx(LIMIT)
    assert app.window.board_panel.controls.meter.limit == pytest.approx(LIMIT)
    measured(app)
    return app


def measured(app) -> None:
    """Wait until the edit is measured and the meter shows its distance."""
    app.wait(lambda: not app.window.hold.checking)
    app.settle()
    app.wait(lambda: app.window.board.score is not None)


def jaw(app) -> float:
    head = app.portrait.head
    return 0.0 if head is None else float(head.expression[JAW])


def test_a_slider_stops_while_it_is_dragged_and_follows_the_hand_back(held):
    row = row_of(held, "expression", "jaw_open")
    steps = len(held.portrait.undo_stack)
    drag_row(row, 1.0, release=False)
    held.wait(lambda: held.window.hold.holding and not held.window.hold.checking)
    stopped = jaw(held)
    assert 0.1 < stopped < 0.35
    assert held.window.status.person.holding
    held.wait(lambda: abs(row.real - stopped) < 1e-3)  # the handle stands where the value stopped
    send(row, QEvent.Type.MouseMove, QPointF(row.place_of(0.9), GROOVE), NONE, LEFT)
    assert jaw(held) == pytest.approx(stopped, abs=1e-3)
    send(row, QEvent.Type.MouseMove, QPointF(row.place_of(0.05), GROOVE), NONE, LEFT)
    assert jaw(held) == pytest.approx(0.05, abs=0.02) and not held.window.hold.holding
    end = QPointF(row.place_of(1.0), GROOVE)
    send(row, QEvent.Type.MouseMove, end, NONE, LEFT)
    send(row, QEvent.Type.MouseButtonRelease, end, LEFT, NONE)
    measured(held)
    assert jaw(held) == pytest.approx(stopped, abs=0.02)
    assert held.window.board.score <= LIMIT + 2 * TOLERANCE
    assert len(held.portrait.undo_stack) == steps + 1
    held.window.actions_by_name["undo"].trigger()
    assert held.portrait.head is None
    held.window.actions_by_name["redo"].trigger()
    assert jaw(held) == pytest.approx(stopped, abs=0.02)


def test_a_typed_value_goes_as_far_as_it_can_in_one_step(held):
    notes = []
    held.window.hold.noted.connect(notes.append)
    row = row_of(held, "expression", "jaw_open")
    steps = held.portrait.undo_stack
    type_value(row, "100")
    measured(held)
    assert 0.1 < jaw(held) < 0.35 and held.window.board.score <= LIMIT + 2 * TOLERANCE
    assert len(held.portrait.undo_stack) == len(steps) + 1 and held.window.hold.holding
    assert "held at 0.10" in notes[-1] and held.portrait.undo_stack[-1] in notes[-1]
    # A second step starts at the limit and leads nowhere; it is taken back.
    type_value(row, "100")
    measured(held)
    assert jaw(held) < 0.35 and held.window.board.score <= LIMIT + 2 * TOLERANCE
    # However often it is tried, it does not creep on.
    reached = held.window.board.score
    for _ in range(3):
        type_value(row, "100")
        measured(held)
    assert held.window.board.score <= reached + TOLERANCE
    # What is within the limit is not touched.
    type_value(row, "5")
    measured(held)
    assert jaw(held) == pytest.approx(0.05) and not held.window.hold.holding


def test_a_style_is_mixed_and_a_stroke_is_free(held):
    before = held.portrait.style
    up = 2.0 if before.overall.mean() < 0 else -2.0
    wanted = StyleCode(before.regions, before.overall + np.float32(up), before.detail, "another")
    held.styles.use_new(wanted)
    assert held.portrait.style is wanted
    measured(held)
    assert held.window.board.score <= LIMIT + 2 * TOLERANCE
    kept = held.portrait.style
    share = (kept.overall - before.overall).mean() / (wanted.overall - before.overall).mean()
    assert 0 <= share < 1 and kept.label in (wanted.label, before.label)
    held.session.clear_region(17)
    measured(held)
    assert held.window.board.score > LIMIT and not (held.portrait.mask == 17).any()


def test_it_is_off_by_default_and_can_be_switched_off_by_its_key(held):
    row = row_of(held, "expression", "jaw_open")
    held.canvas.setFocus()
    QTest.keyClick(held.window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    assert not held.window.hold.on and held.window.status.person.limit is None
    drag_row(row, 1.0)
    held.settle()
    assert jaw(held) == pytest.approx(1.0, abs=0.02)
    # Switched on beyond the limit: nothing is taken back, but it goes no farther.
    QTest.mouseClick(held.window.status.hold.button, LEFT)
    measured(held)
    assert jaw(held) == pytest.approx(1.0, abs=0.02)
    far = held.window.board.score
    held.heads.set_control("smile", 1.0)
    measured(held)
    assert held.window.board.score <= far + 2 * TOLERANCE
    held.heads.set_control("jaw_open", 0.0)
    measured(held)
    assert jaw(held) == 0 and held.window.board.score < far


def test_another_portrait_ends_what_was_held(held):
    held.session.replace(type(held.portrait)(np.roll(held.portrait.mask, 4, 1), held.portrait.style))
    assert held.window.hold.on and not held.window.hold.active
    held.read_head()
    row = row_of(held, "expression", "jaw_open")
    drag_row(row, 0.9)
    held.settle()
    assert jaw(held) == pytest.approx(0.9, abs=0.02)
