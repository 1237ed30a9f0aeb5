"""F2 and Delete on a tile or list that has the keyboard focus, as after a click."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

_RENAME, _DELETE = Qt.Key.Key_F2, Qt.Key.Key_Delete


class RenameKeys(QObject):
    """Watches a widget: while it has the focus these keys are its own, and not shortcuts of the window.

    Args:
        widget: the tile or list.
        renames: F2 is one of the keys.
        deletes: Delete is one of the keys.

    Signals:
        rename_wanted: F2 was pressed.
        delete_wanted: Delete was pressed.
    """

    rename_wanted = Signal()
    delete_wanted = Signal()

    def __init__(self, widget: QWidget, renames: bool = True, deletes: bool = True) -> None:
        super().__init__(widget)
        self._keys = [key for key, wanted in ((_RENAME, renames), (_DELETE, deletes)) if wanted]
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        plain = isinstance(event, QKeyEvent) and event.modifiers() == Qt.KeyboardModifier.NoModifier
        if not plain or not isinstance(event, QKeyEvent) or event.key() not in self._keys:
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress:
            (self.rename_wanted if event.key() == _RENAME else self.delete_wanted).emit()
            return True
        return False
