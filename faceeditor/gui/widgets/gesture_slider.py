"""A named slider that knows where a change begins and ends."""

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QVBoxLayout,
    QWidget,
)

from faceeditor.gui.widgets.basic import KEYBOARD_GESTURE_MS, label


class _Slider(QSlider):
    """A slider whose handle jumps to the mouse and whose double click is reported."""

    double_clicked = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            option = QStyleOptionSlider()
            self.initStyleOption(option)
            control = QStyle.ComplexControl.CC_Slider
            handle = self.style().subControlRect(control, option, QStyle.SubControl.SC_SliderHandle, self)
            if not handle.contains(event.position().toPoint()):
                groove = self.style().subControlRect(control, option, QStyle.SubControl.SC_SliderGroove, self)
                span = max(1, groove.width() - handle.width())
                offset = round(event.position().x()) - groove.x() - handle.width() // 2
                self.setSliderDown(True)
                self.setSliderPosition(
                    QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), offset, span, option.upsideDown)
                )
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.double_clicked.emit()
        event.accept()


class GestureSlider(QWidget):
    """A named slider with its value; it tells when a change begins and ends, so that a drag is one undo step.

    Signals:
        started: a change begins.
        moved: the new value.
        ended: the change is over.
    """

    started = Signal()
    moved = Signal(int)
    ended = Signal()

    def __init__(
        self,
        name: str,
        low: int,
        high: int,
        default: int,
        shown: Callable[[int], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._default = default
        self._shown = shown
        self._open = False
        self.slider = _Slider(Qt.Orientation.Horizontal)
        self.slider.setRange(low, high)
        self.slider.setValue(default)
        self.slider.setAccessibleName(name)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.slider.setToolTip(self.tr("Double-click: reset to {value}").format(value=shown(default)))
        self._name = label(name, "sectionTitle")
        self._value = label(shown(default), "value")
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(self._name)
        head.addStretch(1)
        head.addWidget(self._value)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.slider)
        self._idle = QTimer(self, interval=KEYBOARD_GESTURE_MS, singleShot=True)
        self._idle.timeout.connect(self._end)
        self.slider.sliderPressed.connect(self._begin)
        self.slider.sliderReleased.connect(self._end)
        self.slider.valueChanged.connect(self._change)
        self.slider.double_clicked.connect(self._reset)

    def _begin(self) -> None:
        if not self._open:
            self._open = True
            self.started.emit()

    def _change(self, value: int) -> None:
        self._begin()
        self._value.setText(self._shown(value))
        self.moved.emit(value)
        if not self.slider.isSliderDown():
            self._idle.start()

    def _end(self) -> None:
        self._idle.stop()
        if self._open:
            self._open = False
            self.ended.emit()

    def _reset(self) -> None:
        self.slider.setSliderDown(False)
        self.slider.setValue(self._default)
        self._end()

    def show_value(self, value: int) -> None:
        """Show a value that came from elsewhere; nothing is emitted. A drag under way is left alone."""
        if self._open:
            return
        with QSignalBlocker(self.slider):
            self.slider.setValue(value)
        self._value.setText(self._shown(self.slider.value()))
