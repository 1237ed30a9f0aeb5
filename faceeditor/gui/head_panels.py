"""The panels of identity, expression and pose; that of the light is in ``light_panel``."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from faceeditor.gui.head_desk import HeadDesk
from faceeditor.gui.head_panel import HeadPanel
from faceeditor.gui.icons import icon
from faceeditor.gui.preset_box import PresetBox
from faceeditor.head.controls import Control

_SIDES = ("_left", "_right")


class PresetPanel(HeadPanel):
    """A panel with presets above its sliders.

    Args:
        desk: what changes the head.
        group: the panel's group.
        ring: whether the presets can be mixed in a ring.
    """

    def __init__(self, desk: HeadDesk, group: str, ring: bool, parent: QWidget | None = None) -> None:
        super().__init__(desk, group, parent)
        self.presets: PresetBox | None = None
        self._ring = ring

    def build_top(self) -> None:
        self.presets = PresetBox(self.desk, self.group, ring=self._ring)
        self.presets.setVisible(bool(self.presets.known))
        self.add(self.presets)

    def refresh_top(self) -> None:
        if self.presets is not None:
            self.presets.refresh()

    def show_top(self, on: bool) -> None:
        if self.presets is not None:
            self.presets.setVisible(on and bool(self.presets.known))


class IdentityPanel(PresetPanel):
    """Who it is: named directions, then the raw modes of shape and skin."""

    def __init__(self, desk: HeadDesk, parent: QWidget | None = None) -> None:
        super().__init__(desk, "identity", ring=False, parent=parent)


class PosePanel(PresetPanel):
    """Where the head looks and where it is."""

    def __init__(self, desk: HeadDesk, parent: QWidget | None = None) -> None:
        super().__init__(desk, "pose", ring=False, parent=parent)


class ExpressionPanel(PresetPanel):
    """What the face does. Both sides move together, or each has its sliders."""

    def __init__(self, desk: HeadDesk, parent: QWidget | None = None) -> None:
        super().__init__(desk, "expression", ring=True, parent=parent)
        self.symmetry = QToolButton()
        self.symmetry.setObjectName("toggle")
        self.symmetry.setIcon(icon("symmetry", 16))
        self.symmetry.setIconSize(QSize(16, 16))
        self.symmetry.setCheckable(True)
        self.symmetry.setChecked(True)
        self.symmetry.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.symmetry.setAccessibleName(self.tr("Both sides of the face together"))
        self.symmetry.setToolTip(self.tr("Both sides of the face together; off: sliders for each side"))
        self.symmetry.toggled.connect(self.refilter)
        self.symmetry.setCursor(Qt.CursorShape.ArrowCursor)
        self.bar.addWidget(self.symmetry)

    def is_symmetric(self) -> bool:
        return self.symmetry.isChecked()

    def wanted(self, found: Control) -> bool:
        # "smile_left" has a slider of its own only where "smile" does not stand for both sides.
        ending = next((side for side in _SIDES if found.name.endswith(side)), "")
        paired = bool(ending) and found.name.removesuffix(ending) in self._controls
        return not (self.symmetry.isChecked() and paired)
