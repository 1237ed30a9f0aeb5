"""What a hand does to the panels of the head: real events on sliders and rings."""

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
PLAIN, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
GROOVE = 27.0


def send(widget, kind, at, button=NONE, buttons=NONE, modifiers=PLAIN):
    at = QPointF(at)
    over = QPointF(widget.mapToGlobal(at.toPoint()))
    QApplication.sendEvent(widget, QMouseEvent(kind, at, over, button, buttons, modifiers))


def drag(widget, points, modifiers=PLAIN, release=True):
    """Press at the first point, move through the others and let go."""
    send(widget, QEvent.Type.MouseButtonPress, points[0], LEFT, LEFT, modifiers)
    for point in points[1:]:
        send(widget, QEvent.Type.MouseMove, point, NONE, LEFT, modifiers)
    if release:
        send(widget, QEvent.Type.MouseButtonRelease, points[-1], LEFT, NONE, modifiers)


def drag_row(row, value, modifiers=PLAIN, release=True):
    """Drag a slider row's handle to a value."""
    start, end = row.place_of(row.real), row.place_of(value)
    drag(row, [QPointF(x, GROOVE) for x in np.linspace(start, end, 6)], modifiers, release)


def double_click(widget, at):
    send(widget, QEvent.Type.MouseButtonPress, at, LEFT, LEFT)
    send(widget, QEvent.Type.MouseButtonRelease, at, LEFT)
    send(widget, QEvent.Type.MouseButtonDblClick, at, LEFT, LEFT)
    send(widget, QEvent.Type.MouseButtonRelease, at, LEFT)


def wheel(widget, steps):
    at = QPointF(widget.rect().center())
    over = QPointF(widget.mapToGlobal(at.toPoint()))
    scroll = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, over, QPoint(), QPoint(0, 120 * steps), NONE, PLAIN, scroll, False)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def press_key(widget, key, times=1):
    """Press a key some times with no event loop in between: no timer can end the gesture meanwhile."""
    for _ in range(times):
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(widget, QKeyEvent(kind, key, PLAIN))


def when_modal(kind, act):
    """Call ``act(dialog)`` once a modal dialog of a kind is up; keep what is returned until then."""

    def look():
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, kind):
            timer.stop()
            act(dialog)

    timer = QTimer(interval=20)
    timer.timeout.connect(look)
    timer.start()
    return timer


def type_value(row, text):
    """Click the value of a row and type another."""
    at = row.value_rect().center()
    send(row, QEvent.Type.MouseButtonPress, at, LEFT, LEFT)
    send(row, QEvent.Type.MouseButtonRelease, at, LEFT)
    QTest.keyClicks(row.editor, text)
    QTest.keyClick(row.editor, Qt.Key.Key_Return)


def panel_of(app, group):
    """The panel of a group, in front and with its sliders made."""
    app.read_head()
    app.window.show_panel(group)
    panel = app.window.head_panels[group]
    app.wait(lambda: panel.seen and not panel.building)
    QApplication.processEvents()
    return panel


def row_of(app, group, name):
    """A slider of a panel, scrolled into sight."""
    panel = panel_of(app, group)
    row = panel.reveal(name)
    app.wait(lambda: row.isVisible() and row.width() > 150)
    QApplication.processEvents()
    return row
