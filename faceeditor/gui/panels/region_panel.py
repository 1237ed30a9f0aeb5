"""The palette: 19 regions by colour, code and name, and current and previous region."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAction, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from faceeditor.gui.canvas.tools import ToolState
from faceeditor.gui.colors import color
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label, tool_button
from faceeditor.gui.widgets.region_button import RegionButton
from faceeditor.gui.widgets.region_look import ORDER, draw_chip, region_name
from faceeditor.regions import Region

_KEYS = {Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0), Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1)}


class CurrentRegions(QWidget):
    """The current region in front, the previous one behind it."""

    def __init__(self, tools: ToolState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tools = tools
        self.setFixedSize(66, 46)
        tools.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        now, before = region_name(self._tools.region), region_name(self._tools.previous_region)
        text = self.tr("Current: {now}; previous: {before}").format(now=now, before=before)
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_chip(painter, QRectF(37, 17, 26, 26), self._tools.previous_region)
        painter.setPen(QPen(color("panel"), 4))
        painter.setBrush(color("panel"))
        painter.drawRoundedRect(QRectF(2, 2, 34, 34), 5, 5)
        draw_chip(painter, QRectF(2, 2, 34, 34), self._tools.region)


class RegionPanel(QWidget):
    """The palette of regions."""

    def __init__(self, tools: ToolState, swap: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tools = tools
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(CurrentRegions(tools))
        names = QVBoxLayout()
        names.setSpacing(0)
        self._now = label("", "panelTitle")
        self._before = label("", "hint")
        names.addStretch(1)
        names.addWidget(self._now)
        names.addWidget(self._before)
        names.addStretch(1)
        head.addLayout(names, 1)
        head.addWidget(tool_button(swap, 18))
        column.addLayout(head)
        grid = QGridLayout()
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(1)
        self._group = QButtonGroup(self)
        self.buttons: dict[Region, RegionButton] = {}
        for row, pair in enumerate(ORDER):
            for side, region in enumerate(pair):
                if region is None:
                    continue
                button = RegionButton(region)
                button.clicked.connect(bound(tools.set_region, region))
                button.installEventFilter(self)
                self._group.addButton(button, int(region))
                self.buttons[region] = button
                grid.addWidget(button, row, side)
        column.addLayout(grid)
        column.addStretch(1)
        tools.changed.connect(self._show)
        self._show()

    def eventFilter(self, watched: object, event: object) -> bool:
        """Arrow keys move through the palette and select the region."""
        if isinstance(watched, RegionButton) and isinstance(event, QKeyEvent) and event.type() == event.Type.KeyPress:
            step = _KEYS.get(Qt.Key(event.key()))
            if step is not None:
                self._walk(watched.region, *step)
                return True
        return False

    def _walk(self, start: Region, down: int, across: int) -> None:
        row = next(index for index, pair in enumerate(ORDER) if start in pair)
        side = ORDER[row].index(start)
        row, side = row + down, side + across
        if 0 <= row < len(ORDER) and 0 <= side < 2:
            region = ORDER[row][side]
            region = ORDER[row][0] if region is None else region
            if region is not None:
                self.buttons[region].setFocus(Qt.FocusReason.TabFocusReason)
                self._tools.set_region(region)

    def _show(self) -> None:
        self.buttons[self._tools.region].setChecked(True)
        self._now.setText(region_name(self._tools.region))
        self._before.setText(self.tr("Before: {name}").format(name=region_name(self._tools.previous_region)))
        over = self._tools.paint_over
        for region, button in self.buttons.items():
            button.set_protected(over is not None and region not in over)
