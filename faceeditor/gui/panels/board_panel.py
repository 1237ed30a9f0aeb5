"""The panel of the board: the pinned person, the controls, and the tiles in two columns."""

from collections.abc import Callable

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from faceeditor.gui.controllers.board_controller import BoardController
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label, rule
from faceeditor.gui.widgets.board_controls import BoardControls
from faceeditor.gui.widgets.board_grid import BoardGrid

_SIDE, _COLUMNS = 90, 2


class BoardPanel(QWidget):
    """Pictures of one person.

    Args:
        board: the controller.
        open_page: shows the board in a window of its own.
    """

    def __init__(self, board: BoardController, open_page: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._board = board
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self.controls = BoardControls(board, columns=1, folded=True)
        column.addWidget(self.controls)
        self.full = QPushButton(self.tr("Full board ..."))
        self.full.clicked.connect(bound(open_page))
        column.addWidget(self.full)
        column.addWidget(rule())
        self.hint = label(self.tr("Pin the person to see more pictures of them."), "hint")
        self.hint.setWordWrap(True)
        column.addWidget(self.hint)
        self.grid = BoardGrid(board, _SIDE, _COLUMNS)
        column.addWidget(self.grid)
        column.addStretch(1)
        board.pinned_changed.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        there = self._board.pinned is not None
        self.hint.setVisible(not there)
        self.grid.setVisible(there)
        self.full.setEnabled(there)

    def set_seen(self, seen: bool) -> None:
        """Tell whether the panel is in front: nothing is drawn for one behind another tab."""
        self._board.show_board(self, seen)
