"""The panel of adjustments: an ordered list with eyes, and the settings of the chosen one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from faceeditor.gui.controllers.adjustment_controller import AdjustmentController
from faceeditor.gui.controllers.style_controller import StyleController
from faceeditor.gui.icons import icon
from faceeditor.gui.slots import bound
from faceeditor.gui.widgets.basic import label, rule
from faceeditor.gui.widgets.region_look import only_in, region_name
from faceeditor.gui.widgets.rename_keys import RenameKeys
from faceeditor.gui.widgets.slider_row import SliderRow
from faceeditor.portrait.adjustments import (
    MAX_FEATHER,
    Adjustment,
    ColourChange,
    DetailChange,
    ExpressionChange,
    HeadChange,
    RegionStyle,
)
from faceeditor.portrait.expressions import EXPRESSION_PARTS
from faceeditor.portrait.style import StyleCode
from faceeditor.regions import Region

Rgb = tuple[float, float, float]
_LIST_HEIGHT = 150


class _List(QListWidget):
    """The entries; F2 renames the chosen one, Delete removes it, Ctrl + Up and Down move it."""

    def __init__(self, adjustments: AdjustmentController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._adjustments = adjustments
        self.setFixedHeight(_LIST_HEIGHT)
        self.setSpacing(3)
        self.setAccessibleName(self.tr("Adjustments"))
        keys = RenameKeys(self)
        keys.rename_wanted.connect(self.rename_chosen)
        keys.delete_wanted.connect(self.remove_chosen)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        if step and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.move_by(step)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.itemAt(event.pos()) is not None:
            menu = self.build_menu()
            menu.exec(event.globalPos())
            menu.deleteLater()

    def build_menu(self) -> QMenu:
        """The menu of the chosen entry."""
        menu, row = QMenu(self), self.currentRow()
        menu.addAction(self.tr("Move up") + "\tCtrl+Up", bound(self.move_by, -1)).setEnabled(row > 0)
        menu.addAction(self.tr("Move down") + "\tCtrl+Down", bound(self.move_by, 1)).setEnabled(row < self.count() - 1)
        menu.addSeparator()
        menu.addAction(self.tr("Rename") + "\tF2", self.rename_chosen)
        menu.addAction(self.tr("Delete") + "\tDel", self.remove_chosen)
        return menu

    def rename_chosen(self) -> None:
        """Let the user type another name of the chosen entry into the list."""
        item = self.currentItem()
        if item is not None:
            self.editItem(item)

    def remove_chosen(self) -> None:
        """Remove the chosen entry."""
        self._adjustments.remove(self.currentRow())

    def move_by(self, step: int) -> None:
        """Move the chosen entry up (-1) or down (1); it stays chosen."""
        row = self.currentRow()
        if 0 <= row + step < self.count():
            self._adjustments.move(row, row + step)
            self.setCurrentRow(row + step)


class AdjustmentPanel(QWidget):
    """The list of adjustments of the active face.

    Args:
        adjustments: what changes them.
        styles: the styles that a region's look can be taken from.
        ask_face: asks for the picture or portrait that an expression is taken from.
        region: the region that is painted with, for new adjustments of a style or light.
    """

    def __init__(
        self,
        adjustments: AdjustmentController,
        styles: StyleController,
        ask_face: Callable[[str], Path | None],
        region: Callable[[], Region],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._adjustments, self._styles, self._ask_face, self._region = adjustments, styles, ask_face, region
        self.ask_colour: Callable[[Rgb], Rgb | None] = self._ask_colour
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(10)
        self.list = _List(adjustments)
        column.addLayout(self._buttons())
        column.addWidget(self.list)
        column.addWidget(rule())
        column.addWidget(self._settings())
        column.addStretch(1)
        self.list.currentRowChanged.connect(bound(self._show_settings))
        self.list.itemChanged.connect(self._edit_item)
        adjustments.changed.connect(self.refresh)
        self.refresh()

    # Building.

    def _buttons(self) -> QHBoxLayout:
        self.add_button = QPushButton(self.tr("Add"))
        self.add_menu = QMenu(self.add_button)
        self.add_menu.aboutToShow.connect(self._fill_menu)
        self.add_button.setMenu(self.add_menu)
        self.neutral = QPushButton(self.tr("Neutral expression"))
        self.neutral.setToolTip(self.tr("Take the detected expression and gaze out of the face"))
        self.neutral.clicked.connect(bound(self._adjustments.heads.make_neutral))
        row = QHBoxLayout()
        row.addWidget(self.add_button)
        row.addStretch(1)
        row.addWidget(self.neutral)
        return row

    def _settings(self) -> QWidget:
        self.settings = QWidget()
        column = QVBoxLayout(self.settings)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        row = QHBoxLayout()
        self.up = self._tool("↑", self.tr("Move up (Ctrl+Up)"))
        self.down = self._tool("↓", self.tr("Move down (Ctrl+Down)"))
        self.remove = self._tool("✕", self.tr("Remove (Del)"))
        self.up.clicked.connect(bound(self.list.move_by, -1))
        self.down.clicked.connect(bound(self.list.move_by, 1))
        self.remove.clicked.connect(lambda: self._adjustments.remove(self.list.currentRow()))
        self.regions_button = QToolButton()
        self.regions_button.setText(self.tr("Only in ..."))
        self.regions_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.regions_menu = QMenu(self.regions_button)
        self.regions_menu.aboutToShow.connect(self._fill_regions)
        self.regions_button.setMenu(self.regions_menu)
        for button in (self.regions_button, self.up, self.down, self.remove):
            row.addWidget(button)
        column.addLayout(row)
        self.where = label("", "hint")
        self.where.setWordWrap(True)
        column.addWidget(self.where)
        self.strength = self._slider(self.tr("Strength"), 0, 1, 1, lambda value: {"strength": value}, "%")
        self.feather = self._slider(
            self.tr("Feather"), 0, MAX_FEATHER, 1.5, lambda value: {"feather": value}, "px", 0.5
        )
        self.colour_button = QPushButton(self.tr("Pick a colour ..."))
        self.colour_button.clicked.connect(self._pick)
        self.hue = self._slider(self.tr("Hue"), -180, 180, 0, self._colour_part("hue"), "deg", 1)
        self.lightness = self._slider(self.tr("Lightness"), -1, 1, 0, self._colour_part("lightness"), "%")
        self.saturation = self._slider(self.tr("Saturation"), -1, 1, 0, self._colour_part("saturation"), "%")
        self.detail = self._slider(self.tr("Detail"), -1, 1, 0, lambda value: {"settings": DetailChange(value)}, "%")
        self.edit_here = QPushButton(icon("brush", 16), self.tr("Edit with sliders and styles"))
        self.edit_here.setCheckable(True)
        self.edit_here.setToolTip(
            self.tr("While this is on, the sliders of Identity, Expression and Light and a style that you choose "
                    "change the regions of this adjustment only. A head turns as a whole: its pose cannot be limited.")
        )  # fmt: skip
        self.edit_here.clicked.connect(self._edit_here)
        self.about = label("", "hint")
        self.about.setWordWrap(True)
        self.part = QComboBox()
        names = {"all": self.tr("Whole expression"), "brows": self.tr("Brows"), "eyes": self.tr("Eyes and gaze"),
                 "mouth": self.tr("Mouth")}  # fmt: skip
        for part in EXPRESSION_PARTS:
            self.part.addItem(names[part], part)
        self.part.setAccessibleName(self.tr("Part of the expression"))
        self.part.activated.connect(bound(self._set_expression))
        self.add_to = QCheckBox(self.tr("Add to the present expression"))
        self.add_to.clicked.connect(bound(self._set_expression))
        column.addWidget(self.edit_here)
        column.addWidget(self.about)
        for widget in (self.strength, self.feather, self.colour_button, self.hue, self.lightness, self.saturation,
                       self.detail, self.part, self.add_to):  # fmt: skip
            column.addWidget(widget)
        return self.settings

    def _tool(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _slider(
        self,
        name: str,
        low: float,
        high: float,
        default: float,
        parts: Callable[[float], dict[str, object]],
        unit: str,
        step: float = 0.01,
    ) -> SliderRow:
        row = SliderRow(name, low, high, default, unit, step)
        row.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard to the canvas
        row.started.connect(lambda: self._adjustments.begin(self.list.currentRow()))
        row.moved.connect(lambda value: self._adjustments.change(self.list.currentRow(), **parts(value)))
        row.ended.connect(self._adjustments.end)
        row.refused.connect(self._adjustments.session.failed)
        return row

    def _colour_part(self, name: str) -> Callable[[float], dict[str, object]]:
        """What a slider of a colour changes: a shift takes a picked colour away."""

        def parts(value: float) -> dict[str, object]:
            current = self.current
            settings = current.settings if current is not None else None
            if not isinstance(settings, ColourChange):
                return {}
            shift: dict[str, Any] = {name: value}
            return {"settings": replace(settings, colour=None, **shift)}

        return parts

    # The list.

    @property
    def current(self) -> Adjustment | None:
        """The chosen entry."""
        row, entries = self.list.currentRow(), self._adjustments.adjustments
        return entries[row] if 0 <= row < len(entries) else None

    def refresh(self) -> None:
        """Show the portrait's list; the chosen row stays chosen."""
        entries = self._adjustments.adjustments
        row = self.list.currentRow()
        if len(entries) > self.list.count():
            row = len(entries) - 1  # a new one is chosen
        with QSignalBlocker(self.list):
            while self.list.count() > len(entries):
                self.list.takeItem(self.list.count() - 1)
            for index, entry in enumerate(entries):
                item = self.list.item(index)
                if item is None:
                    item = QListWidgetItem()
                    item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEditable)
                    self.list.addItem(item)
                item.setText(entry.name)
                item.setCheckState(Qt.CheckState.Checked if entry.enabled else Qt.CheckState.Unchecked)
                edited = index == self._adjustments.heads.target_index
                item.setIcon(icon("brush", 16) if edited else QIcon())
                item.setToolTip(self.tr("The box switches it on and off; double-click to rename"))
            self.list.setCurrentRow(min(row, len(entries) - 1))
        self._show_settings()

    def _edit_item(self, item: QListWidgetItem) -> None:
        """A box was clicked or a name typed."""
        index = self.list.row(item)
        entry = self._adjustments.adjustments[index]
        enabled = item.checkState() == Qt.CheckState.Checked
        if enabled != entry.enabled:
            self._adjustments.change(index, enabled=enabled)
        elif item.text() != entry.name:
            self._adjustments.change(index, name=item.text())

    def _fill_menu(self) -> None:
        menu, adjustments = self.add_menu, self._adjustments
        menu.clear()
        colours = {"hair": self.tr("Hair colour"), "brows": self.tr("Brow colour"), "iris": self.tr("Iris colour"),
                   "lips": self.tr("Lip colour"), "skin": self.tr("Skin colour"), "cloth": self.tr("Clothes colour"),
                   "background": self.tr("Background colour")}  # fmt: skip
        region = self._region()
        name = region_name(region)
        title = self.tr("Sliders and style only in {region}").format(region=name)
        menu.addAction(title, bound(adjustments.limit_to, region, name))
        menu.addSeparator()
        for regions, name in colours.items():
            menu.addAction(name, bound(adjustments.add_colour, name, regions))
        menu.addSeparator()
        menu.addAction(self.tr("Smooth skin"), bound(adjustments.add_detail, self.tr("Smooth skin"), -0.6, "skin"))
        menu.addAction(self.tr("Crisp hair"), bound(adjustments.add_detail, self.tr("Crisp hair"), 0.6, "hair"))
        menu.addSeparator()
        name = region_name(region)
        looks = menu.addMenu(self.tr("{region} from style").format(region=name))
        for style in self._styles.recent[:12]:
            looks.addAction(style.label or self.tr("Style"), bound(self._add_style, style, region))
        title = self.tr("Light of {region}").format(region=name)
        menu.addAction(title, bound(adjustments.add_light, title, frozenset({region})))
        menu.addAction(self.tr("Expression from a picture or portrait ..."), self._ask_expression)

    def _add_style(self, style: StyleCode, region: Region) -> None:
        self._adjustments.add_style(style, region)

    def _ask_expression(self) -> None:
        path = self._ask_face(self.tr("Expression from a picture or portrait"))
        if path is not None:
            self._adjustments.add_expression(path)

    # The settings of the chosen entry.

    def _show_settings(self) -> None:
        entry = self.current
        self.settings.setVisible(entry is not None)
        if entry is None:
            return
        settings = entry.settings
        self.strength.show_value(entry.strength, 1.0)
        self.feather.show_value(entry.feather, 1.5)
        is_colour, is_expression = isinstance(settings, ColourChange), isinstance(settings, ExpressionChange)
        for of_colour in (self.colour_button, self.hue, self.lightness, self.saturation):
            of_colour.setVisible(is_colour)
        self.detail.setVisible(isinstance(settings, DetailChange))
        for of_expression in (self.part, self.add_to):
            of_expression.setVisible(is_expression)
        is_head = isinstance(settings, HeadChange)
        self.edit_here.setVisible(is_head)
        self.edit_here.setChecked(self.list.currentRow() == self._adjustments.heads.target_index)
        self._explain(entry)
        self.regions_button.setEnabled(not is_expression)
        self.regions_button.setToolTip(
            self.tr("An expression is limited by its part: brows, eyes, mouth") if is_expression else ""
        )
        self.feather.setVisible(not is_expression and not isinstance(settings, RegionStyle))
        if isinstance(settings, ColourChange):
            self.hue.show_value(settings.hue, 0.0)
            self.lightness.show_value(settings.lightness, 0.0)
            self.saturation.show_value(settings.saturation, 0.0)
        elif isinstance(settings, DetailChange):
            self.detail.show_value(settings.amount, 0.0)
        elif isinstance(settings, ExpressionChange):
            with QSignalBlocker(self.part), QSignalBlocker(self.add_to):
                self.part.setCurrentIndex(self.part.findData(settings.part))
                self.add_to.setChecked(settings.add)
        everywhere = self.tr("On the whole face") if is_expression else self.tr("Everywhere")
        self.where.setText(only_in(entry.regions) or everywhere)

    def _edit_here(self, on: bool) -> None:
        self._adjustments.heads.edit_adjustment(self.list.currentRow() if on else None)

    def _explain(self, entry: Adjustment) -> None:
        """Say what sliders cannot do in the regions of an entry."""
        bare = (
            self._adjustments.shapeless(entry.regions, entry.feather) if isinstance(entry.settings, HeadChange) else []
        )
        names = ", ".join(region_name(region) for region in bare)
        self.about.setText(
            self.tr("The head has no shape in: {regions}. Only light and style act there.").format(regions=names)
        )
        self.about.setVisible(bool(bare))

    def _fill_regions(self) -> None:
        self.regions_menu.clear()
        entry = self.current
        if entry is None:
            return
        self.regions_menu.addAction(self.tr("Everywhere"), bound(self._set_regions, frozenset()))
        self.regions_menu.addSeparator()
        for region in Region:
            action = self.regions_menu.addAction(region_name(region))
            action.setCheckable(True)
            action.setChecked(region in entry.regions)
            action.triggered.connect(bound(self._toggle_region, region))

    def _toggle_region(self, region: Region) -> None:
        entry = self.current
        if entry is not None:
            self._set_regions(entry.regions ^ {region})

    def _set_regions(self, regions: frozenset[Region]) -> None:
        self._adjustments.change(self.list.currentRow(), regions=regions)

    def _set_expression(self) -> None:
        entry = self.current
        if entry is not None and isinstance(entry.settings, ExpressionChange):
            settings = replace(entry.settings, part=self.part.currentData(), add=self.add_to.isChecked())
            self._adjustments.change(self.list.currentRow(), settings=settings)

    def _pick(self) -> None:
        entry = self.current
        if entry is None or not isinstance(entry.settings, ColourChange):
            return
        colour = self.ask_colour(entry.settings.colour or (0.5, 0.4, 0.35))
        if colour is not None:
            settings = replace(entry.settings, colour=colour, hue=0.0, lightness=0.0, saturation=0.0)
            self._adjustments.change(self.list.currentRow(), settings=settings)

    def _ask_colour(self, start: Rgb) -> Rgb | None:
        chosen = QColorDialog.getColor(QColor.fromRgbF(*start), self, self.tr("Colour"))
        return (chosen.redF(), chosen.greenF(), chosen.blueF()) if chosen.isValid() else None
