"""The panel of tools: which tool, how large, symmetric or not, over what it may paint."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from faceeditor.gui.canvas.tools import (
    DEFAULT_SIZE,
    DEFAULT_STRENGTH,
    MAX_SIZE,
    MIN_SIZE,
    MIN_STRENGTH,
    Tool,
    ToolState,
)
from faceeditor.gui.icons import icon
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label, tool_button
from faceeditor.gui.widgets.region_look import ORDER, chip_icon, region_name
from faceeditor.gui.widgets.segments import Segments
from faceeditor.gui.widgets.slider_row import SliderRow
from faceeditor.interaction.selection import SelectMode
from faceeditor.regions import FACE_REGIONS, Region

_TOOLS_IN_ROW = 5


class PaintOverPopup(QFrame):
    """A small sheet with a check box for each region: what may be painted over."""

    def __init__(self, tools: ToolState, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._tools = tools
        self.setObjectName("popup")
        self.setAccessibleName(self.tr("Paint only over these regions"))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(label(self.tr("Paint only over these regions"), "sectionTitle"))
        presets = QHBoxLayout()
        presets.setSpacing(4)
        for text, regions in (
            (self.tr("Everything"), frozenset(Region)),
            (self.tr("Face"), frozenset(FACE_REGIONS)),
            (self.tr("Not the face"), frozenset(Region) - frozenset(FACE_REGIONS)),
        ):
            button = QPushButton(text)
            button.clicked.connect(bound(self._show, regions, True))
            presets.addWidget(button)
        column.addLayout(presets)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        self._boxes: dict[Region, QCheckBox] = {}
        for row, pair in enumerate(ORDER):
            for side, region in enumerate(pair):
                if region is not None:
                    box = QCheckBox(region_name(region))
                    box.setIcon(chip_icon(region))
                    box.clicked.connect(self._apply)
                    self._boxes[region] = box
                    grid.addWidget(box, row, side)
        column.addLayout(grid)
        self._show(tools.paint_over or frozenset(Region), apply=False)

    def _show(self, regions: frozenset[Region], apply: bool) -> None:
        for region, box in self._boxes.items():
            box.setChecked(region in regions)
        if apply:
            self._apply()

    def _apply(self) -> None:
        self._tools.set_paint_over(frozenset(region for region, box in self._boxes.items() if box.isChecked()))


class ToolPanel(QWidget):
    """Tools, brush size, symmetry and protection."""

    def __init__(
        self, tools: ToolState, tool_actions: list[QAction], symmetry: QAction, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tools = tools
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        grid = QGridLayout()
        grid.setSpacing(0)
        for index, action in enumerate(tool_actions):
            button = tool_button(action, 18)
            button.setObjectName("tool")
            grid.addWidget(button, index // _TOOLS_IN_ROW, index % _TOOLS_IN_ROW)
        grid.setColumnStretch(_TOOLS_IN_ROW, 1)
        column.addLayout(grid)
        self.brush_size = SliderRow(self.tr("Brush size"), MIN_SIZE, MAX_SIZE, DEFAULT_SIZE, "px", 1.0)
        self.brush_size.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard to the canvas
        self.brush_size.moved.connect(tools.set_size)
        column.addWidget(self.brush_size)
        self.stabiliser = SliderRow(self.tr("Stabiliser"), 0.0, 1.0, 0.0, "%")
        self.stabiliser.setToolTip(self.tr("Smooths strokes: the brush trails behind the pointer and catches up"))
        self.stabiliser.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.stabiliser.moved.connect(tools.set_stabiliser)
        column.addWidget(self.stabiliser)
        self._build_tool_options(column)
        options = QGridLayout()
        options.setHorizontalSpacing(8)
        options.setVerticalSpacing(4)
        self.symmetry = tool_button(symmetry, 18, text=True)
        self.symmetry.setObjectName("toggle")
        self.symmetry.setSizePolicy(
            self.symmetry.sizePolicy().Policy.Expanding, self.symmetry.sizePolicy().Policy.Fixed
        )
        options.addWidget(self.symmetry, 0, 0, 1, 2)
        options.addWidget(label(self.tr("Paint over"), "sectionTitle"), 1, 0, 1, 2)
        self.paint_over = QPushButton()
        self.paint_over.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.paint_over.setAccessibleName(self.tr("Paint only over chosen regions"))
        self.paint_over.setToolTip(self.tr("Paint only over the regions chosen here; the others are protected"))
        self.paint_over.clicked.connect(self._choose_paint_over)
        options.addWidget(self.paint_over, 2, 0, 1, 2)
        column.addLayout(options)
        column.addStretch(1)
        tools.changed.connect(self._show)
        self._show()

    def _build_tool_options(self, column: QVBoxLayout) -> None:
        """What only some tools ask for; it is shown while they are used."""
        tools = self._tools
        self.strength = SliderRow(self.tr("Strength"), MIN_STRENGTH, 1.0, DEFAULT_STRENGTH, "%")
        self.strength.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.strength.moved.connect(tools.set_strength)
        self.push_current = QCheckBox(self.tr("Current region only"))
        self.push_current.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.push_current.setToolTip(self.tr("Push the borders of the current region; all others stay as they are"))
        self.push_current.toggled.connect(tools.set_push_current)
        names = {
            SelectMode.REPLACE: self.tr("New selection"),
            SelectMode.ADD: self.tr("Add to the selection (Shift)"),
            SelectMode.SUBTRACT: self.tr("Subtract from the selection (Alt)"),
            SelectMode.INTERSECT: self.tr("Intersect with the selection (Shift + Alt)"),
        }
        self.select_modes = Segments(list(names.values()), [f"select-{mode.value}" for mode in names])
        for index, name in enumerate(names.values()):
            button = self.select_modes.button(index)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setToolTip(name)
        modes = list(names)
        self.select_modes.chosen.connect(lambda index: tools.set_select_mode(modes[index]))
        for widget in (self.strength, self.push_current, self.select_modes):
            column.addWidget(widget)

    def _show_tool_options(self) -> None:
        tools = self._tools
        self.brush_size.setVisible(tools.tool is not Tool.SELECT)
        self.stabiliser.setVisible(tools.tool not in (Tool.SELECT, Tool.PUSH))
        self.select_modes.setVisible(tools.tool is Tool.SELECT)
        self.select_modes.set_current(list(SelectMode).index(tools.select_mode))
        for widget in (self.strength, self.push_current):
            widget.setVisible(tools.tool is Tool.PUSH)
        self.strength.show_value(tools.strength, DEFAULT_STRENGTH)
        self.push_current.setChecked(tools.push_current)

    def _choose_paint_over(self) -> None:
        popup = PaintOverPopup(self._tools, self)
        popup.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        popup.move(self.paint_over.mapToGlobal(QPoint(0, self.paint_over.height() + 4)))
        popup.show()

    def _show(self) -> None:
        self._show_tool_options()
        self.brush_size.show_value(self._tools.size, DEFAULT_SIZE)
        self.stabiliser.show_value(self._tools.stabiliser, 0.0)
        regions = self._tools.paint_over
        if regions is None:
            text = self.tr("Everything")
        elif len(regions) == 1:
            text = region_name(next(iter(regions)))
        else:
            text = self.tr("{n} regions").format(n=len(regions))
        self.paint_over.setText(text)
        self.paint_over.setIcon(icon("shield", 16))
