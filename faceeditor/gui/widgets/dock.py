"""Docks with a header of their own."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QMainWindow,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from faceeditor.gui.icons import icon
from faceeditor.gui.widgets.basic import label


class _HeaderDrag(QObject):
    """Double click on a header floats or docks the panel."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        dock = self.parent()
        if event.type() == QEvent.Type.MouseButtonDblClick and isinstance(dock, QDockWidget):
            dock.setFloating(not dock.isFloating())
            return True
        return False


class _PanelArea(QScrollArea):
    """A panel that scrolls upwards, never sideways: it is at least as wide as its contents."""

    def __init__(self, body: QWidget) -> None:
        super().__init__()
        self._body = body
        self.setWidget(body)

    def minimumSizeHint(self) -> QSize:
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._body.minimumSizeHint().width() + bar, super().minimumSizeHint().height())


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
    close.setToolTip(dock.tr("Hide this panel (View > Panels shows it again)"))
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
        area = _PanelArea(body)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column.setContentsMargins(12, 4, 4, 8)
        column.addWidget(area)
    else:
        column.addWidget(body)
    dock.setWidget(frame)
    return dock
