"""The bar above the canvas: how mask, face and 3D head are shown, and how large."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from faceeditor.gui.actions import Actions
from faceeditor.gui.canvas.canvas_view import CanvasView
from faceeditor.gui.canvas.top_bar import TopBar
from faceeditor.gui.widgets.basic import label, tool_button
from faceeditor.gui.widgets.segments import Segments
from faceeditor.interaction.view import HeadView, ViewMode

MODES = (ViewMode.SIDE_BY_SIDE, ViewMode.FOCUS, ViewMode.OVERLAY, ViewMode.WIPE)


class CanvasBar(TopBar):
    """View mode, opacity of the mask, pin, head view, zoom. It connects the actions of the head view itself."""

    def __init__(self, canvas: CanvasView, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(6, 6, 8, parent)
        self._canvas = canvas
        self._actions = actions
        row = self._row
        self._history = [tool_button(actions[name], 18) for name in ("undo", "redo")]
        for button in self._history:
            row.addWidget(button)
        row.addSpacing(8)
        self.modes = Segments(
            [self.tr("Side by side"), self.tr("One large"), self.tr("Overlay"), self.tr("Before / after")],
            ["side-by-side", "one-large", "overlay", "wipe"],
        )
        self.modes.chosen.connect(lambda index: actions.modes[index].trigger())
        row.addWidget(self.modes)
        self.opacity = self._slider(self.tr("Opacity of the mask"), canvas.mask_opacity)
        self._mask_part = self._add_opacity(row, self.tr("Mask"), self.opacity, canvas.set_mask_opacity)
        self.pin = tool_button(actions["pin"], 18, text=True)
        self.pin.setText(self.tr("Set as “before”"))
        row.addWidget(self.pin)
        row.addSpacing(8)
        self._head_buttons: list[QWidget] = []
        for name, head_view in self.HEAD_VIEWS.items():
            self._head_buttons.append(tool_button(actions[name], 18))
            row.addWidget(self._head_buttons[-1])
            actions[name].triggered.connect(lambda on, chosen=head_view: self._choose_head_view(chosen, on))
        self.seams = tool_button(actions["seams"], 18)
        actions["seams"].triggered.connect(canvas.set_seams)
        row.addWidget(self.seams)
        self.head_opacity = self._slider(self.tr("Opacity of the 3D head"), canvas.head_opacity)
        self._head_part = self._add_opacity(row, self.tr("Head"), self.head_opacity, canvas.set_head_opacity)
        row.addStretch(1)
        self._zooms = [tool_button(actions[name], 18) for name in ("fit", "actual")]
        for button in self._zooms:
            row.addWidget(button)
        self.zoom = QLabel()
        self.zoom.setObjectName("value")
        self.zoom.setMinimumWidth(46)
        self.zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.zoom.setAccessibleName(self.tr("Zoom"))
        row.addWidget(self.zoom)
        canvas.view_changed.connect(self.refresh)
        self.refresh()

    def _fit(self) -> None:
        """Leave out what there is no room for: first the words of the modes, then what menus and keys offer as well."""
        wiping = self._canvas.mode is ViewMode.WIPE
        mask = self._mask_part if self._canvas.mode is ViewMode.OVERLAY else ()
        head = self._head_part if self._canvas.head_view is HeadView.OVER else ()
        self.pin.setVisible(wiping)
        seams = [self.seams] if self._canvas.photo.shown else []
        self.seams.setVisible(bool(seams))
        words = [*mask[::2], *head[::2]]
        spare: list[Sequence[QWidget]] = [self._zooms, self._history, [self.zoom], words]
        spare += [self._head_buttons, seams, mask[1:2], head[1:2]]
        for widget in (*self._mask_part, *self._head_part):
            widget.setVisible(widget in mask or widget in head)
        for part in spare:
            for widget in part:
                widget.show()
        self._show_words(True)
        if not self._fits():
            self._show_words(False)
        self._leave_out(spare)

    def _show_words(self, on: bool) -> None:
        style = Qt.ToolButtonStyle
        for index in range(len(MODES)):
            button = self.modes.button(index)
            button.setToolButtonStyle(style.ToolButtonTextBesideIcon if on else style.ToolButtonIconOnly)
            button.setToolTip(button.accessibleName())
        self.pin.setToolButtonStyle(style.ToolButtonTextBesideIcon if on else style.ToolButtonIconOnly)
        self.modes.updateGeometry()
        self._row.invalidate()

    HEAD_VIEWS: ClassVar[dict[str, HeadView]] = {"head_over": HeadView.OVER, "head_beside": HeadView.BESIDE}

    def _slider(self, name: str, share: float) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setValue(round(share * 100))
        slider.setFixedWidth(100)
        slider.setAccessibleName(name)
        slider.setToolTip(name)
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return slider

    def _add_opacity(
        self, row: QHBoxLayout, name: str, slider: QSlider, apply: Callable[[float], None]
    ) -> tuple[QWidget, ...]:
        """Put a slider with its name and value into the bar; returns the three."""
        value = label(f"{slider.value()} %", "value")
        slider.valueChanged.connect(lambda percent: apply(percent / 100))
        slider.valueChanged.connect(lambda percent: value.setText(f"{percent} %"))
        parts = (label(name, "hint"), slider, value)
        for part in parts:
            row.addWidget(part)
        return parts

    def _choose_head_view(self, chosen: HeadView, on: bool) -> None:
        self._canvas.set_head_view(chosen if on else HeadView.OFF)

    def refresh(self) -> None:
        """Show the canvas's mode, head view and zoom."""
        mode = self._canvas.mode
        self.modes.set_current(MODES.index(mode))
        self._actions.modes[MODES.index(mode)].setChecked(True)
        for name, head_view in self.HEAD_VIEWS.items():
            self._actions[name].setChecked(self._canvas.head_view is head_view)
        self._actions["seams"].setChecked(self._canvas.seams)
        self._actions["seams"].setEnabled(self._canvas.photo.shown)
        self._fit()
        percent = self._canvas.view.zoom * self._canvas.devicePixelRatioF() * 100
        self.zoom.setText(f"{percent:.0f} %")
