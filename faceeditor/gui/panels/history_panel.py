"""The history: every step of the portrait in a row, with the face that it led to; a click goes to it."""

from collections import OrderedDict
from collections.abc import Callable

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPainterPath, QPen, QPixmap, QResizeEvent, QWheelEvent
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
from faceeditor.gui.controllers.history_pictures import HistoryPictures
from faceeditor.gui.controllers.session import PortraitSession
from faceeditor.gui.imaging import to_qimage
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.rename_keys import RenameKeys
from faceeditor.portrait.document import Change
from faceeditor.portrait.history import Node
from faceeditor.portrait.step_pictures import decode_step

_STEP_WIDTH, _STEP_HEIGHT = 164, 54
_MAX_BRANCHES = 20
_KEPT = 400
"""Decoded pictures that are kept, of some 40 KB each."""
_POSITION = Qt.ItemDataRole.UserRole
_FACTS = Qt.ItemDataRole.UserRole + 1
_Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractListModel):
    """The steps of the session's portrait; row 0 is the portrait as it was opened."""

    def __init__(self, session: PortraitSession) -> None:
        super().__init__()
        self._session = session
        self._names: tuple[str, ...] = ()
        self._pictures: OrderedDict[bytes, QPixmap | None] = OrderedDict()

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
            name = self.tr("Opened") if row == 0 else self._names[row - 1]
            forks = role == Qt.ItemDataRole.ToolTipRole and self._branches(row) > 1
            return self.tr("{name}. Right button: other branches").format(name=name) if forks else name
        if role == _FACTS:
            facts = [str(row)] if row > 0 else []
            if self._branches(row) > 1:
                facts.append(self.tr("{n} branches").format(n=self._branches(row)))
            return " · ".join(facts)
        if role == _POSITION:
            return row - self._session.portrait.position
        if role == Qt.ItemDataRole.DecorationRole:
            return self.picture(self._session.portrait.history.at(row))
        return None

    def _branches(self, row: int) -> int:
        """In how many ways it went on from a step."""
        return len(self._session.portrait.history.at(row).children)

    def picture(self, node: Node) -> QPixmap | None:
        """What a step looks like; None if it was never on the screen."""
        if not node.picture:
            return None
        if node.picture not in self._pictures:
            pixels = decode_step(node.picture)
            self._pictures[node.picture] = None if pixels is None else QPixmap.fromImage(to_qimage(pixels))
            if len(self._pictures) > _KEPT:
                self._pictures.popitem(last=False)
        self._pictures.move_to_end(node.picture)
        return self._pictures[node.picture]

    def show_picture(self) -> None:
        """Show that the present step has another picture."""
        here = self.index(self._session.portrait.position)
        self.dataChanged.emit(here, here, [Qt.ItemDataRole.DecorationRole])


class _StepDelegate(QStyledItemDelegate):
    """Draws a step, its face, name and number: done, present or undone."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(_STEP_WIDTH, _STEP_HEIGHT)

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
        place = body.adjusted(3, 3, 0, -3)
        place.setWidth(place.height())
        self._draw_picture(painter, place, index.data(Qt.ItemDataRole.DecorationRole), distance > 0)
        text = body.adjusted(place.width() + 11, 0, -6, 0)
        dim, soft = color("text-dim"), color("text", 150) if distance == 0 else color("text-dim")
        left, metrics = Qt.AlignmentFlag.AlignLeft, painter.fontMetrics()
        title = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, int(text.width()))
        middle = body.center().y()
        painter.setPen(dim if distance > 0 else color("text"))
        facts = str(index.data(_FACTS))
        if not facts:
            painter.drawText(text, left | Qt.AlignmentFlag.AlignVCenter, title)
        else:
            painter.drawText(
                QRectF(text.left(), body.top(), text.width(), middle - body.top() + 1),
                left | Qt.AlignmentFlag.AlignBottom,
                title,
            )
            painter.setPen(soft)
            place = QRectF(text.left(), middle + 2, text.width(), body.bottom() - middle)
            painter.drawText(place, left, metrics.elidedText(facts, Qt.TextElideMode.ElideRight, int(text.width())))
        painter.restore()

    def _draw_picture(self, painter: QPainter, place: QRectF, picture: object, undone: bool) -> None:
        """Draw the face of a step, or an empty place for it."""
        outline = QPainterPath()
        outline.addRoundedRect(place, 4, 4)
        painter.fillPath(outline, color("well"))
        if not isinstance(picture, QPixmap):
            return
        painter.save()
        painter.setClipPath(outline)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setOpacity(0.6 if undone else 1.0)
        painter.drawPixmap(place, picture, QRectF(picture.rect()))
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

    def __init__(self, session: PortraitSession, pictures: HistoryPictures, parent: QWidget | None = None) -> None:
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
        RenameKeys(self.list, deletes=False).rename_wanted.connect(lambda: self.rename(self.list.currentIndex().row()))
        self.list.setMinimumHeight(_STEP_HEIGHT + 4)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.list.clicked.connect(lambda index: session.go_to(index.row()))
        self.list.activated.connect(lambda index: session.go_to(index.row()))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)
        session.changed.connect(self._follow)
        session.portrait_replaced.connect(self.refresh)
        pictures.changed.connect(self.model.show_picture)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(600, _STEP_HEIGHT + 18)

    def _show_menu(self, place: QPoint) -> None:
        index = self.list.indexAt(place)
        menu = self.menu_for(index.row() if index.isValid() else self._session.portrait.position)
        menu.exec(self.list.viewport().mapToGlobal(place))

    def menu_for(self, row: int) -> QMenu:
        """The menu of a step: name it, and the branches that were left by an edit after an undo."""
        menu = QMenu(self)
        rename = menu.addAction(self.tr("Name this step ...") + "\tF2", bound(self.rename, row))
        rename.setEnabled(row > 0)
        ends = self._session.portrait.history.branch_ends()
        branches = menu.addMenu(self.tr("Other branches"))
        branches.setEnabled(bool(ends))
        for node in ends[:_MAX_BRANCHES]:
            text = self.tr("{name} (step {number})").format(name=node.label or node.name, number=node.number)
            action = branches.addAction(text, bound(self._session.go_to_node, node))
            picture = self.model.picture(node)
            if picture is not None:
                action.setIcon(QIcon(picture))
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
