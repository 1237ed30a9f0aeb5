"""The bar above the canvas: how mask and face are shown, and how large."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSlider, QWidget

from faceeditor.gui.actions import Actions
from faceeditor.gui.canvas import CanvasView
from faceeditor.gui.view import ViewMode
from faceeditor.gui.widgets import Segments, label, tool_button

MODES = (ViewMode.SIDE_BY_SIDE, ViewMode.OVERLAY, ViewMode.WIPE)


class CanvasBar(QFrame):
    """View mode, opacity of the mask, pin, zoom."""

    def __init__(self, canvas: CanvasView, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvasBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._canvas = canvas
        self._actions = actions
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.setSpacing(8)
        for name in ("undo", "redo"):
            row.addWidget(tool_button(actions[name], 18))
        row.addSpacing(8)
        self.modes = Segments(
            [self.tr("Side by side"), self.tr("Overlay"), self.tr("Before / after")],
            ["side-by-side", "overlay", "wipe"],
        )
        self.modes.chosen.connect(lambda index: actions.modes[index].trigger())
        row.addWidget(self.modes)
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(round(canvas.mask_opacity * 100))
        self.opacity.setFixedWidth(130)
        self.opacity.setAccessibleName(self.tr("Opacity of the mask"))
        self.opacity.setToolTip(self.tr("Opacity of the mask"))
        self.opacity.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.opacity.valueChanged.connect(self._set_opacity)
        self._opacity_name = label(self.tr("Mask"), "hint")
        self._opacity_value = label("50 %", "value")
        row.addSpacing(4)
        row.addWidget(self._opacity_name)
        row.addWidget(self.opacity)
        row.addWidget(self._opacity_value)
        self.pin = tool_button(actions["pin"], 18, text=True)
        self.pin.setText(self.tr("Pin as before"))
        row.addWidget(self.pin)
        row.addStretch(1)
        row.addWidget(tool_button(actions["fit"], 18))
        row.addWidget(tool_button(actions["actual"], 18))
        self.zoom = QLabel()
        self.zoom.setObjectName("value")
        self.zoom.setMinimumWidth(46)
        self.zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.zoom.setAccessibleName(self.tr("Zoom"))
        row.addWidget(self.zoom)
        canvas.view_changed.connect(self.refresh)
        self.refresh()

    def minimumSizeHint(self) -> QSize:
        return QSize(320, super().minimumSizeHint().height())

    def _set_opacity(self, value: int) -> None:
        self._canvas.set_mask_opacity(value / 100)
        self._opacity_value.setText(f"{value} %")

    def refresh(self) -> None:
        """Show the canvas's mode and zoom."""
        mode = self._canvas.mode
        self.modes.set_current(MODES.index(mode))
        self._actions.modes[MODES.index(mode)].setChecked(True)
        for widget in (self.opacity, self._opacity_name, self._opacity_value):
            widget.setVisible(mode is ViewMode.OVERLAY)
        self.pin.setVisible(mode is ViewMode.WIPE)
        percent = self._canvas.view.zoom * self._canvas.devicePixelRatioF() * 100
        self.zoom.setText(f"{percent:.0f} %")
