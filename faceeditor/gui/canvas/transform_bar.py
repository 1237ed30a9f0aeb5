"""The bar above the canvas while a transform is open: its numbers, mirrors, both sides, apply and cancel."""

from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDoubleSpinBox, QPushButton, QToolButton, QWidget

from faceeditor.gui.canvas.selection_tool import SelectionTool
from faceeditor.gui.canvas.tools import ToolState
from faceeditor.gui.canvas.top_bar import TopBar
from faceeditor.gui.icons import icon
from faceeditor.gui.slots import bound
from faceeditor.interaction.transform import MAX_SCALE, MAX_SHIFT, MIN_SCALE, Transform

_ROUNDED = 0.051
"""By how much a shown number may differ from the real one."""


_FIELD_WIDTH = 92


class _NumberBox(QDoubleSpinBox):
    """A number without a needless ".0"."""

    def textFromValue(self, value: float) -> str:
        return super().textFromValue(value).removesuffix(f"{self.locale().decimalPoint()}0")


class TransformBar(TopBar):
    """Shows and sets the numbers of the open transform.

    Signals:
        left: the keyboard goes back to the canvas.
    """

    left = Signal()

    def __init__(self, selecting: SelectionTool, tools: ToolState, parent: QWidget | None = None) -> None:
        super().__init__(8, 4, 6, parent)
        self._selecting = selecting
        self._tools = tools
        row = self._row
        percent = MAX_SCALE * 100
        self.move_x = self._number("X", " px", MAX_SHIFT, self.tr("Moved to the right"))
        self.move_y = self._number("Y", " px", MAX_SHIFT, self.tr("Moved down"))
        self.width_percent = self._number("W", " %", percent, self.tr("Width"))
        self.height_percent = self._number("H", " %", percent, self.tr("Height"))
        self.angle = self._number("∠", "°", 180.0, self.tr("Rotated, clockwise"))
        self.angle.setWrapping(True)
        self.mirror_across = self._button("mirror-across", self.tr("Mirror left and right"))
        self.mirror_across.clicked.connect(bound(self._mirror, True))
        self.mirror_down = self._button("mirror-down", self.tr("Mirror top and bottom"))
        self.mirror_down.clicked.connect(bound(self._mirror, False))
        self.both_sides = self._button("both-sides", self.tr("Both sides: the other eye, brow or ear moves, too (S)"))
        self.both_sides.setCheckable(True)
        self.both_sides.clicked.connect(tools.set_symmetry)
        row.addStretch(1)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setToolTip(self.tr("Take the transform back (Esc)"))
        self.cancel.clicked.connect(bound(self._end, selecting.cancel))
        self.apply = QPushButton(self.tr("Apply"))
        self.apply.setObjectName("primary")
        self.apply.setToolTip(self.tr("Keep the transform (Enter)"))
        self.apply.clicked.connect(bound(self._end, selecting.apply))
        for button in (self.cancel, self.apply):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        selecting.transform_changed.connect(self.refresh)
        tools.changed.connect(self.refresh)
        self.refresh()

    def _number(self, prefix: str, suffix: str, limit: float, name: str) -> QDoubleSpinBox:
        box = _NumberBox()
        box.setRange(-limit, limit)
        box.setDecimals(1)
        box.setPrefix(f"{prefix}  ")
        box.setSuffix(suffix)
        box.setObjectName("plainNumber")
        box.setKeyboardTracking(False)
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.setFixedWidth(_FIELD_WIDTH)
        box.valueChanged.connect(self._take)
        self._row.addWidget(box)
        return box

    def _button(self, name: str, text: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icon(name, 18))
        button.setIconSize(QSize(18, 18))
        button.setToolTip(text)
        button.setAccessibleName(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._row.addWidget(button)
        return button

    @property
    def _numbers(self) -> tuple[QDoubleSpinBox, ...]:
        return self.move_x, self.move_y, self.width_percent, self.height_percent, self.angle

    def refresh(self) -> None:
        """Show the numbers of the open transform."""
        gesture = self._selecting.gesture
        for box, value in zip(self._numbers, _numbers_of(self._selecting.transform), strict=True):
            blocked = box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(blocked)
        self.both_sides.setChecked(self._tools.symmetry)
        self.both_sides.setEnabled(gesture is not None and gesture.has_partner)

    def _take(self) -> None:
        """Numbers were typed or stepped; those that were not keep their unrounded values."""
        if not self._selecting.transforming:
            return
        transform = self._selecting.transform
        values = zip(self._numbers, _numbers_of(transform), strict=True)
        x, y, width, height, angle = (
            box.value() if abs(box.value() - kept) > _ROUNDED else kept for box, kept in values
        )
        scale_x, scale_y = width / 100 or MIN_SCALE, height / 100 or MIN_SCALE
        self._selecting.set_values(Transform(x, y, scale_x, scale_y, angle))

    def _mirror(self, across: bool) -> None:
        transform = self._selecting.transform
        mirrored = replace(transform, scale_x=-transform.scale_x, scale_y=transform.scale_y)
        if not across:
            mirrored = replace(transform, scale_y=-transform.scale_y)
        self._selecting.set_values(mirrored)

    def _end(self, how: object) -> None:
        assert callable(how)
        self.left.emit()
        how()

    def _fit(self) -> None:
        """Leave out what there is no room for; handles and keys do the same."""
        spare: list[tuple[QWidget, ...]] = [
            (self.mirror_down,), (self.mirror_across,), (self.angle,), (self.width_percent, self.height_percent),
            (self.move_x, self.move_y), (self.both_sides,), (self.cancel,),
        ]  # fmt: skip
        for part in spare:
            for widget in part:
                widget.show()
        self._leave_out(spare)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter in a field leads back to the canvas, where it applies; Escape cancels."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self._end(self._selecting.cancel)
        else:
            super().keyPressEvent(event)


def _numbers_of(transform: Transform) -> tuple[float, ...]:
    """A transform as the bar shows it."""
    return transform.dx, transform.dy, transform.scale_x * 100, transform.scale_y * 100, transform.angle
