"""Small building blocks of the panels: headers, sections, segmented choices and sliders that know where a drag ends."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QMouseEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QScrollArea,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from faceeditor.gui.icons import icon

KEYBOARD_GESTURE_MS = 700
"""Slider steps made with keys or the wheel within this time are one gesture."""


def label(text: str, name: str) -> QLabel:
    """A label that the style sheet knows by its object name (sectionTitle, hint, value ...)."""
    result = QLabel(text)
    result.setObjectName(name)
    return result


def rule() -> QFrame:
    """A hairline between two sections."""
    line = QFrame()
    line.setObjectName("rule")
    line.setFixedHeight(1)
    return line


def tool_button(action: QAction, size: int = 20, text: bool = False) -> QToolButton:
    """A button for an action; it leaves the keyboard focus where it is when it is clicked."""
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(size, size))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(action.text().replace("&", ""))
    if text:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button


class Segments(QFrame):
    """A choice between a few things in one frame.

    Signals:
        chosen: index of the choice that the user made.
    """

    chosen = Signal(int)

    def __init__(self, names: Sequence[str], icons: Sequence[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("segments")
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(2)
        self._group = QButtonGroup(self)
        for index, name in enumerate(names):
            button = QToolButton()
            button.setText(name)
            button.setCheckable(True)
            button.setAccessibleName(name)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            if icons:
                button.setIcon(icon(icons[index], 16))
                button.setText(f" {name}")  # the style leaves no room between icon and text
                button.setIconSize(QSize(16, 16))
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
            self._group.addButton(button, index)
            row.addWidget(button)
        self._group.idClicked.connect(self.chosen)

    def button(self, index: int) -> QToolButton:
        """The button of a choice."""
        return self._group.button(index)

    def set_current(self, index: int) -> None:
        """Show a choice as the present one."""
        self._group.button(index).setChecked(True)

    def current(self) -> int:
        """Index of the present choice."""
        return self._group.checkedId()


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
        self.slider.setToolTip(self.tr("Double click: back to {value}").format(value=shown(default)))
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


class _HeaderDrag(QObject):
    """Double click on a header floats or docks the panel."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        dock = self.parent()
        if event.type() == QEvent.Type.MouseButtonDblClick and isinstance(dock, QDockWidget):
            dock.setFloating(not dock.isFloating())
            return True
        return False


def make_dock(
    window: QMainWindow, name: str, title: str, body: QWidget, scroll: bool = False, tools: Sequence[QWidget] = ()
) -> QDockWidget:
    """Put a panel into a dock with a clear header.

    Args:
        window: the dock's window.
        name: identifies the dock in the saved geometry.
        title: of the header.
        body: the panel.
        scroll: whether the panel scrolls; one that does it by itself does not need it.
        tools: buttons in the header.
    """
    dock = QDockWidget(title, window)
    dock.setObjectName(name)
    dock.setAccessibleName(title)
    header = QWidget()
    header.setObjectName("panelHeader")
    header.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    row = QHBoxLayout(header)
    row.setContentsMargins(12, 8, 6, 4)
    row.addWidget(label(title, "panelTitle"))
    row.addStretch(1)
    row.setSpacing(2)
    for tool in tools:
        row.addWidget(tool)
    if tools:
        row.addSpacing(4)
    close = QToolButton()
    close.setIcon(icon("close", 12))
    close.setIconSize(QSize(12, 12))
    close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    close.setToolTip(dock.tr("Hide this panel (View menu brings it back)"))
    close.setAccessibleName(dock.tr("Hide {panel}").format(panel=title))
    close.clicked.connect(dock.hide)
    row.addWidget(close)
    header.installEventFilter(_HeaderDrag(dock))
    dock.setTitleBarWidget(header)
    frame = QWidget()
    frame.setObjectName("panelBody")
    frame.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    column = QVBoxLayout(frame)
    column.setContentsMargins(12, 4, 12, 12)
    if tools:
        column.setContentsMargins(12, 4, 4, 8)  # the panel has a scroll bar of its own
    if scroll:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        column.setContentsMargins(12, 4, 4, 8)
        column.addWidget(area)
    else:
        column.addWidget(body)
    dock.setWidget(frame)
    return dock
