"""The list of keyboard shortcuts."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from faceeditor.gui.actions import Actions, commands, gesture_keys, plain_text
from faceeditor.gui.widgets.basic import label, scrolled

_MAX_COLUMNS = 4


class KeysDialog(QDialog):
    """All shortcuts in one dialog.

    Args:
        actions: the window's commands.
        change: shows where shortcuts are changed.
    """

    def __init__(self, actions: Actions, change: Callable[[], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(16)
        column.addWidget(label(self.tr("Keyboard shortcuts"), "dialogTitle"))
        groups: dict[str, list[tuple[str, str]]] = {}
        for command in commands():
            keys = actions.keys_of(command.name)
            if keys:
                groups.setdefault(command.group, []).append((keys[0], plain_text(command)))
        groups[self.tr("Mouse and pen")] = list(gesture_keys())
        room = self.screen().availableGeometry().width() - 120
        for count in range(_MAX_COLUMNS, 0, -1):
            body = self._body(groups, count)
            if body.sizeHint().width() <= room:
                break
        area = scrolled(body)
        # By itself a scrolled area asks for less than is in it.
        area.setMinimumWidth(body.sizeHint().width() + area.verticalScrollBar().sizeHint().width())
        column.addWidget(area)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.change = buttons.addButton(self.tr("Change shortcuts ..."), QDialogButtonBox.ButtonRole.ActionRole)
        self.change.clicked.connect(self.reject)
        self.change.clicked.connect(lambda: change())
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def _body(self, groups: dict[str, list[tuple[str, str]]], count: int) -> QWidget:
        """All groups in a number of columns."""
        body = QWidget()
        columns = QHBoxLayout(body)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(24)
        for chosen in _columns({name: len(rows) for name, rows in groups.items()}, count):
            side = QVBoxLayout()
            side.setSpacing(8)
            for name in chosen:
                side.addWidget(label(name, "panelTitle"))
                side.addLayout(self._group(groups[name]))
                side.addSpacing(8)
            side.addStretch(1)
            columns.addLayout(side)
        return body

    def _group(self, rows: list[tuple[str, str]]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        for row, (key, text) in enumerate(rows):
            grid.addWidget(label(key, "keycap"), row, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(label(text, ""), row, 1)
        grid.setColumnStretch(1, 1)
        return grid


def _columns(lengths: dict[str, int], count: int) -> list[list[str]]:
    """Spread groups over columns of about the same length: the longest first, each into the shortest column.

    Args:
        lengths: rows of each group, in the order in which the groups are to be read.
        count: how many columns.
    """
    order = list(lengths)
    columns: list[list[str]] = [[] for _ in range(count)]
    heights = [0] * count
    for name in sorted(order, key=lambda name: -lengths[name]):
        shortest = heights.index(min(heights))
        columns[shortest].append(name)
        heights[shortest] += lengths[name] + 2  # its title and the space behind it
    filled = [sorted(column, key=order.index) for column in columns if column]
    return sorted(filled, key=lambda column: order.index(column[0]))
