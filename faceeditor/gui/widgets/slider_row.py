"""One control in a panel: title, value with unit, and a groove with a handle. A drag is one gesture.

The whole row is one painted widget: panels hold dozens of them, and all of them move while the head is dragged.
"""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractSlider, QLineEdit, QMenu, QSizePolicy, QWidget

from faceeditor.gui.colors import TOKENS, color
from faceeditor.gui.widgets.gesture import Gesture
from faceeditor.interaction.number_text import NumberError, parsed, shown

HEIGHT = 38
"""Height of a row in device-independent pixels."""
_GROOVE_Y = 27.0
_RADIUS = 6.0
_VALUE_WIDTH = 76
_TEXT_HEIGHT = 18.0
_FINE = 0.1
_STEPS = 10_000


class SliderRow(QAbstractSlider):
    """A slider over real numbers.

    Drag the groove, Shift for a tenth of the speed; click the value to type; double-click to reset; the wheel (with
    focus) and keys step.

    Signals:
        started: a change begins.
        moved: the new value.
        ended: the change is over.
        refused: a sentence on what was typed and cannot be used.
    """

    started = Signal()
    moved = Signal(float)
    ended = Signal()
    refused = Signal(str)

    def __init__(
        self,
        title: str,
        low: float,
        high: float,
        default: float,
        unit: str = "",
        step: float = 0.01,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.title = title
        self.low, self.high, self.default = low, high, default
        self.unit, self.step = unit, step
        self.real = default
        self.reset_value = default
        self.editor: QLineEdit | None = None
        self._drag: tuple[float, float] | None = None  # last x of the pointer, value before clamping and rounding
        self._hover = ""
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setRange(0, _STEPS)
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._gesture = Gesture(self)
        self._gesture.started.connect(self.started)
        self._gesture.ended.connect(self.ended)
        self._gesture.ended.connect(self.update)
        font = QFont(self.font())
        font.setPixelSize(int(TOKENS["font-small"].removesuffix("px")))
        self._font = font
        self._update_accessible_value()

    def sizeHint(self) -> QSize:
        return QSize(220, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, HEIGHT)

    @property
    def text(self) -> str:
        """The value as it is shown."""
        return shown(self.real, self.unit, self.step)

    def show_value(self, value: float, reset_value: float) -> None:
        """Show a value, and the one that a reset leads to, which came from elsewhere. A drag is left alone."""
        same = value == self.real and reset_value == self.reset_value
        self.reset_value = reset_value
        if not self._gesture.active:
            self.real = value
        if not same:
            self._update_accessible_value()
            self.update()

    def show_held(self, value: float) -> None:
        """Show the value at which a drag is held back, however far the hand goes on."""
        if value != self.real:
            self.real = value
            self._update_accessible_value()
            self.update()

    def _update_accessible_value(self) -> None:
        """Assistive technology reads whole steps and the tool tip."""
        blocked = self.blockSignals(True)
        self.setValue(round((self.real - self.low) / (self.high - self.low) * _STEPS))
        self.blockSignals(blocked)
        self.setAccessibleDescription(self.text)

    # Geometry.

    def _span(self) -> tuple[float, float]:
        """Left end and length of the way of the handle's middle."""
        return _RADIUS + 1, self.width() - 2 * _RADIUS - 2

    def place_of(self, value: float) -> float:
        """Where a value lies along the groove, in pixels of the widget."""
        left, length = self._span()
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return left + share * length

    def value_rect(self) -> QRectF:
        """Where the value stands; a click here lets a number be typed."""
        return QRectF(self.width() - _VALUE_WIDTH, 0, _VALUE_WIDTH, _TEXT_HEIGHT)

    # Changing.

    def _end(self) -> None:
        self._drag = None
        self._gesture.end()

    def _move_to(self, value: float) -> None:
        value = min(max(value, self.low), self.high)
        if value != self.real:
            self._gesture.begin()
            self.real = value
            self._update_accessible_value()
            self.moved.emit(value)
            self.update()

    def _rounded(self, value: float, fine: bool) -> float:
        step = self.step * (_FINE if fine else 1.0)
        return round(value / step) * step if step > 0 else value

    def set_once(self, value: float) -> None:
        """A change of its own: begin, move, end."""
        self._end()
        self._move_to(value)
        self._end()

    def reset(self) -> None:
        """Back to the reset value."""
        self.set_once(self.reset_value)

    def _nudge(self, steps: float, fine: bool) -> None:
        """Step by keys or wheel; what follows soon belongs to the same gesture."""
        size = max(self.step, (self.high - self.low) / 100) * (_FINE if fine else 1.0)
        self._move_to(self.real + steps * size)
        self._gesture.end_when_idle()

    # The mouse.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        if self.value_rect().contains(at):
            self.edit_value()
        elif at.y() >= _TEXT_HEIGHT - 2:
            self._gesture.begin()
            if abs(at.x() - self.place_of(self.real)) > _RADIUS + 2:
                left, length = self._span()
                self._move_to(self._rounded(self.low + (at.x() - left) / length * (self.high - self.low), False))
            self._drag = (at.x(), self.real)
            self.update()
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._drag is not None:
            if not event.buttons() & Qt.MouseButton.LeftButton:
                self._end()  # the release went to another window
                return
            fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            x, value = self._drag
            per_pixel = (self.high - self.low) / self._span()[1] * (_FINE if fine else 1.0)
            value += (at.x() - x) * per_pixel
            self._drag = (at.x(), value)
            self._move_to(self._rounded(value, fine))
            return
        hover = "value" if self.value_rect().contains(at) else "groove" if at.y() >= _TEXT_HEIGHT - 2 else ""
        if hover != self._hover:
            self._hover = hover
            self.setCursor(Qt.CursorShape.IBeamCursor if hover == "value" else Qt.CursorShape.ArrowCursor)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._drag is not None:
            self._end()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and not self.value_rect().contains(event.position()):
            self.reset()
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = ""
        self.update()
        super().leaveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.hasFocus() or not self.isEnabled():
            event.ignore()  # the panel scrolls
            return
        delta = event.angleDelta().y() or event.angleDelta().x()  # Alt and Shift turn the wheel sideways
        self._nudge(delta / 120, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        reset_value, default = shown(self.reset_value, self.unit, self.step), shown(self.default, self.unit, self.step)
        menu.addAction(self.tr("Reset to {value}").format(value=reset_value), self.reset)
        if default != reset_value:
            menu.addAction(self.tr("Set to {value}").format(value=default), lambda: self.set_once(self.default))
        menu.addAction(self.tr("Type a value ..."), self.edit_value)
        menu.exec(event.globalPos())
        menu.deleteLater()
        event.accept()

    # Keys.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        keys = Qt.Key
        steps = {keys.Key_Left: -1, keys.Key_Right: 1, keys.Key_PageDown: -10, keys.Key_PageUp: 10}
        key = Qt.Key(event.key())
        if key in steps:
            self._nudge(steps[key], fine)
        elif key == keys.Key_Home:
            self.set_once(self.low)
        elif key == keys.Key_End:
            self.set_once(self.high)
        elif key == keys.Key_Backspace:
            self.reset()
        elif key in (keys.Key_Return, keys.Key_Enter):
            self.edit_value()
        elif event.text() and (event.text().isdigit() or event.text() in "-.,"):
            self.edit_value(event.text())
        elif key in (keys.Key_Up, keys.Key_Down):
            self.focusNextPrevChild(key == keys.Key_Down)
        else:
            QWidget.keyPressEvent(self, event)
            return
        event.accept()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self._drag is None:
            self._end()
        self.update()
        super().focusOutEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._end()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.EnabledChange and not self.isEnabled():
            self._end()
        super().changeEvent(event)

    # Typing a value.

    def edit_value(self, text: str = "") -> None:
        """Open the field in which a number is typed, perhaps begun with ``text``."""
        if self.editor is not None or not self.isEnabled():
            return
        self._end()
        editor = _Editor(text or self.text, self)
        editor.setAccessibleName(self.tr("Value of {name}").format(name=self.title))
        editor.setGeometry(self.value_rect().toRect().adjusted(4, -1, 0, 1))
        if not text:
            editor.selectAll()
        editor.given.connect(self._take_typed)
        editor.given_up.connect(self._close_editor)
        editor.show()
        editor.setFocus()
        self.editor = editor

    def _take_typed(self, text: str) -> None:
        if self.editor is None:
            return
        self._close_editor()
        if text == self.text:
            return  # what stood there already: it shows fewer digits than the value may have
        try:
            self.set_once(parsed(text, self.unit))
        except NumberError as error:
            self.refused.emit(str(error))

    def _close_editor(self) -> None:
        editor, self.editor = self.editor, None
        if editor is not None:
            if editor.hasFocus():
                self.setFocus()
            editor.hide()
            editor.deleteLater()
            self.update()

    # Drawing.

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._font)
        on = self.isEnabled()
        active = on and (self._drag is not None or self.hasFocus())
        words = QRectF(1, 0, self.width() - 2, _TEXT_HEIGHT)
        value = self.text
        metrics = QFontMetricsF(self._font)
        room = words.width() - metrics.horizontalAdvance(value) - 10
        title = metrics.elidedText(self.title, Qt.TextElideMode.ElideRight, room)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(color("text" if active else "text-soft") if on else color("text-dim"))
        painter.drawText(words, middle | Qt.AlignmentFlag.AlignLeft, title)
        painter.setPen(color("text" if self._hover == "value" or active else "text-soft") if on else color("text-dim"))
        if self.editor is None:
            painter.drawText(words, middle | Qt.AlignmentFlag.AlignRight, value)
        self._draw_groove(painter, on)
        painter.end()

    def _draw_groove(self, painter: QPainter, on: bool) -> None:
        left, length = self._span()
        groove = QRectF(left - 2, _GROOVE_Y - 2, length + 4, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("well"))
        painter.drawRoundedRect(groove, 2, 2)
        here, rest = self.place_of(self.real), self.place_of(self.default)
        painter.setBrush(color("accent-mid" if on else "control"))
        if abs(here - rest) > 0.5:
            painter.drawRoundedRect(QRectF(min(here, rest), _GROOVE_Y - 2, abs(here - rest), 4), 2, 2)
        # The dot under the groove is what a reset leads to.
        painter.setBrush(color("accent" if on else "text-dim"))
        painter.drawEllipse(QPointF(self.place_of(self.reset_value), _GROOVE_Y + 8.0), 1.6, 1.6)
        middle = QPointF(here, _GROOVE_Y)
        if self.hasFocus() and on:
            painter.setBrush(color("accent"))
            painter.drawEllipse(middle, _RADIUS + 1, _RADIUS + 1)
        bright = self._drag is not None or self._hover == "groove" or self.hasFocus()
        painter.setBrush(Qt.GlobalColor.white if on and bright else color("handle" if on else "control-hover"))
        painter.drawEllipse(middle, _RADIUS - (1 if self.hasFocus() else 0), _RADIUS - (1 if self.hasFocus() else 0))


class _Editor(QLineEdit):
    """A field for one number: Return and a click elsewhere give the text, Esc gives it up.

    Signals:
        given: the text.
        given_up: Esc was pressed.
    """

    given = Signal(str)
    given_up = Signal()

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(text, parent)
        self.setObjectName("number")
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.editingFinished.connect(lambda: self.given.emit(self.text()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
        else:
            super().keyPressEvent(event)
        event.accept()  # Return would go on to the row, which would open the field again
