"""The history: every step of the portrait in a row; a click goes to it."""

from collections.abc import Callable

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QInputDialog,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from faceeditor.gui.colors import color
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.slots import bound
from faceeditor.portrait.document import Change

_STEP_HEIGHT = 34
_MAX_BRANCHES = 20
_POSITION = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractListModel):
    """The steps of the session's portrait; row 0 is the portrait as it was opened."""

    def __init__(self, session: PortraitSession) -> None:
        super().__init__()
        self._session = session
        self._names: tuple[str, ...] = ()

    def refresh(self) -> None:
        """Take over the names and the position from the portrait."""
        names = self._session.portrait.history.titles
        if names == self._names:
            if names:
                self.dataChanged.emit(self.index(0), self.index(len(names)))
            return
        self.beginResetModel()
        self._names = names
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._names) + 1

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = index.row()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.tr("Opened") if row == 0 else self._names[row - 1]
        if role == _POSITION:
            return row - self._session.portrait.position
        return None


class _StepDelegate(QStyledItemDelegate):
    """Draws a step: done, present or undone."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(124, _STEP_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        distance = int(index.data(_POSITION))
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body = QRectF(option.rect).adjusted(2.5, 2.5, -2.5, -2.5)
        body.setHeight(min(body.height(), _STEP_HEIGHT - 5.0))
        ground = color("accent-deep") if distance == 0 else color("control-hover" if hovered else "control")
        painter.setPen(Qt.PenStyle.NoPen)
        if distance > 0:
            painter.setPen(QPen(color("line"), 1, Qt.PenStyle.DashLine))
            ground = color("control") if hovered else color("panel")
        painter.setBrush(ground)
        painter.drawRoundedRect(body, 5, 5)
        painter.setPen(color("text-dim") if distance > 0 else color("text"))
        number = str(index.row()) if index.row() else ""
        if number:
            painter.save()
            painter.setPen(color("text", 150) if distance == 0 else color("text-dim"))
            painter.drawText(
                body.adjusted(8, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, number
            )
            painter.restore()
        space = int(body.width()) - 20 - (painter.fontMetrics().horizontalAdvance(number) + 6 if number else 0)
        text = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideRight, space)
        painter.drawText(body.adjusted(10, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        painter.restore()


class _StepList(QListView):
    """Runs along the longer side of its panel; the wheel moves it either way."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        wide = self.width() > 2 * self.height()
        self.setFlow(QListView.Flow.LeftToRight if wide else QListView.Flow.TopToBottom)
        super().resizeEvent(event)
        self.scrollTo(self.currentIndex())

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.flow() == QListView.Flow.LeftToRight:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - event.angleDelta().y() - event.angleDelta().x())
            event.accept()
        else:
            super().wheelEvent(event)


class HistoryPanel(QWidget):
    """The row of steps."""

    def __init__(self, session: PortraitSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.ask_name: Callable[[str], str | None] = self._ask_name
        self.model = HistoryModel(session)
        self.list = _StepList()
        self.list.setObjectName("history")
        self.list.setAccessibleName(self.tr("History"))
        self.list.setModel(self.model)
        self.list.setItemDelegate(_StepDelegate(self.list))
        self.list.setFlow(QListView.Flow.LeftToRight)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.setMinimumHeight(48)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.list.clicked.connect(lambda index: session.go_to(index.row()))
        self.list.activated.connect(lambda index: session.go_to(index.row()))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)
        session.changed.connect(self._follow)
        session.portrait_replaced.connect(self.refresh)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(600, 52)

    def _show_menu(self, place: QPoint) -> None:
        index = self.list.indexAt(place)
        menu = self.menu_for(index.row() if index.isValid() else self._session.portrait.position)
        menu.exec(self.list.viewport().mapToGlobal(place))

    def menu_for(self, row: int) -> QMenu:
        """The menu of a step: name it, and the branches that were left by an edit after an undo."""
        menu = QMenu(self)
        rename = menu.addAction(self.tr("Name this step ..."), bound(self.rename, row))
        rename.setEnabled(row > 0)
        ends = self._session.portrait.history.branch_ends()
        branches = menu.addMenu(self.tr("Other branches"))
        branches.setEnabled(bool(ends))
        for node in ends[:_MAX_BRANCHES]:
            text = self.tr("{name} (step {number})").format(name=node.label or node.name, number=node.number)
            branches.addAction(text, bound(self._session.go_to_node, node))
        return menu

    def rename(self, row: int) -> None:
        """Ask for a name of the user's own for a step."""
        if row <= 0:
            return
        node = self._session.portrait.history.at(row)
        name = self.ask_name(node.label or node.name)
        if name is not None:
            self._session.portrait.name_step(node, name)

    def _ask_name(self, present: str) -> str | None:
        text, chosen = QInputDialog.getText(self, self.tr("History"), self.tr("Name of this step:"), text=present)
        return text if chosen else None

    def _follow(self, change: Change) -> None:
        if change.history:
            self.refresh()

    def refresh(self) -> None:
        """Show the portrait's steps; the present one is scrolled into sight."""
        self.model.refresh()
        here = self.model.index(self._session.portrait.position)
        self.list.setCurrentIndex(here)
        self.list.scrollTo(here)
