"""The panels of identity, expression and pose; that of the light is in ``light_panel``."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from faceeditor.gui.controllers.head_controller import HeadController
from faceeditor.gui.icons import icon
from faceeditor.gui.panels.head_panel import HeadPanel
from faceeditor.gui.panels.preset_box import PresetBox
from faceeditor.head.controls import Control

_SIDES = ("_left", "_right")


class PresetPanel(HeadPanel):
    """A panel with presets above its sliders.

    Args:
        heads: what changes the head.
        group: the panel's group.
        ring: as of `PresetBox`.
    """

    def __init__(self, heads: HeadController, group: str, ring: str = "", parent: QWidget | None = None) -> None:
        super().__init__(heads, group, parent)
        self.presets: PresetBox | None = None
        self._ring = ring

    def build_top(self) -> None:
        self.presets = PresetBox(self.heads, self.group, self._ring)
        self.add(self.presets)
        self.presets.setVisible(bool(self.presets.known))

    @property
    def pictured(self) -> bool:
        return self.presets is not None and self.presets.pictures.complete

    def refresh_top(self) -> None:
        if self.presets is not None:
            self.presets.refresh()

    def show_top(self, on: bool) -> None:
        if self.presets is not None:
            self.presets.setVisible(on and bool(self.presets.known))


class IdentityPanel(PresetPanel):
    """Who it is: named directions, then the raw modes of shape and skin."""

    def __init__(self, heads: HeadController, parent: QWidget | None = None) -> None:
        super().__init__(heads, "identity", parent=parent)


class PosePanel(PresetPanel):
    """Where the head looks and where it is."""

    def __init__(self, heads: HeadController, parent: QWidget | None = None) -> None:
        super().__init__(heads, "pose", parent=parent)


class ExpressionPanel(PresetPanel):
    """What the face does. Both sides move together, or each has its sliders."""

    def __init__(self, heads: HeadController, parent: QWidget | None = None) -> None:
        super().__init__(heads, "expression", ring="first", parent=parent)
        self.symmetry = QToolButton()
        self.symmetry.setObjectName("toggle")
        self.symmetry.setIcon(icon("symmetry", 16))
        self.symmetry.setIconSize(QSize(16, 16))
        self.symmetry.setCheckable(True)
        self.symmetry.setChecked(True)
        self.symmetry.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.symmetry.setAccessibleName(self.tr("Link both sides of the face"))
        self.symmetry.setToolTip(self.tr("Link both sides of the face; off: a slider for each side"))
        self.symmetry.toggled.connect(self.refilter)
        self.symmetry.setFixedHeight(self.search.sizeHint().height())
        self.bar.addWidget(self.symmetry)

    def is_symmetric(self) -> bool:
        return self.symmetry.isChecked()

    def wanted(self, found: Control) -> bool:
        # "smile_left" has a slider of its own only where "smile" does not stand for both sides.
        ending = next((side for side in _SIDES if found.name.endswith(side)), "")
        paired = bool(ending) and found.name.removesuffix(ending) in self._controls
        return not (self.symmetry.isChecked() and paired)
