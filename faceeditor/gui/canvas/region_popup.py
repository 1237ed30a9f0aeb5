"""The palette that the right button opens at the pointer."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QVBoxLayout, QWidget

from faceeditor.gui.canvas.tools import DEFAULT_SIZE, MAX_SIZE, MIN_SIZE, ToolState
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.region_button import RegionButton
from faceeditor.gui.widgets.region_look import ORDER, chip_icon, region_name
from faceeditor.gui.widgets.slider_row import SliderRow
from faceeditor.regions import Region


class RegionPopup(QFrame):
    """All regions and the size of the brush; a click selects and closes.

    Args:
        tools: gets the region.
        under: the region under the pointer, which Return or the first button selects; None outside of the picture.
    """

    def __init__(self, tools: ToolState, under: Region | None, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("popup")
        self.setAccessibleName(self.tr("Palette"))
        self._tools = tools
        self._under = under
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        self.pick = QPushButton()
        if under is not None:
            self.pick.setText(self.tr("Pick {region}").format(region=region_name(under)))
            self.pick.setIcon(chip_icon(under))
            self.pick.clicked.connect(bound(self._choose, under))
            column.addWidget(self.pick)
        grid = QGridLayout()
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(1)
        self.buttons: dict[Region, RegionButton] = {}
        for row, pair in enumerate(ORDER):
            for side, region in enumerate(pair):
                if region is not None:
                    button = RegionButton(region)
                    button.setChecked(region is tools.region)
                    button.clicked.connect(bound(self._choose, region))
                    self.buttons[region] = button
                    grid.addWidget(button, row, side)
        column.addLayout(grid)
        self.size_row = SliderRow(self.tr("Brush size"), MIN_SIZE, MAX_SIZE, DEFAULT_SIZE, "px", 1.0)
        self.size_row.show_value(tools.size, DEFAULT_SIZE)
        self.size_row.moved.connect(tools.set_size)
        column.addWidget(self.size_row)
        (self.pick if under is not None else self.buttons[tools.region]).setFocus()

    def open_at(self, at: QPoint) -> None:
        """Show it with its first button under a point of the screen, inside of the screen."""
        self.adjustSize()
        room = self.screen().availableGeometry()
        x = min(max(at.x() - self.width() // 2, room.left()), room.right() - self.width())
        y = min(max(at.y() - 24, room.top()), room.bottom() - self.height())
        self.move(x, y)
        self.show()

    def _choose(self, region: Region) -> None:
        self._tools.set_region(region)
        self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._under is not None:
            self._choose(self._under)
        else:
            super().keyPressEvent(event)
