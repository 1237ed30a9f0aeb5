"""The palette: 19 regions by colour, code and name, and current and previous region."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAction, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from faceeditor.gui.canvas.tools import ToolState
from faceeditor.gui.colors import TOKENS, color
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label, tool_button
from faceeditor.gui.widgets.region_look import ORDER, draw_chip, region_name
from faceeditor.regions import Region

_CHIP = 20
_TEXT_LEFT = _CHIP + 9
_KEYS = {Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0), Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1)}


class RegionButton(QAbstractButton):
    """One region of the palette: chip with code, and name; dimmed while it is protected."""

    def __init__(self, region: Region, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.region = region
        self.protected = False
        self.setCheckable(True)
        self.setText(region_name(region))
        self.setAccessibleName(region_name(region))
        self.setToolTip(region_name(region))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        font = self.font()
        font.setPixelSize(int(TOKENS["font-small"].removesuffix("px")))
        self._font = font

    def sizeHint(self) -> QSize:
        return QSize(_TEXT_LEFT + QFontMetrics(self._font).horizontalAdvance(self.text()) + 4, 28)

    def minimumSizeHint(self) -> QSize:
        return QSize(64, 28)

    @property
    def elided(self) -> bool:
        """Whether the name is shortened; the tool tip says it in full."""
        return self.width() < self.sizeHint().width()

    def set_protected(self, protected: bool) -> None:
        """Show whether the region may not be painted over."""
        self.protected = protected
        name = region_name(self.region)
        self.setToolTip(self.tr("{name} (protected)").format(name=name) if protected else name)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        body = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked():
            painter.setBrush(color("accent-deep"))
            painter.drawRoundedRect(body, 5, 5)
        elif self.underMouse():
            painter.setBrush(color("control"))
            painter.drawRoundedRect(body, 5, 5)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(color("accent"), 1))
            painter.drawRoundedRect(body, 5, 5)
        top = (self.height() - _CHIP) / 2
        draw_chip(painter, QRectF(3, top, _CHIP, _CHIP), self.region)
        dim = self.protected and not self.isChecked()
        painter.setPen(color("text-dim") if dim else color("text"))
        painter.setFont(self._font)
        text = QRectF(_TEXT_LEFT, 0, self.width() - _TEXT_LEFT - 2, self.height())
        name = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, int(text.width()))
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        if self.protected:
            middle = self.height() // 2 + 1
            end = round(text.x()) + painter.fontMetrics().horizontalAdvance(name)
            painter.setPen(QPen(color("text-dim"), 1.4))
            painter.drawLine(round(text.x()), middle, end, middle)


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
